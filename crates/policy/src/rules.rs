//! What a member of an entity may be, for that member alone (contract §2): ids, scopes, names, numbers.
//!
//! Tolerant reading and the strict check ask the same questions here. No rule knows where a value stands, and none
//! looks at another entity.

use crate::method::{Method, MethodSet};
use crate::path::{HostPattern, PathPrefix, Pattern};

/// Bytes of an id.
const ID_BYTES_MAX: usize = 128;
/// Bytes of a scope.
const SCOPE_BYTES_MAX: usize = 128;
/// Scopes of one list, and lists of one operation.
pub(crate) const SCOPES_MAX: usize = 64;
/// Bytes of an issuer's name and of an audience.
const ISSUER_BYTES_MAX: usize = 1_024;
/// Audiences of one issuer.
pub(crate) const AUDIENCES_MAX: usize = 64;
/// Bytes of an address of keys.
const JWKS_URI_BYTES_MAX: usize = 2_048;
/// Bytes of a claim's name or pointer.
const CLAIM_BYTES_MAX: usize = 256;
/// Bytes of a client claim, of the name in a certificate, and of what a revocation names.
const VALUE_BYTES_MAX: usize = 1_024;
/// Bytes of a field's name.
const FIELD_BYTES_MAX: usize = 64;
/// Host patterns of one API.
pub(crate) const HOSTS_MAX: usize = 64;
/// Operations of one API, public ones among them.
pub(crate) const OPERATIONS_MAX: usize = 2_000;
/// Delegations of one API.
pub(crate) const DELEGATES_MAX: usize = 2_000;
/// Grants of one client.
pub(crate) const GRANTS_MAX: usize = 10_000;
/// Credentials of one client.
pub(crate) const CREDENTIALS_MAX: usize = 64;
/// JWKs of one issuer, or of one set.
pub(crate) const KEYS_MAX: usize = 128;
/// The most seconds that clocks may differ.
pub(crate) const LEEWAY_S_MAX: u64 = 300;
/// The largest number of a rate or a burst.
const RATE_MAX: u64 = 1_000_000_000;
/// The largest number of a quota.
const QUOTA_MAX: u64 = 1_000_000_000_000_000;

/// Fields that the gateway or HTTP itself uses, in lower case: none of them can carry a key.
const RESERVED_FIELDS: [&str; 45] = [
    "accept",
    "accept-encoding",
    "authorization",
    "cache-control",
    "connection",
    "cookie",
    "date",
    "early-data",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "proxy-status",
    "range",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "www-authenticate",
    "x-amzn-trace-id",
    "x-apigw-api-id",
    "x-cell-id",
    "x-client-id",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-request-id",
    "x-rewrite-url",
    "x-tenant-id",
    "x-user-id",
    "x-user-role",
];
/// Beginnings of such names.
const RESERVED_FAMILIES: [&str; 5] = ["content-", "if-", "sec-", "x-forwarded-", "x-ratelimit-"];

/// 1 to 128 of `[A-Za-z0-9.-]`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

/// A scope token (RFC 6749 §3.3): visible ASCII but for `"` and `\`.
pub(crate) fn is_scope(text: &str) -> bool {
    (1..=SCOPE_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// Visible ASCII, without blanks.
pub(crate) fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The `iss` of an issuer.
pub(crate) fn is_issuer(text: &str) -> bool {
    (1..=ISSUER_BYTES_MAX).contains(&text.len()) && is_visible(text)
}

/// One audience.
pub(crate) fn is_audience(text: &str) -> bool {
    (1..=ISSUER_BYTES_MAX).contains(&text.len())
}

/// Where keys are fetched.
pub(crate) fn is_jwks_uri(text: &str) -> bool {
    text.len() <= JWKS_URI_BYTES_MAX
        && is_visible(text)
        && ["https://", "http://"].iter().any(|scheme| {
            text.strip_prefix(scheme)
                .is_some_and(|rest| rest.starts_with(|c| !"/?#".contains(c)))
        })
}

/// A member name, or a JSON Pointer (RFC 6901) where it begins with `/`.
pub(crate) fn is_claim(text: &str) -> bool {
    let escapes_hold = || {
        text.split('~')
            .skip(1)
            .all(|behind| behind.starts_with(['0', '1']))
    };
    (1..=CLAIM_BYTES_MAX).contains(&text.len()) && (!text.starts_with('/') || escapes_hold())
}

/// A claim's value or a certificate's name that is compared as it is.
pub(crate) fn is_value(text: &str) -> bool {
    (1..=VALUE_BYTES_MAX).contains(&text.len())
}

/// A field that may carry a key.
pub(crate) fn is_key_field(text: &str) -> bool {
    let name = text.to_ascii_lowercase();
    (1..=FIELD_BYTES_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !RESERVED_FIELDS.contains(&name.as_str())
        && !RESERVED_FAMILIES.iter().any(|family| name.starts_with(family))
}

/// The bytes of 64 lower-case hexadecimal digits.
pub(crate) fn sha256(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// A base path and the pattern of everything below it.
#[derive(Debug, Clone)]
pub(crate) struct BasePath {
    /// `None`: `/`.
    prefix: Option<PathPrefix>,
    /// `PATH/**`.
    pub(crate) everything: Pattern,
}

impl BasePath {
    /// `/`, or a canonical path without encoded slash, `;`, `*` and trailing slash.
    pub(crate) fn parse(text: &str) -> Option<BasePath> {
        if text == "/" {
            let everything = Pattern::parse("/**").ok()?;
            return Some(BasePath {
                prefix: None,
                everything,
            });
        }
        if text.contains([';', '*']) {
            return None;
        }
        let prefix = PathPrefix::parse(text).ok()?;
        let everything = Pattern::parse(&format!("{text}/**")).ok()?;
        Some(BasePath {
            prefix: Some(prefix),
            everything,
        })
    }

    /// Whether all that fits the pattern is at this path or below.
    pub(crate) fn holds(&self, pattern: &Pattern) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| pattern.is_below(prefix))
    }
}

/// One host pattern.
pub(crate) fn host(text: &str) -> Option<HostPattern> {
    HostPattern::parse(text).ok()
}

/// `METHOD PATTERN` with one blank between.
pub(crate) fn operation(text: &str) -> Option<(MethodSet, Pattern)> {
    let (method, pattern) = text.split_once(' ')?;
    let methods = match method {
        "ANY" => MethodSet::ALL,
        method => MethodSet::of(&[Method::parse(method.as_bytes())?]),
    };
    Some((methods, Pattern::parse(pattern).ok()?))
}

/// `N/UNIT`: the number and which of the units it is. The number has no leading zero.
pub(crate) fn rate<'u>(text: &str, units: &[&'u str], most: u64) -> Option<(u64, &'u str)> {
    let (number, unit) = text.split_once('/')?;
    let unit = units.iter().find(|known| **known == unit)?;
    let plain =
        !number.starts_with('0') && number.len() <= 19 && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| number.parse::<u64>().ok())??;
    (1..=most).contains(&number).then_some((number, unit))
}

/// The rate of a plan.
pub(crate) fn short_rate(text: &str) -> Option<(u64, &'static str)> {
    rate(text, &["s", "m", "h"], RATE_MAX)
}

/// The quota of a plan.
pub(crate) fn long_rate(text: &str) -> Option<(u64, &'static str)> {
    rate(text, &["day", "month"], QUOTA_MAX)
}

/// The burst of a plan.
pub(crate) fn is_burst(burst: u64) -> bool {
    (1..=RATE_MAX).contains(&burst)
}

#[cfg(test)]
mod tests {
    //! Each rule at its limits.

    use super::*;

    fn check(rule: impl Fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(rule(text), "{text}");
        }
        for text in bad {
            assert!(!rule(text), "{text}");
        }
    }

    #[test]
    fn ids_scopes_and_names() {
        let (longest, longer) = ("a".repeat(128), "a".repeat(129));
        check(
            is_id,
            &["a", "A.b-9", &longest],
            &["", "a_b", "a b", "ä", &longer],
        );
        check(
            is_scope,
            &["a:b/c_d", "!", &longest],
            &["", "a b", "a\"", "a\\", "é", &longer],
        );
        check(is_issuer, &["https://a", "x"], &["", "a b", "é"]);
        check(
            is_jwks_uri,
            &["https://a/b", "http://x"],
            &[
                "",
                "https://",
                "ftp://a",
                "https:///a",
                "http://?a",
                "HTTPS://a",
                "https://a b",
            ],
        );
        check(
            is_claim,
            &["sub", "/a/~0~1", "/", "a~b", "cognito:groups"],
            &["", "/a~", "/a~2", "/~01~"],
        );
        check(
            is_key_field,
            &["X-Api-Key", "apikey", "9"],
            &[
                "",
                "X_Api_Key",
                "Authorization",
                "content-md5",
                "X-FORWARDED-FOR",
                "x-user-id",
                "a b",
            ],
        );
    }

    #[test]
    fn reserved_fields_are_in_order_and_lower_case() {
        assert!(RESERVED_FIELDS.is_sorted());
        assert!(
            RESERVED_FIELDS
                .iter()
                .all(|name| *name == name.to_ascii_lowercase())
        );
    }

    #[test]
    fn base_paths() {
        check(
            |text| BasePath::parse(text).is_some(),
            &["/", "/a", "/a/b", "/a/%C3%A9"],
            &[
                "", "a", "/a/", "//", "/a//b", "/a/../b", "/a%2Fb", "/{x}", "/a;b", "/a*", "/%61", "/a?b",
                "/é",
            ],
        );
    }

    #[test]
    fn operations() {
        check(
            |text| operation(text).is_some(),
            &["GET /", "ANY /a/**", "PROPFIND /{x}"],
            &[
                "GET",
                "GET  /",
                "get /a",
                "TRACE /a",
                "CONNECT /a",
                "/a",
                "GET a",
                "GET /a*",
                " GET /",
            ],
        );
    }

    #[test]
    fn rates_and_hashes() {
        check(
            |text| short_rate(text).is_some(),
            &["1/s", "1000000000/m", "7/h"],
            &[
                "0/s",
                "01/s",
                "1/d",
                "1000000001/s",
                "/s",
                "1",
                "+1/s",
                "1 /s",
                "99999999999999999999/s",
            ],
        );
        check(
            |text| long_rate(text).is_some(),
            &["1/day", "1000000000000000/month"],
            &["1/s", "1000000000000001/day"],
        );
        let (good, upper) = ("0f".repeat(32), "0F".repeat(32));
        check(|text| sha256(text).is_some(), &[&good], &["", "0f", &upper]);
        assert_eq!(sha256(&good), Some([15; 32]));
    }
}
