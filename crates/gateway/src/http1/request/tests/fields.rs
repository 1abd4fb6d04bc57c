//! What the fields of a request head may say.

use super::super::super::{Framing, RequestFault};
use super::super::Expect;
use super::{check, parse, refused, seen};

/// Field lines that are refused behind a good request line and Host.
#[track_caller]
fn refused_fields(lines: &[&str]) {
    for line in lines {
        refused(format!("POST / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n").as_bytes());
        refused(format!("POST / HTTP/1.1\r\n{line}\r\nHost: a\r\n\r\n").as_bytes());
    }
}

/// Field lines that are fine there.
#[track_caller]
fn taken_fields(cases: &[(&str, Framing)]) {
    for (line, framing) in cases {
        check(&["POST / HTTP/1.1", "Host: a", line], Ok(*framing));
    }
}

#[test]
fn host_is_there_once_and_is_a_host() {
    check(
        &["GET / HTTP/1.1"],
        Err(RequestFault::Malformed("Host is missing")),
    );
    check(
        &["GET / HTTP/1.0"],
        Err(RequestFault::Malformed("Host is missing")),
    );
    check(
        &["GET http://a/ HTTP/1.1"],
        Err(RequestFault::Malformed("Host is missing")),
    );
    check(
        &["GET / HTTP/1.1", "Host: a", "X: y", "host: a"],
        Err(RequestFault::Malformed("Host is repeated")),
    );
    for host in [
        "",
        "a/b",
        "a,b",
        "a b",
        "user@a",
        "a:b",
        "a:80:80",
        "a?b",
        "a#b",
        "h\u{f6}st",
        "http://a",
        "[::1",
    ] {
        refused(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
    }
    for host in ["a", "A.example", "a:80", "127.0.0.1:8080", "[::1]", "[::1]:80"] {
        check(&["GET / HTTP/1.1", &format!("Host: {host}")], Ok(Framing::Empty));
    }
}

#[test]
fn a_length_is_one_plain_number() {
    taken_fields(&[
        ("Content-Length: 0", Framing::Empty),
        ("Content-Length: \t 5 ", Framing::Length(5)),
        ("CONTENT-LENGTH: 18446744073709551615", Framing::Length(u64::MAX)),
    ]);
    refused_fields(&[
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\ncontent-length: 6",
        "Content-Length: 5, 5",
        "Content-Length: 5,",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: 5.0",
        "Content-Length: 5 5",
        "Content-Length: 05",
        "Content-Length: 00",
        "Content-Length:",
        "Content-Length: \u{665}",
        "Content-Length: 18446744073709551616",
        "Content-Length: 99999999999999999999999",
    ]);
}

#[test]
fn transfer_encoding_is_chunked_alone_and_in_http_1_1() {
    taken_fields(&[
        ("Transfer-Encoding: chunked", Framing::Chunked),
        ("transfer-encoding:  CHUNKED\t", Framing::Chunked),
    ]);
    refused_fields(&[
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding:",
        "Transfer-Encoding: \u{b}chunked",
    ]);
    refused(b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
}

#[test]
fn look_alikes_of_the_framing_fields_are_refused() {
    refused_fields(&[
        "Content_Length: 5",
        "ContentLength: 5",
        "Content--Length: 5",
        "Content-Length-: 5",
        "C0ontent-Length: 5",
        "Transfer---Encoding: chunked",
        "Transfer_Encoding: chunked",
        "TransferEncoding: chunked",
        "transfer.encoding: chunked",
        "!Transfer-Encoding: chunked",
    ]);
    taken_fields(&[
        ("X-Content-Length: 5", Framing::Empty),
        ("Content-Lengths: 5", Framing::Empty),
    ]);
}

#[test]
fn two_content_types_are_refused() {
    refused_fields(&["Content-Type: a/b\r\ncontent-type: a/b"]);
    taken_fields(&[("Content-Type: a/b", Framing::Empty)]);
}

#[test]
fn field_lines_are_whole_and_clean() {
    refused_fields(&[
        " X: folded",
        "\tX: folded",
        "X: a\r\n b",
        "X: a\r\n\tb",
        "X : a",
        "X\t: a",
        ": a",
        "X",
        "X a",
        "(X): a",
        "X\u{e9}: a",
        "X: a\0b",
        "X\0: a",
        "X: a\u{7f}",
        "X: a\u{1b}b",
        "X: a\rb",
        "X: a\r\rb",
        "X: a\nb: c",
        "X: a\nContent-Length: 5",
        "X: a\r",
    ]);
    taken_fields(&[
        ("X: a\tb", Framing::Empty),
        ("X: h\u{e9}", Framing::Empty),
        ("!#$%&'*+-.^_`|~9aZ: a", Framing::Empty),
    ]);
}

#[test]
fn connections_persist_as_rfc_9112_says() {
    for (version, connection, keeps) in [
        ("1.1", "X: y", true),
        ("1.1", "Connection: keep-alive", true),
        ("1.1", "Connection: CLOSE", false),
        ("1.1", "Connection: keep-alive, close", false),
        ("1.1", "Connection: keep-alive\r\nConnection: x ,\tclose", false),
        ("1.1", "Connection: closed", true),
        ("1.0", "X: y", false),
        ("1.0", "Connection: Keep-Alive", true),
        ("1.0", "Connection: keep-alive, close", false),
    ] {
        let keep_alive = seen(&[&format!("GET / HTTP/{version}"), "Host: a", connection]).keep_alive;
        assert_eq!(keep_alive, keeps, "HTTP/{version} {connection}");
    }
}

#[test]
fn connection_names_fields_but_none_of_the_message() {
    let bytes =
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-A ,,te\r\nConnection: Authorization\r\n\r\n";
    let head = parse(bytes).unwrap();
    assert!(head.has_connection_names());
    let named = |name: &[u8]| head.connection_names(bytes, name);
    assert!(named(b"x-a") && named(b"TE") && named(b"authorization"));
    assert!(!named(b"x") && !named(b"close, X-A") && !named(b"keep-alive"));

    let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, ,Keep-Alive\r\n\r\n";
    let head = parse(bytes).unwrap();
    assert!(!head.has_connection_names() && !head.connection_names(bytes, b"keep-alive"));

    refused_fields(&[
        "Connection: host",
        "Connection: close, Content-Length",
        "Connection: Transfer-Encoding",
        "Connection: content-type",
        "Connection: content_length",
    ]);
    let many = format!("Connection: {}", ["x"; 33].join(","));
    check(
        &["GET / HTTP/1.1", "Host: a", &many],
        Err(RequestFault::HeadTooLarge("Connection names too much")),
    );
}

#[test]
fn the_one_expectation_is_100_continue() {
    let expect =
        |version: &str, line: &str| seen(&[&format!("PUT / HTTP/{version}"), "Host: a", line]).expect;
    assert_eq!(expect("1.1", "Expect: 100-Continue"), Expect::Continue);
    assert_eq!(expect("1.0", "Expect: 100-continue"), Expect::Nothing);
    assert_eq!(expect("1.1", "X: 100-continue"), Expect::Nothing);
    for value in [
        "",
        "101-continue",
        "100-continue, x",
        "x=y",
        "100-continue\r\nExpect: later",
    ] {
        let line = format!("Expect: {value}");
        check(
            &["PUT / HTTP/1.1", "Host: a", &line],
            Err(RequestFault::ExpectationUnknown),
        );
    }
}
