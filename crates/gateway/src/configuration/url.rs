//! A URL that names a place to call: scheme, host, port and path, and nothing else.
//!
//! Every spelling of an IPv4 address that a resolver would take (decimal, octal, hexadecimal, with one to four
//! parts) is read as that address here, so that no spelling slips past a rule.

use super::model::{Origin, Scheme};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// The ports of the two schemes.
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// Most bytes of a DNS name (RFC 1035 §2.3.4, without the length bytes), and of one label.
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// A URL in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    pub(crate) https: bool,
    pub(crate) host: HostName,
    port: Option<u16>,
    /// Empty, or from its first slash on; raw.
    pub(crate) path: &'a str,
    /// From its question mark on; raw.
    pub(crate) query: &'a str,
}

impl Url<'_> {
    /// The port, also where it is not written.
    pub(crate) fn port(&self) -> u16 {
        let own = if self.https { HTTPS_PORT } else { HTTP_PORT };
        self.port.unwrap_or(own)
    }

    /// Where it leads, less path and query. `ca`: trusted in place of the system's roots.
    pub(crate) fn origin(&self, ca: Option<PathBuf>) -> Origin {
        let scheme = if self.https { Scheme::Https } else { Scheme::Http };
        let host = match &self.host {
            HostName::Name(name) => name.clone(),
            HostName::Ip(ip) => ip.to_string(),
        };
        let bracketed = match &self.host {
            HostName::Ip(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => host.clone(),
        };
        let port = self.port();
        let is_own = port == if self.https { HTTPS_PORT } else { HTTP_PORT };
        let authority = if is_own {
            bracketed
        } else {
            format!("{bracketed}:{port}")
        };
        Origin {
            scheme,
            host: host.into(),
            via: None,
            port,
            authority: authority.into(),
            ca,
        }
    }
}

/// A host to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostName {
    /// A DNS name, in lower case.
    Name(String),
    /// An address, however it was spelled.
    Ip(IpAddr),
}

/// Why a text is no such URL: what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: &'static str,
    pub(crate) help: &'static str,
}

const fn refusal(message: &'static str, help: &'static str) -> Refusal {
    Refusal { message, help }
}

/// Takes a URL apart.
pub(crate) fn parse(text: &str) -> Result<Url<'_>, Refusal> {
    let scheme = refusal(
        "not an `http` or `https` URL",
        "write `http://HOST:PORT` or `https://HOST`",
    );
    let (name, rest) = text.split_once("://").ok_or(scheme.clone())?;
    let https = match name {
        _ if name.eq_ignore_ascii_case("http") => false,
        _ if name.eq_ignore_ascii_case("https") => true,
        _ => return Err(scheme),
    };
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refusal(
            "a blank, control or non-ASCII character in a URL",
            "encode it, or take it out",
        ));
    }
    if rest.contains('#') {
        return Err(refusal(
            "a fragment (`#`) in a URL",
            "leave it out: it never reaches a server",
        ));
    }
    let (rest, query) = rest.find('?').map_or((rest, ""), |at| rest.split_at(at));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if authority.contains('@') {
        let help = "leave it out: a credential is never written into a URL; set a header, with `${file:…}` as its value";
        return Err(refusal("a user or password in a URL", help));
    }
    let (host, port) = split_port(authority)?;
    Ok(Url {
        https,
        host,
        port,
        path,
        query,
    })
}

/// A DNS name in lower case and a port, as a VPC endpoint is written: 443 where none stands behind it. An address is
/// refused: those of an endpoint belong to its network interfaces, and change with them.
pub(crate) fn endpoint(text: &str) -> Result<(String, u16), Refusal> {
    const HELP: &str = "write the endpoint's DNS name, as in `vpce-0123456789abcdef0-a1b2c3d4.execute-api.eu-west-1.vpce.amazonaws.com`";
    if text.contains('/') {
        return Err(refusal("a URL or a path, not a DNS name", HELP));
    }
    let address = refusal("an address, not a DNS name", HELP);
    if text.starts_with('[') || text.parse::<IpAddr>().is_ok() {
        return Err(address);
    }
    if text.is_empty() {
        return Err(refusal("no DNS name", HELP));
    }
    match split_port(text)? {
        (HostName::Name(name), port) => Ok((name, port.unwrap_or(HTTPS_PORT))),
        (HostName::Ip(_), _) => Err(address),
    }
}

fn split_port(authority: &str) -> Result<(HostName, Option<u16>), Refusal> {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let malformed = refusal(
            "not an IPv6 address in brackets",
            "write it as in `http://[fd00::1]:8080`",
        );
        let (ip, behind) = bracketed.split_once(']').ok_or(malformed.clone())?;
        let ip: Ipv6Addr = ip.parse().map_err(|_| malformed.clone())?;
        let port = match behind.strip_prefix(':') {
            Some(port) => Some(port_number(port)?),
            None if behind.is_empty() => None,
            None => return Err(malformed),
        };
        return Ok((HostName::Ip(ip.into()), port));
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(refusal(
            "more than one colon in the host",
            "put an IPv6 address into brackets: `http://[fd00::1]:8080`",
        )),
        Some((host, port)) => Ok((host_name(host)?, Some(port_number(port)?))),
        None => Ok((host_name(authority)?, None)),
    }
}

fn port_number(text: &str) -> Result<u16, Refusal> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    match text.parse::<u16>() {
        Ok(port) if is_plain => Ok(port),
        _ => Err(refusal(
            "not a port",
            "write a number from 1 to 65535, or leave it and its colon out",
        )),
    }
}

/// A host name or an IPv4 address in any spelling.
pub(crate) fn host_name(text: &str) -> Result<HostName, Refusal> {
    let name = text.to_ascii_lowercase();
    if name.is_empty() {
        return Err(refusal("no host", "write `http://HOST:PORT`"));
    }
    if name.ends_with('.') {
        // It would name another host than without it to a resolver, and the same to a certificate.
        return Err(refusal("a dot at the end of the host", "leave it out"));
    }
    let label_fits = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > NAME_BYTES_MAX || !name.split('.').all(label_fits) {
        let help = "labels of letters, digits, `-` and `_`, with dots between them; other scripts in their `xn--` form";
        return Err(refusal("not a host name", help));
    }
    // As the URL standard has it: a name whose last label is a number is an address, or nothing.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number =
        last.bytes().all(|byte| byte.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(is_hex);
    if !is_number {
        return Ok(HostName::Name(name));
    }
    ipv4(&name).map(|ip| HostName::Ip(ip.into())).ok_or(refusal(
        "neither a host name nor an IPv4 address",
        "write the address as four decimal numbers",
    ))
}

/// An IPv4 address as `inet_aton` reads it: `127.1`, `0x7f000001`, `017700000001`, `2130706433` are all `127.0.0.1`.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = text.split('.').map(part).collect::<Option<_>>()?;
    let (last, front) = parts.split_last()?;
    if front.len() > 3 || front.iter().any(|part| *part > 255) {
        return None;
    }
    let free_bits = 32 - 8 * u32::try_from(front.len()).ok()?;
    if free_bits < 32 && *last >> free_bits != 0 {
        return None;
    }
    let front = front
        .iter()
        .zip([24, 16, 8])
        .fold(0, |bits, (part, shift)| bits | part << shift);
    Some(Ipv4Addr::from_bits(front | last))
}

fn part(text: &str) -> Option<u32> {
    let digits = |text: &str, radix| {
        // `from_str_radix` would take a sign.
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if plain {
            u32::from_str_radix(text, radix).ok()
        } else {
            None
        }
    };
    if let Some(hex) = text.strip_prefix("0x") {
        return if hex.is_empty() { Some(0) } else { digits(hex, 16) };
    }
    match text.strip_prefix('0') {
        Some("") => Some(0),
        Some(octal) => digits(octal, 8),
        None => digits(text, 10),
    }
}
