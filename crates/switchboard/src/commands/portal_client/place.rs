//! Where a portal is: `https`, or `http` on this machine alone, since every request carries a token.

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};
use std::net::IpAddr;

/// Scheme and authority; paths begin at the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    scheme: Scheme,
    authority: Authority,
}

impl Place {
    /// Of a URL that a person wrote.
    ///
    /// # Errors
    /// With what to write instead.
    pub(crate) fn parse(text: &str) -> Result<Place, String> {
        let no_url = || format!("`{text}` is no portal: write it as https://portal.example.com");
        let uri: Uri = text.parse().map_err(|_| no_url())?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(no_url());
        };
        if authority.as_str().contains('@') {
            return Err(format!(
                "the portal's URL has a user or password in it: the token comes from --token-file or {}",
                super::token::VARIABLE
            ));
        }
        if parts.path_and_query.is_some_and(|path| path != "/") {
            return Err(format!("`{text}`: a portal has no path; leave it out"));
        }
        if scheme == Scheme::HTTP && !is_loopback(&authority) {
            return Err(format!(
                "`{text}` would send the token unencrypted: write https://; http:// is for this machine alone (127.0.0.1, [::1], localhost)"
            ));
        }
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(no_url());
        }
        Ok(Place { scheme, authority })
    }

    /// The URL of a path, with its query.
    pub(super) fn url(&self, path: &str) -> Result<Uri, hyper::http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }
}

/// As a person writes it.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    //! What is a portal, and what would give the token away.

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        match (Place::parse(text), expected) {
            (Ok(place), Ok(url)) => assert_eq!(place.to_string(), url),
            (Err(said), Err(part)) => assert!(said.contains(part), "{said}"),
            (place, expected) => panic!("{text}: {place:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn a_token_leaves_this_machine_encrypted_or_not_at_all() {
        check("https://portal.example.com", Ok("https://portal.example.com"));
        check(
            "https://portal.example.com:8443/",
            Ok("https://portal.example.com:8443"),
        );
        check("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080"));
        check("http://[::1]:8080", Ok("http://[::1]:8080"));
        check("http://localhost:8080", Ok("http://localhost:8080"));
        for remote in [
            "http://portal.example.com",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://[::2]",
        ] {
            check(remote, Err("would send the token unencrypted"));
        }
        check(
            "https://u:p@portal.example.com",
            Err("has a user or password in it"),
        );
        check("https://portal.example.com/v1", Err("a portal has no path"));
        for nothing in ["portal.example.com", "ftp://a", "", "/", "https://"] {
            check(nothing, Err("is no portal"));
        }
    }
}
