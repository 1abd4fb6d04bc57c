//! Which header fields an upstream sees: what is dropped, what is ours, what a trusted edge may say, and nothing of what
//! a caller claims to be.

use e2e::{Gateway, Request, Upstream};

/// Sends a GET with these lines through a gateway with these settings; what the upstream saw. `URL` is the upstream's;
/// where the settings do not name it, everything goes there.
fn forwarded(settings: &str, lines: &str) -> Request {
    let upstream = Upstream::ok();
    let mut settings = settings.to_owned();
    if !settings.contains("URL") {
        settings.push_str("\nroutes: [{ path: /**, upstream: URL }]");
    }
    let gateway = Gateway::start(&settings.replace("URL", &format!("\"{}\"", upstream.url())));
    let request = format!("GET /case HTTP/1.1\r\nHost: test.example\r\n{lines}\r\n");
    gateway.client().exchange(request).expect(200);
    upstream.wait_for_requests(1).remove(0)
}

const EDGES: &str = "trusted_edges: [{ cidrs: [127.0.0.0/8] }]";

#[test]
fn ordinary_fields_pass_in_their_order_and_as_they_were_written() {
    let request = forwarded(
        "",
        "X-First: 1\r\nAccept: */*\r\nX-Repeated: a\r\ncookie: a=b; c=d\r\nX-Repeated: b\r\nX-Empty:\r\nX-Blank:  in  side \t\r\n\
         Authorization: Bearer abc\r\nUser-Agent: test/1\r\nX-High: caf\u{e9}\r\n",
    );
    let theirs = request.fields.iter().skip(1).take(10);
    let theirs = theirs
        .map(|(name, value)| format!("{name}: {value}"))
        .collect::<Vec<_>>();
    assert_eq!(
        theirs,
        [
            "X-First: 1",
            "Accept: */*",
            "X-Repeated: a",
            "cookie: a=b; c=d",
            "X-Repeated: b",
            "X-Empty: ",
            "X-Blank: in  side",
            "Authorization: Bearer abc",
            "User-Agent: test/1",
            "X-High: caf\u{e9}",
        ]
    );
}

#[test]
fn hop_by_hop_fields_and_those_that_connection_names_are_dropped() {
    let request = forwarded(
        "",
        "Connection: keep-alive, X-Named , x-other\r\nConnection: X-Third\r\nX-Named: 1\r\nX-OTHER: 2\r\nX-Third: 3\r\n\
         Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authenticate: Basic\r\n\
         Proxy-Authorization: Basic abc\r\nTE: gzip\r\nUpgrade: h2c\r\nX-Stays: 4\r\n",
    );
    for name in [
        "Connection",
        "X-Named",
        "X-Other",
        "X-Third",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "TE",
        "Upgrade",
    ] {
        assert_eq!(request.all(name), [""; 0], "{name}");
    }
    assert_eq!(request.field("X-Stays"), Some("4"));
}

#[test]
fn te_trailers_is_passed_on_as_our_own() {
    let request = forwarded("", "TE: trailers, deflate\r\nConnection: TE\r\n");
    assert_eq!(request.field("TE"), Some("trailers"));
    assert_eq!(request.field("Connection"), Some("TE"));
}

#[test]
fn fields_that_make_a_service_see_another_request_are_dropped() {
    let names = [
        "Proxy",
        "HTTP2-Settings",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "x-apigw-api-id",
        "x-amzn-apigateway-api-id",
    ];
    let lines = |name: fn(&str) -> String| {
        names.map(|own| format!("{}: evil\r\n", name(own))).concat() + "X-Stays: 1\r\n"
    };
    for lines in [
        lines(str::to_owned),
        lines(str::to_lowercase),
        lines(str::to_uppercase),
    ] {
        let request = forwarded("", &lines);
        for name in names {
            assert_eq!(request.all(name), [""; 0], "{name} in {lines}");
        }
        assert_eq!(request.field("X-Stays"), Some("1"));
    }
}

#[test]
fn nobody_can_claim_an_identity() {
    let names = [
        "X-User-Id",
        "X-User-Role",
        "X-Client-Id",
        "X-Tenant-Id",
        "X-Cell-Id",
    ];
    for settings in ["", EDGES] {
        for spelling in [
            |name: &str| name.to_owned(),
            |name: &str| name.to_lowercase(),
            |name: &str| name.replace('-', "_"),
            |name: &str| name.replacen('-', "_", 1).to_uppercase(),
        ] {
            let spelled = names.map(spelling);
            let lines = spelled
                .each_ref()
                .map(|name| format!("{name}: admin\r\n"))
                .concat();
            let request = forwarded(settings, &(lines + "X-User: stays\r\n"));
            for name in spelled.iter().map(String::as_str).chain(names) {
                assert_eq!(request.all(name), [""; 0], "{name} with {settings:?}");
            }
            assert_eq!(request.field("X-User"), Some("stays"));
        }
    }
}

#[test]
fn the_gateways_own_cell_is_what_the_service_sees() {
    let request = forwarded("cell: eu-1", "X-Cell-Id: us-1\r\nx_cell_id: us-2\r\n");
    assert_eq!(request.field("X-Cell-Id"), Some("eu-1"));
    assert_eq!(request.all("x_cell_id"), [""; 0]);
}

const FORWARDED: &str = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n\
    X-Forwarded-Host: outside.example\r\nX-Forwarded-Prefix: /outer\r\nForwarded: for=203.0.113.9;proto=https\r\n";

#[test]
fn what_a_stranger_says_about_addresses_is_started_anew() {
    let request = forwarded("", FORWARDED);
    assert_eq!(request.field("X-Forwarded-For"), Some("127.0.0.1"));
    assert_eq!(request.field("X-Forwarded-Proto"), Some("http"));
    assert_eq!(request.field("X-Forwarded-Host"), Some("test.example"));
    assert_eq!(request.all("X-Forwarded-Prefix"), [""; 0]);
    assert_eq!(
        request.field("Forwarded"),
        Some("for=127.0.0.1;host=test.example;proto=http")
    );
}

#[test]
fn what_a_trusted_edge_says_about_addresses_is_continued() {
    let request = forwarded(EDGES, FORWARDED);
    let list = |name: &str| request.all(name).join(", ");
    assert_eq!(list("X-Forwarded-For"), "203.0.113.9, 198.51.100.7, 127.0.0.1");
    assert_eq!(list("X-Forwarded-Proto"), "https, http");
    assert_eq!(list("X-Forwarded-Host"), "outside.example, test.example");
    assert_eq!(list("X-Forwarded-Prefix"), "/outer");
    assert_eq!(
        list("Forwarded"),
        "for=203.0.113.9;proto=https, for=127.0.0.1;host=test.example;proto=http"
    );
}

#[test]
fn a_stripped_prefix_is_told_to_the_service() {
    let route = "routes: [{ path: /case/**, upstream: URL, strip_prefix: /case }]";
    let request = forwarded(route, "");
    assert_eq!(request.target, "/");
    assert_eq!(request.field("X-Forwarded-Prefix"), Some("/case"));
    let request = forwarded(&format!("{EDGES}\n{route}"), "X-Forwarded-Prefix: /outer\r\n");
    assert_eq!(request.all("X-Forwarded-Prefix").join(", "), "/outer, /case");
}

#[test]
fn via_names_each_hop_and_a_request_that_comes_a_third_time_is_a_loop() {
    let request = forwarded("", "Via: 1.0 fred, 1.1 other.example\r\n");
    let via = request.all("Via").join(", ");
    let own = via
        .strip_prefix("1.0 fred, 1.1 other.example, 1.1 ")
        .unwrap_or_else(|| panic!("{via}"));
    assert!(!own.is_empty() && !own.contains(' '), "{via}");

    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    gateway.get("/first").expect(200);
    let own = upstream.wait_for_requests(1)[0]
        .field("Via")
        .map(str::to_owned)
        .expect("ours");
    let again = |via: &str| format!("GET /again HTTP/1.1\r\nHost: test.example\r\nVia: {via}\r\n\r\n");
    gateway.client().exchange(again(&own)).expect(200);
    gateway
        .client()
        .exchange(again(&format!("{own}, {own}")))
        .expect_error(508, "loop_detected");
    gateway
        .client()
        .exchange(again(&format!("{own}\r\nVia: 1.1 x, {own}")))
        .expect_error(508, "loop_detected");
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn a_gateway_in_front_of_itself_ends_the_loop() {
    let upstream = Upstream::start(|mut peer| {
        // A careless balancer behind the gateway that sends everything back to its front door.
        while let Some(request) = peer.request() {
            let front = request
                .field("X-Front")
                .and_then(|front| front.parse().ok())
                .expect("the test sets it");
            let fields = request.fields.iter().filter(|(name, _)| name != "Connection");
            let lines = fields
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect::<String>();
            let mut client = e2e::Client::connect(front);
            let response = client.exchange(format!("GET {} HTTP/1.1\r\n{lines}\r\n", request.target));
            let body = response.text();
            let head = format!(
                "HTTP/1.1 {} Looped\r\nContent-Length: {}\r\n\r\n",
                response.status,
                body.len()
            );
            peer.send(head + &body);
        }
    });
    let gateway = Gateway::before(&upstream.url());
    let front = gateway.address();
    let request = format!("GET /loop HTTP/1.1\r\nHost: test.example\r\nX-Front: {front}\r\n\r\n");
    let response = gateway.client().exchange(request).expect(508);
    assert_eq!(response.json()["error"], "loop_detected");
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn a_good_request_id_is_kept_and_any_other_made_anew() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    let longest = "x".repeat(128);
    let too_long = "x".repeat(129);
    for (sent, kept) in [
        ("req_1234.5-6", true),
        ("12345678", true),
        (longest.as_str(), true),
        (too_long.as_str(), false),
        ("1234567", false),
        ("has blank inside", false),
        ("has\"quote\"", false),
        ("caf\u{e9}-long-enough", false),
    ] {
        let request = format!("GET /case HTTP/1.1\r\nHost: test.example\r\nX-Request-Id: {sent}\r\n\r\n");
        let response = gateway.client().exchange(request).expect(200);
        let answered = response
            .field("X-Request-Id")
            .expect("every answer has an id")
            .to_owned();
        let requests = upstream.requests();
        let forwarded = requests.last().and_then(|request| request.field("X-Request-Id"));
        assert_eq!(forwarded, Some(answered.as_str()), "one id on both sides");
        assert_eq!(answered == sent, kept, "{sent:?} became {answered:?}");
        assert!((8..=128).contains(&answered.len()), "{answered}");
    }
    let first = gateway.get("/case").field("X-Request-Id").map(str::to_owned);
    let second = gateway.get("/case").field("X-Request-Id").map(str::to_owned);
    assert_ne!(first, second, "ids are new for every request");
}

#[test]
fn a_repeated_request_id_is_made_anew() {
    let request = forwarded(
        "",
        "X-Request-Id: first-request-id\r\nX-Request-Id: second-request-id\r\n",
    );
    let id = request.field("X-Request-Id").expect("there is one");
    assert!(
        id != "first-request-id" && id != "second-request-id",
        "two lines are no line: {id}"
    );
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Trace id and sampled flag as both fields say them; they must agree.
fn trace(request: &Request) -> (String, String, bool) {
    let w3c = request.field("traceparent").expect("there is one").to_owned();
    let parts = w3c.split('-').collect::<Vec<_>>();
    let [version, id, span, flags] = parts[..] else {
        panic!("{w3c}")
    };
    assert_eq!((version, id.len(), span.len()), ("00", 32, 16), "{w3c}");
    let sampled = flags == "01";
    let amzn = request.field("X-Amzn-Trace-Id").expect("there is one");
    let (epoch, unique) = id.split_at(8);
    let expected = format!(
        "Root=1-{epoch}-{unique};Parent={span};Sampled={}",
        u8::from(sampled)
    );
    assert_eq!(amzn, expected, "both fields say the same");
    (id.to_owned(), span.to_owned(), sampled)
}

#[test]
fn trace_ids_are_continued_from_anybody_and_the_flag_from_trusted_edges() {
    let w3c = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\ntracestate: vendor=1\r\n");
    let amzn =
        "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1\r\n";
    let from_amzn = "5759e988bd862e3fe1be46a994272793";
    for (settings, lines, id, sampled, state) in [
        ("", w3c.clone(), Some(TRACE), false, true),
        (EDGES, w3c.clone(), Some(TRACE), true, true),
        ("", amzn.to_owned(), Some(from_amzn), false, false),
        (EDGES, amzn.to_owned(), Some(from_amzn), true, false),
        (EDGES, format!("{amzn}{w3c}"), Some(TRACE), true, true),
        (EDGES, format!("{w3c}{w3c}"), None, false, false),
        (
            EDGES,
            "traceparent: nonsense\r\ntracestate: vendor=1\r\n".to_owned(),
            None,
            false,
            false,
        ),
        (EDGES, String::new(), None, false, false),
    ] {
        e2e::case(format!("{settings:?} {lines:?}"));
        let request = forwarded(settings, &lines);
        let (found, span, flag) = trace(&request);
        match id {
            Some(id) => assert_eq!(found, id),
            None => assert_ne!(found, TRACE),
        }
        assert_ne!(span, "00f067aa0ba902b7", "every hop has a span of its own");
        assert_eq!(flag, sampled);
        assert_eq!(request.field("tracestate").is_some(), state);
    }
}

#[test]
fn the_service_sees_its_own_name_unless_the_route_keeps_the_clients() {
    let request = forwarded("", "");
    let host = request.field("Host").map(str::to_owned);
    assert!(
        host.is_some_and(|host| host.starts_with("127.0.0.1:")),
        "{request:#?}"
    );
    assert_eq!(request.fields[0].0, "Host", "RFC 9110 §7.2: it comes first");
    let request = forwarded("routes: [{ path: /**, upstream: URL, preserve_host: true }]", "");
    assert_eq!(request.field("Host"), Some("test.example"));
}

#[test]
fn the_routes_own_fields_replace_those_of_the_caller_and_of_the_service() {
    let upstream = Upstream::answering(
        |_| "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Answer: theirs\r\nServer: theirs\r\n\r\n",
    );
    let gateway = Gateway::start(&format!(
        "routes: [{{ path: /**, upstream: \"{}\", headers: {{ request: {{ X-Asked: ours, X-Api-Version: \"2\" }}, \
         response: {{ X-Answer: ours, Cache-Control: no-store }} }} }}]",
        upstream.url()
    ));
    let request = "GET / HTTP/1.1\r\nHost: test.example\r\nX-Asked: theirs\r\nx-asked: again\r\n\r\n";
    let response = gateway.client().exchange(request);
    assert_eq!(response.field("X-Answer"), Some("ours"));
    assert_eq!(response.field("Cache-Control"), Some("no-store"));
    assert_eq!(response.field("Server"), Some("theirs"), "what nobody set passes");
    let request = &upstream.requests()[0];
    assert_eq!(request.field("X-Asked"), Some("ours"));
    assert_eq!(request.field("X-Api-Version"), Some("2"));
}

#[test]
fn an_answers_hop_by_hop_fields_stay_behind_and_the_rest_passes_in_order() {
    let upstream = Upstream::answering(|_| {
        "HTTP/1.1 200 Fine By Me\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=30\r\nX-Hop: 1\r\n\
         Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nSet-Cookie: a=1\r\nX-Between: 2\r\nSet-Cookie: b=2\r\n\
         X-Request-Id: theirs-is-not-ours\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok"
    });
    let gateway = Gateway::before(&upstream.url());
    let response = gateway.get("/");
    for name in [
        "Connection",
        "Keep-Alive",
        "X-Hop",
        "Proxy-Authenticate",
        "Upgrade",
        "Transfer-Encoding",
    ] {
        assert_eq!(response.all(name), [""; 0], "{name}");
    }
    assert_eq!(response.reason, "Fine By Me");
    assert_eq!(response.all("Set-Cookie"), ["a=1", "b=2"]);
    assert_eq!(response.field("Date"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_ne!(response.field("X-Request-Id"), Some("theirs-is-not-ours"));
    let order = response
        .fields
        .iter()
        .map(|(name, _)| name.as_str())
        .take(4)
        .collect::<Vec<_>>();
    assert_eq!(order, ["Set-Cookie", "X-Between", "Set-Cookie", "Date"]);
}

#[test]
fn proxy_status_says_whether_the_gateway_or_the_service_answered() {
    let upstream = Upstream::answering(|request| {
        let earlier = if request.target == "/earlier" {
            "Proxy-Status: inner;error=dns_error\r\n"
        } else {
            ""
        };
        format!("HTTP/1.1 503 Theirs\r\n{earlier}Content-Length: 0\r\n\r\n")
    });
    let gateway = Gateway::start(&format!(
        "routes: [{{ path: /**, methods: [GET], upstream: \"{}\" }}]",
        upstream.url()
    ));
    let response = gateway.get("/plain").expect(503);
    assert_eq!(
        response.proxy_error(),
        None,
        "the service answered: {response:#?}"
    );
    assert_eq!(response.all("Proxy-Status").len(), 1);
    let response = gateway.get("/earlier").expect(503);
    let members = response.all("Proxy-Status").join(", ");
    assert!(
        members.starts_with("inner;error=dns_error, "),
        "ours comes behind theirs: {members}"
    );
    assert_eq!(response.proxy_error(), None, "ours has no error: {members}");
    let mut client = gateway.client();
    client.send("DELETE /plain HTTP/1.1\r\nHost: test.example\r\n\r\n");
    let response = client
        .response_to("DELETE")
        .expect_error(405, "method_not_allowed");
    let members = response.all("Proxy-Status").join(", ");
    assert!(
        !members.contains("127.0.0.1"),
        "addresses go to the log only: {members}"
    );
}
