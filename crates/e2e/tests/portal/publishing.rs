//! A change that was answered is published: signed, in order, whole, to whoever follows.

use super::*;
use e2e::{Gateway, Setup, wait_for};

#[test]
fn a_change_reaches_a_reader_of_the_stream_with_a_commit_that_holds() {
    on_both(|setup| {
        let portal = setup().start();
        portal.wait_published("prod", 1);
        let token = portal.enrol("gw-1");
        let mut stream = portal.stream(&token, "prod", "");
        assert_eq!(stream.how, "reset");
        let first = stream.until(1);
        assert!(
            first[0].get("keys").is_some(),
            "the keyring comes first: {first:?}"
        );
        let made = portal.put("apis", "orders", &api());
        let revision = made["revision"].as_i64().unwrap();
        let lines = stream.until(revision);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(
            (&lines[0]["kind"], &lines[0]["id"]),
            (&json!("api"), &json!("orders"))
        );
        assert_eq!(lines[1]["entities"], 1);
        // What a reader makes of the floor is what the commit says.
        let floor = portal
            .ask_with(
                "GET",
                "/v1/feeds/prod/floor",
                None,
                &[&format!("Authorization: Bearer {token}")],
            )
            .expect(200);
        let floor = feed::read_floor(&floor.body).expect("the floor holds");
        assert_eq!(floor.revision(), revision.unsigned_abs());
        assert_eq!(floor.digest().to_string(), lines[1]["digest"].as_str().unwrap());
        assert_eq!(floor.live().len(), 1);
    });
}

#[test]
fn a_gateway_enforces_what_the_portal_publishes() {
    let portal = Portal::start();
    shop(&portal);
    portal.wait_published("prod", 3);
    let token = portal.enrol("gw-1");
    let read = |what: &str| {
        let line = format!("Authorization: Bearer {token}");
        portal
            .ask_with("GET", &format!("/v1/feeds/prod/{what}"), None, &[&line])
            .expect(200)
            .text()
    };
    let setup = Setup::new();
    setup.scratch.write("policy.floor", &read("floor"));
    setup.scratch.write("policy.bundle", &read("bundle"));
    let gateway = setup.start(
        "policy: { floor: policy.floor, feed: { bundle: policy.bundle } }\nenvironment: prod\nstate_dir: state\n\
         routes: [{ path: /api/orders/**, respond: { status: 200 } }]\n",
    );
    let ask = |gateway: &Gateway| {
        let line = format!("X-Api-Key: {KEY}");
        gateway.client().get_with("/api/orders/1", &[&line]).status
    };
    assert_eq!(ask(&gateway), 200);
    let narrowed = portal.put("clients", "app", &client(&[]));
    portal.wait_published("prod", narrowed["revision"].as_i64().unwrap());
    gateway.scratch.replace("policy.bundle", &read("bundle"));
    wait_for("the gateway to refuse", || (ask(&gateway) == 403).then_some(()));
}

#[test]
fn changes_at_the_same_time_are_revisions_one_after_the_other() {
    on_both(|setup| {
        let portal = setup().start();
        portal.wait_published("prod", 1);
        let token = portal.enrol("gw");
        let mut stream = portal.stream(&token, "prod", "");
        stream.until(1);
        let mut revisions: Vec<i64> = std::thread::scope(|scope| {
            let portal = &portal;
            let writers: Vec<_> = (0..8)
                .map(|writer| {
                    scope.spawn(move || {
                        let put = |n: i32| {
                            portal.put(
                                "plans",
                                &format!("w{writer}"),
                                &json!({ "rate": format!("{n}/s") }),
                            )
                        };
                        (1..=10)
                            .map(|n| put(n)["revision"].as_i64().unwrap())
                            .collect::<Vec<i64>>()
                    })
                })
                .collect();
            writers
                .into_iter()
                .flat_map(|writer| writer.join().unwrap())
                .collect()
        });
        revisions.sort_unstable();
        assert_eq!(
            revisions,
            (2..=81).collect::<Vec<i64>>(),
            "none twice, none left out"
        );
        let mut seen: Vec<i64> = Vec::new();
        while seen.last() != Some(&81) {
            let lines = stream.until(seen.last().copied().unwrap_or(1));
            seen.extend(
                lines
                    .iter()
                    .filter(|line| line.get("digest").is_some())
                    .filter_map(|line| line["revision"].as_i64()),
            );
            seen.dedup();
        }
        assert!(seen.is_sorted(), "published in order: {seen:?}");
        assert_eq!(
            portal.get("/v1/audit/proof?environment=prod").json()["proved"],
            80
        );
    });
}
