//! A gateway that follows a signed bundle: what is published is in force without a restart, what is not published never is, and nothing that
//! was in force is taken back, whatever happens to the bundle, the process or the floor.

use e2e::{
    BundleServer, Gateway, Process, Publisher, Response, Scratch, Setup, Upstream, case, run, switchboard,
    wait_for,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const ROUTES: &str = "routes: [{ path: /**, respond: { body: fixed } }]";
const FEED: &str = "prod";
const BUNDLE: &str = "prod.bundle";

fn api_key() -> String {
    format!("sb_k1_{}", "A".repeat(43))
}

fn client(scopes: &[&str]) -> Option<Value> {
    let digest: String = Sha256::digest(api_key())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(json!({
        "team": "t",
        "credentials": [{ "type": "api_key", "id": "k1", "sha256": digest }],
        "grants": [{ "api": "orders", "scopes": scopes }],
    }))
}

/// Revision 1: one API, and one client that may read it.
fn published() -> Publisher {
    let mut publisher = Publisher::new(FEED);
    let api = json!({
        "team": "t", "base_path": "/orders", "credentials": ["api_key"],
        "operations": [{ "match": "GET /orders/**", "scopes": ["orders.read"] }],
    });
    publisher.publish(&[
        ("api/orders", Some(api)),
        ("client/app", client(&["orders.read"])),
    ]);
    publisher
}

/// The next revision takes the scope away.
fn take_away(publisher: &mut Publisher) {
    publisher.publish(&[("client/app", client(&[]))]);
}

/// A configuration with this bundle and these further keys of `policy`.
fn configuration(bundle: &str, more: &str) -> String {
    format!(
        "policy: {{ floor: policy.floor, feed: {{ bundle: \"{bundle}\" }}{more} }}\nenvironment: prod\nstate_dir: state\n{ROUTES}"
    )
}

fn start_with(scratch: Scratch, yaml: &str) -> Gateway {
    let setup = Setup {
        scratch,
        ..Setup::default()
    };
    setup.start(yaml)
}

/// A gateway with this floor and this bundle in a file.
fn start(floor: &str, bundle: &str, more: &str) -> Gateway {
    let scratch = Scratch::new();
    scratch.write("policy.floor", floor);
    scratch.write(BUNDLE, bundle);
    start_with(scratch, &configuration(BUNDLE, more))
}

fn ask(gateway: &Gateway) -> Response {
    let key = format!("X-Api-Key: {}", api_key());
    gateway.client().get_with("/orders/1", &[&key])
}

fn place(gateway: &Gateway) -> (u64, u64) {
    let policy = gateway.policy();
    let number = |name: &str| {
        policy[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} in {policy}"))
    };
    (number("epoch"), number("revision"))
}

fn wait_for_place(gateway: &Gateway, expected: (u64, u64)) {
    wait_for(&format!("the policy {expected:?} to be in force"), || {
        (place(gateway) == expected).then_some(())
    });
}

fn wait_for_state(gateway: &Gateway, state: &str) {
    wait_for(&format!("the state {state}"), || {
        (gateway.policy()["state"] == state).then_some(())
    });
}

fn counted(gateway: &Gateway, name: &str) -> f64 {
    gateway
        .metrics()
        .sum(&format!("switchboard_policy_{name}_total"), &[])
}

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

/// What a relay could serve in place of revision 3, where revision 2 is in force.
fn lies(newer: &Publisher, older: &str) -> Vec<(String, String)> {
    let honest = newer.bundle();
    let mut unsigned = honest.clone();
    let signed = unsigned.rfind(r#","key":""#).expect("the commit is signed");
    unsigned.truncate(signed);
    unsigned.push_str("}\n");
    let mut stranger = Publisher::stranger(FEED);
    let mut other = Publisher::new("other");
    for publisher in [&mut stranger, &mut other] {
        for _ in 0..9 {
            publisher.publish(&[("client/app", client(&[]))]);
        }
    }
    let mut lies = vec![
        (
            "a changed byte".to_owned(),
            honest.replacen("client", "clienu", 1),
        ),
        (
            "a changed scope".to_owned(),
            honest.replacen("\"team\":\"t\"", "\"team\":\"u\"", 1),
        ),
        ("an older bundle".to_owned(), older.to_owned()),
        ("another's bundle".to_owned(), stranger.bundle()),
        ("another feed's bundle".to_owned(), other.bundle()),
        ("roots of its own".to_owned(), stranger.floor()),
        ("an unsigned one".to_owned(), unsigned),
        ("nothing".to_owned(), String::new()),
        ("no lines".to_owned(), "x".repeat(1 << 20)),
    ];
    for part in 1..4 {
        let cut = honest.len() * part / 4;
        lies.push((format!("cut off at byte {cut}"), honest[..cut].to_owned()));
    }
    lies.push((
        "cut off in its last byte".to_owned(),
        honest[..honest.len() - 2].to_owned(),
    ));
    lies
}

#[test]
fn who_lies_changes_nothing_and_the_age_tells() {
    let mut publisher = published();
    let (floor, older) = (publisher.floor(), publisher.bundle());
    take_away(&mut publisher);
    let (bundle, in_force) = (publisher.bundle(), publisher.place());
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
    let lies = lies(&publisher, &older);
    let gateways: Vec<Gateway> = lies
        .iter()
        .map(|_| start(&floor, &bundle, ", max_staleness_s: 1, feed_wait_ms: 10000"))
        .collect();
    for (gateway, (_, lie)) in gateways.iter().zip(&lies) {
        wait_for_place(gateway, in_force);
        gateway.scratch.replace(BUNDLE, lie);
    }
    for (gateway, (name, _)) in gateways.iter().zip(&lies) {
        case(name);
        wait_for("a mismatch", || {
            (counted(gateway, "mismatches") >= 1.0).then_some(())
        });
        wait_for_state(gateway, "stale");
        assert_eq!(place(gateway), in_force);
        assert!(gateway.policy()["last_error"].is_string(), "{}", gateway.policy());
        ask(gateway).expect_error(403, "scope_missing");
    }
}

#[test]
fn who_is_honest_again_is_believed_again() {
    let mut publisher = published();
    let gateway = start(&publisher.floor(), &publisher.bundle(), "");
    take_away(&mut publisher);
    gateway.scratch.replace(BUNDLE, "");
    wait_for("a mismatch", || {
        (counted(&gateway, "mismatches") >= 1.0).then_some(())
    });
    // Within the five seconds after which it is read again, so that it is not told twice.
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect_error(403, "scope_missing");
}

#[test]
fn a_redirect_is_not_followed() {
    let mut publisher = published();
    let floor = publisher.floor();
    take_away(&mut publisher);
    let server = BundleServer::start(publisher.bundle());
    let to = server.url();
    let redirecting = Upstream::answering(move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
    });
    let scratch = Scratch::new();
    scratch.write("policy.floor", &floor);
    let gateway = start_with(scratch, &configuration(&redirecting.url(), ""));
    let error = wait_for("the failure to show", || {
        gateway.policy()["last_error"].as_str().map(str::to_owned)
    });
    assert!(error.contains("redirect"), "{error}");
    assert_eq!(server.answers(), (0, 0));
    assert_eq!(gateway.policy()["state"], "floor");
    ask(&gateway).expect(200);
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
fn two_publishers_of_one_revision_are_told_and_the_first_stays() {
    let (mut one, mut other) = (published(), published());
    let gateway = start(&one.floor(), &one.bundle(), "");
    take_away(&mut one);
    gateway.scratch.replace(BUNDLE, &one.bundle());
    wait_for_place(&gateway, one.place());
    other.publish(&[("client/other", client(&["orders.read"]))]);
    gateway.scratch.replace(BUNDLE, &other.bundle());
    wait_for_state(&gateway, "forked");
    ask(&gateway).expect_error(403, "scope_missing");
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
    let gateway = start(&publisher.floor(), &publisher.bundle(), "");
    take_away(&mut publisher);
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    let other = configuration(BUNDLE, "").replace("fixed", "other");
    gateway.reload(&other);
    assert_eq!(place(&gateway), publisher.place());
    ask(&gateway).expect_error(403, "scope_missing");
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    assert_eq!(ask(&gateway).expect(200).text(), "other");

    gateway.replace_configuration(&configuration(BUNDLE, ", max_staleness_s: 7"));
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
