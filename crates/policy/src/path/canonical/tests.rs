//! The canonical path: what is kept, what is respelled, what is refused, and that the result is a fixed point.

use super::*;
use PathError::*;

/// `Ok`: the canonical spelling, borrowed exactly where it is the raw one.
#[track_caller]
fn check(raw: impl AsRef<[u8]>, expected: Result<&str, PathError>) {
    let raw = raw.as_ref();
    let parsed = CanonicalPath::parse(raw);
    let shown = String::from_utf8_lossy(raw);
    assert_eq!(
        parsed.as_ref().map(CanonicalPath::as_str).map_err(|error| *error),
        expected,
        "{shown}"
    );
    if let Ok(path) = parsed {
        assert_eq!(
            matches!(path.text, Cow::Borrowed(_)),
            path.as_str().as_bytes() == raw,
            "{shown}"
        );
        assert_eq!(path.has_encoded_slash(), path.as_str().contains("%2F"), "{shown}");
        let parameters = path.as_str().contains(';') || path.as_str().contains("%3B");
        assert_eq!(path.has_parameters(), parameters, "{shown}");
        assert_eq!(path.clone().into_owned(), path, "{shown}");
    }
}

#[test]
fn canonical_paths_stay_as_they_are() {
    for path in [
        "/",
        "/a",
        "/a/",
        "/api/orders/17",
        "/a-b_c.d~e/!$&'()*+,=:@",
        "/a;v=1/b;w",
        "/...",
        "/.../a",
        "/.a",
        "/..a",
        "/a..",
        "/a./b",
        "/a../b",
        "/.well-known/jwks.json",
        "/%20",
        "/a%3Fb%23c",
        "/100%25",
        "/caf%C3%A9",
        "/%E2%82%AC/%F0%9F%8E%89",
        "/a%3Bb",
        "/%3A%40%21",
        "/~user/",
    ] {
        check(path, Ok(path));
    }
}

#[test]
fn unreserved_escapes_are_decoded_and_others_put_in_upper_case() {
    check("/%61%62%63", Ok("/abc"));
    check("/%41%7a%30%2d%2E%5f%7E", Ok("/Az0-._~"));
    check("/%7euser", Ok("/~user"));
    check("/a%2eb", Ok("/a.b"));
    check("/%2e%2e%2e", Ok("/..."));
    check("/%3a%3f", Ok("/%3A%3F"));
    check("/caf%c3%a9/%61", Ok("/caf%C3%A9/a"));
    check("/%e2%82%aC", Ok("/%E2%82%AC"));
    check("/a%20%62c%2b", Ok("/a%20bc%2B"));
}

#[test]
fn nothing_is_decoded_twice() {
    check("/%25", Ok("/%25"));
    check("/%2561", Ok("/%2561"));
    check("/%252e%252e/%252f", Ok("/%252e%252e/%252f"));
    check("/%25252e", Ok("/%25252e"));
    check("/%%36%31", Err(EscapeMalformed));
    check("/%2%35", Err(EscapeMalformed));
}

#[test]
fn a_path_begins_with_a_slash() {
    for raw in ["", "a", "*", "a/b", "http://h/a", "?", "%2Fa", "../a", ";/a"] {
        check(raw, Err(NoLeadingSlash));
    }
}

#[test]
fn bytes_outside_of_the_grammar_are_refused() {
    for byte in (0..=0x7Fu8).filter(|byte| !byte.is_ascii_alphanumeric()) {
        let expected = match byte {
            b'\\' => Err(Backslash),
            b'%' => Err(EscapeMalformed),
            b'/' => Ok(()),
            _ if b"-._~!$&'()*+,;=:@".contains(&byte) => Ok(()),
            _ => Err(ByteNotAllowed),
        };
        let path = [b"/a", &[byte][..]].concat();
        assert_eq!(CanonicalPath::parse(&path).map(|_| ()), expected, "{byte:#x}");
    }
    for byte in 0x80..=0xFF {
        check([b'/', byte], Err(NonAscii));
    }
    check("/café", Err(NonAscii));
    check("/a\u{FF0E}\u{FF0E}/b", Err(NonAscii));
    check("/a\u{2215}b", Err(NonAscii));
}

#[test]
fn broken_escapes_are_refused() {
    for raw in [
        "/%", "/%4", "/%zz", "/%4g", "/%g4", "/a%/b", "/%u002e", "/%+1", "/%2 ", "/% 2", "/%-1", "/%C3%",
        "/%C3%A",
    ] {
        check(raw, Err(EscapeMalformed));
    }
}

#[test]
fn encoded_controls_are_refused() {
    for byte in (0..0x20).chain([0x7F]) {
        check(format!("/a%{byte:02x}b"), Err(EncodedControl));
        check(format!("/a%{byte:02X}"), Err(EncodedControl));
    }
    for second in 0x80..0xA0 {
        check(format!("/%C2%{second:02X}"), Err(EncodedControl));
    }
    check("/%C2%A0", Ok("/%C2%A0"));
}

#[test]
fn backslashes_are_refused() {
    check("/a\\b", Err(Backslash));
    check("/..\\admin", Err(Backslash));
    check("/a%5cb", Err(EncodedBackslash));
    check("/a%5C..%5C", Err(EncodedBackslash));
    check("/a%255c", Ok("/a%255c"));
}

#[test]
fn escapes_that_are_not_utf8_are_refused() {
    for raw in [
        "/%80",
        "/%BF",
        "/%FF",
        "/%FE",
        "/%C3",
        "/%C3a",
        "/%C3/%A9",
        "/%C3%41",
        "/%C3%C3",
        "/%A9%C3",
        "/%E2%82",
        "/%E2%82/",
        "/%F0%9F%8E",
        // Overlong forms of `/`, `.`, NUL and `\`.
        "/%c0%af",
        "/%e0%80%af",
        "/%f0%80%80%af",
        "/%c0%ae%c0%ae/admin",
        "/%C0%80",
        "/%c1%9c",
        // A surrogate, and beyond the last code point.
        "/%ED%A0%80",
        "/%F4%90%80%80",
        "/%F5%80%80%80",
        // Latin-1.
        "/caf%E9",
    ] {
        check(raw, Err(EscapeNotUtf8));
    }
}

#[test]
fn empty_segments_are_refused_but_one_trailing_slash_is_kept() {
    for raw in [
        "//",
        "//a",
        "/a//",
        "/a//b",
        "///",
        "/a/b//c/",
        "//evil.example/%2e%2e",
    ] {
        check(raw, Err(EmptySegment));
    }
    check("/a/b/", Ok("/a/b/"));
}

#[test]
fn a_segment_that_is_only_parameters_is_empty() {
    for raw in [
        "/;/admin",
        "/;x/admin",
        "/a/;v=1/b",
        "/a/;",
        "/;",
        "/%3B/a",
        "/a/%3bx",
    ] {
        check(raw, Err(EmptySegment));
    }
}

#[test]
fn dot_segments_are_refused_in_every_spelling() {
    for dots in [
        ".", "..", "%2e", "%2E", "%2e%2E", ".%2e", "%2e.", "..;", "..;x=1", ".;", "%2e%2e;a", "..%3B",
        ".%2e%3bx", "..;/x", ";a",
    ] {
        let expected = if dots.starts_with(';') {
            EmptySegment
        } else {
            DotSegment
        };
        for around in ["/{}", "/{}/", "/{}/b", "/a/{}", "/a/{}/", "/a/{}/b"] {
            check(around.replace("{}", dots), Err(expected));
        }
    }
}

#[test]
fn an_encoded_slash_is_kept_and_flagged() {
    check("/a%2fb", Ok("/a%2Fb"));
    check("/a%2Fb/c", Ok("/a%2Fb/c"));
    check(
        "/group%2fsub%2Fproject/-/tree",
        Ok("/group%2Fsub%2Fproject/-/tree"),
    );
    check("/a%2F", Ok("/a%2F"));
    check("/a%252fb", Ok("/a%252fb"));
    assert!(!CanonicalPath::parse(b"/a%252Fb").unwrap().has_encoded_slash());
}

#[test]
fn between_encoded_slashes_the_same_holds() {
    for raw in [
        "/a%2F..%2Fb",
        "/a%2f..",
        "/..%2f",
        "/..%2Fadmin",
        "/a/..%2f",
        "/a/..%2F..%2F",
        "/a%2F%2e%2e/b",
        "/a/.%2Fb",
        "/a%2F..;x%2Fb",
    ] {
        check(raw, Err(DotSegment));
    }
    for raw in [
        "/%2F",
        "/%2Fa",
        "/a%2F%2Fb",
        "/a%2F/b",
        "/a/%2Fb",
        "/a%2F;x/b",
        "/a/%2f",
    ] {
        check(raw, Err(EmptySegment));
    }
}

/// What has been published as a way around some gateway's or framework's path rules.
#[test]
fn published_bypass_shapes() {
    for (raw, expected) in [
        ("/public/..%2fadmin", Err(DotSegment)),
        ("/public%2f..%2fadmin", Err(DotSegment)),
        ("/public/%2e%2e/admin", Err(DotSegment)),
        ("/public/..;/admin", Err(DotSegment)),
        ("/public/..;a=b/admin", Err(DotSegment)),
        ("/public/.;/admin", Err(DotSegment)),
        ("/;/admin", Err(EmptySegment)),
        ("/public/%2e%2e%2fadmin", Err(DotSegment)),
        ("/public/..%5cadmin", Err(EncodedBackslash)),
        ("/public/..%c0%afadmin", Err(EscapeNotUtf8)),
        ("/public/%c0%ae%c0%ae/admin", Err(EscapeNotUtf8)),
        ("/public/..%00/admin", Err(EncodedControl)),
        ("/public/admin%00.png", Err(EncodedControl)),
        ("/admin%0a", Err(EncodedControl)),
        ("/admin%0d%0aX:1", Err(EncodedControl)),
        ("/admin\t", Err(ByteNotAllowed)),
        ("//admin", Err(EmptySegment)),
        ("/./admin", Err(DotSegment)),
        ("/admin/.", Err(DotSegment)),
        ("/admin/./", Err(DotSegment)),
        ("/admin/..", Err(DotSegment)),
        ("/admin#", Err(ByteNotAllowed)),
        ("/admin?", Err(ByteNotAllowed)),
        ("/%2e/admin", Err(DotSegment)),
        ("/..%252fadmin", Ok("/..%252fadmin")),
        ("/%252e%252e/admin", Ok("/%252e%252e/admin")),
        // Not the same path as `/admin`, and it never becomes it.
        ("/%61dmin", Ok("/admin")),
        ("/ADMIN", Ok("/ADMIN")),
        ("/admin.", Ok("/admin.")),
        ("/admin..", Ok("/admin..")),
        ("/admin...", Ok("/admin...")),
        ("/admin;x", Ok("/admin;x")),
        ("/admin%20", Ok("/admin%20")),
        ("/admin%3f", Ok("/admin%3F")),
        ("/admin%23", Ok("/admin%23")),
        ("/admin/", Ok("/admin/")),
        ("/admin.json", Ok("/admin.json")),
        ("/adm%C4%B1n", Ok("/adm%C4%B1n")),
    ] {
        check(raw, expected);
    }
}

#[track_caller]
fn check_rewrite(path: &str, strip: &str, add: &str, expected: Result<&str, PathError>) {
    let prefix = |text: &str| (!text.is_empty()).then(|| PathPrefix::parse(text).unwrap());
    let path = CanonicalPath::parse(path.as_bytes()).unwrap();
    let mut out = b"GET ".to_vec();
    let result = path.rewrite_into(prefix(strip).as_ref(), prefix(add).as_ref(), &mut out);
    let written = String::from_utf8(out).unwrap();
    assert_eq!(
        result.map(|()| written.as_str()),
        expected
            .map(|path| format!("GET {path}"))
            .as_deref()
            .map_err(|e| *e)
    );
    if result.is_err() {
        assert_eq!(written, "GET ");
    }
}

#[test]
fn a_prefix_is_stripped_at_a_segment_boundary_and_added_in_front() {
    check_rewrite("/a/b", "", "", Ok("/a/b"));
    check_rewrite("/api/orders", "/api", "", Ok("/orders"));
    check_rewrite("/api/orders/", "/api", "", Ok("/orders/"));
    check_rewrite("/api", "/api", "", Ok("/"));
    check_rewrite("/api/", "/api", "", Ok("/"));
    check_rewrite("/api", "/api", "/v1", Ok("/v1/"));
    check_rewrite("/api/a%2Fb", "/api", "/v1", Ok("/v1/a%2Fb"));
    check_rewrite("/orders", "", "/api/v1", Ok("/api/v1/orders"));
    check_rewrite("/", "", "/api", Ok("/api/"));
    check_rewrite("/a/b/c", "/a/b", "/d", Ok("/d/c"));
}

#[test]
fn what_is_not_below_the_prefix_is_refused() {
    for path in [
        "/apiary",
        "/ap",
        "/",
        "/API/orders",
        "/api%2Forders",
        "/x/api",
        "/api;x/orders",
        "/api.",
    ] {
        check_rewrite(path, "/api", "/v1", Err(NotBelowPrefix));
    }
}

#[track_caller]
fn check_prefix(text: &str, expected: Result<(), PathError>) {
    let parsed = PathPrefix::parse(text);
    assert_eq!(
        parsed.as_ref().map(PathPrefix::as_str).map_err(|e| *e),
        expected.map(|()| text),
        "{text}"
    );
}

#[test]
fn a_prefix_is_canonical_and_has_no_trailing_slash() {
    check_prefix("/api", Ok(()));
    check_prefix("/api/v1", Ok(()));
    check_prefix("/caf%C3%A9", Ok(()));
    check_prefix("/", Err(PrefixIsRoot));
    check_prefix("/api/", Err(PrefixEndsWithSlash));
    check_prefix("", Err(NoLeadingSlash));
    check_prefix("api", Err(NoLeadingSlash));
    check_prefix("/a%2Fb", Err(EncodedSlash));
    check_prefix("/a%2f", Err(EncodedSlash));
    check_prefix("/%61", Err(NotCanonical));
    check_prefix("/caf%c3%a9", Err(NotCanonical));
    check_prefix("/a/../b", Err(DotSegment));
    check_prefix("/a//b", Err(EmptySegment));
    check_prefix("/{x}", Err(ByteNotAllowed));
}

#[test]
fn an_error_displays_its_one_sentence() {
    for error in [NoLeadingSlash, DotSegment, NotBelowPrefix] {
        assert_eq!(error.to_string(), error.message());
        assert!(error.message().ends_with('.'));
    }
}
