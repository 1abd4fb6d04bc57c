//! Which path a request has, which route that is, and which path the upstream sees: one value for all of them.

use e2e::{Gateway, Upstream, case};

/// Sends this target to a gateway whose only route is `/**`; `expected` is what the upstream sees, `None` a refusal.
fn check(settings: &str, cases: &[(&str, Option<&str>)]) {
    let upstream = Upstream::ok();
    let gateway = Gateway::start(&format!(
        "routes: [{{ path: /**, upstream: \"{}\", {settings} }}]",
        upstream.url()
    ));
    let mut forwarded = 0;
    for (target, expected) in cases {
        case(target);
        let mut client = gateway.client();
        let response = client.get(target);
        match expected {
            Some(expected) => {
                response.expect(200);
                forwarded += 1;
                let requests = upstream.wait_for_requests(forwarded);
                assert_eq!(requests[forwarded - 1].target, *expected, "{target}");
            }
            None => {
                response.expect_error(400, "path_not_canonical");
                assert_eq!(
                    client.get("/next").status,
                    200,
                    "a connection survives a refused path"
                );
                forwarded += 1;
            }
        }
    }
    assert_eq!(
        upstream.requests().len(),
        forwarded,
        "nothing that was refused was sent"
    );
}

#[test]
fn a_path_with_two_readings_is_refused() {
    let shapes = [
        "/a%2fb",
        "/a%2Fb",
        "/%2f",
        "/a/%2e%2e%2fb",
        "/a%5cb",
        "/a%5Cb",
        "/..%5c",
        "/a%00b",
        "/a%0ab",
        "/a%0d%0ab",
        "/a%1fb",
        "/a%7fb",
        "/a%ffb",
        "/a%c3",
        "/a%c0%af",
        "/a%e2%80",
        "/a%ed%a0%80",
        "//",
        "//a",
        "/a//b",
        "/a//",
        "/.",
        "/./",
        "/./a",
        "/a/.",
        "/a/./b",
        "/..",
        "/../",
        "/../a",
        "/a/..",
        "/a/../b",
        "/%",
        "/%4",
        "/a%zz",
        "/a%%41",
        "/%2e",
        "/%2e/",
        "/%2E%2e/a",
        "/.%2e/a",
        "/%2e./a",
        "/a/%2e%2e",
        "/a/%2e%2e/b",
        "/..;/a",
        "/a/..;x=1/b",
        "/.;/a",
        "/a/%2e%2e;/b",
        "/a/%2e%2e;x/b",
        "/%2e;/b",
    ];
    check("", &shapes.map(|shape| (shape, None)));
}

#[test]
fn a_canonical_path_is_decoded_once_and_the_query_never() {
    check(
        "",
        &[
            ("/", Some("/")),
            ("/a", Some("/a")),
            ("/a/", Some("/a/")),
            ("/%41%7a%30%2d%2e%5f%7E", Some("/Az0-._~")),
            ("/a%20b", Some("/a%20b")),
            ("/caf%c3%a9", Some("/caf%C3%A9")),
            ("/%25", Some("/%25")),
            ("/%252e%252e/", Some("/%252e%252e/")),
            ("/%252f", Some("/%252f")),
            ("/a%3fb", Some("/a%3Fb")),
            ("/a%23b", Some("/a%23b")),
            ("/...", Some("/...")),
            ("/.well-known", Some("/.well-known")),
            ("/a:b@c!$&'()*+,=", Some("/a:b@c!$&'()*+,=")),
            ("/a?", Some("/a?")),
            ("/a?b=%2F..%2f%41//./../%00", Some("/a?b=%2F..%2f%41//./../%00")),
            ("/a?b?c", Some("/a?b?c")),
            ("/?a=1&a=2&&", Some("/?a=1&a=2&&")),
        ],
    );
}

#[test]
fn an_encoded_slash_passes_where_the_route_keeps_it() {
    check(
        "encoded_slash: keep",
        &[
            ("/a%2fb", Some("/a%2Fb")),
            ("/a%2Fb/c", Some("/a%2Fb/c")),
            ("/a%5cb", None),
            ("/a/..%2fb", None),
            ("/%2e%2e%2fb", None),
        ],
    );
}

/// Some servers take a segment without what stands behind its `;`: what was decided on and what is served would differ.
#[test]
fn a_path_parameter_passes_only_where_the_route_keeps_it() {
    let shapes = ["/a;x", "/a;x=1/b", "/a/b;", "/a%3bb", "/a%3Bx=1", "/orders;x/1"];
    check("", &shapes.map(|shape| (shape, None)));
    check(
        "path_parameters: keep",
        &[
            ("/a%3bb", Some("/a%3Bb")),
            ("/a;x=1/b;y", Some("/a;x=1/b;y")),
            ("/a/..;x=1/b", None),
            ("/;x", None),
        ],
    );
}

#[test]
fn prefixes_are_stripped_and_added_at_segment_boundaries() {
    let upstream = Upstream::ok();
    let url = upstream.url();
    let gateway = Gateway::start(&format!(
        r#"
routes:
  - {{ path: /strip/**, upstream: "{url}", strip_prefix: /strip }}
  - {{ path: /add/**, upstream: "{url}", add_prefix: /v1 }}
  - {{ path: /swap/**, upstream: "{url}", strip_prefix: /swap, add_prefix: /v2/x }}
  - {{ path: /base/**, upstream: "{url}/service", strip_prefix: /base }}
  - {{ path: /both/**, upstream: "{url}/service", strip_prefix: /both, add_prefix: /v3 }}
"#
    ));
    let cases = [
        ("/strip/a/b?q", "/a/b?q"),
        ("/strip", "/"),
        ("/strip/", "/"),
        ("/strip/strip", "/strip"),
        ("/add/a", "/v1/add/a"),
        ("/swap/a/", "/v2/x/a/"),
        ("/base/a", "/service/a"),
        ("/both/a", "/service/v3/a"),
    ];
    for (index, (target, expected)) in cases.iter().enumerate() {
        gateway.get(target).expect(200);
        let requests = upstream.wait_for_requests(index + 1);
        assert_eq!(requests[index].target, *expected, "{target}");
    }
    for (target, status) in [
        ("/stripped", 404),
        ("/strip/../add", 400),
        ("/strip/%2e%2e/add", 400),
        ("/strip//a", 400),
    ] {
        assert_eq!(gateway.get(target).status, status, "{target}");
    }
}

/// A gateway whose routes answer with their own name.
fn named_routes() -> Gateway {
    Gateway::start(
        r#"
routes:
  - { path: /**, respond: { body: rest } }
  - { path: /orders, respond: { body: orders } }
  - { path: /orders/**, respond: { body: "orders below" } }
  - { path: "/orders/{id}", respond: { body: "one order" } }
  - { path: /orders/new, respond: { body: "new order" } }
  - { path: "/{tenant}/admin", respond: { body: "tenant admin" } }
  - { path: /files/**, methods: [GET], respond: { body: "read files" } }
  - { path: /files/**, methods: [PUT, POST], respond: { body: "write files" } }
  - { path: /hosted, host: shop.example, respond: { body: shop } }
  - { path: /hosted, host: "*.example", respond: { body: "some example" } }
  - { path: /hosted, host: "*.eu.example", respond: { body: "some eu example" } }
  - { path: /only/get, methods: [GET], host: strict.example, respond: { body: strict } }
"#,
    )
}

#[test]
fn the_most_specific_path_wins_whatever_the_order_of_the_file() {
    let gateway = named_routes();
    for (target, expected) in [
        ("/orders", "orders"),
        ("/orders/", "orders below"),
        ("/orders/7", "one order"),
        ("/orders/new", "new order"),
        ("/orders/7/items", "orders below"),
        ("/Orders", "rest"),
        ("/orders/NEW", "one order"),
        ("/%6frders/new", "new order"),
        ("/acme/admin", "tenant admin"),
        ("/orders/admin", "one order"),
        ("/elsewhere", "rest"),
    ] {
        assert_eq!(gateway.get(target).expect(200).text(), expected, "{target}");
    }
}

#[test]
fn the_most_specific_host_with_a_matching_path_wins() {
    let gateway = named_routes();
    for (host, expected) in [
        ("shop.example", "shop"),
        ("SHOP.Example:8080", "shop"),
        ("other.example", "some example"),
        ("a.eu.example", "some eu example"),
        ("eu.example", "some example"),
        ("example", "rest"),
        ("shop.example.org", "rest"),
        ("127.0.0.1", "rest"),
        ("[::1]:80", "rest"),
    ] {
        let request = format!("GET /hosted HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(
            gateway.client().exchange(request).expect(200).text(),
            expected,
            "{host}"
        );
    }
}

#[test]
fn an_absolute_target_with_the_hosts_own_authority_is_its_path() {
    let gateway = named_routes();
    for (target, host, expected) in [
        ("http://shop.example/hosted", "shop.example", "shop"),
        ("http://shop.example:80/hosted", "shop.example:80", "shop"),
        ("https://shop.example/hosted?q", "shop.example", "shop"),
        ("HTTP://SHOP.example/hosted", "shop.example", "shop"),
        ("http://shop.example", "shop.example", "rest"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(
            gateway.client().exchange(request).expect(200).text(),
            expected,
            "{target}"
        );
    }
}

#[test]
fn a_known_path_under_other_methods_is_405_and_an_unknown_one_404() {
    let gateway = named_routes();
    let mut client = gateway.client();
    for (method, target, host, status, body) in [
        ("GET", "/files/a", "x.test", 200, "read files"),
        ("PUT", "/files/a", "x.test", 200, "write files"),
        ("POST", "/files/a", "x.test", 200, "write files"),
        ("HEAD", "/files/a", "x.test", 200, ""),
        ("DELETE", "/files/a", "x.test", 405, ""),
        ("BREW", "/files/a", "x.test", 405, ""),
        ("OPTIONS", "/files/a", "x.test", 405, ""),
        ("DELETE", "/only/get", "strict.example", 405, ""),
        ("BREW", "/elsewhere", "x.test", 405, ""),
    ] {
        client.send(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let response = client.response_to(method).expect(status);
        if status == 405 {
            let response = response.expect_error(405, "method_not_allowed");
            let allow = response.field("Allow").expect("a 405 says what is allowed");
            let mut allowed = allow.split(", ").collect::<Vec<_>>();
            allowed.sort_unstable();
            match target {
                "/files/a" => assert_eq!(allowed, ["GET", "HEAD", "POST", "PUT"]),
                "/only/get" => assert_eq!(allowed, ["GET", "HEAD"], "a path never falls through"),
                _ => assert!(allowed.contains(&"GET"), "{allow}"),
            }
        } else {
            assert_eq!(response.text(), body, "{method} {target}");
        }
    }
    let alone = Gateway::start("routes: [{ path: /here, respond: { body: here } }]");
    let mut client = alone.client();
    client.get("/there").expect_error(404, "route_not_found");
    client.get("/here/").expect_error(404, "route_not_found");
    client.get("/here").expect(200);
}

#[test]
fn options_star_is_answered_by_the_gateway() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    let response = client.exchange("OPTIONS * HTTP/1.1\r\nHost: test.example\r\n\r\n");
    assert!(matches!(response.status, 200 | 204), "{response:#?}");
    client.get("/next").expect(200);
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn redirects_and_fixed_answers_are_what_the_file_says() {
    let gateway = Gateway::start(
        r#"
routes:
  - { path: /old, redirect: { to: "https://new.example/", status: 308 } }
  - { path: /moved, redirect: { to: /new } }
  - { path: /health, respond: { status: 200, headers: { X-Custom: "yes", Content-Type: application/json }, body: '{"up":true}' } }
  - { path: /gone, respond: { status: 410 } }
  - { path: /nothing, respond: { status: 204 } }
"#,
    );
    let mut client = gateway.client();
    let response = client.get("/old").expect(308);
    assert_eq!(response.field("Location"), Some("https://new.example/"));
    let response = client.get("/moved").expect(302);
    assert_eq!(response.field("Location"), Some("/new"));
    let response = client.get("/health").expect(200);
    assert_eq!(response.field("X-Custom"), Some("yes"));
    assert_eq!(response.field("Content-Type"), Some("application/json"));
    assert_eq!(response.text(), r#"{"up":true}"#);
    assert!(
        response.field("Date").is_some() && response.field("X-Request-Id").is_some(),
        "{response:#?}"
    );
    assert_eq!(client.get("/gone").expect(410).field("Content-Length"), Some("0"));
    let response = client.get("/nothing").expect(204);
    assert_eq!(response.field("Content-Length"), None, "RFC 9110 §8.6");
    client.send("HEAD /health HTTP/1.1\r\nHost: test.example\r\n\r\n");
    let response = client.response_to("HEAD").expect(200);
    assert_eq!(
        (response.field("Content-Length"), response.text().as_str()),
        (Some("11"), "")
    );
    client.send("POST /health HTTP/1.1\r\nHost: test.example\r\nContent-Length: 4\r\n\r\nbody");
    client.response_to("POST").expect(200);
    client.get("/health").expect(200);
}
