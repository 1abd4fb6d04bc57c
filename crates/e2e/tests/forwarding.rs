//! Requests and answers pass in both directions, whatever their method, version, framing and length, and every message
//! ends where it should.

use e2e::{End, Gateway, Request, Response, Upstream, case};

/// Sends these bytes through a gateway to an upstream that answers 200; what the upstream saw.
fn upwards(bytes: &str) -> Request {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    client.send(bytes);
    client
        .response_to(bytes.split(' ').next().unwrap_or_default())
        .expect(200);
    upstream.wait_for_requests(1).remove(0)
}

/// Lets an upstream answer with these bytes and close if they have no end of their own; what the client got, and whether
/// its connection is good for another request.
fn downwards(request: &str, answer: &'static str) -> (Response, bool) {
    let delimited =
        answer.contains("Content-Length") || answer.contains("chunked") || answer.contains(" 204 ");
    let upstream = Upstream::start(move |mut peer| {
        while peer.request().is_some() {
            peer.send(answer);
            if !delimited {
                return peer.close();
            }
        }
    });
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    client.send(request);
    let method = request.split(' ').next().unwrap_or_default();
    let response = client.response_to(method);
    if response.closes() {
        client.expect_close();
        return (response, false);
    }
    client.send(request);
    let again = client.response_to(method);
    assert_eq!((again.status, &again.body), (response.status, &response.body));
    (response, true)
}

const GET: &str = "GET /case HTTP/1.1\r\nHost: test.example\r\n\r\n";
const HEAD: &str = "HEAD /case HTTP/1.1\r\nHost: test.example\r\n\r\n";
const GET_1_0: &str = "GET /case HTTP/1.0\r\nHost: test.example\r\n\r\n";
const GET_1_0_KEPT: &str = "GET /case HTTP/1.0\r\nHost: test.example\r\nConnection: keep-alive\r\n\r\n";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\n\r\n";

#[test]
fn every_registered_method_passes_with_its_body() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "MKCOL", "REPORT", "QUERY",
    ];
    for method in methods {
        case(method);
        client.send(format!(
            "{method} /case HTTP/1.1\r\nHost: test.example\r\nContent-Length: 4\r\n\r\nbody"
        ));
        client.response_to(method).expect(200);
    }
    let requests = upstream.wait_for_requests(methods.len());
    for (request, method) in requests.iter().zip(methods) {
        assert_eq!(
            (request.method.as_str(), request.text().as_str()),
            (method, "body")
        );
    }
}

#[test]
fn a_request_body_keeps_its_framing() {
    let head = "POST /case HTTP/1.1\r\nHost: test.example\r\n";
    let request = upwards(&format!("{head}Content-Length: 4\r\n\r\nbody"));
    assert_eq!(
        (request.field("Content-Length"), request.text().as_str()),
        (Some("4"), "body")
    );
    let request = upwards(&format!("{head}content-length:  4 \r\n\r\nbody"));
    assert_eq!(
        (request.field("Content-Length"), request.text().as_str()),
        (Some("4"), "body")
    );
    let request = upwards(&format!("{head}Content-Length: 0\r\n\r\n"));
    assert_eq!(
        (request.field("Content-Length"), request.text().as_str()),
        (Some("0"), "")
    );
    let request = upwards(&format!("{head}\r\n"));
    assert_eq!(request.field("Content-Length"), None);
    for coding in ["chunked", "CHUNKED", " Chunked "] {
        let request = upwards(&format!(
            "{head}Transfer-Encoding:{coding}\r\n\r\n2;a=b\r\nbo\r\n02\r\ndy\r\n0\r\n\r\n"
        ));
        assert_eq!(request.field("Transfer-Encoding"), Some("chunked"));
        assert_eq!(
            (request.field("Content-Length"), request.text().as_str()),
            (None, "body")
        );
    }
}

#[test]
fn a_request_that_comes_byte_by_byte_is_the_same_request() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    let head = "POST /case?q HTTP/1.1\r\nHost: test.example\r\nX-Field: value\r\n";
    client.send_bytewise(format!("{head}Content-Length: 4\r\n\r\nbody"));
    client.response_to("POST").expect(200);
    client.send_bytewise(format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"
    ));
    client.response_to("POST").expect(200);
    for request in upstream.wait_for_requests(2) {
        assert_eq!(
            (request.target.as_str(), request.text().as_str()),
            ("/case?q", "body")
        );
        assert_eq!(request.field("X-Field"), Some("value"));
    }
}

#[test]
fn an_empty_line_before_a_request_is_forgiven_once() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    // RFC 9112 §2.2: old clients send one behind a POST's body.
    gateway.client().exchange(format!("\r\n{GET}")).expect(200);
}

#[test]
fn an_answers_body_ends_where_its_framing_says() {
    let (response, kept) = downwards(GET, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabcdefg");
    assert_eq!(
        (response.text().as_str(), response.field("Content-Length"), kept),
        ("abcdefg", Some("7"), true)
    );

    let (response, kept) = downwards(GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(
        (response.text().as_str(), response.field("Content-Length"), kept),
        ("", Some("0"), true)
    );

    let (response, kept) = downwards(GET, CHUNKED);
    assert_eq!(
        (response.text().as_str(), response.field("Content-Length"), kept),
        ("abcdefg", None, true)
    );
    assert_eq!(response.field("Transfer-Encoding"), Some("chunked"));

    for closing in ["HTTP/1.1 200 OK\r\n\r\nabcdefg", "HTTP/1.0 200 OK\r\n\r\nabcdefg"] {
        let (response, kept) = downwards(GET, closing);
        assert_eq!((response.text().as_str(), kept), ("abcdefg", true), "{closing:?}");
        assert_eq!(
            response.field("Transfer-Encoding"),
            Some("chunked"),
            "its end must be visible"
        );
        assert_eq!(response.version, "HTTP/1.1");
    }
}

#[test]
fn answers_without_a_body_have_none() {
    let (response, kept) = downwards(
        HEAD,
        "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nETag: \"x\"\r\n\r\n",
    );
    assert_eq!(
        (response.field("Content-Length"), response.field("ETag")),
        (Some("12345"), Some("\"x\""))
    );
    assert!(kept);

    let (_, kept) = downwards(HEAD, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(kept);

    let (response, kept) = downwards(GET, "HTTP/1.1 204 No Content\r\nX-Field: 1\r\n\r\n");
    assert_eq!(
        (response.status, response.field("Content-Length"), kept),
        (204, None, true)
    );
    assert_eq!(response.field("Transfer-Encoding"), None, "RFC 9112 §6.1");

    let (response, kept) = downwards(
        GET,
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: \"x\"\r\n\r\n",
    );
    assert_eq!(
        (response.status, response.field("ETag"), kept),
        (304, Some("\"x\""), true)
    );
}

#[test]
fn an_http_1_0_client_gets_what_it_understands() {
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabcdefg";
    let (response, kept) = downwards(GET_1_0, length);
    assert_eq!(
        (response.text().as_str(), kept),
        ("abcdefg", false),
        "it did not ask for more"
    );

    let (response, kept) = downwards(GET_1_0_KEPT, length);
    assert_eq!((response.text().as_str(), kept), ("abcdefg", true));
    assert_eq!(
        response.field("Connection"),
        Some("keep-alive"),
        "it has to be told"
    );

    let (response, kept) = downwards(GET_1_0_KEPT, CHUNKED);
    assert_eq!(
        (response.text().as_str(), kept),
        ("abcdefg", false),
        "no chunks, so the end is the end"
    );
    assert_eq!(response.field("Transfer-Encoding"), None);

    let (response, _) = downwards(
        GET_1_0,
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    );
    assert_eq!(response.status, 200, "HTTP/1.0 knows no interim answers");
}

#[test]
fn the_upstream_always_sees_http_1_1() {
    let request = upwards(GET_1_0_KEPT);
    assert_eq!(
        (request.version.as_str(), request.all("Connection")),
        ("HTTP/1.1", vec![])
    );
    assert!(
        request.field("Via").is_some_and(|via| via.starts_with("1.0 ")),
        "{request:#?}"
    );
}

#[test]
fn a_client_that_wants_to_close_is_closed() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    let request = "GET /case HTTP/1.1\r\nHost: test.example\r\nConnection: Close\r\n\r\n";
    let response = client.exchange(format!("{request}{GET}"));
    assert!(response.closes(), "{response:#?}");
    client.expect_close();
    assert_eq!(
        upstream.requests().len(),
        1,
        "what stands behind it is not served"
    );
}

#[test]
fn trailers_pass_both_ways_where_they_were_declared() {
    let upstream = Upstream::answering(|_| {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, X-Late\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\
         X-Undeclared: 1\r\nx-late: yes\r\n\r\n"
    });
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    client.send(
        "POST /case HTTP/1.1\r\nHost: test.example\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\
         Trailer: X-Check\r\nTrailer: X-User-Id, x_user_id\r\n\r\n\
         4\r\nbody\r\n0\r\nX-Check: 9\r\nX-Undeclared: 1\r\nX-User-Id: admin\r\nx_user_id: admin\r\n\r\n",
    );
    let response = client.response_to("POST").expect(200);
    let pairs = |fields: &e2e::Fields| {
        fields
            .iter()
            .map(|(name, value)| format!("{}: {value}", name.to_lowercase()))
            .collect::<Vec<_>>()
    };
    assert_eq!(pairs(&response.trailers), ["x-sum: 7", "x-late: yes"]);
    let request = upstream.wait_for_requests(1).remove(0);
    assert_eq!(
        pairs(&request.trailers),
        ["x-check: 9"],
        "an identity does not pass there either"
    );
    client.get("/next").expect(200);
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let upstream = Upstream::answering(|request| {
        let target = &request.target;
        let interim = if target == "/2" {
            "HTTP/1.1 103 Early Hints\r\n\r\n"
        } else {
            ""
        };
        format!(
            "{interim}HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{target}",
            target.len()
        )
    });
    let gateway = Gateway::start(&format!(
        "routes: [{{ path: /**, upstream: \"{}\" }}, {{ path: /fixed, respond: {{ body: fixed }} }}]",
        upstream.url()
    ));
    let mut client = gateway.client();
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: test.example\r\n\r\n");
    let post = |target: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
        )
    };
    let all = [
        get("/1"),
        post("/2"),
        get("/fixed"),
        get("//"),
        post("/3"),
        get("/4"),
    ]
    .concat();
    client.send(all);
    let mut next = || client.response();
    assert_eq!(next().text(), "/1");
    assert_eq!(next().status, 103);
    assert_eq!(next().text(), "/2");
    assert_eq!(next().text(), "fixed");
    assert_eq!(next().status, 400, "a refused path in between keeps its place");
    assert_eq!(next().text(), "/3");
    assert_eq!(next().text(), "/4");
    assert_eq!(gateway.wait_for_records(6).len(), 6);
}

#[test]
fn a_client_that_has_said_everything_still_gets_its_answers() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    for request in [
        GET,
        "POST /case HTTP/1.1\r\nHost: test.example\r\nContent-Length: 4\r\n\r\nbody",
    ] {
        let mut client = gateway.client();
        client.send(format!("{request}{GET}"));
        client.finish_sending();
        client.response().expect(200);
        client.response().expect(200);
        client.expect_close();
    }
}

#[test]
fn a_body_that_its_client_breaks_off_never_ends_at_the_upstream() {
    let head = "POST /case HTTP/1.1\r\nHost: test.example\r\n";
    for body in [
        "Content-Length: 10\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\na\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        case(format!("{body:?}"));
        let upstream = Upstream::ok();
        let gateway = Gateway::before(&upstream.url());
        let mut client = gateway.client();
        client.send(format!("{head}{body}"));
        upstream.wait_for_connections(1);
        drop(client);
        upstream.wait_for_open(0);
        assert_eq!(upstream.requests().len(), 0, "{:?}", upstream.received_text());
        let record = gateway.wait_for_records(1).remove(0);
        assert_eq!(record["path"], "/case", "{record}");
    }
}

#[test]
fn a_request_that_breaks_off_in_its_head_reaches_nobody() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    client.send("GET /case HTTP/1.1\r\nHost: test.exa");
    client.finish_sending();
    let (rest, end) = client.rest();
    assert!(
        end == End::Closed && (rest.is_empty() || rest.starts_with(b"HTTP/1.1 400 ")),
        "{end:?}"
    );
    assert_eq!(upstream.connections(), 0);
    gateway.get("/next").expect(200);
}

#[test]
fn large_heads_pass_in_both_directions() {
    let upstream = Upstream::answering(|request| {
        let large = request.field("X-Large").unwrap_or_default();
        format!("HTTP/1.1 200 OK\r\nX-Back: {large}\r\nContent-Length: 2\r\n\r\nok")
    });
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    for length in [10, 8_000, 8_192, 20_000, 60_000, 10] {
        case(length);
        let large = "x".repeat(length);
        let request = format!("GET /case HTTP/1.1\r\nHost: test.example\r\nX-Large: {large}\r\n\r\n");
        let response = client.exchange(request).expect(200);
        assert!(response.field("X-Back") == Some(&large), "all of it");
    }
}
