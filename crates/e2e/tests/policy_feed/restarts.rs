//! Nothing that was in force is taken back, whatever happens to the process, the bundle, the floor or the disk.

use super::*;

#[test]
fn a_kill_takes_nothing_back_also_on_an_older_floor_and_without_the_bundle() {
    let mut publisher = published();
    let old_floor = publisher.floor();
    let gateway = start(&old_floor, &publisher.bundle(), "");
    ask(&gateway).expect(200);
    publisher.publish(&[("client/app", None)]);
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect_error(401, "api_key_unknown");
    let mut scratch = gateway.kill();
    // Whoever explains a decision begins with the same.
    let mut explain = switchboard(&["explain", "GET", "/orders/1", "-H"]);
    explain.arg(format!("X-Api-Key: {}", api_key()));
    explain.arg("--config").arg(scratch.path("gateway.yaml"));
    let explained = run(explain);
    assert!(explained.stdout.contains("api_key_unknown"), "{explained:#?}");
    std::fs::remove_file(scratch.path(BUNDLE)).expect("it was written");
    for _ in 0..2 {
        let gateway = start_with(scratch, &configuration(BUNDLE, ""));
        assert_eq!(place(&gateway), publisher.place());
        assert_eq!(gateway.policy()["source"], "last_known_good");
        assert_eq!(gateway.policy()["state"], "catching_up");
        ask(&gateway).expect_error(401, "api_key_unknown");
        scratch = gateway.kill();
        // As a kill in the middle of a write leaves it.
        let kept = scratch.path("state/policy/last_known_good");
        let torn = [
            std::fs::read(&kept).expect("it was written"),
            b"{\"feed\":\"pr".to_vec(),
        ]
        .concat();
        std::fs::write(&kept, torn).expect("it can be written");
    }
    // An older bundle of the same feed is no way back either, and a higher floor goes ahead.
    scratch.write(BUNDLE, &Publisher::new(FEED).bundle());
    let gateway = start_with(scratch, &configuration(BUNDLE, ""));
    wait_for("a mismatch", || {
        (counted(&gateway, "mismatches") >= 1.0).then_some(())
    });
    assert_eq!(place(&gateway), publisher.place());
    ask(&gateway).expect_error(401, "api_key_unknown");
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
    gateway.scratch.replace("policy.floor", &publisher.floor());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect(200);
}

#[test]
fn a_disk_that_fails_stops_no_view_and_is_told() {
    let mut publisher = published();
    let scratch = Scratch::new();
    scratch.write("policy.floor", &publisher.floor());
    scratch.write(BUNDLE, &publisher.bundle());
    scratch.write("state", "a file, not a directory");
    let gateway = start_with(scratch, &configuration(BUNDLE, ""));
    take_away(&mut publisher);
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect_error(403, "scope_missing");
    assert_eq!(counted(&gateway, "not_kept"), 1.0);
    gateway.log().wait_for("the failure in the log", |line| {
        line.contains("cannot be kept").then_some(())
    });
}
