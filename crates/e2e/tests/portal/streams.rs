//! The stream: resumed from a position, begun anew, cut off when nobody reads it.

use super::*;
use e2e::wait_within;
use std::time::Duration;

fn position(commit: &Value) -> String {
    format!(
        "?epoch={}&revision={}&digest={}",
        commit["epoch"],
        commit["revision"],
        commit["digest"].as_str().unwrap()
    )
}

#[test]
fn a_reader_resumes_where_it_was_and_begins_anew_where_that_is_unknown() {
    on_both(|setup| {
        let mut portal = setup().start();
        shop(&portal);
        portal.wait_published("prod", 3);
        let token = portal.enrol("gw");
        let commit = portal.stream(&token, "prod", "").until(3).pop().unwrap();
        portal.put("plans", "gold", &json!({ "rate": "1/s" }));
        portal.put("plans", "gold", &json!({ "rate": "2/s" }));
        portal.ask("DELETE", &at("clients", "app"), None).expect(200);
        portal.wait_published("prod", 6);
        let mut resumed = portal.stream(&token, "prod", &position(&commit));
        assert_eq!(resumed.how, "resumed");
        let lines = resumed.until(6);
        let keys: Vec<String> = lines
            .iter()
            .filter_map(|line| {
                let id = line.get("id")?.as_str()?;
                Some(format!("{}/{id}", line["kind"].as_str()?))
            })
            .collect();
        assert_eq!(keys, ["plan/gold"], "what changed, as it is now: {lines:?}");
        assert!(
            lines
                .iter()
                .any(|line| line["key"] == "client/app" && line["deleted"] == true),
            "{lines:?}"
        );
        // Also after a restart, which keeps nothing in memory.
        portal.kill();
        portal.restart();
        assert_eq!(portal.stream(&token, "prod", &position(&commit)).how, "resumed");
        for (member, value) in [
            ("digest", json!("0".repeat(64))),
            ("epoch", json!(1)),
            ("revision", json!(99)),
        ] {
            let mut other = commit.clone();
            other[member] = value;
            let mut stream = portal.stream(&token, "prod", &position(&other));
            assert_eq!(stream.how, "reset", "{member}");
            let records = stream
                .until(6)
                .iter()
                .filter(|line| line.get("kind").is_some())
                .count();
            assert_eq!(records, 2, "the API and the plan");
        }
        refused(
            portal.ask_with(
                "GET",
                "/v1/feeds/prod/stream",
                None,
                &["Authorization: Bearer sbg_no"],
            ),
            401,
            "unauthenticated",
        );
    });
}

#[test]
fn a_reader_that_resumed_has_what_a_commit_holds_for() {
    let portal = Portal::start();
    portal.wait_published("prod", 1);
    let token = portal.enrol("gw");
    let mut stream = portal.stream(&token, "prod", "");
    stream.until(1);
    let mut state = std::collections::BTreeMap::new();
    let mut bytes = Vec::new();
    for n in 0..20 {
        let made = portal.put(
            "plans",
            &format!("p{}", n % 5),
            &json!({ "rate": format!("{}/s", n + 1) }),
        );
        loop {
            let line = stream.line().unwrap();
            let value: Value = serde_json::from_str(&line).unwrap();
            if let Some(id) = value["id"].as_str() {
                state.insert(id.to_owned(), line.clone());
            }
            if value.get("digest").is_some() {
                let mut digest = feed::Digest::default();
                for (id, record) in &state {
                    digest.add("plan", id, record.as_bytes());
                }
                assert_eq!(digest.finish().to_string(), value["digest"].as_str().unwrap());
                bytes.push(value["revision"].as_i64().unwrap());
                if value["revision"].as_i64() == made["revision"].as_i64() {
                    break;
                }
            }
        }
    }
    bytes.dedup();
    assert_eq!(
        bytes,
        (2..=21).collect::<Vec<i64>>(),
        "each revision with its own commit"
    );
}

#[test]
fn the_last_commit_comes_again_within_ten_seconds_and_an_ended_token_ends_the_stream() {
    let portal = Portal::start();
    portal.wait_published("prod", 1);
    let token = portal.enrol("gw");
    let mut stream = portal.stream(&token, "prod", "");
    let first = stream.until(1).pop().unwrap();
    let second = stream.until(1).pop().unwrap();
    assert_eq!(
        (&second["revision"], &second["digest"]),
        (&first["revision"], &first["digest"])
    );
    assert!(second["at"].as_i64() > first["at"].as_i64(), "{first} {second}");
    let id = portal.get("/v1/gateways").json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    portal
        .ask("DELETE", &format!("/v1/gateways/{id}"), None)
        .expect(200);
    wait_within(Duration::from_secs(20), "the stream to end", || {
        stream.line().is_none().then_some(())
    });
}

#[test]
fn a_bundle_that_has_not_changed_is_not_sent() {
    let portal = Portal::start();
    shop(&portal);
    portal.wait_published("prod", 3);
    let token = format!("Authorization: Bearer {}", portal.token());
    let bundle = portal.get("/v1/feeds/prod/bundle").expect(200);
    let tag = bundle.field("ETag").unwrap().to_owned();
    let line = format!("If-None-Match: {tag}");
    portal
        .ask_with("GET", "/v1/feeds/prod/bundle", None, &[&token, &line])
        .expect(304);
    let commit: Value =
        serde_json::from_str(portal.get("/v1/feeds/prod/commit").expect(200).text().trim()).unwrap();
    assert_eq!(
        tag,
        format!("\"{}-3-{}\"", commit["epoch"], commit["digest"].as_str().unwrap())
    );
    portal.put("plans", "gold", &json!({ "rate": "1/s" }));
    portal.wait_published("prod", 4);
    e2e::wait_for("another bundle", || {
        let answer = portal.ask_with("GET", "/v1/feeds/prod/bundle", None, &[&token, &line]);
        (answer.status == 200).then_some(())
    });
}

#[test]
fn a_reader_that_takes_nothing_is_cut_off_and_holds_up_nobody() {
    let portal = Portal::start();
    portal.wait_published("prod", 1);
    portal.put(
        "issuers",
        "corp",
        &json!({ "issuer": "https://i.test", "audiences": ["a"], "keys": [e2e::SigningKey::new("k").jwk()] }),
    );
    portal.wait_published("prod", 2);
    let token = portal.enrol("gw");
    let mut slow = portal.stream(&token, "prod", "");
    let commit = slow.until(2).pop().unwrap();
    let mut other = portal.stream(&token, "prod", "");
    // More than sockets and the portal's own channel hold.
    for round in 0..3 {
        let all = (0..10_000)
            .map(|n| json!({ "id": format!("r{round}-{n}"), "issuer": "corp", "jti": format!("{n:01000}") }));
        let document = json!({ "revocations": all.collect::<Vec<Value>>() });
        let target = "/v1/environments/prod/policy?confirm=true";
        portal.ask("POST", target, Some(&document)).expect(200);
    }
    other.until(5);
    // It takes nothing until the portal has given it up; then what is left in the sockets has no end.
    e2e::wait_within(Duration::from_secs(40), "the portal to cut it off", || {
        portal.log_says("a reader took nothing").then_some(())
    });
    let mut reached = 2;
    while let Some(line) = slow.line() {
        let value: Value = serde_json::from_str(&line).unwrap_or_default();
        reached = value["revision"]
            .as_i64()
            .filter(|_| value.get("digest").is_some())
            .unwrap_or(reached);
    }
    assert!(reached < 5, "it was cut off before the end");
    assert_eq!(portal.stream(&token, "prod", &position(&commit)).how, "resumed");
}

#[test]
fn a_reader_that_has_more_than_the_database_is_an_alarm() {
    let portal = Portal::start();
    portal.wait_published("prod", 1);
    let token = portal.enrol("gw");
    let mut ahead = portal.stream(&token, "prod", "").until(1).pop().unwrap();
    assert_eq!(portal.get("/ready").json()["alarms"], json!([]));
    ahead["revision"] = json!(7);
    portal.stream(&token, "prod", &position(&ahead));
    let ready = portal.get("/ready").expect(200).json();
    assert!(
        ready["alarms"][0]["a_reader_has"]
            .as_str()
            .unwrap()
            .contains("revision 7"),
        "{ready}"
    );
    assert!(portal.log_says("new-epoch"));
}
