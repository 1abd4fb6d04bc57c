//! The operator's port over real sockets.

use super::{Admin, Facts, Phase, PolicyView, Readiness, Surface};
use crate::reload::Outcomes;
use crate::usage::Metrics;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

struct Port {
    facts: Arc<Facts>,
    admin: SocketAddr,
    health: SocketAddr,
    _running: Admin,
}

fn port(token: Option<&str>) -> Port {
    let facts = Arc::new(Facts {
        readiness: Readiness::default(),
        outcomes: Outcomes::started("aa", UNIX_EPOCH, || json!({ "listen": ["127.0.0.1:8080"] })),
        policy: PolicyView::new(|| json!({ "source": "none" })),
        metrics: Arc::new(Metrics::new()),
    });
    let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (admin, health) = (bind(), bind());
    let addresses = (admin.local_addr().unwrap(), health.local_addr().unwrap());
    let listeners = vec![(admin, Surface::Admin), (health, Surface::Health)];
    Port {
        admin: addresses.0,
        health: addresses.1,
        _running: Admin::start(listeners, Arc::clone(&facts), token).unwrap(),
        facts,
    }
}

/// Sends one request and reads until the close: status line and fields, and body.
fn ask(address: SocketAddr, head: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = head.replace('\n', "\r\n");
    write!(stream, "{head}\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

#[track_caller]
fn check(address: SocketAddr, head: &str, status: u16, expected: &Value) {
    let (head, body) = ask(address, head);
    assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    if let Some(code) = expected.as_str() {
        assert_eq!(body["error"], code);
        assert!(body["message"].as_str().unwrap().ends_with('.'));
    } else {
        assert_eq!(body, *expected);
    }
}

#[test]
fn live_and_ready_follow_the_gateway_s_life_on_both_listeners() {
    let port = port(None);
    let state = |status: &str, reason: &str| json!({ "status": status, "reason": reason, "policy": { "source": "none" } });
    for address in [port.admin, port.health] {
        check(
            address,
            "GET /live HTTP/1.1\nHost: any.name",
            200,
            &json!({ "status": "live" }),
        );
        port.facts.readiness.enter(Phase::Starting);
        let starting = state("starting", "the gateway does not listen yet");
        check(address, "GET /ready HTTP/1.1\nHost: a", 503, &starting);
        port.facts.readiness.enter(Phase::Serving);
        check(
            address,
            "GET /ready HTTP/1.1\nHost: a",
            200,
            &state("ready", "the gateway serves"),
        );
        port.facts.readiness.enter(Phase::Draining);
        let draining = state("draining", "the gateway finishes what is in flight, and ends");
        check(address, "GET /ready HTTP/1.1\nHost: a", 503, &draining);
    }
}

#[test]
fn the_configuration_and_the_last_error_are_shown() {
    let port = port(None);
    let ask = "GET /config HTTP/1.1\nHost: localhost";
    let mut expected = json!({
        "revision": 1,
        "hash": "aa",
        "since": "1970-01-01T00:00:00.000000Z",
        "last_error": null,
        "configuration": { "listen": ["127.0.0.1:8080"] },
        "policy": { "source": "none" },
    });
    check(port.admin, ask, 200, &expected);
    port.facts.outcomes.failed("one problem", Value::Null, UNIX_EPOCH);
    expected["last_error"] =
        json!({ "at": "1970-01-01T00:00:00.000000Z", "message": "one problem", "problems": null });
    check(port.admin, ask, 200, &expected);
}

#[test]
fn the_configuration_is_guarded_and_the_token_opens_it() {
    let open = port(None);
    check(
        open.admin,
        "GET /config HTTP/1.1\nHost: evil.example",
        403,
        &json!("host_not_local"),
    );
    check(
        open.admin,
        "GET /config HTTP/1.1\nHost: localhost\nVia: 1.1 x",
        403,
        &json!("proxied"),
    );
    let guarded = port(Some("secret"));
    let wrong = "GET /config HTTP/1.1\nHost: gateway.example\nAuthorization: Bearer wrong";
    check(guarded.admin, wrong, 401, &json!("unauthorized"));
    let (head, _) = ask(guarded.admin, wrong);
    assert!(head.contains("www-authenticate: bearer realm="), "{head}");
    let (head, _) = ask(guarded.admin, &wrong.replace("wrong", "secret"));
    assert!(head.starts_with("http/1.1 200 "), "{head}");
}

#[test]
fn metrics_are_text_in_the_type_that_is_asked_for() {
    let port = port(None);
    for (accept, expected) in [
        (
            "*/*",
            "content-type: text/plain; version=0.0.4; charset=utf-8\r\n",
        ),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n",
        ),
    ] {
        let (head, body) = ask(
            port.admin,
            &format!("GET /metrics HTTP/1.1\nHost: a\nAccept: {accept}"),
        );
        assert!(
            head.starts_with("http/1.1 200 ") && head.contains(expected),
            "{head}"
        );
        assert!(body.contains("switchboard_build_info{version=") && body.ends_with("# EOF\n"));
    }
}

#[test]
fn other_paths_and_methods_are_refused_and_head_has_no_body() {
    let port = port(None);
    check(port.admin, "GET / HTTP/1.1\nHost: a", 404, &json!("not_found"));
    check(
        port.admin,
        "GET /config/ HTTP/1.1\nHost: localhost",
        404,
        &json!("not_found"),
    );
    check(
        port.health,
        "GET /metrics HTTP/1.1\nHost: a",
        404,
        &json!("not_found"),
    );
    check(
        port.health,
        "GET /config HTTP/1.1\nHost: localhost",
        404,
        &json!("not_found"),
    );
    check(
        port.admin,
        "DELETE /live HTTP/1.1\nHost: a",
        405,
        &json!("method_not_allowed"),
    );
    let (head, _) = ask(port.admin, "POST /metrics HTTP/1.1\nHost: a\nContent-Length: 0");
    assert!(head.contains("allow: get, head\r\n"), "{head}");
    let (to_get, body) = ask(port.admin, "GET /live HTTP/1.1\nHost: a");
    let (to_head, empty) = ask(port.admin, "HEAD /live HTTP/1.1\nHost: a");
    assert_eq!(empty, "");
    for head in [to_get, to_head] {
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len())),
            "{head}"
        );
        assert!(head.contains("cache-control: no-store\r\n"), "{head}");
    }
}

#[test]
fn a_connection_that_says_nothing_keeps_nobody_out() {
    let port = port(None);
    let idle: Vec<_> = (0..40).map(|_| TcpStream::connect(port.admin).unwrap()).collect();
    check(
        port.admin,
        "GET /live HTTP/1.1\nHost: a",
        200,
        &json!({ "status": "live" }),
    );
    drop(idle);
}

#[test]
fn dropped_it_has_ended() {
    let port = port(None);
    // One that is open and one that is under way.
    let _idle = TcpStream::connect(port.admin).unwrap();
    check(
        port.health,
        "GET /live HTTP/1.1\nHost: a",
        200,
        &json!({ "status": "live" }),
    );
    let facts = Arc::clone(&port.facts);
    drop(port);
    assert_eq!(Arc::strong_count(&facts), 1);
}
