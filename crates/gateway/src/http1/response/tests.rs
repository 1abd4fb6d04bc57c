//! An upstream's head is taken as strictly as a client's.

use super::super::{Framing, HeadLimits, Progress, ResponseFault, Version};
use super::ResponseHead;

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 65_536,
    header_count_max: 100,
};

fn parse(bytes: &[u8], to_head: bool) -> Result<ResponseHead, ResponseFault> {
    let mut head = ResponseHead::new();
    match head.parse(bytes, to_head, &LIMITS)? {
        Progress::Complete(len) => assert_eq!(len, head.len()),
        Progress::Partial => panic!("the head goes on: {}", bytes.escape_ascii()),
    }
    Ok(head)
}

/// The one helper of this area: a response with these lines (CRLF added, and the empty line) has this framing, and
/// its connection can be used again or not.
#[track_caller]
fn check(lines: &str, expected: (Framing, bool)) {
    let head = parse(format!("{lines}\r\n\r\n").as_bytes(), false).unwrap();
    assert_eq!((head.framing(), head.keep_alive()), expected, "for {lines}");
}

/// Any `Malformed`, whatever its sentence, also as an answer to HEAD.
#[track_caller]
fn refused(lines: &str) {
    for to_head in [false, true] {
        let result = parse(format!("{lines}\r\n\r\n").as_bytes(), to_head);
        assert!(
            matches!(result, Err(ResponseFault::Malformed(_))),
            "{lines}: {result:?}"
        );
    }
}

#[test]
fn a_plain_response_is_taken_apart() {
    let bytes = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX: y\r\n\r\nno";
    let head = parse(bytes, false).unwrap();
    assert_eq!(
        (head.status(), head.reason(bytes), head.version()),
        (404, b"Not Found".as_slice(), Version::Http11)
    );
    assert_eq!(
        (head.framing(), head.len(), head.is_interim()),
        (Framing::Length(2), bytes.len() - 2, false)
    );
    assert_eq!(
        head.fields(bytes).map(|field| field.value).collect::<Vec<_>>(),
        [b"2".as_slice(), b"y"]
    );
    assert!(!head.has_connection_names());
}

#[test]
fn a_reason_is_optional_and_opaque() {
    for (line, reason) in [
        ("HTTP/1.1 200", ""),
        ("HTTP/1.1 200 ", ""),
        ("HTTP/1.1 200 Fine, thank you", "Fine, thank you"),
        ("HTTP/1.1 200 tr\u{e8}s bien\t", "tr\u{e8}s bien\t"),
        ("HTTP/1.1 200  x", " x"),
    ] {
        let bytes = format!("{line}\r\n\r\n").into_bytes();
        assert_eq!(
            parse(&bytes, false).unwrap().reason(&bytes),
            reason.as_bytes(),
            "{line}"
        );
    }
}

#[test]
fn the_status_line_is_exact() {
    for line in [
        "HTTP/1.1 099 x",
        "HTTP/1.1 000 x",
        "HTTP/1.1 600 x",
        "HTTP/1.1 999 x",
        "HTTP/1.1 20 x",
        "HTTP/1.1 2000 x",
        "HTTP/1.1 2x0 x",
        "HTTP/1.1  200 x",
        "HTTP/1.1\t200 x",
        "HTTP/1.1 200x",
        "HTTP/1.1 -20 x",
        "HTTP/1.1 +20 x",
        "HTTP/1.1",
        "HTTP/1.2 200 x",
        "HTTP/2.0 200 x",
        "HTTP/0.9 200 x",
        "http/1.1 200 x",
        "ICY 200 OK",
        " HTTP/1.1 200 x",
        "\r\nHTTP/1.1 200 x",
        "HTTP/1.1 200 a\0b",
        "HTTP/1.1 200 a\rb",
        "HTTP/1.1 200 a\nb",
        "HTTP/1.1 200 \u{7f}",
        "HTTP/1.1 101 Switching Protocols",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket",
    ] {
        refused(line);
    }
}

#[test]
fn framing_is_what_the_fields_say() {
    check("HTTP/1.1 200 OK\r\nContent-Length: 7", (Framing::Length(7), true));
    check("HTTP/1.1 200 OK\r\nContent-Length: 0", (Framing::Empty, true));
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked",
        (Framing::Chunked, true),
    );
    check("HTTP/1.1 200 OK", (Framing::Close, false));
    check("HTTP/1.0 200 OK", (Framing::Close, false));
    check(
        "HTTP/1.0 200 OK\r\nConnection: keep-alive",
        (Framing::Close, false),
    );
    check(
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 7",
        (Framing::Length(7), true),
    );
    check(
        "HTTP/1.0 200 OK\r\nContent-Length: 7",
        (Framing::Length(7), false),
    );
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: Close",
        (Framing::Length(7), false),
    );
}

#[test]
fn some_answers_have_no_body_whatever_the_fields_say() {
    for lines in [
        "HTTP/1.1 200 OK\r\nContent-Length: 7",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
        "HTTP/1.1 200 OK",
    ] {
        let head = parse(format!("{lines}\r\n\r\n").as_bytes(), true).unwrap();
        assert_eq!(
            (head.framing(), head.keep_alive()),
            (Framing::Empty, true),
            "{lines}"
        );
    }
    check(
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 7",
        (Framing::Empty, true),
    );
    check(
        "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked",
        (Framing::Empty, true),
    );
    for status in ["100 Continue", "103 Early Hints", "199 x", "204 No Content"] {
        check(&format!("HTTP/1.1 {status}"), (Framing::Empty, true));
        check(
            &format!("HTTP/1.1 {status}\r\nContent-Length: 0"),
            (Framing::Empty, true),
        );
        refused(&format!("HTTP/1.1 {status}\r\nContent-Length: 1"));
        refused(&format!("HTTP/1.1 {status}\r\nTransfer-Encoding: chunked"));
        let head = parse(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes(), false).unwrap();
        assert_eq!(head.is_interim(), !status.starts_with('2'), "{status}");
    }
}

#[test]
fn ambiguous_framing_is_refused() {
    for fields in [
        "Content-Length: 7\r\nContent-Length: 7",
        "Content-Length: 7\r\nContent-Length: 8",
        "Content-Length: 7, 7",
        "Content-Length: 07",
        "Content-Length: +7",
        "Content-Length:",
        "Content-Length: 18446744073709551616",
        "Content-Length: 7\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity",
        "Transfer_Encoding: chunked",
        "Content_Length: 7",
        "Content-Type: a/b\r\nContent-Type: a/b",
        "Connection: content-length",
    ] {
        for status in ["200 OK", "304 Not Modified", "204 No Content"] {
            refused(&format!("HTTP/1.1 {status}\r\n{fields}"));
        }
    }
    refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked");
}

#[test]
fn field_lines_are_whole_and_clean() {
    for line in [
        " X: a",
        "X : a",
        ": a",
        "X",
        "X: a\r\n b",
        "X: a\nb: c",
        "X: a\rb",
        "X: a\0",
        "X: \u{7f}",
        "X\u{e9}: a",
    ] {
        refused(&format!("HTTP/1.1 200 OK\r\n{line}"));
        refused(&format!("HTTP/1.1 200 OK\r\nY: b\r\n{line}"));
    }
}

#[test]
fn limits_hold_to_the_byte_and_field() {
    let limits = HeadLimits {
        head_bytes_max: 40,
        header_count_max: 2,
    };
    let check =
        |bytes: &[u8], expected| assert_eq!(ResponseHead::new().parse(bytes, false, &limits), expected);
    let with_value = |len: usize| format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(len)).into_bytes();
    check(&with_value(16), Ok(Progress::Complete(40)));
    check(
        &with_value(17),
        Err(ResponseFault::HeadTooLarge("the head is too long")),
    );
    check(&[b'H'; 39], Ok(Progress::Partial));
    check(
        &[b'H'; 40],
        Err(ResponseFault::HeadTooLarge("the status line is too long")),
    );
    check(
        b"HTTP/1.1 200 OK\r\na:\r\nb:\r\nc:\r\n\r\n",
        Err(ResponseFault::HeadTooLarge("the head has too many fields")),
    );
}

#[test]
fn a_head_is_reused() {
    let mut head = ResponseHead::new();
    let interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: link\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
    for _ in 0..2 {
        head.reset();
        assert_eq!(
            head.parse(interim, false, &LIMITS),
            Ok(Progress::Complete(interim.len()))
        );
        assert!(head.is_interim() && head.connection_names(interim, b"Link"));
        head.reset();
        assert_eq!(
            head.parse(answer, false, &LIMITS),
            Ok(Progress::Complete(answer.len()))
        );
        assert!(!head.is_interim() && !head.has_connection_names());
        assert_eq!(
            (head.fields(answer).count(), head.framing()),
            (1, Framing::Length(1))
        );
    }
}
