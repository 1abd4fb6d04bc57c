//! A head that is no HTTP/1.1, or that two parsers could read in two ways, is refused: with the right status, with an
//! answer that says who made it, and with the connection closed. Nothing of it reaches the upstream, and what stands
//! behind it is never served.

use e2e::{Gateway, Upstream, check_refusals, check_refusals_with};

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

/// A GET with these further lines, each with its own CRLF.
macro_rules! get {
    ($lines:expr) => {
        concat!("GET /case HTTP/1.1\r\nHost: test.example\r\n", $lines, "\r\n").as_bytes()
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
    check_refusals(
        400,
        "request_malformed",
        &[
            host!(""),
            b"GET /case HTTP/1.0\r\n\r\n",
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
fn a_field_line_that_is_not_name_colon_value_is_refused() {
    check_refusals(
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
    check_refusals(
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
    check_refusals(
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
    check_refusals(
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
fn a_version_other_than_1_1_and_1_0_is_answered_505() {
    check_refusals(
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
    check_refusals(
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
    check_refusals(
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
    check_refusals_with(
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
    check_refusals_with(
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
    check_refusals(431, "head_too_large", &[lines(100).as_bytes()]);
    check_refusals_with(
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
