//! `switchboard policy build` and `show`, and `check` of policies: what they print, what they write, and when they refuse.

use e2e::{Closed, Finished, Peer, Scratch, Upstream, run, switchboard};
use serde_json::{Value, json};
use std::path::Path;

const JWKS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","x5c":["AAAA"]},{"kty":"oct","k":"AAAA"}]}"#;

/// A policy whose issuers have their keys at these addresses.
fn policy(jwks_uris: &[String]) -> String {
    let issuers = jwks_uris.iter().enumerate().map(|(index, uri)| {
        json!({ "id": format!("i{index}"), "issuer": format!("https://{index}.example"), "audiences": ["a"], "jwks_uri": uri })
    });
    let api = json!({ "id": "orders", "team": "commerce", "base_path": "/api/orders", "operations": [
        { "match": "GET /api/orders/**", "scopes": ["orders.read"] },
        { "match": "GET /api/orders/{id}/lines", "scopes": ["orders.read"] },
    ] });
    json!({ "issuers": issuers.collect::<Value>(), "apis": [api] }).to_string()
}

/// Builds a policy in this directory as `out.floor`.
fn build(scratch: &Scratch, policy: &str, more: &[&str]) -> Finished {
    let file = scratch.write("policy.json", policy);
    let mut command = switchboard(&["policy", "build", "--out"]);
    command.arg(scratch.path("out.floor")).arg(file).args(more);
    run(command)
}

fn show(floor: &Path) -> Finished {
    let mut command = switchboard(&["policy", "show"]);
    command.arg(floor);
    run(command)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn serving(body: &str) -> Upstream {
    let answer = ok(body);
    Upstream::answering(move |_| answer.clone())
}

/// The build fails, names every one of these, and writes nothing.
#[track_caller]
fn check_refused(policy: &str, more: &[&str], said: &[&str]) {
    let scratch = Scratch::new();
    let finished = build(&scratch, policy, more);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    for part in said {
        assert!(finished.stderr.contains(part), "{part} in {finished:#?}");
    }
    assert_eq!(finished.stdout, "");
    let left: Vec<_> = std::fs::read_dir(scratch.directory())
        .expect("the directory is there")
        .map(|entry| entry.expect("it can be read").file_name())
        .collect();
    assert_eq!(left, ["policy.json"], "nothing is written, not even in part");
}

#[test]
fn a_floor_carries_the_keys_of_every_issuer() {
    let (one, other) = (serving(JWKS), serving(JWKS));
    let scratch = Scratch::new();
    let uris = [format!("{}/jwks.json?x=1", one.url()), other.url()];
    let finished = build(&scratch, &policy(&uris), &["--feed", "shop-test"]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stderr.contains("fetching 2 key sets"), "{finished:#?}");
    assert!(
        finished
            .stderr
            .contains("issuer i0: 1 key (1 more that nothing may use)"),
        "{finished:#?}"
    );
    assert!(
        finished.stdout.contains("written, feed shop-test"),
        "{finished:#?}"
    );
    assert_eq!(one.wait_for_requests(1)[0].target, "/jwks.json?x=1");

    let floor = std::fs::read_to_string(scratch.path("out.floor")).expect("it was written");
    let lines: Vec<Value> = floor
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    let keys: Vec<&str> = lines.iter().filter_map(|line| line["kind"].as_str()).collect();
    assert_eq!(
        keys,
        ["api", "issuer", "issuer"],
        "records in the order of their keys"
    );
    let issuer = &lines[1]["body"];
    assert_eq!(issuer["jwks_uri"], uris[0].as_str(), "for rotations");
    assert_eq!(issuer["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        issuer["keys"][0].get("x5c"),
        None,
        "only what a decision looks at"
    );
    let commit = &lines[3];
    assert_eq!(
        (&commit["feed"], &commit["epoch"], &commit["entities"]),
        (&json!("shop-test"), &json!(0), &json!(3))
    );
    assert!(floor.ends_with("}\n"));

    // With the issuers gone, what it carries is still there.
    drop((one, other));
    let shown = show(&scratch.path("out.floor"));
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    for part in [
        "# feed: shop-test\n",
        "# 3 entities: ",
        "issuers:\n  - id: i0\n",
        "kid: k1",
    ] {
        assert!(shown.stdout.contains(part), "{part} in {}", shown.stdout);
    }
    assert!(!shown.stdout.contains('\u{1b}'), "no colour in a pipe");
}

#[test]
fn what_show_prints_builds_the_same_again() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/policy.yaml");
    let example = std::fs::read_to_string(example).expect("the example is there");
    let scratch = Scratch::new();
    let records = |text: &str| {
        let file = scratch.write("policy.yaml", text);
        let mut command = switchboard(&["policy", "build", "--out"]);
        command.arg(scratch.path("out.floor")).arg(file);
        let finished = run(command);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        let floor = std::fs::read_to_string(scratch.path("out.floor")).expect("it was written");
        let bodies = floor.lines().filter_map(|line| {
            let line: Value = serde_json::from_str(line).expect("each line is JSON");
            Some((
                line["kind"].as_str()?.to_owned(),
                line["id"].clone(),
                line["body"].clone(),
            ))
        });
        bodies.collect::<Vec<_>>()
    };
    let before = records(&example);
    let shown = show(&scratch.path("out.floor"));
    assert_eq!((before.len(), records(&shown.stdout)), (11, before));
}

#[test]
fn each_issuer_that_cannot_be_had_is_named_with_why() {
    let closed = Closed::new();
    let redirecting = Upstream::answering(
        |_| "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    );
    let missing = Upstream::answering(|_| "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let (page, useless, list) = (
        serving("<html>"),
        serving(r#"{"keys":[{"kty":"oct"}]}"#),
        serving("[]"),
    );
    let good = serving(JWKS);
    let urls = [
        format!("http://{}", closed.address),
        redirecting.url(),
        missing.url(),
        page.url(),
        useless.url(),
        list.url(),
        good.url(),
    ];
    check_refused(
        &policy(&urls),
        &[],
        &[
            &format!("issuer i0: {}: ", urls[0]),
            &format!(
                "issuer i1: {}: answered 302 Found, a redirect, which is not followed",
                urls[1]
            ),
            &format!("issuer i2: {}: answered 404", urls[2]),
            &format!("issuer i3: {}: the answer is no key set", urls[3]),
            &format!(
                "issuer i4: {}: the key set has no key that may be used (1 were skipped)",
                urls[4]
            ),
            &format!("issuer i5: {}: the answer is no key set", urls[5]),
            "issuer i6: 1 key",
            "out.floor: not written; a floor carries the keys of every issuer",
        ],
    );
}

#[test]
fn a_huge_answer_is_cut_off() {
    let stated = Upstream::answering(|_| "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n");
    let endless = Upstream::start(|mut peer: Peer| {
        peer.request();
        if peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") {
            let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
            while peer.send(&chunk) {}
        }
    });
    let said = "the answer is larger than 1048576 bytes";
    check_refused(&policy(&[stated.url()]), &[], &[said]);
    check_refused(&policy(&[endless.url()]), &[], &[said]);
}

#[test]
fn an_old_floor_stays_where_a_new_one_fails_and_is_replaced_where_it_does_not() {
    let scratch = Scratch::new();
    let floor = scratch.write("out.floor", "old");
    let closed = Closed::new();
    let finished = build(&scratch, &policy(&[format!("http://{}", closed.address)]), &[]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert_eq!(std::fs::read_to_string(&floor).expect("it is there"), "old");
    let finished = build(&scratch, &policy(&[serving(JWKS).url()]), &[]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert_ne!(std::fs::read_to_string(&floor).expect("it is there"), "old");
}

#[test]
fn a_bad_policy_is_told_with_its_places_and_nothing_is_fetched() {
    let issuer = serving(JWKS);
    let text = policy(&[issuer.url()]).replace("orders.read", "orders read");
    check_refused(
        &text,
        &[],
        &[
            "policy.json:1:",
            "\"orders read\" is no scope",
            "not written; mend the errors above",
        ],
    );
    assert_eq!(issuer.connections(), 0);
}

#[test]
fn what_a_cached_answer_cannot_say_is_refused_only_where_one_is_asked_for() {
    let issuer = serving(JWKS);
    let policy = policy(&[issuer.url()]);
    check_refused(
        &policy,
        &["--for-cached-authorizer", "orders"],
        &[
            "API orders: `GET /api/orders/{id}/lines`: `{id}` is one segment",
            "result TTL to 0",
        ],
    );
    check_refused(
        &policy,
        &["--for-cached-authorizer", "other"],
        &["--for-cached-authorizer other: the policy has no such API; it has orders"],
    );
    assert_eq!(issuer.connections(), 0);
    let sayable = policy.replace("/{id}/lines", "/lines");
    let scratch = Scratch::new();
    let finished = build(&scratch, &sayable, &["--for-cached-authorizer", "orders"]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
}

#[test]
fn a_floor_that_does_not_hold_is_not_shown() {
    let scratch = Scratch::new();
    let finished = build(&scratch, &policy(&[serving(JWKS).url()]), &[]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let good = std::fs::read_to_string(scratch.path("out.floor")).expect("it was written");
    for (bad, said) in [
        (
            good.replace("orders.read", "orders.reap"),
            "digest does not hold: a byte of it was changed",
        ),
        (good.replace('\n', "\r\n"), "its lines end in CR LF"),
        (
            good.lines().skip(1).map(|line| format!("{line}\n")).collect(),
            "1 live records, its commit counts 2",
        ),
        (String::new(), "the floor has no commit"),
    ] {
        let shown = show(&scratch.write("bad.floor", &bad));
        assert_eq!((shown.code, shown.stdout.as_str()), (Some(1), ""), "{shown:#?}");
        assert!(shown.stderr.contains(said), "{said} in {shown:#?}");
    }
    let shown = show(&scratch.path("none.floor"));
    assert_eq!(shown.code, Some(2), "{shown:#?}");
    assert!(shown.stderr.contains("cannot be read"), "{shown:#?}");
}

#[test]
fn check_tells_a_policy_from_a_gateway() {
    let scratch = Scratch::new();
    let check = |text: &str| {
        let mut command = switchboard(&["check"]);
        command.arg(scratch.write("file.yaml", text));
        run(command)
    };
    let good = check("apis: [{ id: a, team: t, base_path: /a, public: [GET /a] }]\n");
    assert_eq!(good.code, Some(0), "{good:#?}");
    assert!(
        good.stdout.contains("good, a policy of 1 entity: 1 api"),
        "{good:#?}"
    );
    let bad = check("apis:\n- { id: a, team: t, base_path: /a/ }\n");
    assert_eq!(bad.code, Some(1), "{bad:#?}");
    assert!(
        bad.stdout.contains("file.yaml:2:32: \"/a/\" is no base path"),
        "{bad:#?}"
    );
    let mixed = check("listen: 127.0.0.1:0\napis: []\n");
    assert_eq!(mixed.code, Some(1), "{mixed:#?}");
    assert!(mixed.stdout.contains("one file is one of them"), "{mixed:#?}");
}
