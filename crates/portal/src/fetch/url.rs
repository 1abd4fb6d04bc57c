//! Which URLs of an identity provider are used: `https`, or `http` to this machine's loopback alone. Pure.
//!
//! Whoever answers at them says who signs in, and over plain HTTP that may be anybody on the way.

use hyper::Uri;
use std::net::IpAddr;

/// Bytes of a URL.
const URL_BYTES_MAX: usize = 2_048;

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
    /// With a name and password before the host, or a fragment.
    #[error("it has to be without user name, password and fragment")]
    Extra,
}

/// The URL as a request's target, where it may be one.
pub(crate) fn check(url: &str) -> Result<Uri, UrlError> {
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
        Some("http") if is_loopback(authority.host()) => Ok(uri),
        Some("http") => Err(UrlError::Plain),
        _ => Err(UrlError::Scheme),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
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
}
