//! Which URLs are asked: `https`; and `http` to this machine's loopback, for an identity provider, or to hosts that the portal's
//! configuration names, for a key set. Pure.
//!
//! Whoever answers at them says who signs in, or whose tokens hold, and over plain HTTP that may be anybody on the way.

use hyper::Uri;
use std::net::IpAddr;

/// Bytes of a URL.
const URL_BYTES_MAX: usize = 2_048;
/// Bytes of a host (RFC 1035 §3.1).
const HOST_BYTES_MAX: usize = 253;

/// Why a URL is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a URL.
    #[error("it is no absolute URL of at most {URL_BYTES_MAX} bytes")]
    Malformed,
    /// Neither `https` nor `http`.
    #[error("it has to begin with https://")]
    Scheme,
    /// Plain HTTP to another machine.
    #[error("plain http is taken to loopback alone (127.0.0.1, [::1], localhost); use https")]
    Plain,
    /// Plain HTTP to a host that nobody named.
    #[error(
        "plain http is taken to hosts that `key_sets.plain_http` in portal.yaml names, and no others; use https"
    )]
    Unnamed,
    /// With a name and password before the host, or a fragment.
    #[error("it has to be without user name, password and fragment")]
    Extra,
}

/// The URL as a request's target, where it may be one: plain HTTP to loopback alone.
pub(crate) fn check(url: &str) -> Result<Uri, UrlError> {
    parse(url, is_loopback, UrlError::Plain)
}

/// The same with plain HTTP to these hosts alone, as [`is_host`] takes them.
pub(crate) fn check_named(url: &str, named: &[Box<str>]) -> Result<Uri, UrlError> {
    let is_named = |host: &str| named.iter().any(|one| bare(one).eq_ignore_ascii_case(bare(host)));
    parse(url, is_named, UrlError::Unnamed)
}

/// Whether this is a host as a URL has it, without a port.
pub(crate) fn is_host(text: &str) -> bool {
    let is_name = |text: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        (1..=HOST_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_part)
    };
    is_name(text) || bare(text).parse::<IpAddr>().is_ok()
}

fn parse(url: &str, is_plain: impl Fn(&str) -> bool, otherwise: UrlError) -> Result<Uri, UrlError> {
    if url.len() > URL_BYTES_MAX || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(UrlError::Malformed);
    }
    if url.contains('#') {
        return Err(UrlError::Extra);
    }
    let uri: Uri = url.parse().map_err(|_| UrlError::Malformed)?;
    let authority = uri.authority().ok_or(UrlError::Malformed)?;
    if authority.as_str().contains('@') {
        return Err(UrlError::Extra);
    }
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_plain(authority.host()) => Ok(uri),
        Some("http") => Err(otherwise),
        _ => Err(UrlError::Scheme),
    }
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || bare(host)
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    //! What is taken and what is not.

    use super::*;

    #[test]
    fn urls() {
        for good in [
            "https://login.example.com",
            "https://login.example.com/tenant/.well-known/x?p=1",
            "http://127.0.0.1:8080/x",
            "http://localhost/x",
            "http://[::1]:80/",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for (bad, expected) in [
            ("http://login.example.com/", UrlError::Plain),
            ("http://127.0.0.1.example.com/", UrlError::Plain),
            ("http://169.254.169.254/latest", UrlError::Plain),
            ("ftp://127.0.0.1/", UrlError::Scheme),
            ("https://user@login.example.com/", UrlError::Extra),
            ("http://127.0.0.1@evil.example/", UrlError::Extra),
            ("https://login.example.com/#x", UrlError::Extra),
            ("/authorize", UrlError::Malformed),
            ("https://a b/", UrlError::Malformed),
            ("", UrlError::Malformed),
        ] {
            assert_eq!(check(bad).unwrap_err(), expected, "{bad}");
        }
        assert!(check(&format!("https://a/{}", "a".repeat(3_000))).is_err());
    }

    #[test]
    fn plain_http_to_hosts_that_are_named() {
        let named: [Box<str>; 3] = ["keys.internal".into(), "10.0.0.7".into(), "::1".into()];
        let check = |url: &str, expected: Result<(), UrlError>| {
            assert_eq!(check_named(url, &named).map(drop), expected, "{url}");
        };
        for good in [
            "http://keys.internal/jwks",
            "http://KEYS.internal:8080/jwks",
            "http://10.0.0.7/",
            "http://[::1]:80/",
            "https://169.254.169.254/",
        ] {
            check(good, Ok(()));
        }
        for bad in [
            "http://127.0.0.1/",
            "http://localhost/",
            "http://keys.internal.evil.example/",
            "http://evil.example/keys.internal",
        ] {
            check(bad, Err(UrlError::Unnamed));
        }
        check("http://keys.internal@evil.example/", Err(UrlError::Extra));
        check("ftp://keys.internal/", Err(UrlError::Scheme));
        for (text, expected) in [
            ("keycloak", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("::1", true),
            ("keycloak:8080", false),
            ("http://keycloak", false),
            ("a/b", false),
            ("", false),
        ] {
            assert_eq!(is_host(text), expected, "{text}");
        }
    }
}
