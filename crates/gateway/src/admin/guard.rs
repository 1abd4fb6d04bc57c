//! Who may see what only the operator may see: a peer on this machine, or whoever shows the token.
//!
//! A peer on loopback may still be somebody else's tool: a browser whose page has bound its own name to 127.0.0.1, or
//! a proxy that carries a stranger's request. Both can be told by their heads, and need the token.

use hyper::header::{AUTHORIZATION, FORWARDED, HOST, HeaderName, VIA};
use hyper::{HeaderMap, Uri};
use sha2::{Digest as _, Sha256};
use std::net::{IpAddr, Ipv6Addr};

/// The token as its digest: two digests are compared in the same time, whatever the token's length and content.
#[derive(Debug, Clone)]
pub(super) struct Token([u8; 32]);

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// The token is wrong, or there is none and the peer is not on loopback.
    Unauthorized,
    /// The peer is not on loopback, and no token is configured.
    NotLoopback,
    /// The peer is on loopback, but the request was meant for a name.
    HostNotLocal,
    /// The peer is on loopback, but carries the request of somebody else.
    Proxied,
}

impl Token {
    pub(super) fn new(token: &str) -> Token {
        Token(Sha256::digest(token).into())
    }

    fn matches(&self, shown: &[u8]) -> bool {
        let shown: [u8; 32] = Sha256::digest(shown).into();
        let difference = self
            .0
            .iter()
            .zip(shown)
            .fold(0, |all, (own, shown)| all | (own ^ shown));
        difference == 0
    }
}

/// Decides for one request.
pub(super) fn admit(
    peer: IpAddr,
    uri: &Uri,
    headers: &HeaderMap,
    token: Option<&Token>,
) -> Result<(), Denied> {
    if let Some(token) = token {
        match bearer(headers) {
            Some(shown) if token.matches(shown) => return Ok(()),
            Some(_) => return Err(Denied::Unauthorized),
            None => {}
        }
    }
    if !peer.to_canonical().is_loopback() {
        return Err(match token {
            Some(_) => Denied::Unauthorized,
            None => Denied::NotLoopback,
        });
    }
    let carried = [FORWARDED, VIA, HeaderName::from_static("x-forwarded-for")];
    if carried.iter().any(|name| headers.contains_key(name)) {
        return Err(Denied::Proxied);
    }
    if !is_local(uri, headers) {
        return Err(Denied::HostNotLocal);
    }
    Ok(())
}

/// What `Authorization: Bearer` shows.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, shown) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| shown.trim_ascii())
}

/// Whether a request is for an address or `localhost`, in every place that says so. A page cannot choose what its
/// browser writes there.
fn is_local(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let named = |authority: &str| is_local_authority(authority);
    host.to_str().is_ok_and(named) && uri.authority().is_none_or(|authority| named(authority.as_str()))
}

fn is_local_authority(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => authority,
    };
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
        None => host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "127.0.0.1";
    const REMOTE: &str = "192.0.2.7";

    #[track_caller]
    fn check(peer: &str, fields: &[(&str, &str)], token: Option<&str>, expected: Result<(), Denied>) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let token = token.map(Token::new);
        let admitted = admit(
            peer.parse().unwrap(),
            &Uri::from_static("/config"),
            &headers,
            token.as_ref(),
        );
        assert_eq!(admitted, expected, "{peer} {fields:?}");
    }

    #[test]
    fn loopback_needs_no_token_under_a_local_name() {
        for peer in [LOCAL, "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            for host in [
                "127.0.0.1:9901",
                "localhost",
                "LOCALHOST:1",
                "[::1]:9901",
                "[::1]",
                "10.0.0.1",
                "127.0.0.1:",
            ] {
                check(peer, &[("host", host)], None, Ok(()));
                check(peer, &[("host", host)], Some("secret"), Ok(()));
            }
        }
    }

    #[test]
    fn a_page_that_bound_its_name_to_loopback_is_refused() {
        let names = [
            "evil.example",
            "evil.example:9901",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            "[::1].evil",
            "::1",
            "a@127.0.0.1",
        ];
        for host in names {
            check(LOCAL, &[("host", host)], None, Err(Denied::HostNotLocal));
        }
        check(LOCAL, &[], None, Err(Denied::HostNotLocal));
        check(
            LOCAL,
            &[("host", "127.0.0.1"), ("host", "evil.example")],
            None,
            Err(Denied::HostNotLocal),
        );
        let bearer = [("host", "gateway.example"), ("authorization", "Bearer secret")];
        check(LOCAL, &bearer, Some("secret"), Ok(()));
    }

    #[test]
    fn an_absolute_target_must_be_local_too() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "127.0.0.1".parse().unwrap());
        let target =
            |uri: &'static str| admit(LOCAL.parse().unwrap(), &Uri::from_static(uri), &headers, None);
        assert_eq!(target("http://evil.example/config"), Err(Denied::HostNotLocal));
        assert_eq!(target("http://127.0.0.1:9901/config"), Ok(()));
    }

    #[test]
    fn a_proxy_on_loopback_needs_the_token() {
        for field in ["x-forwarded-for", "forwarded", "via"] {
            let fields = [("host", "127.0.0.1"), (field, "1.1 x")];
            check(LOCAL, &fields, None, Err(Denied::Proxied));
            let with = [fields[0], fields[1], ("authorization", "bearer secret")];
            check(LOCAL, &with, Some("secret"), Ok(()));
        }
    }

    #[test]
    fn others_need_the_token_exactly() {
        let host = ("host", "gateway:9901");
        check(REMOTE, &[host], None, Err(Denied::NotLoopback));
        check(
            REMOTE,
            &[host, ("authorization", "Bearer x")],
            None,
            Err(Denied::NotLoopback),
        );
        check(REMOTE, &[host], Some("secret"), Err(Denied::Unauthorized));
        check(
            REMOTE,
            &[host, ("authorization", "Bearer secret")],
            Some("secret"),
            Ok(()),
        );
        for wrong in [
            "Bearer secre",
            "Bearer secret2",
            "Bearer ",
            "Bearer",
            "secret",
            "Basic secret",
            "",
        ] {
            let fields = [host, ("authorization", wrong)];
            check(REMOTE, &fields, Some("secret"), Err(Denied::Unauthorized));
        }
        let wrong = [("host", "127.0.0.1"), ("authorization", "Bearer wrong")];
        check(LOCAL, &wrong, Some("secret"), Err(Denied::Unauthorized));
    }
}
