//! What is published is in force without a restart; what a floor and a configuration that change have to do with it.

use super::*;

#[test]
fn a_scope_that_is_taken_away_in_a_file_is_refused_from_then_on() {
    let mut publisher = published();
    let gateway = start(&publisher.floor(), &publisher.bundle(), "");
    ask(&gateway).expect(200);
    take_away(&mut publisher);
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect_error(403, "scope_missing");
    wait_for_state(&gateway, "live");
    let policy = gateway.policy();
    assert_eq!(policy["source"], "feed", "{policy}");
    assert_eq!(policy["denied"], false, "{policy}");
    assert!(
        policy["last_error"].is_null() && policy["age_s"].is_u64(),
        "{policy}"
    );
    assert_eq!(gateway.config()["policy"]["revision"], 2);
    // What comes back, in place, without a rename.
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
    gateway.scratch.write(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect(200);
}

#[test]
fn a_server_is_asked_with_what_it_said_last_and_an_unchanged_bundle_costs_nothing() {
    let mut publisher = published();
    let server = BundleServer::start(publisher.bundle());
    let scratch = Scratch::new();
    scratch.write("policy.floor", &publisher.floor());
    let secret = "Sig-0123456789";
    let url = format!("{}?sig={secret}", server.url());
    let gateway = start_with(scratch, &configuration(&url, ""));
    wait_for_state(&gateway, "live");
    wait_for("two answers without a body", || {
        (server.answers().1 >= 2).then_some(())
    });
    assert_eq!(server.answers().0, 1, "it was sent once");
    assert_eq!(
        counted(&gateway, "revisions_applied"),
        0.0,
        "the floor has it already"
    );
    ask(&gateway).expect(200);
    take_away(&mut publisher);
    server.serve(publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect_error(403, "scope_missing");
    assert_eq!(server.answers().0, 2);
    let metrics = gateway.metrics();
    assert_eq!(metrics.values("switchboard_policy_revision"), [2.0]);
    assert_eq!(counted(&gateway, "revisions_applied"), 1.0);
    assert_eq!(
        metrics.values("switchboard_policy_state").iter().sum::<f64>(),
        1.0
    );
    let said = gateway.log().so_far().join("\n") + &gateway.config().to_string();
    assert!(!said.contains(secret), "what signs a URL is told to nobody");
}

#[test]
fn a_gateway_waits_for_its_feed_before_it_serves_by_an_older_copy() {
    let mut publisher = published();
    publisher.beat_aged(1_000);
    let floor = publisher.floor();
    take_away(&mut publisher);
    let gateway = start(&floor, &publisher.bundle(), ", feed_wait_ms: 10000");
    // The very first request.
    ask(&gateway).expect_error(403, "scope_missing");
}

#[test]
fn a_new_epoch_is_followed_and_the_former_one_is_no_way_back() {
    let mut publisher = published();
    take_away(&mut publisher);
    let former = publisher.bundle();
    let gateway = start(&publisher.floor(), &former, "");
    publisher.new_epoch();
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect(200);
    gateway.scratch.replace(BUNDLE, &former);
    wait_for("a mismatch", || {
        (counted(&gateway, "mismatches") >= 1.0).then_some(())
    });
    assert_eq!(place(&gateway), publisher.place());
    let scratch = gateway.kill();
    let gateway = start_with(scratch, &configuration(BUNDLE, ""));
    assert_eq!(place(&gateway), publisher.place());
    ask(&gateway).expect(200);
}

#[test]
fn a_floor_that_changes_is_loaded_where_it_is_above_and_of_the_same_roots() {
    let mut publisher = published();
    let old_floor = publisher.floor();
    let gateway = start(&old_floor, &publisher.bundle(), "");
    wait_for_state(&gateway, "live");
    take_away(&mut publisher);
    let revision = || gateway.config()["revision"].as_u64();
    let before = revision();
    gateway.scratch.replace("policy.floor", &publisher.floor());
    wait_for("the floor to be read", || (revision() > before).then_some(()));
    assert_eq!(place(&gateway), publisher.place());
    ask(&gateway).expect_error(403, "scope_missing");
    wait_for_state(&gateway, "catching_up");
    gateway.scratch.replace(BUNDLE, &publisher.bundle());

    let before = revision();
    gateway.scratch.replace("policy.floor", &old_floor);
    wait_for("the floor to be read", || (revision() > before).then_some(()));
    assert_eq!(place(&gateway), publisher.place());

    gateway
        .scratch
        .replace("policy.floor", &Publisher::stranger(FEED).floor());
    let error = wait_for("the failure to show", || {
        let error = gateway.config()["last_error"].clone();
        (!error.is_null()).then_some(error)
    });
    assert!(error["message"].to_string().contains("other roots"), "{error}");
    ask(&gateway).expect_error(403, "scope_missing");
}

#[test]
fn a_reload_of_the_configuration_keeps_what_the_feed_said() {
    let mut publisher = published();
    let scratch = Scratch::new();
    scratch.write("policy.floor", &publisher.floor());
    scratch.write(BUNDLE, &publisher.bundle());
    // Without a state directory there is nothing but the floor that could be read again.
    let stateless = |more: &str| configuration(BUNDLE, more).replace("state_dir: state\n", "");
    let gateway = start_with(scratch, &stateless(""));
    take_away(&mut publisher);
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    let other = stateless("").replace("fixed", "other");
    gateway.reload(&other);
    assert_eq!(place(&gateway), publisher.place());
    ask(&gateway).expect_error(403, "scope_missing");
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    assert_eq!(ask(&gateway).expect(200).text(), "other");

    gateway.replace_configuration(&stateless(", max_staleness_s: 7"));
    let error = wait_for("the failure to show", || {
        let error = gateway.config()["last_error"].clone();
        (!error.is_null()).then_some(error)
    });
    assert!(
        error["message"].to_string().contains("policy needs a restart"),
        "{error}"
    );
}

#[test]
fn a_floor_without_roots_beside_a_feed_is_refused_by_name() {
    let scratch = Scratch::new();
    let unsigned = feed::write_floor(FEED, 1, 1, [("client", "app", "{\"team\":\"t\"}")]);
    let floor = String::from_utf8(unsigned.bytes).expect("it is text");
    scratch.write("policy.floor", &floor);
    let yaml = format!("listen: 127.0.0.1:0\n{}", configuration(BUNDLE, ""));
    let file = scratch.write("gateway.yaml", &yaml);
    for command in [&["check"][..], &["gateway", "--config"]] {
        let mut command = switchboard(command);
        command.arg(&file);
        let finished = run(command);
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(
            said.contains("policy.floor") && said.contains("has no roots"),
            "{said}"
        );
        assert!(said.contains("take `feed` out"), "{said}");
    }
    scratch.write("policy.floor", &published().floor());
    let mut command = switchboard(&["check"]);
    command.arg(&file);
    let finished = Process::start(command).finish();
    assert_eq!(finished.code, Some(0), "{finished:#?}");
}
