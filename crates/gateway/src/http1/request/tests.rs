//! The rules of `docs/life-of-a-request.md` §receive for a request head, one table each: here what holds for the line,
//! the target and the whole; in `fields` what single fields may say.

mod fields;

use policy::method::Method;

use super::super::{Framing, HeadLimits, Known, Progress, RequestFault, Version};
use super::{Expect, RequestHead, TargetForm};

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 65_536,
    header_count_max: 100,
};

/// What a test wants to know of a head.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    method: String,
    form: TargetForm,
    path: String,
    query: Option<String>,
    host: String,
    version: Version,
    framing: Framing,
    keep_alive: bool,
    expect: Expect,
}

/// Parses `bytes`, which must hold a whole head if there is nothing wrong with it.
fn parse(bytes: &[u8]) -> Result<RequestHead, RequestFault> {
    let mut head = RequestHead::new();
    match head.parse(bytes, &LIMITS)? {
        Progress::Complete(len) => assert_eq!(len, head.len()),
        Progress::Partial => panic!("the head goes on: {}", bytes.escape_ascii()),
    }
    Ok(head)
}

/// The one helper of this area: the request with these lines (CRLF added, and the empty line) gives this.
#[track_caller]
fn check(lines: &[&str], expected: Result<Framing, RequestFault>) {
    let bytes = format!("{}\r\n\r\n", lines.join("\r\n"));
    check_bytes(bytes.as_bytes(), expected);
}

#[track_caller]
fn check_bytes(bytes: &[u8], expected: Result<Framing, RequestFault>) {
    assert_eq!(
        parse(bytes).map(|head| head.framing()),
        expected,
        "for {}",
        bytes.escape_ascii()
    );
}

/// Any `Malformed`, whatever its sentence.
#[track_caller]
fn refused(bytes: &[u8]) {
    let result = parse(bytes);
    assert!(
        matches!(result, Err(RequestFault::Malformed(_))),
        "{}: {result:?}",
        bytes.escape_ascii()
    );
}

fn seen(lines: &[&str]) -> Seen {
    let bytes = format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes();
    let head = parse(&bytes).unwrap();
    let text = |part: &[u8]| String::from_utf8(part.to_vec()).unwrap();
    Seen {
        method: text(head.method_bytes(&bytes)),
        form: head.form(),
        path: text(head.path(&bytes)),
        query: head.query(&bytes).map(text),
        host: text(head.host(&bytes)),
        version: head.version(),
        framing: head.framing(),
        keep_alive: head.keep_alive(),
        expect: head.expect(),
    }
}

#[test]
fn a_plain_request_is_taken_apart() {
    let expected = Seen {
        method: "GET".into(),
        form: TargetForm::Origin,
        path: "/api/orders/7".into(),
        query: Some("a=1&b=?".into()),
        host: "Api.example.com:8080".into(),
        version: Version::Http11,
        framing: Framing::Empty,
        keep_alive: true,
        expect: Expect::Nothing,
    };
    assert_eq!(
        seen(&[
            "GET /api/orders/7?a=1&b=? HTTP/1.1",
            "host:\t Api.example.com:8080 \t"
        ]),
        expected
    );
}

#[test]
fn fields_come_in_order_with_their_names_recognised() {
    let bytes =
        b"GET / HTTP/1.1\r\nHOST: a\r\nX-Empty:  \t \r\nX_User_Id: 7\r\nX-Text: caf\xe9\ta \r\n\r\nrest";
    let head = parse(bytes).unwrap();
    let fields: Vec<_> = head
        .fields(bytes)
        .map(|field| (field.name, field.value, field.known))
        .collect();
    let expected: Vec<(&[u8], &[u8], Known)> = vec![
        (b"HOST", b"a", Known::Host),
        (b"X-Empty", b"", Known::Other),
        (b"X_User_Id", b"7", Known::Identity),
        (b"X-Text", b"caf\xe9\ta", Known::Other),
    ];
    assert_eq!(fields, expected);
    assert_eq!(head.len(), bytes.len() - 4);
}

#[test]
fn a_head_is_reused() {
    let mut head = RequestHead::new();
    let first = b"POST /a?b HTTP/1.0\r\nHost: a\r\nConnection: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    let second = b"GET / HTTP/1.1\r\nHost: b\r\n\r\n";
    for _ in 0..2 {
        head.reset();
        assert_eq!(head.parse(first, &LIMITS), Ok(Progress::Complete(first.len())));
        assert_eq!(head.framing(), Framing::Length(3));
        assert!(head.has_connection_names());
        head.reset();
        assert_eq!(head.parse(second, &LIMITS), Ok(Progress::Complete(second.len())));
        assert_eq!(
            (head.framing(), head.query(second), head.keep_alive()),
            (Framing::Empty, None, true)
        );
        assert!(!head.has_connection_names());
        assert_eq!(head.fields(second).count(), 1);
    }
}

#[test]
fn a_fault_is_found_before_the_head_ends() {
    for bytes in [
        b"GET / HTTP/1.1\r\nHost: a\n".as_slice(),
        b"GET / HTTP/1.1\r\nX: a\rb",
        b"GET / HTTP/1.1\r\nX: \0",
        b"GET /\r\n",
        b"GET / HTTP/1.1\n",
        b"\n",
        b"\x16\x03\x01",
        b"\r\n\r\n",
        b"\rG",
        b"garbage\r\n",
    ] {
        refused(bytes);
    }
    let preface = b"PRI * HTTP/2.0\r\n";
    assert_eq!(parse(preface).map(|_| ()), Err(RequestFault::VersionUnsupported));
}

#[test]
fn one_empty_line_may_come_first() {
    let mut head = RequestHead::new();
    let bytes = b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(head.parse(bytes, &LIMITS), Ok(Progress::Complete(bytes.len())));
    assert_eq!(head.method_bytes(bytes), b"GET");
    refused(b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    refused(b" GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

#[test]
fn the_request_line_has_three_words_with_one_blank_between() {
    for line in [
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET\t/ HTTP/1.1",
        "GET / a HTTP/1.1",
        "GET HTTP/1.1",
        "GET",
        "/ HTTP/1.1",
        "G(T / HTTP/1.1",
        "G\u{e9}T / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1.10",
        "GET / HTTP/01.1",
        "GET / HTTP/1",
        "GET / HTTP/1,1",
        "GET / HTTP/0.9",
        "GET / XTTP/1.1",
    ] {
        refused(format!("{line}\r\nHost: a\r\n\r\n").as_bytes());
    }
}

#[test]
fn other_versions_are_unsupported() {
    for version in ["1.2", "1.9", "2.0", "2.1", "3.0", "9.9"] {
        check(
            &[&format!("GET / HTTP/{version}"), "Host: a"],
            Err(RequestFault::VersionUnsupported),
        );
    }
    check_bytes(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        Err(RequestFault::VersionUnsupported),
    );
}

#[test]
fn methods_are_bounded_and_some_refused() {
    let long = "M".repeat(33);
    check(
        &[&format!("{long} / HTTP/1.1"), "Host: a"],
        Err(RequestFault::MethodTooLong),
    );
    check(
        &["CONNECT a:443 HTTP/1.1", "Host: a:443"],
        Err(RequestFault::MethodRefused),
    );
    check(&["TRACE / HTTP/1.1", "Host: a"], Err(RequestFault::MethodRefused));
    for (method, known) in [
        ("GET", Some(Method::GET)),
        (&long[1..], None),
        ("get", None),
        ("connect", None),
    ] {
        let bytes = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        let head = parse(bytes.as_bytes()).unwrap();
        assert_eq!(head.method(), known, "{method}");
        assert_eq!(head.method_bytes(bytes.as_bytes()), method.as_bytes());
    }
}

#[test]
fn the_absolute_form_agrees_with_host() {
    let form = |target: &str, host: &str| {
        let seen = seen(&[&format!("GET {target} HTTP/1.1"), &format!("Host: {host}")]);
        assert_eq!(seen.form, TargetForm::Absolute);
        (seen.path, seen.query)
    };
    assert_eq!(form("http://a", "a"), ("/".into(), None));
    assert_eq!(form("HTTPS://A.Example:80/", "a.example:80"), ("/".into(), None));
    assert_eq!(form("http://a?q", "a"), ("/".into(), Some("q".into())));
    assert_eq!(
        form("http://[::1]:8/b/c?d", "[::1]:8"),
        ("/b/c".into(), Some("d".into()))
    );
    for (target, host) in [
        ("http://a/", "b"),
        ("http://a:80/", "a"),
        ("http://a/", "a:80"),
        ("http://a:80/", "a:81"),
        ("http://user@a/", "a"),
        ("http://user:password@a/", "a"),
        ("http:///", "a"),
        ("http://", "a"),
        ("http:/a", "a"),
        ("http:a", "a"),
        ("ftp://a/", "a"),
        ("ws://a/", "a"),
        ("http://a#b", "a"),
        ("http://[::1]:8/", "[::1]"),
    ] {
        refused(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
    }
}

#[test]
fn the_asterisk_goes_with_options() {
    let options = seen(&["OPTIONS * HTTP/1.1", "Host: a"]);
    assert_eq!(
        (options.form, options.path.as_str(), options.query),
        (TargetForm::Asterisk, "*", None)
    );
    refused(b"GET * HTTP/1.1\r\nHost: a\r\n\r\n");
    refused(b"OPTIONS *?a HTTP/1.1\r\nHost: a\r\n\r\n");
    refused(b"OPTIONS /* a HTTP/1.1\r\nHost: a\r\n\r\n");
}

#[test]
fn targets_hold_what_a_url_may() {
    for target in [
        "a",
        "a/b",
        "a:80",
        "?a",
        "#",
        "/#",
        "/a#b",
        "/a?b#c",
        "/\"",
        "/<a>",
        "/a\\b",
        "/a^",
        "/a`",
        "/{a}",
        "/a|b",
        "/[a]",
        "/?a\\",
        "/?{",
        "/?|",
        "/?\"",
        "/?^",
        "/?`",
        "/?<",
        "/h\u{e9}",
        "/?h\u{e9}",
    ] {
        refused(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    }
    refused(b"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n");
    for (target, path, query) in [
        ("/", "/", None),
        ("/?", "/", Some("")),
        ("//a", "//a", None),
        ("/a%zz;b=c:@!$&'()*+,-._~", "/a%zz;b=c:@!$&'()*+,-._~", None),
        ("/a?filter[b]=50%/?@:", "/a", Some("filter[b]=50%/?@:")),
    ] {
        let seen = seen(&[&format!("GET {target} HTTP/1.1"), "Host: a"]);
        assert_eq!((seen.path.as_str(), seen.query.as_deref()), (path, query));
    }
}

#[test]
fn limits_hold_to_the_byte_and_field() {
    let limits = HeadLimits {
        head_bytes_max: 60,
        header_count_max: 3,
    };
    let check = |bytes: &[u8], expected| assert_eq!(RequestHead::new().parse(bytes, &limits), expected);
    let with_target = |len: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(len));
    let (fits, over) = (with_target(60 - 27), with_target(60 - 27 + 1));
    check(fits.as_bytes(), Ok(Progress::Complete(60)));
    check(
        over.as_bytes(),
        Err(RequestFault::HeadTooLarge("the head is too long")),
    );
    check(&over.as_bytes()[..59], Ok(Progress::Partial));
    check(
        &over.as_bytes()[..60],
        Err(RequestFault::HeadTooLarge("the head is too long")),
    );
    check(&b"GET /".repeat(20), Err(RequestFault::TargetTooLong));
    check(&b"GET /".repeat(20)[..59], Ok(Progress::Partial));
    let fields = |count: usize| {
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "X: y\r\n".repeat(count - 1)
        )
    };
    check(fields(3).as_bytes(), Ok(Progress::Complete(39)));
    check(
        fields(4).as_bytes(),
        Err(RequestFault::HeadTooLarge("the head has too many fields")),
    );

    let many = HeadLimits {
        head_bytes_max: 65_536,
        header_count_max: 1_000,
    };
    let bytes = fields(1_000);
    let mut head = RequestHead::new();
    assert_eq!(
        head.parse(bytes.as_bytes(), &many),
        Ok(Progress::Complete(bytes.len()))
    );
    assert_eq!(head.fields(bytes.as_bytes()).count(), 1_000);
}
