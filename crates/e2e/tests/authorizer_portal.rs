//! Both authorizers on a real portal: by its bundle, and by a relay on its stream. What is changed there is decided by, who decides by what is
//! seen there, and both carry on when it is gone.

use e2e::{Build, Function, Invoked, LIMIT, Portal, Process, Scratch, case, switchboard, wait_for};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Instant;

fn api(open: bool) -> Value {
    let orders = "GET /orders/**";
    let (public, operations) = match open {
        true => (vec![orders], vec![json!({ "match": "POST /orders/**" })]),
        false => (vec![], vec![json!({ "match": orders })]),
    };
    json!({ "team": "platform", "base_path": "/orders", "public": public, "operations": operations })
}

/// The verdict on a request without a credential, the revision, and the state where they are told.
fn ask(function: &Function) -> (&'static str, Option<u64>, String) {
    ask_with(function, &json!({}))
}

/// The same with these header fields.
fn ask_with(function: &Function, headers: &Value) -> (&'static str, Option<u64>, String) {
    let event = json!({ "type": "REQUEST", "version": "2.0", "headers": headers, "rawPath": "/prod/orders/7",
        "routeArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/orders/7",
        "requestContext": { "http": { "method": "GET" } } });
    let Invoked::Response(text) = function.invoke(event.to_string().as_bytes()) else {
        panic!("an HTTP API is always answered");
    };
    let answer: Value = serde_json::from_str(&text).expect("an answer is JSON");
    let context = &answer["context"];
    let verdict = if context["code"].is_null() {
        "permit"
    } else {
        "refusal"
    };
    let state = context["state"].as_str().unwrap_or_default().to_owned();
    (verdict, context["revision"].as_u64(), state)
}

/// Asks until the verdict is this one and the policy live.
fn settles(function: &Function, verdict: &str) -> u64 {
    let begun = Instant::now();
    loop {
        let answer = ask(function);
        if answer.0 == verdict && answer.2 == "live" {
            return answer.1.expect("a policy has a revision");
        }
        assert!(begun.elapsed() < LIMIT, "{answer:?}, and not {verdict}");
        std::thread::yield_now();
    }
}

/// A portal with one open API, the token of an authorizer, and a floor of it.
fn begin(scratch: &Scratch) -> (Portal, String, String) {
    let portal = Portal::start();
    let made = portal.put("apis", "orders", &api(true));
    portal.wait_published("prod", made["revision"].as_i64().expect("a mutation has one"));
    let token = portal.enrol("authorizer");
    let floor = portal.get("/v1/feeds/prod/floor").expect(200).text();
    let floor = scratch.write("policy.floor", &floor).display().to_string();
    (portal, token, floor)
}

#[test]
fn a_portals_bundle_is_followed_and_the_portal_told() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let scratch = Scratch::new();
        let (mut portal, token, floor) = begin(&scratch);
        let base = format!("http://{}", portal.address());
        let bundle = format!("{base}/v1/feeds/prod/bundle");
        let function = Function::start(
            build,
            &[
                ("SWITCHBOARD_FLOOR", &floor),
                ("SWITCHBOARD_APIS", "orders"),
                ("SWITCHBOARD_BUNDLE", &bundle),
                ("SWITCHBOARD_BUNDLE_TOKEN", &token),
                ("SWITCHBOARD_SYNC_AFTER_MS", "0"),
                ("SWITCHBOARD_PORTAL", &base),
                ("SWITCHBOARD_PORTAL_TOKEN", &token),
            ],
        );
        let first = settles(&function, "permit");
        portal.put("apis", "orders", &api(false));
        let second = settles(&function, "refusal");
        assert!(second > first);
        portal.put("apis", "orders", &api(true));
        settles(&function, "permit");
        let seen = wait_for("a report", || {
            let fleet = portal.get("/v1/fleet?environment=prod").expect(200).text();
            fleet.contains("\"authorizer\"").then_some(fleet)
        });
        assert!(seen.contains(env!("CARGO_PKG_VERSION")), "{seen}");
        portal.kill();
        let (verdict, revision, _) = ask(&function);
        assert_eq!(
            (verdict, revision),
            ("permit", Some(second + 1)),
            "a portal that is gone takes nothing back"
        );
        drop(portal);
    }
}

#[test]
fn a_relay_on_a_portals_stream_hands_on_to_authorizers() {
    let scratch = Scratch::new();
    let (mut portal, token, floor) = begin(&scratch);
    let token_file = scratch.write("token", &token).display().to_string();
    let out = scratch.path("out").display().to_string();
    let base = format!("http://{}", portal.address());
    let relay = Process::start(switchboard(&[
        "relay",
        "--floor",
        &floor,
        "--portal",
        &base,
        "--token-file",
        &token_file,
        "--out",
        &out,
        "--listen",
        "127.0.0.1:0",
    ]));
    let address: SocketAddr = relay.stderr().wait_for("the relay's address", |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line["fields"]["address"].as_str()?.parse().ok()
    });
    let bundle = format!("http://{address}/bundle");
    let settings = [
        ("SWITCHBOARD_FLOOR", floor.as_str()),
        ("SWITCHBOARD_APIS", "orders"),
        ("SWITCHBOARD_BUNDLE", bundle.as_str()),
        ("SWITCHBOARD_SYNC_AFTER_MS", "0"),
    ];
    let functions = Build::BOTH.map(|build| Function::start(build, &settings));
    for function in &functions {
        settles(function, "permit");
    }
    portal.put("apis", "orders", &api(false));
    for function in &functions {
        settles(function, "refusal");
    }
    let told = wait_for("a report", || {
        told(&portal, |told| told["policy"]["state"] == "live")
    });
    assert_eq!(told["kind"], "relay", "{told}");
    portal.kill();
    for function in &functions {
        assert_eq!(ask(function).0, "refusal");
    }
    portal.restart();
    portal.put("apis", "orders", &api(true));
    for function in &functions {
        settles(function, "permit");
    }
}

/// The one that reports to the fleet, once this holds.
fn told(portal: &Portal, holds: impl Fn(&Value) -> bool) -> Option<Value> {
    let fleet = portal.get("/v1/fleet?environment=prod").expect(200).json();
    let told = fleet["instances"].as_array()?.first()?.clone();
    holds(&told).then_some(told)
}

#[test]
fn a_relay_that_follows_another_carrier_reports_to_a_portal_all_the_same() {
    let scratch = Scratch::new();
    let (portal, token, floor) = begin(&scratch);
    let path = |name: &str| scratch.path(name).display().to_string();
    scratch.write("token", &token);
    let line = format!("Authorization: Bearer {token}");
    let bundle = portal.ask_with("GET", "/v1/feeds/prod/bundle", None, &[&line]);
    scratch.write("bundle", &bundle.expect(200).text());
    let (base, token_file) = (format!("http://{}", portal.address()), path("token"));
    let _relay = Process::start(switchboard(&[
        "relay",
        "--floor",
        &floor,
        "--bundle",
        &path("bundle"),
        "--report-to",
        &base,
        "--token-file",
        &token_file,
        "--name",
        "relay-eu-1",
        "--out",
        &path("out"),
    ]));
    let told = wait_for("a report", || {
        told(&portal, |told| told["policy"]["source"] == "feed")
    });
    assert_eq!(
        (&told["kind"], &told["name"]),
        (&json!("relay"), &json!("relay-eu-1"))
    );
}

#[test]
fn a_key_that_an_authorizer_let_in_is_known_as_used_and_one_that_it_refused_is_not() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let scratch = Scratch::new();
        let portal = Portal::start();
        portal.put("apis", "orders", &api(false));
        let client = "/v1/environments/prod/clients";
        let key_of = |id: &str, grants: &Value| {
            portal.put("clients", id, &json!({ "team": "platform", "grants": grants }));
            let made = portal.ask("POST", &format!("{client}/{id}/credentials"), None);
            made.expect(201).json()
        };
        let good = key_of("good", &json!([{ "api": "orders" }]));
        let bad = key_of("bad", &json!([]));
        portal.wait_published("prod", bad["revision"].as_i64().expect("a mutation has one"));
        let token = portal.enrol("authorizer");
        let floor = portal.get("/v1/feeds/prod/floor").expect(200).text();
        let floor = scratch.write("policy.floor", &floor).display().to_string();
        let base = format!("http://{}", portal.address());
        let settings = [
            ("SWITCHBOARD_FLOOR", floor.as_str()),
            ("SWITCHBOARD_APIS", "orders"),
            ("SWITCHBOARD_PORTAL", &base),
            ("SWITCHBOARD_PORTAL_TOKEN", &token),
        ];
        let last_used = |id: &str| {
            let client = portal.get(&format!("{client}/{id}")).json();
            client["credentials"][0]["last_used"].clone()
        };
        // Each by a process that is asked once: what it is asked by is in its only report.
        let refusing = Function::start(build, &settings);
        assert_eq!(
            ask_with(&refusing, &json!({ "x-api-key": bad["key"] })).0,
            "refusal"
        );
        let letting_in = Function::start(build, &settings);
        assert_eq!(
            ask_with(&letting_in, &json!({ "x-api-key": good["key"] })).0,
            "permit"
        );
        wait_for("the use to be known", || {
            (last_used("good") != Value::Null).then_some(())
        });
        assert_eq!(last_used("bad"), Value::Null);
    }
}
