//! What is no HTTP/1.1, or no HTTP/1.1 that two parsers could only read in one way, is refused: with the right status,
//! with an answer that says who made it, and with the connection closed. No whole request reaches the upstream, and
//! what stands behind the refused one is never served.

use e2e::{Gateway, Upstream, case};

/// A whole request that follows every refused one on the same connection. Served, it would have been smuggled in.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: test.example\r\n\r\n";

/// Sends every head (with a smuggled request behind it) whole and byte by byte, each on a connection of its own.
fn check(status: u16, code: &str, cases: &[&[u8]]) {
    check_with("", status, code, cases);
}

fn check_with(settings: &str, status: u16, code: &str, cases: &[&[u8]]) {
    let upstream = Upstream::ok();
    let gateway = Gateway::start(&format!(
        "{settings}\nroutes: [{{ path: /**, upstream: \"{}\" }}]",
        upstream.url()
    ));
    for case in cases {
        for bytewise in [false, true] {
            let shown = String::from_utf8_lossy(case);
            case(format!(
                "{shown:?} {}",
                if bytewise { "bytewise" } else { "whole" }
            ));
            let mut client = gateway.client();
            let bytes = [case, SMUGGLED.as_bytes()].concat();
            if bytewise {
                client.send_bytewise(bytes);
            } else {
                client.send(bytes);
            }
            let response = client.response().expect_error(status, code);
            assert!(
                response.closes(),
                "{shown:?} must end with `Connection: close`: {response:#?}"
            );
            client.expect_close();
        }
    }
    let records = gateway.wait_for_records(cases.len() * 2);
    assert_eq!(records.len(), cases.len() * 2, "one record for each refusal");
    expect_nothing_whole(gateway, &upstream);
}

/// Ends the gateway, so that everything it sent has arrived, and looks at what did.
fn expect_nothing_whole(gateway: Gateway, upstream: &Upstream) {
    gateway.terminate();
    assert_eq!(gateway.wait(), Some(0));
    upstream.wait_for_open(0);
    let requests = upstream.requests();
    assert!(requests.is_empty(), "whole requests got through: {requests:#?}");
}

/// A GET with these further lines, each with its own CRLF.
macro_rules! get {
    ($lines:expr) => {
        concat!("GET /case HTTP/1.1\r\nHost: test.example\r\n", $lines, "\r\n").as_bytes()
    };
}

/// A POST with these further lines and this behind the head.
macro_rules! post {
    ($lines:expr, $body:expr) => {
        concat!(
            "POST /case HTTP/1.1\r\nHost: test.example\r\n",
            $lines,
            "\r\n",
            $body
        )
        .as_bytes()
    };
}

/// A chunked POST with this body.
macro_rules! chunked {
    ($body:expr) => {
        post!("Transfer-Encoding: chunked\r\n", $body)
    };
}

/// A GET with this target.
macro_rules! target {
    ($target:expr) => {
        concat!("GET ", $target, " HTTP/1.1\r\nHost: test.example\r\n\r\n").as_bytes()
    };
}

/// A GET with this Host line, CRLF included.
macro_rules! host {
    ($lines:expr) => {
        concat!("GET /case HTTP/1.1\r\n", $lines, "\r\n").as_bytes()
    };
}

#[test]
fn a_missing_repeated_or_malformed_host_is_refused() {
    check(
        400,
        "request_malformed",
        &[
            host!(""),
            host!("Host: test.example\r\nHost: test.example\r\n"),
            host!("Host: test.example\r\nhOST: other.example\r\n"),
            host!("Host: test.example/path\r\n"),
            host!("Host: test.example, other.example\r\n"),
            host!("Host: user@test.example\r\n"),
            host!("Host: user:secret@test.example\r\n"),
            host!("Host: test example\r\n"),
            host!("Host: test.example:port\r\n"),
            host!("Host: test.example:99999\r\n"),
            host!("Host: [::1\r\n"),
            host!("Host: test.example#x\r\n"),
            host!("Host: test.example?x\r\n"),
            host!("Host: test\\.example\r\n"),
            host!("Host:\r\n"),
        ],
    );
}

#[test]
fn a_length_that_is_not_one_plain_number_is_refused() {
    check(
        400,
        "request_malformed",
        &[
            post!("Content-Length: 2\r\nContent-Length: 2\r\n", "ok"),
            post!("Content-Length: 2\r\nContent-Length: 3\r\n", "ok"),
            post!("Content-Length: 2, 2\r\n", "ok"),
            post!("Content-Length: +2\r\n", "ok"),
            post!("Content-Length: -2\r\n", "ok"),
            post!("Content-Length: 0x2\r\n", "ok"),
            post!("Content-Length: 02\r\n", "ok"),
            post!("Content-Length: 00\r\n", ""),
            post!("Content-Length: 2 2\r\n", "ok"),
            post!("Content-Length: 2.0\r\n", "ok"),
            post!("Content-Length: two\r\n", "ok"),
            post!("Content-Length:\r\n", "ok"),
            post!("Content-Length: \"2\"\r\n", "ok"),
            post!("Content-Length: 18446744073709551616\r\n", "ok"),
            post!("Content-Length: 99999999999999999999999999\r\n", "ok"),
        ],
    );
}

#[test]
fn any_doubt_about_transfer_encoding_is_refused() {
    let whole = "2\r\nok\r\n0\r\n\r\n";
    let old =
        "POST /case HTTP/1.0\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned() + whole;
    check(
        400,
        "request_malformed",
        &[
            post!(
                "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                "2\r\nok\r\n0\r\n\r\n"
            ),
            post!(
                "Transfer-Encoding: chunked\r\nContent-Length: 12\r\n",
                "2\r\nok\r\n0\r\n\r\n"
            ),
            post!(
                "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
                "2\r\nok\r\n0\r\n\r\n"
            ),
            old.as_bytes(),
            post!(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n"
            ),
            post!(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                "0\r\n\r\n"
            ),
            post!("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: identity\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: chunkedx\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: chunk ed\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding:\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
        ],
    );
}

#[test]
fn look_alikes_of_the_framing_fields_are_refused() {
    check(
        400,
        "request_malformed",
        &[
            post!("Content_Length: 2\r\n", "ok"),
            post!("content_length: 2\r\nContent-Length: 2\r\n", "ok"),
            post!("Content--Length: 2\r\n", "ok"),
            post!("Transfer_Encoding: chunked\r\n", "0\r\n\r\n"),
            post!("Transfer---Encoding: chunked\r\n", "0\r\n\r\n"),
            post!(
                "Transfer-_Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n"
            ),
        ],
    );
}

#[test]
fn a_second_content_type_is_refused() {
    check(
        400,
        "request_malformed",
        &[
            post!(
                "Content-Type: text/plain\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n",
                "ok"
            ),
            post!(
                "Content-Type: text/plain\r\ncontent-type: text/html\r\nContent-Length: 2\r\n",
                "ok"
            ),
        ],
    );
}

#[test]
fn a_field_line_that_is_not_name_colon_value_is_refused() {
    check(
        400,
        "request_malformed",
        &[
            get!("X-Folded: one\r\n two\r\n"),
            get!("X-Folded: one\r\n\ttwo\r\n"),
            b"GET /case HTTP/1.1\r\n Host: test.example\r\n\r\n",
            get!("X-Space : one\r\n"),
            get!("X-Tab\t: one\r\n"),
            get!("X Blank: one\r\n"),
            get!(" X-Leading: one\r\n"),
            get!("no colon\r\n"),
            get!(": no name\r\n"),
            get!("X-Paren(s): one\r\n"),
            get!("X-At@: one\r\n"),
            get!("X-\"Quoted\": one\r\n"),
            b"GET /case HTTP/1.1\r\nHost: test.example\r\nX-\xc3\xa9: one\r\n\r\n",
        ],
    );
}

#[test]
fn a_bare_cr_or_lf_or_a_control_byte_in_a_head_is_refused() {
    check(
        400,
        "request_malformed",
        &[
            b"GET /case HTTP/1.1\nHost: test.example\r\n\r\n",
            b"GET /case HTTP/1.1\r\nHost: test.example\n\r\n",
            b"GET /case HTTP/1.1\r\nHost: test.example\r\n\n",
            b"GET /case HTTP/1.1\nHost: test.example\n\n",
            b"GET /case HTTP/1.1\rHost: test.example\r\n\r\n",
            b"GET /ca\rse HTTP/1.1\r\nHost: test.example\r\n\r\n",
            get!("X-Bare: one\rtwo\r\n"),
            get!("X-Bare: one\r\r\n"),
            get!("X-Bare: one\nX-Two: two\r\n"),
            get!("X-Ba\rre: one\r\n"),
            get!("X-Nul: one\0two\r\n"),
            get!("X-Nul\0: one\r\n"),
            get!("X-Control: one\x01\r\n"),
            get!("X-Control: \x08one\r\n"),
            get!("X-Control: one\x1btwo\r\n"),
            get!("X-Control: one\x7f\r\n"),
            b"GET /\0case HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"GET /case\x7f HTTP/1.1\r\nHost: test.example\r\n\r\n",
        ],
    );
}

#[test]
fn a_request_line_that_is_not_three_words_is_refused() {
    check(
        400,
        "request_malformed",
        &[
            b"GET /case\r\nHost: test.example\r\n\r\n",
            b"GET  /case HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"GET /case  HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"GET\t/case HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"GET /case HTTP/1.1 \r\nHost: test.example\r\n\r\n",
            b" GET /case HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"GET /case x HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"GET /case http/1.1\r\nHost: test.example\r\n\r\n",
            b"GET /case HTTP/1.10\r\nHost: test.example\r\n\r\n",
            b"GET /case HTTP/11\r\nHost: test.example\r\n\r\n",
            b"GET /case HTTPS/1.1\r\nHost: test.example\r\n\r\n",
            b"G(T /case HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 a TLS client\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ],
    );
}

#[test]
fn a_target_outside_of_rfc_3986_or_of_another_host_is_refused() {
    check(
        400,
        "request_malformed",
        &[
            target!("/case#fragment"),
            target!("/case?query#fragment"),
            target!("#"),
            target!("/ca\"se"),
            target!("/ca<se"),
            target!("/ca>se"),
            target!("/ca\\se"),
            target!("/ca^se"),
            target!("/ca`se"),
            target!("/ca{se"),
            target!("/ca|se"),
            target!("/case?a=\"b\""),
            target!("/case?a=<b>"),
            target!("/case?a=b\\c"),
            b"GET /ca\xffse HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"GET /ca\xc3\xa9se HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"GET /case?\xe2\x80\xae HTTP/1.1\r\nHost: test.example\r\n\r\n",
            target!("case"),
            target!("case/case"),
            target!("?case"),
            target!("test.example:80"),
            target!("http://other.example/case"),
            target!("http://test.example:81/case"),
            target!("http://user@test.example/case"),
            target!("http:///case"),
            target!("http:/case"),
            target!("ftp://test.example/case"),
            target!("gopher://test.example/case"),
            target!("*"),
            b"POST * HTTP/1.1\r\nHost: test.example\r\nContent-Length: 0\r\n\r\n",
        ],
    );
}

#[test]
fn a_chunk_that_is_not_plain_is_refused_and_never_becomes_a_502() {
    check(
        400,
        "request_malformed",
        &[
            chunked!("2x\r\nok\r\n0\r\n\r\n"),
            chunked!(" 2\r\nok\r\n0\r\n\r\n"),
            chunked!("2 \r\nok\r\n0\r\n\r\n"),
            chunked!("2\t\r\nok\r\n0\r\n\r\n"),
            chunked!("0x2\r\nok\r\n0\r\n\r\n"),
            chunked!("+2\r\nok\r\n0\r\n\r\n"),
            chunked!("-2\r\nok\r\n0\r\n\r\n"),
            chunked!("\r\nok\r\n0\r\n\r\n"),
            chunked!("2,2\r\nok\r\n0\r\n\r\n"),
            chunked!("ffffffffffffffff\r\nok\r\n0\r\n\r\n"),
            chunked!("10000000000000002\r\nok\r\n0\r\n\r\n"),
            chunked!("fffffffffffffffffffffff2\r\nok\r\n0\r\n\r\n"),
            chunked!("2;name=\"quoted\"\r\nok\r\n0\r\n\r\n"),
            chunked!("2;na me\r\nok\r\n0\r\n\r\n"),
            chunked!("2; name\r\nok\r\n0\r\n\r\n"),
            chunked!("2 ;name\r\nok\r\n0\r\n\r\n"),
            chunked!("2;\r\nok\r\n0\r\n\r\n"),
            chunked!("2;na\rme\r\nok\r\n0\r\n\r\n"),
            chunked!("2;na\0me\r\nok\r\n0\r\n\r\n"),
            chunked!("2\nok\r\n0\r\n\r\n"),
            chunked!("2\rok\r\n0\r\n\r\n"),
            chunked!("2;name\nok\r\n0\r\n\r\n"),
            chunked!("2\r\nok\n0\r\n\r\n"),
            chunked!("2\r\nokay\r\n0\r\n\r\n"),
            chunked!("3\r\nok\r\n0\r\n\r\n"),
            chunked!("2\r\nok0\r\n\r\n"),
            chunked!("2\r\nok\r\n0\n\r\n"),
        ],
    );
}

#[test]
fn a_bad_trailer_is_refused() {
    check(
        400,
        "request_malformed",
        &[
            chunked!("2\r\nok\r\n0\r\nno colon\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Space : one\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Folded: one\r\n two\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Bare: one\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Bare: one\rtwo\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Nul: one\0\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-One: one\r\n\n"),
            chunked!("2\r\nok\r\n0\r\nContent-Length: 2\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nHost: other.example\r\n\r\n"),
        ],
    );
}

#[test]
fn a_version_other_than_1_1_and_1_0_is_answered_505() {
    check(
        505,
        "version_not_supported",
        &[
            b"GET /case HTTP/2.0\r\nHost: test.example\r\n\r\n",
            b"GET /case HTTP/1.2\r\nHost: test.example\r\n\r\n",
            b"GET /case HTTP/3.0\r\nHost: test.example\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
    );
}

#[test]
fn connect_trace_and_overlong_methods_are_answered_501() {
    check(
        501,
        "method_not_implemented",
        &[
            b"CONNECT test.example:443 HTTP/1.1\r\nHost: test.example:443\r\n\r\n",
            b"CONNECT /case HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"TRACE /case HTTP/1.1\r\nHost: test.example\r\n\r\n",
            b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA /case HTTP/1.1\r\nHost: test.example\r\n\r\n",
        ],
    );
}

#[test]
fn an_expectation_other_than_100_continue_is_answered_417() {
    check(
        417,
        "expectation_failed",
        &[
            get!("Expect: something-else\r\n"),
            post!("Expect: 200-ok\r\nContent-Length: 2\r\n", "ok"),
            post!("Expect: 100-continue, more\r\nContent-Length: 2\r\n", "ok"),
        ],
    );
}

#[test]
fn a_request_line_over_the_limit_is_answered_414() {
    let small = format!(
        "GET /{} HTTP/1.1\r\nHost: test.example\r\n\r\n",
        "a".repeat(1_100)
    );
    let endless = format!("GET /{}", "a".repeat(3_000));
    check_with(
        "head_bytes_max: 1024",
        414,
        "target_too_long",
        &[small.as_bytes(), endless.as_bytes()],
    );

    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    client.send(format!(
        "GET /{} HTTP/1.1\r\nHost: test.example\r\n\r\n",
        "a".repeat(65_536)
    ));
    client.response().expect_error(414, "target_too_long");
    client.expect_close();
    let whole = format!("/{}", "a".repeat(60_000));
    assert_eq!(
        gateway.get(&whole).status,
        200,
        "what is under the default limit passes"
    );
}

#[test]
fn a_head_over_its_limits_is_answered_431() {
    let large = format!(
        "GET /case HTTP/1.1\r\nHost: test.example\r\nX-Large: {}\r\n\r\n",
        "a".repeat(1_100)
    );
    let endless = format!(
        "GET /case HTTP/1.1\r\nHost: test.example\r\nX-Large: {}",
        "a".repeat(3_000)
    );
    check_with(
        "head_bytes_max: 1024",
        431,
        "head_too_large",
        &[large.as_bytes(), endless.as_bytes()],
    );

    let lines = |count| {
        format!(
            "GET /case HTTP/1.1\r\nHost: test.example\r\n{}\r\n",
            "X-Line: 1\r\n".repeat(count)
        )
    };
    check(431, "head_too_large", &[lines(100).as_bytes()]);
    check_with(
        "header_count_max: 10",
        431,
        "head_too_large",
        &[lines(10).as_bytes()],
    );

    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    assert_eq!(
        gateway.client().exchange(lines(99)).status,
        200,
        "a hundred field lines pass"
    );
}

#[test]
fn a_body_over_the_routes_limit_is_answered_413_before_it_is_whole() {
    let upstream = Upstream::ok();
    let gateway = Gateway::start(&format!(
        "routes: [{{ path: /**, upstream: \"{}\", body_bytes_max: 100 }}]",
        upstream.url()
    ));
    let head = "POST /case HTTP/1.1\r\nHost: test.example\r\n";
    let over = [
        format!("{head}Content-Length: 101\r\n\r\n{}{SMUGGLED}", "a".repeat(101)),
        format!("{head}Content-Length: 18446744073709551615\r\n\r\n{SMUGGLED}"),
        format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n65\r\n{}\r\n0\r\n\r\n{SMUGGLED}",
            "a".repeat(101)
        ),
        format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n{SMUGGLED}",
            "1\r\na\r\n".repeat(101)
        ),
    ];
    for (index, request) in over.iter().enumerate() {
        case(index);
        let mut client = gateway.client();
        client.send(request);
        let response = client.response_to("POST").expect_error(413, "body_too_large");
        assert!(response.closes(), "{response:#?}");
        client.expect_close();
    }
    let mut client = gateway.client();
    let fits = format!("{head}Content-Length: 100\r\n\r\n{}", "a".repeat(100));
    client.send(fits);
    client.response_to("POST").expect(200);
    drop(client);
    gateway.terminate();
    assert_eq!(gateway.wait(), Some(0));
    upstream.wait_for_open(0);
    let requests = upstream.requests();
    assert_eq!(
        requests.len(),
        1,
        "only the one that fits got through: {requests:#?}"
    );
}

#[test]
fn a_websocket_handshake_is_refused_clearly() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    let handshake = "GET /chat HTTP/1.1\r\nHost: test.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    gateway
        .client()
        .exchange(handshake)
        .expect_error(501, "upgrade_not_supported");
    assert_eq!(upstream.connections(), 0);
}
