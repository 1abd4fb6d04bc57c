//! How old a policy may get, what renews its age, and what happens when it is too old.

use super::*;

#[test]
fn a_heartbeat_renews_the_age_and_nothing_else() {
    let mut publisher = published();
    publisher.beat_aged(1_000);
    let gateway = start(&publisher.floor(), &publisher.bundle(), "");
    let age = |gateway: &Gateway| gateway.policy()["age_s"].as_u64().expect("a number");
    assert!(age(&gateway) >= 1_000);
    wait_for_state(&gateway, "live");
    publisher.beat();
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for("the age to be renewed", || (age(&gateway) < 1_000).then_some(()));
    assert_eq!(counted(&gateway, "revisions_applied"), 0.0);
    assert_eq!(counted(&gateway, "mismatches"), 0.0);
    ask(&gateway).expect(200);
}

#[test]
fn a_server_whose_tag_tells_no_heartbeats_is_asked_for_one_before_the_policy_is_stale() {
    let mut publisher = published();
    publisher.beat_aged(30);
    let server = BundleServer::start(publisher.bundle());
    let scratch = Scratch::new();
    scratch.write("policy.floor", &publisher.floor());
    let gateway = start_with(scratch, &configuration(&server.url(), ", max_staleness_s: 50"));
    wait_for("an answer without a body", || {
        (server.answers().1 >= 1).then_some(())
    });
    publisher.beat();
    server.serve_as_unchanged(publisher.bundle());
    wait_for("the age to be renewed", || {
        (gateway.policy()["age_s"].as_u64() < Some(30)).then_some(())
    });
    assert_eq!(gateway.policy()["state"], "live");
}

#[test]
fn a_server_that_is_gone_leaves_what_it_said_until_it_is_too_old() {
    let publisher = published();
    let server = BundleServer::start(publisher.bundle());
    let start = |more: &str| {
        let scratch = Scratch::new();
        scratch.write("policy.floor", &publisher.floor());
        let gateway = start_with(scratch, &configuration(&server.url(), more));
        wait_for("the bundle to be read", || {
            (gateway.policy()["source"] == "feed").then_some(())
        });
        gateway
    };
    let serving = start(", max_staleness_s: 2");
    let denying = start(", max_staleness_s: 2, on_stale: deny, floor_max_age_s: 86400");
    server.stop();
    for gateway in [&serving, &denying] {
        wait_for_state(gateway, "stale");
        gateway.ask_admin("/ready").expect(200);
    }
    ask(&serving).expect(200);
    ask(&denying).expect_error(503, "policy_stale");
    assert_eq!(denying.policy()["denied"], true);
    denying.log().wait_for("the state in the log", |line| {
        line.contains("max_staleness_s").then_some(())
    });
}

#[test]
fn what_was_denied_as_too_old_is_served_again_after_a_heartbeat() {
    let mut publisher = published();
    publisher.beat_aged(1_000);
    let more = ", max_staleness_s: 500, on_stale: deny, floor_max_age_s: 86400";
    let gateway = start(&publisher.floor(), &publisher.bundle(), more);
    wait_for_state(&gateway, "stale");
    ask(&gateway).expect_error(503, "policy_stale");
    publisher.beat();
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_state(&gateway, "live");
    ask(&gateway).expect(200);
}

#[test]
fn a_floor_that_is_too_old_is_denied_as_long_as_no_feed_is_heard() {
    let mut publisher = published();
    publisher.beat_aged(1_000);
    for (floor_s_max, status) in [(500, 503), (5_000, 200)] {
        let scratch = Scratch::new();
        scratch.write("policy.floor", &publisher.floor());
        let more = format!(", max_staleness_s: 5, on_stale: deny, floor_max_age_s: {floor_s_max}");
        let gateway = start_with(scratch, &configuration(BUNDLE, &more));
        assert_eq!(ask(&gateway).status, status);
        assert_eq!(gateway.policy()["state"], "floor");
        // A restart undoes neither: what was written down is still the floor's.
        let scratch = gateway.kill();
        let gateway = start_with(scratch, &configuration(BUNDLE, &more));
        assert_eq!(ask(&gateway).status, status);
        assert_eq!(gateway.policy()["source"], "floor");
    }
}
