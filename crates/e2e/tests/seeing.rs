//! What an operator sees: one line for every request, with no secret in it, and metrics that add up and stay bounded.

use e2e::{Gateway, Setup, Upstream, wait_for};
use std::time::Duration;

/// A gateway with an upstream for everything that can happen to a request.
fn stage() -> (Upstream, Gateway) {
    let upstream = Upstream::start(|mut peer| {
        while let Some(request) = peer.request() {
            match request.target.as_str() {
                "/reset" => return peer.reset(),
                "/garbage" => {
                    peer.send("garbage\r\n\r\n");
                    return peer.close();
                }
                "/broken" => {
                    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                    return peer.close();
                }
                "/missing" => peer.send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"),
                _ => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            };
        }
    });
    let gateway = Gateway::start(&format!(
        "timeouts: {{ head_ms: 1500, idle_ms: 5000 }}\nroutes:\n  - {{ path: /up/**, methods: [GET, POST], upstream: \"{}\", strip_prefix: /up }}\n  \
         - {{ path: /fixed, respond: {{ body: fixed }} }}\n  - {{ path: /old, redirect: {{ to: /new }} }}",
        upstream.url()
    ));
    (upstream, gateway)
}

/// What is sent, and what its record says: status, error, route.
type Recorded = (&'static str, u16, Option<&'static str>, Option<&'static str>);

/// A GET of this target.
macro_rules! get {
    ($target:literal) => {
        concat!("GET ", $target, " HTTP/1.1\r\nHost: test.example\r\n\r\n")
    };
}

const RECORDED: &[Recorded] = &[
    (get!("/up/a"), 200, None, Some("/up/**")),
    (get!("/up/missing"), 404, None, Some("/up/**")),
    (get!("/up/reset"), 502, Some("upstream_closed"), Some("/up/**")),
    (
        get!("/up/garbage"),
        502,
        Some("upstream_malformed"),
        Some("/up/**"),
    ),
    (
        get!("/up/broken"),
        200,
        Some("broken_by_upstream"),
        Some("/up/**"),
    ),
    (get!("/fixed"), 200, None, Some("/fixed")),
    (get!("/old"), 302, None, Some("/old")),
    (get!("/nowhere"), 404, Some("route_not_found"), None),
    (get!("/a//b"), 400, Some("path_not_canonical"), None),
    (
        "DELETE /up/a HTTP/1.1\r\nHost: test.example\r\n\r\n",
        405,
        Some("method_not_allowed"),
        None,
    ),
    ("GET / HTTP/1.1\r\n\r\n", 400, Some("request_malformed"), None),
    ("GET / HTTP/2.0\r\n\r\n", 505, Some("version_not_supported"), None),
    ("garbage\r\n\r\n", 400, Some("request_malformed"), None),
    (
        "TRACE / HTTP/1.1\r\nHost: test.example\r\n\r\n",
        501,
        Some("method_not_implemented"),
        None,
    ),
    (
        "GET /never-whole HTTP/1.1\r\nHost:",
        408,
        Some("request_timeout"),
        None,
    ),
    (
        "POST /up/a HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
        Some("request_malformed"),
        Some("/up/**"),
    ),
    (
        "OPTIONS * HTTP/1.1\r\nHost: test.example\r\n\r\n",
        200,
        None,
        None,
    ),
];

#[test]
fn every_request_leaves_exactly_one_record_however_it_ends() {
    let (_upstream, gateway) = stage();
    for (request, status, error, route) in RECORDED {
        e2e::case(format!("{request:?}"));
        let mut client = gateway.client();
        client.send(request);
        let record = gateway.record_of(&client.receive("GET").expect("an answer begins"));
        assert_eq!(record["status"], *status, "{record}");
        assert_eq!(record["error"].as_str(), *error, "{record}");
        assert_eq!(record["route"].as_str(), *route, "{record}");
        assert_eq!(record["client_ip"], "127.0.0.1", "{record}");
        assert!(
            record["duration_us"].as_u64() >= record["upstream_us"].as_u64(),
            "{record}"
        );
        let time = record["time"].as_str().unwrap_or_default();
        assert!(time.starts_with("20") && time.ends_with('Z'), "{record}");
    }
    for unfinished in [
        "POST /up/a HTTP/1.1\r\nHost: test.example\r\nContent-Length: 10\r\n\r\nhalf",
        "GET /leaves-within HTTP/1.1\r\nHo",
    ] {
        gateway.client().send(unfinished);
    }
    let total = RECORDED.len() + 2;
    let records = gateway.wait_for_records(total);
    let left = records
        .iter()
        .filter(|record| record["error"] == "broken_by_client");
    assert_eq!(left.count(), 2, "{records:#?}");
    let text = std::fs::read_to_string(gateway.end().path("access.log")).expect("the log is there");
    assert_eq!(text.lines().count(), total, "not one line more");
}

#[test]
fn a_record_says_what_happened() {
    let (upstream, gateway) = stage();
    let request = "POST /up/a?token=secret HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: test/1\r\nContent-Length: 4\r\n\
                   traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\nbody";
    let mut client = gateway.client();
    client.send(request);
    let record = gateway.record_of(&client.response_to("POST").expect(200));
    for (field, value) in [
        ("method", "POST"),
        ("host", "shop.example:8080"),
        ("path", "/up/a"),
        ("route", "/up/**"),
        ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("user_agent", "test/1"),
        ("protocol", "HTTP/1.1"),
        ("upstream", &upstream.address().to_string()),
    ] {
        assert_eq!(record[field], value, "{field} in {record}");
    }
    for (field, value) in [("status", 200), ("bytes_in", 4), ("bytes_out", 2), ("tries", 1)] {
        assert_eq!(record[field], value, "{field} in {record}");
    }
}

#[test]
fn only_the_chosen_fields_are_logged_and_in_their_order() {
    let gateway = Gateway::start(
        "access_log: { to: \"$DIR/chosen.log\", fields: [status, method, path, bytes_out] }\n\
         routes: [{ path: /, respond: { body: fixed } }]",
    );
    gateway.get("/").expect(200);
    let text = wait_for("a line", || {
        let text = std::fs::read_to_string(gateway.scratch.path("chosen.log")).unwrap_or_default();
        text.ends_with('\n').then_some(text)
    });
    assert_eq!(
        text,
        "{\"status\":200,\"method\":\"GET\",\"path\":\"/\",\"bytes_out\":5}\n"
    );
}

#[test]
fn the_access_log_can_go_to_standard_output_or_nowhere() {
    let route = "routes: [{ path: /, respond: { body: fixed } }]";
    let gateway = Gateway::start(&format!("access_log: stdout\n{route}"));
    let id = gateway
        .get("/")
        .field("X-Request-Id")
        .map(str::to_owned)
        .expect("every answer has an id");
    let line = gateway.stdout().wait_for("the record on stdout", |line| {
        line.contains(&id).then(|| line.to_owned())
    });
    let record = serde_json::from_str::<e2e::Record>(&line).expect("it is JSON");
    assert_eq!(record["status"], 200);

    let gateway = Gateway::start(&format!("access_log: off\n{route}"));
    gateway.get("/").expect(200);
    gateway.terminate();
    assert_eq!(gateway.stdout().to_the_end(), "");
}

#[test]
fn hostile_values_cannot_forge_or_break_a_line() {
    let (_upstream, gateway) = stage();
    for agent in [
        &b"\"},{\"status\":\"200"[..],
        b"\\\\\\",
        b"tab\tinside",
        b"caf\xc3\xa9",
        b"\xff\xfe",
        "\u{2028}".as_bytes(),
    ] {
        let head = b"GET /fixed HTTP/1.1\r\nHost: test.example\r\nUser-Agent: ";
        let response = gateway
            .client()
            .exchange([head, agent, b"\r\n\r\n"].concat())
            .expect(200);
        let record = gateway.record_of(&response);
        assert_eq!(record["status"], 200, "{record}");
        if let Ok(text) = std::str::from_utf8(agent) {
            assert_eq!(record["user_agent"], text, "{record}");
        }
    }
    let long = "x".repeat(20_000);
    let request = format!("GET /fixed HTTP/1.1\r\nHost: test.example\r\nUser-Agent: {long}\r\n\r\n");
    let record = gateway.record_of(&gateway.client().exchange(request).expect(200));
    assert!(
        record["user_agent"]
            .as_str()
            .is_some_and(|agent| agent.len() < 10_000),
        "values are bounded"
    );
}

#[test]
fn secrets_appear_nowhere() {
    let upstream = Upstream::ok();
    let mut setup = Setup::new();
    setup
        .environment
        .push(("SWITCHBOARD_LOG".to_owned(), "trace".to_owned()));
    setup
        .environment
        .push(("E2E_KEY".to_owned(), "hush-from-environment".to_owned()));
    setup.scratch.write("key", "hush-from-file");
    let gateway = setup.start(&format!(
        "routes:\n  - path: /up/**\n    upstream: \"{}\"\n    headers: {{ request: {{ X-Key: \"${{env:E2E_KEY}}\", X-Other: \"${{file:key}}\" }} }}\n  \
         - {{ path: /dead, upstream: \"http://no-such-name.invalid\" }}\n",
        upstream.url()
    ));
    let lines = "Host: test.example\r\nAuthorization: Bearer hush-bearer\r\nProxy-Authorization: Basic hush-basic\r\n\
                 Cookie: session=hush-cookie\r\nX-Api-Key: hush-key\r\nContent-Length: 9\r\n";
    let requests = [
        format!("POST /up/a?token=hush-query HTTP/1.1\r\n{lines}\r\nhush-body"),
        format!("POST /dead?token=hush-query HTTP/1.1\r\n{lines}\r\nhush-body"),
        format!("POST /nowhere?token=hush-query HTTP/1.1\r\n{lines}\r\nhush-body"),
        format!("POST //?token=hush-query HTTP/1.1\r\n{lines}\r\nhush-body"),
        format!(
            "POST http://user:hush-userinfo@test.example/?token=hush-query HTTP/1.1\r\n{lines}\r\nhush-body"
        ),
        format!("POST /up/a#hush-fragment HTTP/1.1\r\n{lines}\r\nhush-body"),
        format!("POST /up/a?token=hush-query HTTP/1.1\r\n{lines}Content-Length: 9\r\n\r\nhush-body"),
    ];
    for request in &requests {
        let mut client = gateway.client();
        client.send(request);
        let response = client.response_to("POST");
        assert!(
            !response.text().contains("hush"),
            "an answer repeats a secret: {}",
            response.text()
        );
    }
    let seen = upstream.requests().remove(0);
    assert_eq!(
        seen.field("X-Key"),
        Some("hush-from-environment"),
        "the service gets what it is meant to"
    );
    assert_eq!(seen.field("X-Other"), Some("hush-from-file"));
    gateway.wait_for_records(requests.len());
    let config = gateway.ask_admin("/config").expect(200).text();
    let metrics = gateway.ask_admin("/metrics").expect(200).text();
    gateway.hang_up();
    gateway.log().wait_for("the reload in the log", |line| {
        line.contains("in force").then_some(())
    });
    let log = gateway.log().so_far().join("\n");
    let records = std::fs::read_to_string(gateway.scratch.path("access.log")).expect("the log is there");
    for (place, text) in [
        ("config", config),
        ("metrics", metrics),
        ("log", log),
        ("access log", records),
    ] {
        let line = text.lines().find(|line| line.contains("hush"));
        assert_eq!(line, None, "a secret in the {place}");
    }
}

#[test]
fn metrics_count_what_happened_and_tell_gateway_from_upstream() {
    let upstream = Upstream::start(|mut peer| {
        while peer.request().is_some() {
            // The service is slow, the gateway is not.
            peer.drip("H", Duration::from_millis(300));
            peer.send("TTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let gateway = Gateway::start(&format!(
        "workers: 1\nroutes: [{{ path: /slow/**, upstream: \"{}\" }}]",
        upstream.url()
    ));
    let mut client = gateway.client();
    for _ in 0..3 {
        client.get("/slow/x").expect(200);
    }
    client.get("/nowhere").expect(404);
    gateway.get("//").expect(400);
    // A refused connection lingers after its request is counted.
    let metrics = gateway.wait_for_metrics("all five requests, and one connection left", |metrics| {
        let sum = |name: &str| metrics.sum(name, &[]);
        let is_settled =
            sum("switchboard_requests_total") == 5.0 && sum("switchboard_client_connections") == 1.0;
        is_settled.then(|| metrics.clone())
    });
    let route = [("route", "/slow/**")];
    let sum = |name: &str, labels: &[(&str, &str)]| metrics.sum(name, labels);
    assert_eq!(
        sum("switchboard_requests_total", &[route[0], ("status_class", "2xx")]),
        3.0
    );
    assert_eq!(
        sum("switchboard_rejects_total", &[("code", "route_not_found")]),
        1.0
    );
    assert_eq!(
        sum("switchboard_rejects_total", &[("code", "path_not_canonical")]),
        1.0
    );
    assert_eq!(sum("switchboard_response_body_bytes_total", &route), 6.0);
    assert!(
        sum("switchboard_upstream_seconds_sum", &route) >= 0.85,
        "the service's part is the service's"
    );
    assert!(
        sum("switchboard_gateway_seconds_sum", &route) < 0.6,
        "and not the gateway's"
    );
    assert_eq!(sum("switchboard_upstream_connections_opened_total", &[]), 1.0);
    assert_eq!(sum("switchboard_upstream_connections_reused_total", &[]), 2.0);
    assert!(metrics.has("switchboard_build_info"));
}

#[test]
fn callers_cannot_make_series() {
    let gateway = Gateway::start("routes: [{ path: /known/**, respond: { body: fixed } }]");
    let shape = || gateway.ask_admin("/metrics").expect(200).text().lines().count();
    let mut client = gateway.client();
    client.get("/known/a").expect(200);
    client.get("/unknown").expect(404);
    client
        .exchange("BREW /known/a HTTP/1.1\r\nHost: test.example\r\n\r\n")
        .expect(405);
    gateway.wait_for_metrics("three requests", |metrics| {
        (metrics.sum("switchboard_requests_total", &[]) == 3.0).then_some(())
    });
    let before = shape();
    for number in 0..50 {
        client.get(&format!("/unknown/{number}")).expect(404);
        client.get(&format!("/known/{number}")).expect(200);
        let method = format!(
            "M{number} /known/a HTTP/1.1\r\nHost: host{number}.example\r\nUser-Agent: {number}\r\n\r\n"
        );
        client.exchange(method).expect(405);
    }
    gateway.wait_for_metrics("all requests", |metrics| {
        (metrics.sum("switchboard_requests_total", &[]) == 153.0).then_some(())
    });
    assert_eq!(shape(), before);
}

#[test]
fn operational_logs_are_json_lines() {
    let gateway = Gateway::start("routes: [{ path: /, respond: { body: fixed } }]");
    gateway.get("/").expect(200);
    let lines = gateway.log().so_far();
    let json = lines.iter().filter(|line| line.starts_with('{'));
    let mut count = 0;
    for line in json {
        let line = serde_json::from_str::<serde_json::Value>(line).expect("a line is one JSON object");
        assert!(
            line["timestamp"].is_string() && line["level"].is_string(),
            "{line}"
        );
        count += 1;
    }
    assert!(count > 0, "{lines:#?}");
}
