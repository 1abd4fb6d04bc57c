//! Uses of credentials as gateways report them: what is believed, what is kept of several, and who is found to be unused; on both databases.

use super::*;

const DAY_S: i64 = 86_400;

/// A report of these uses, each a credential and a Unix second.
fn report(uses: &[(&str, i64)]) -> Value {
    let used = uses
        .iter()
        .map(|(credential, at)| json!({ "credential": credential, "at": at }));
    json!({
        "instance": "host:7-1", "kind": "gateway", "name": "api", "environment": "prod", "version": "0.1.0",
        "policy": { "state": "live", "source": "feed", "epoch": 1, "revision": 1 },
        "used": used.collect::<Vec<_>>(),
    })
}

fn post(portal: &Portal, token: &str, body: &Value) -> Response {
    let line = format!("Authorization: Bearer {token}");
    portal.ask_with("POST", "/v1/fleet/reports", Some(body), &[&line])
}

/// What is said of a credential's use at its client: when, and by which gateway.
fn last_used(portal: &Portal, client: &str, credential: &str) -> (Value, Value) {
    let client = portal.get(&at("clients", client)).expect(200).json();
    let all = client["credentials"].as_array().expect("a list");
    let one = all.iter().find(|one| one["id"] == credential);
    let one = one.expect("the client has it");
    (one["last_used"].clone(), one["last_used_by"]["gateway"].clone())
}

/// The beginning of a minute, as an answer has it.
fn minute(unix_s: i64) -> Value {
    let minutes = unix_s / 60;
    let (mut day, of_day) = (minutes / 1_440, minutes % 1_440);
    // By counting: another way than the portal's.
    let (mut year, mut month) = (1970, 1);
    let days_of = |year: i64, month: i64| match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    while day >= days_of(year, month) {
        day -= days_of(year, month);
        month += 1;
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
    }
    let (hour, minute) = (of_day / 60, of_day % 60);
    json!(format!(
        "{year}-{month:02}-{:02}T{hour:02}:{minute:02}:00Z",
        day + 1
    ))
}

/// A client with keys of these ids.
fn keys(ids: &[&str]) -> Value {
    let keys = ids
        .iter()
        .map(|id| json!({ "type": "api_key", "id": id, "sha256": sha256(id) }));
    json!({ "team": "mobile", "credentials": keys.collect::<Vec<_>>() })
}

#[test]
fn the_latest_use_counts_whoever_reports_it_and_none_is_to_come() {
    on_both(|setup| {
        let portal = setup().start();
        let (one, other) = (portal.enrol("one"), portal.enrol("other"));
        portal.put("clients", "app", &keys(&["k1", "k2"]));
        let now = e2e::seconds_from_now(0);
        let check = |credential: &str, expected: (Value, Value)| {
            assert_eq!(last_used(&portal, "app", credential), expected, "{credential}");
        };
        check("k1", (Value::Null, Value::Null));
        let used = [("k1", now - 600), ("nobody", now), ("not an id\0", now)];
        post(&portal, &one, &report(&used)).expect(200);
        check("k1", (minute(now - 600), json!("one")));
        check("k2", (Value::Null, Value::Null));
        // Older, and of the same minute: neither moves it, and who was first stays.
        post(&portal, &other, &report(&[("k1", now - 7_200)])).expect(200);
        post(&portal, &other, &report(&[("k1", now - 600)])).expect(200);
        check("k1", (minute(now - 600), json!("one")));
        post(&portal, &other, &report(&[("k1", now - 300), ("k1", now - 400)])).expect(200);
        check("k1", (minute(now - 300), json!("other")));
        // From the future: as late as can be, by the portal's own clock.
        post(&portal, &one, &report(&[("k2", now + 7_200)])).expect(200);
        let (used, _) = last_used(&portal, "app", "k2");
        let latest = minute(e2e::seconds_from_now(0));
        assert!(
            used.as_str() >= minute(now).as_str() && used.as_str() <= latest.as_str(),
            "{used}"
        );
        // By a clock that is an hour behind, and says so.
        let mut behind = report(&[("k1", now - 3_600)]);
        behind["sent_at_ms"] = json!((now - 3_600) * 1_000);
        post(&portal, &one, &behind).expect(200);
        let (used, _) = last_used(&portal, "app", "k1");
        assert!(used.as_str() >= minute(now).as_str(), "{used}");
    });
}

#[test]
fn a_report_of_uses_is_held_to_its_limits() {
    let portal = Portal::start();
    let token = portal.enrol("one");
    let ids: Vec<String> = (0..=1_000).map(|number| format!("k{number}")).collect();
    let many: Vec<(&str, i64)> = ids.iter().map(|id| (id.as_str(), 60)).collect();
    refused_field(post(&portal, &token, &report(&many)), "used", "at most 1000");
    post(&portal, &token, &report(&many[1..])).expect(200);
    refused_field(post(&portal, &token, &report(&[("k1", 1 << 53)])), "used", "2^53");
    let mut negative = report(&[]);
    negative["used"] = json!([{ "credential": "k1", "at": -1 }]);
    refused(post(&portal, &token, &negative), 422, "invalid");
    let mut elsewhere = report(&[("k1", 60)]);
    elsewhere["environment"] = json!("elsewhere");
    refused(post(&portal, &token, &elsewhere), 404, "not_found");
}

#[test]
fn what_a_report_said_is_there_after_a_kill_that_follows_its_answer() {
    let mut portal = Portal::start();
    let token = portal.enrol("one");
    portal.put("clients", "app", &keys(&["k1"]));
    let now = e2e::seconds_from_now(0);
    post(&portal, &token, &report(&[("k1", now - 600)])).expect(200);
    portal.kill();
    portal.restart();
    assert_eq!(last_used(&portal, "app", "k1"), (minute(now - 600), json!("one")));
}

/// Clients that this query finds, page by page.
fn found(portal: &Portal, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let target = format!("/v1/environments/prod/clients?{query}{cursor}");
        let part = portal.get(&target).expect(200).json();
        let items = part["items"].as_array().expect("a list").clone();
        ids.extend(
            items
                .iter()
                .filter_map(|one| one["id"].as_str().map(str::to_owned)),
        );
        match part["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

fn unused(seconds: i64) -> String {
    format!("unused_for_s={seconds}")
}

const NOBODY: [&str; 0] = [];

#[test]
fn clients_with_a_credential_that_nobody_used_for_so_long_are_found() {
    on_both(|setup| {
        let portal = setup().start();
        let token = portal.enrol("one");
        let clients = [
            ("a", ["a1", "a2"]),
            ("b", ["b1", "b2"]),
            ("c", ["c1", "c2"]),
            ("d", ["d1", "d2"]),
        ];
        for (client, ids) in clients {
            portal.put("clients", client, &keys(&ids));
        }
        let mut expired = keys(&["e1"]);
        expired["credentials"][0]["expires_at"] = json!("2020-01-01T00:00:00Z");
        portal.put("clients", "e", &expired);
        let long_ago = e2e::seconds_from_now(-91 * DAY_S);
        let old = [
            ("a1", long_ago),
            ("b2", long_ago),
            ("d1", long_ago),
            ("d2", long_ago),
        ];
        post(&portal, &token, &report(&old)).expect(200);
        // Nothing is known of the time before they were made, whatever is told of it.
        assert_eq!(found(&portal, &unused(90 * DAY_S)), NOBODY);
        // Those that are used now are so until their minute is over: told again whenever it is looked.
        let wait_found = |used: &[&str], query: &str, expected: &[&str]| {
            e2e::wait_for(&format!("{expected:?} to be unused"), || {
                let now = e2e::seconds_from_now(0);
                let used: Vec<(&str, i64)> = used.iter().map(|id| (*id, now)).collect();
                post(&portal, &token, &report(&used)).expect(200);
                (found(&portal, query) == expected).then_some(())
            });
        };
        let used = ["a2", "b1", "b2"];
        wait_found(&used, &unused(1), &["a", "c", "d"]);
        wait_found(&used, &format!("{}&limit=1", unused(1)), &["a", "c", "d"]);
        wait_found(&used, &format!("{}&team=mobile", unused(1)), &["a", "c", "d"]);
        assert_eq!(found(&portal, &format!("{}&team=other", unused(1))), NOBODY);
        // One that was ended is used by nobody any more, and is no matter.
        let end = "/v1/environments/prod/clients/a/credentials/a1";
        portal.ask("DELETE", end, None).expect(200);
        wait_found(&["a2", "b1", "b2", "d1", "d2"], &unused(1), &["c"]);
        assert_eq!(found(&portal, "team=mobile"), ["a", "b", "c", "d", "e"]);
    });
}

#[test]
fn a_client_that_comes_back_has_what_was_known_of_its_credentials() {
    on_both(|setup| {
        let portal = setup().start();
        let token = portal.enrol("one");
        portal.put("clients", "app", &keys(&["k1"]));
        let policy = portal.get("/v1/environments/prod/policy").json();
        let used_at = e2e::seconds_from_now(-100 * DAY_S);
        post(&portal, &token, &report(&[("k1", used_at)])).expect(200);
        let deleted = portal.ask("DELETE", &at("clients", "app"), None).expect(200);
        assert!(deleted.json()["deleted"] == true, "{deleted:#?}");
        let revision = policy["revision"].as_i64().expect("a revision");
        let back = json!({ "revision": revision, "named": ["client/app", "credential/k1"] });
        portal
            .ask("POST", "/v1/environments/prod/revert", Some(&back))
            .expect(200);
        assert_eq!(last_used(&portal, "app", "k1"), (minute(used_at), json!("one")));
        e2e::wait_for("it to be unused", || {
            (found(&portal, &unused(1)) == ["app"]).then_some(())
        });
    });
}

#[test]
fn how_long_is_said_in_seconds_and_of_clients_alone() {
    let portal = Portal::start();
    let ask = |query: &str| portal.get(&format!("/v1/environments/prod/{query}"));
    for query in ["clients?unused_for_s=0", "clients?unused_for_s=315360001"] {
        refused_field(ask(query), "unused_for_s", "from 1 to");
    }
    refused_field(ask("apis?unused_for_s=60"), "unused_for_s", "clients alone");
    refused(ask("clients?unused_for_s=90d"), 400, "malformed");
}
