//! Names are recognised in any case, and what only looks like them is not.

use proptest::prelude::*;

use super::*;

const NAMES: &[(&str, Known)] = &[
    ("Authorization", Known::Authorization),
    ("Connection", Known::Connection),
    ("Content-Length", Known::ContentLength),
    ("Content-Type", Known::ContentType),
    ("Date", Known::Date),
    ("Expect", Known::Expect),
    ("Forwarded", Known::Forwarded),
    ("Host", Known::Host),
    ("Keep-Alive", Known::KeepAlive),
    ("Proxy-Authenticate", Known::ProxyAuthenticate),
    ("Proxy-Authorization", Known::ProxyAuthorization),
    ("Proxy-Connection", Known::ProxyConnection),
    ("Proxy-Status", Known::ProxyStatus),
    ("TE", Known::Te),
    ("Traceparent", Known::Traceparent),
    ("Tracestate", Known::Tracestate),
    ("Trailer", Known::Trailer),
    ("Transfer-Encoding", Known::TransferEncoding),
    ("Upgrade", Known::Upgrade),
    ("User-Agent", Known::UserAgent),
    ("Via", Known::Via),
    ("X-Amzn-Trace-Id", Known::XAmznTraceId),
    ("X-Forwarded-For", Known::XForwardedFor),
    ("X-Forwarded-Host", Known::XForwardedHost),
    ("X-Forwarded-Prefix", Known::XForwardedPrefix),
    ("X-Forwarded-Proto", Known::XForwardedProto),
    ("X-Request-Id", Known::XRequestId),
];

const DANGEROUS: &[&str] = &[
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

const IDENTITY: &[&str] = &["X-User-Id", "X-User-Role", "X-Client-Id", "X-Tenant-Id"];

/// The one helper of this area.
#[track_caller]
fn check(name: &str, expected: Known) {
    for name in [
        name.to_owned(),
        name.to_ascii_lowercase(),
        name.to_ascii_uppercase(),
    ] {
        assert_eq!(Known::of(name.as_bytes()), expected, "{name}");
    }
}

#[test]
fn names_are_known_in_any_case() {
    for &(name, known) in NAMES {
        check(name, known);
        let (last, start) = name.as_bytes().split_last().unwrap();
        assert_eq!(Known::of(start), Known::Other, "{name} cut short");
        assert_eq!(
            Known::of(&[name.as_bytes(), &[*last]].concat()),
            Known::Other,
            "{name} made longer"
        );
        assert_eq!(
            Known::of(&[start, b"~"].concat()),
            Known::Other,
            "{name} with another end"
        );
    }
    for name in ["", "X", "Accept", "Cookie", "X-Api-Key", "X-Userid"] {
        check(name, Known::Other);
    }
}

#[test]
fn names_that_a_caller_may_not_set_are_known_with_underscores_too() {
    for name in [
        "X-User-Id",
        "X-User-Role",
        "X-Client-Id",
        "X-Tenant-Id",
        "X_User_Id",
        "X-User_Id",
        "x_tenant-id",
    ] {
        check(name, Known::Identity);
    }
    check("X-Cell-Id", Known::XCellId);
    check("X_Cell-Id", Known::XCellId);
    for name in DANGEROUS {
        check(name, Known::Dangerous);
    }
    for name in [
        "X_Original_URL",
        "X_HTTP_Method-Override",
        "X_Forwarded_For",
        "X_Forwarded-Host",
        "X_Forwarded_Proto",
        "X_Forwarded_Prefix",
        "X_Request_Id",
        "X_Amzn_Trace_Id",
        "Proxy_Authorization",
    ] {
        check(name, Known::Dangerous);
    }
    for name in ["User_Agent", "Keep_Alive", "Content_Type", "X_User_Ip"] {
        check(name, Known::Other);
    }
}

#[test]
fn framing_names_are_recognised_by_their_letters() {
    for name in [
        "Content-Length",
        "content_length",
        "CONTENTLENGTH",
        "-1Content.2Length3",
        "Transfer---Encoding",
        "transferencoding",
    ] {
        assert!(resembles_framing(name.as_bytes()), "{name}");
    }
    for name in [
        "",
        "Content-Lengt",
        "Content-Lengths",
        "XContent-Length",
        "Transfer-Encodin",
        "Transfer-Encodings",
        "Content-Type",
    ] {
        assert!(!resembles_framing(name.as_bytes()), "{name}");
    }
}

/// Every name that is known, with what it is.
fn all() -> Vec<(String, Known)> {
    let dangerous = DANGEROUS.iter().map(|name| (*name, Known::Dangerous));
    let identity = IDENTITY.iter().map(|name| (*name, Known::Identity));
    let others = NAMES.iter().copied().chain([("X-Cell-Id", Known::XCellId)]);
    let all = others.chain(dangerous).chain(identity);
    all.map(|(name, known)| (name.to_ascii_lowercase(), known))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// Against a plain look-up: bytes in other cases and one that is anything.
    #[test]
    fn a_name_is_known_if_it_is_one_in_lower_case(
        at in any::<prop::sample::Index>(),
        upper in any::<u32>(),
        change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let all = all();
        let mut name = all[at.index(all.len())].0.clone().into_bytes();
        for (bit, byte) in name.iter_mut().enumerate() {
            if upper >> bit & 1 == 1 {
                byte.make_ascii_uppercase();
            }
        }
        if let Some((at, byte)) = change {
            let at = at.index(name.len());
            name[at] = byte;
        }
        let plain = all.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(&name));
        if let Some((_, known)) = plain {
            prop_assert_eq!(Known::of(&name), *known);
        } else if !name.contains(&b'_') {
            prop_assert_eq!(Known::of(&name), Known::Other);
        }
    }
}
