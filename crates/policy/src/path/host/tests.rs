//! Hosts and host patterns: one form for each host, and everything that could be read in two ways refused.

use super::*;
use HostError::*;
use proptest::prelude::*;

/// `Ok`: the canonical host and the port.
#[track_caller]
fn check(value: impl AsRef<[u8]>, expected: Result<(&str, Option<u16>), HostError>) {
    let value = value.as_ref();
    let parsed = Host::parse_with_port(value);
    let shown = String::from_utf8_lossy(value);
    assert_eq!(
        parsed
            .as_ref()
            .map(|(host, port)| (host.as_str(), *port))
            .map_err(|e| *e),
        expected,
        "{shown}"
    );
    assert_eq!(Host::parse(value), parsed.map(|(host, _)| host), "{shown}");
}

#[test]
fn a_host_is_in_lower_case_without_port_and_trailing_dot() {
    check("example.com", Ok(("example.com", None)));
    check("Shop.EXAMPLE.com", Ok(("shop.example.com", None)));
    check("example.com:8080", Ok(("example.com", Some(8080))));
    check("example.com.", Ok(("example.com", None)));
    check("EXAMPLE.com.:443", Ok(("example.com", Some(443))));
    check("localhost", Ok(("localhost", None)));
    check("orders_service:3002", Ok(("orders_service", Some(3002))));
    check("xn--bcher-kva.example", Ok(("xn--bcher-kva.example", None)));
    check("127.0.0.1:80", Ok(("127.0.0.1", Some(80))));
    check("a-.-b", Ok(("a-.-b", None)));
}

#[test]
fn what_is_canonical_is_borrowed() {
    for value in [&b"example.com:80"[..], b"[::1]:80", b"10.0.0.1"] {
        assert!(matches!(Host::parse(value).unwrap().0, Cow::Borrowed(_)));
    }
}

#[test]
fn an_ipv6_address_has_one_form() {
    check("[::1]", Ok(("[::1]", None)));
    check("[0:0:0:0:0:0:0:1]:80", Ok(("[::1]", Some(80))));
    check("[FE80::ABCD]", Ok(("[fe80::abcd]", None)));
    check("[::ffff:10.0.0.1]", Ok(("[::ffff:10.0.0.1]", None)));
    for value in [
        "[",
        "[]",
        "[::1",
        "[::1%25eth0]",
        "[fe80::1%eth0]",
        "[v1.a]",
        "[[::1]]",
        "[[::1]",
        "[1.2.3.4]",
        "[:::]",
        "[ ::1]",
        "[a.b]",
    ] {
        check(value, Err(AddressMalformed));
    }
    check("[::1].", Err(PortMalformed));
    check("[::1]80", Err(PortMalformed));
    check("[::1]a.b", Err(PortMalformed));
    check("::1", Err(Empty));
    check("fe80::1", Err(PortMalformed));
}

#[test]
fn a_port_is_one_to_five_digits() {
    check("a:0", Ok(("a", Some(0))));
    check("a:00080", Ok(("a", Some(80))));
    check("a:65535", Ok(("a", Some(65535))));
    for value in [
        "a:",
        "a:65536",
        "a:000080",
        "a:-1",
        "a:+80",
        "a:8a",
        "a:80:80",
        "a:99999999999999999999",
        "a:\u{0663}",
    ] {
        check(value, Err(PortMalformed));
    }
    check(":80", Err(Empty));
    check(":", Err(Empty));
}

#[test]
fn paths_lists_userinfo_and_blanks_are_refused() {
    check("", Err(Empty));
    for value in [
        "example.com/",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "http://a",
        "a:80/",
        "/",
    ] {
        check(value, Err(Path));
    }
    for value in ["a,b", "a.example,b.example:80", "a:80,b"] {
        check(value, Err(List));
    }
    for value in ["user@host", "user:80@host", "@host", "a:@host"] {
        check(value, Err(Userinfo));
    }
    check("user:word@host", Err(PortMalformed));
    for value in [" a", "a ", "a b", "a\tb", "a: 80", "a:80 "] {
        check(value, Err(Blank));
    }
    check("a%2eb", Err(Escape));
}

#[test]
fn bytes_that_no_name_has_are_refused() {
    for byte in (0..=0xFFu8).filter(|byte| !byte.is_ascii_alphanumeric()) {
        let value = [b'a', byte, b'b'];
        let good = matches!(byte, b'-' | b'_' | b'.');
        assert_eq!(Host::parse(&value).is_ok(), good, "{byte:#x}");
    }
    check("bücher.example", Err(ByteNotAllowed));
    check("*.example.com", Err(ByteNotAllowed));
}

#[test]
fn labels_are_not_empty_and_not_too_long() {
    for value in [".", "..", ".a", "a..b", "a..", "a...", ".:80", "..a"] {
        check(value, Err(EmptyLabel));
    }
    let label = "a".repeat(63);
    check(&label, Ok((&label, None)));
    check(format!("{label}a"), Err(TooLong));
    let name = [&*label, &label, &label, &label[..61]].join(".");
    assert_eq!(name.len(), 253);
    check(&name, Ok((&name, None)));
    check(format!("{name}."), Ok((&name, None)));
    check(format!("{name}a"), Err(TooLong));
}

#[track_caller]
fn check_pattern(text: &str, expected: Result<&str, HostError>) {
    let shown = HostPattern::parse(text).map(|pattern| pattern.to_string());
    assert_eq!(shown.as_deref().map_err(|e| *e), expected, "{text}");
}

#[test]
fn a_pattern_is_a_host_or_a_star_and_a_suffix() {
    check_pattern("Shop.example.com", Ok("shop.example.com"));
    check_pattern("*.Example.com.", Ok("*.example.com"));
    check_pattern("*.local", Ok("*.local"));
    check_pattern("[0::1]", Ok("[::1]"));
    for text in ["*", "**.a", "*a.b", "a.*", "*.*.a", "a.*.b", "*.a*"] {
        check_pattern(text, Err(StarMisplaced));
    }
    for text in ["a:80", "*.a:80", "[::1]:80", "*.[::1]"] {
        check_pattern(text, Err(PatternHasPort));
    }
    check_pattern("*.", Err(Empty));
    check_pattern("*..a", Err(EmptyLabel));
    check_pattern("", Err(Empty));
    check_pattern("https://a.b", Err(Path));
}

#[track_caller]
fn check_match(pattern: &str, host: &str, expected: bool) {
    let parsed = HostPattern::parse(pattern).unwrap();
    assert_eq!(
        parsed.matches(&Host::parse(host.as_bytes()).unwrap()),
        expected,
        "{pattern} {host}"
    );
}

#[test]
fn a_star_stands_for_one_or_more_whole_labels() {
    check_match("*.example.com", "a.example.com", true);
    check_match("*.example.com", "A.b.Example.com.:80", true);
    check_match("*.example.com", "example.com", false);
    check_match("*.example.com", "badexample.com", false);
    check_match("*.example.com", "a.example.com.evil", false);
    check_match("example.com", "EXAMPLE.com:1", true);
    check_match("example.com", "a.example.com", false);
    check_match("[::1]", "[0:0::1]:8080", true);
}

proptest! {
    #[test]
    fn no_bytes_panic(value in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = Host::parse(&value);
    }

    #[test]
    fn a_host_is_a_fixed_point(value in "[a-cA-C0-9.:\\[\\]_-]{0,12}") {
        if let Ok(host) = Host::parse(value.as_bytes()) {
            let again = Host::parse(host.as_str().as_bytes()).unwrap();
            prop_assert_eq!(again.as_str(), host.as_str());
            prop_assert!(!host.as_str().ends_with('.') && !host.as_str().starts_with('.'));
            prop_assert!(HostPattern::parse(host.as_str()).unwrap().matches(&host));
        }
    }
}
