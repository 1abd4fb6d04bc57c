//! Who the client is, and what the upstream is told of it: `X-Forwarded-*` and `Forwarded` (RFC 7239).
//!
//! From a trusted edge the fields are continued, from anybody else they are started anew: nothing that a stranger
//! wrote about addresses reaches a service.

use crate::http1::{FieldRef, Known};
use ipnet::IpNet;
use std::io::Write;
use std::net::IpAddr;

/// Whether forwarded, cell and trace headers of this peer are believed.
pub(crate) fn is_trusted(edges: &[IpNet], peer: IpAddr) -> bool {
    edges.iter().any(|edge| edge.contains(&peer))
}

/// The address that limits and logs count: the peer's, or behind trusted edges the last one in `X-Forwarded-For` that
/// is no edge itself. What cannot be read as an address ends the search at the last one that could.
pub(crate) fn client_address<'a>(
    edges: &[IpNet],
    peer: IpAddr,
    fields: impl DoubleEndedIterator<Item = FieldRef<'a>>,
) -> IpAddr {
    let mut client = peer;
    if !is_trusted(edges, peer) {
        return client;
    }
    let lists = fields.rev().filter(|field| field.known == Known::XForwardedFor);
    for item in lists.flat_map(|list| list.value.rsplit(|byte| *byte == b',')) {
        let Some(address) = parse_address(item) else {
            return client;
        };
        client = address;
        if !is_trusted(edges, address) {
            return client;
        }
    }
    client
}

/// An address as edges write it: plain, `[v6]`, or with a port.
fn parse_address(item: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(item.trim_ascii()).ok()?;
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Some(address.ip().to_canonical());
    }
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    inside
        .parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

/// What this hop adds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hop<'a> {
    pub(crate) peer: IpAddr,
    /// `http` or `https`.
    pub(crate) proto: &'static str,
    /// The Host field as it was sent.
    pub(crate) host: &'a [u8],
    /// The prefix that was taken off.
    pub(crate) prefix: Option<&'a str>,
}

/// Writes all five fields: what a trusted peer sent before (`earlier` finds it by name), then this hop's.
pub(crate) fn write<'a, F, I>(out: &mut Vec<u8>, hop: &Hop<'_>, earlier: F)
where
    F: Fn(Known) -> I,
    I: Iterator<Item = &'a [u8]>,
{
    let begin = |out: &mut Vec<u8>, name: &str, known: Known| {
        out.extend_from_slice(name.as_bytes());
        for value in earlier(known) {
            out.extend_from_slice(value);
            out.extend_from_slice(b", ");
        }
    };
    begin(out, "X-Forwarded-For: ", Known::XForwardedFor);
    write_address(out, hop.peer);
    begin(out, "\r\nX-Forwarded-Proto: ", Known::XForwardedProto);
    out.extend_from_slice(hop.proto.as_bytes());
    begin(out, "\r\nX-Forwarded-Host: ", Known::XForwardedHost);
    out.extend_from_slice(hop.host);
    if let Some(prefix) = hop.prefix {
        begin(out, "\r\nX-Forwarded-Prefix: ", Known::XForwardedPrefix);
        out.extend_from_slice(prefix.as_bytes());
    } else if let Some(first) = earlier(Known::XForwardedPrefix).next() {
        out.extend_from_slice(b"\r\nX-Forwarded-Prefix: ");
        out.extend_from_slice(first);
        for value in earlier(Known::XForwardedPrefix).skip(1) {
            out.extend_from_slice(b", ");
            out.extend_from_slice(value);
        }
    }
    begin(out, "\r\nForwarded: ", Known::Forwarded);
    write_forwarded(out, hop);
    out.extend_from_slice(b"\r\n");
}

/// `for=192.0.2.1;host="a.example:8080";proto=http`: an IPv6 address and a host with a port need quotes (RFC 7239 §4, §6).
fn write_forwarded(out: &mut Vec<u8>, hop: &Hop<'_>) {
    match hop.peer {
        IpAddr::V4(_) => {
            out.extend_from_slice(b"for=");
            write_address(out, hop.peer);
        }
        IpAddr::V6(_) => {
            out.extend_from_slice(b"for=\"[");
            write_address(out, hop.peer);
            out.extend_from_slice(b"]\"");
        }
    }
    let is_token = !hop.host.is_empty()
        && hop
            .host
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    // A Host that the parser accepted holds no quote and no backslash.
    let (open, close): (&[u8], &[u8]) = if is_token {
        (b";host=", b";proto=")
    } else {
        (b";host=\"", b"\";proto=")
    };
    out.extend_from_slice(open);
    out.extend_from_slice(hop.host);
    out.extend_from_slice(close);
    out.extend_from_slice(hop.proto.as_bytes());
}

/// Writing to a vector does not fail.
fn write_address(out: &mut Vec<u8>, address: IpAddr) {
    let _ = match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            let mut number = itoa::Buffer::new();
            for (index, octet) in [a, b, c, d].into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                out.extend_from_slice(number.format(octet).as_bytes());
            }
            Ok(())
        }
        IpAddr::V6(v6) => write!(out, "{v6}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges() -> Vec<IpNet> {
        vec!["10.0.0.0/8".parse().unwrap()]
    }

    fn forwarded_for(value: &'static str) -> [FieldRef<'static>; 1] {
        [FieldRef {
            name: b"X-Forwarded-For",
            value: value.as_bytes(),
            known: Known::XForwardedFor,
        }]
    }

    fn check(peer: &str, header: &'static str, expected: &str) {
        let found = client_address(&edges(), peer.parse().unwrap(), forwarded_for(header).into_iter());
        assert_eq!(
            found,
            expected.parse::<IpAddr>().unwrap(),
            "{peer} with {header:?}"
        );
    }

    #[test]
    fn a_stranger_is_itself_whatever_it_says() {
        check("192.0.2.9", "1.2.3.4", "192.0.2.9");
    }

    #[test]
    fn behind_edges_it_is_the_last_address_that_is_no_edge() {
        check("10.0.0.1", "1.2.3.4", "1.2.3.4");
        check("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4");
        check("10.0.0.1", "1.2.3.4:5000", "1.2.3.4");
        check("10.0.0.1", "[2001:db8::1]", "2001:db8::1");
        check("10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        check("10.0.0.1", "1.2.3.4, unknown, 10.9.9.9", "10.9.9.9");
        check("10.0.0.1", "", "10.0.0.1");
    }

    #[test]
    fn fields_are_continued_and_quoted() {
        let hop = Hop {
            peer: "2001:db8::7".parse().unwrap(),
            proto: "http",
            host: b"a.example:8080",
            prefix: Some("/api"),
        };
        let mut out = Vec::new();
        write(&mut out, &hop, |known| {
            let value: &[&[u8]] = if known == Known::XForwardedFor {
                &[b"1.2.3.4"]
            } else {
                &[]
            };
            value.iter().copied()
        });
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "X-Forwarded-For: 1.2.3.4, 2001:db8::7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example:8080\r\n\
             X-Forwarded-Prefix: /api\r\nForwarded: for=\"[2001:db8::7]\";host=\"a.example:8080\";proto=http\r\n"
        );
    }
}
