//! The host that a request is for, and the patterns that routes name hosts by.
//!
//! Read once per request, from the Host field. A value that two servers could take for different hosts (a path, a
//! list, userinfo, escapes, blanks) is refused, never repaired. Must not resolve or judge addresses: where a
//! request goes is never its host's choice.

use core::net::Ipv6Addr;
use std::borrow::Cow;

/// Bytes of a whole name, RFC 1035 §2.3.4 (less the length bytes of its wire form).
const NAME_BYTES_MAX: usize = 253;
/// Bytes of one label, RFC 1035 §2.3.4.
const LABEL_BYTES_MAX: usize = 63;

/// The host of a request: lower case, without port and trailing dot.
///
/// A name is labels of letters, digits, `-` and `_` (names in use have underscores) between single dots; an IPv4
/// address is a name like any other. An IPv6 address stands in brackets, in the form of RFC 5952.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host<'a>(Cow<'a, str>);

impl<'a> Host<'a> {
    /// From a Host field's value (`uri-host [":" port]`, RFC 9110 §7.2), IP literals included.
    pub fn parse(value: &'a [u8]) -> Result<Host<'a>, HostError> {
        Self::parse_with_port(value).map(|(host, _)| host)
    }

    /// The same, and the port where there is one (an empty one is refused).
    pub fn parse_with_port(value: &'a [u8]) -> Result<(Host<'a>, Option<u16>), HostError> {
        if value.first() == Some(&b'[') {
            return parse_literal(value);
        }
        let end = value.iter().position(|&byte| byte == b':').unwrap_or(value.len());
        let (name, port) = value.split_at(end);
        let name = parse_name(name)?;
        Ok((Host(name), parse_port(port)?))
    }

    /// The same with its own text.
    pub fn into_owned(self) -> Host<'static> {
        Host(Cow::Owned(self.0.into_owned()))
    }

    /// The host, without port.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `[` IPv6 `]` [`:` port]. Zones and future literals mean nothing here and are refused.
fn parse_literal(value: &[u8]) -> Result<(Host<'_>, Option<u16>), HostError> {
    let end = value
        .iter()
        .position(|&byte| byte == b']')
        .ok_or(HostError::AddressMalformed)?;
    let (literal, port) = value.split_at(end + 1);
    let text = std::str::from_utf8(literal).map_err(|_| HostError::AddressMalformed)?;
    let address: Ipv6Addr = text[1..end].parse().map_err(|_| HostError::AddressMalformed)?;
    let canonical = format!("[{address}]");
    let text = if text == canonical {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(canonical)
    };
    Ok((Host(text), parse_port(port)?))
}

/// Empty, or `:` and the digits of a port.
fn parse_port(text: &[u8]) -> Result<Option<u16>, HostError> {
    let [b':', digits @ ..] = text else {
        return if text.is_empty() {
            Ok(None)
        } else {
            Err(HostError::PortMalformed)
        };
    };
    if let Some(&other) = digits.iter().find(|byte| !byte.is_ascii_digit()) {
        // `user:word@host` and `http://host` read as a name with a port up to here.
        return Err(match HostError::of_byte(other) {
            HostError::ByteNotAllowed | HostError::Escape => HostError::PortMalformed,
            telling => telling,
        });
    }
    // Five digits are enough for every port, and a bound on leading zeros.
    if digits.is_empty() || digits.len() > 5 {
        return Err(HostError::PortMalformed);
    }
    let port = digits
        .iter()
        .fold(0, |port, digit| port * 10 + u32::from(digit - b'0'));
    u16::try_from(port)
        .map(Some)
        .map_err(|_| HostError::PortMalformed)
}

/// A name in lower case, without its one trailing dot (which makes it absolute in DNS and says nothing more).
fn parse_name(raw: &[u8]) -> Result<Cow<'_, str>, HostError> {
    let name = raw.strip_suffix(b".").unwrap_or(raw);
    if name.is_empty() {
        return Err(if raw.is_empty() {
            HostError::Empty
        } else {
            HostError::EmptyLabel
        });
    }
    let mut upper = false;
    let mut label = 0;
    for &byte in name {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => label += 1,
            b'A'..=b'Z' => {
                label += 1;
                upper = true;
            }
            b'.' if label == 0 => return Err(HostError::EmptyLabel),
            b'.' => label = 0,
            _ => return Err(HostError::of_byte(byte)),
        }
        if label > LABEL_BYTES_MAX {
            return Err(HostError::TooLong);
        }
    }
    if label == 0 {
        return Err(HostError::EmptyLabel);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(HostError::TooLong);
    }
    let text = std::str::from_utf8(name).map_err(|_| HostError::ByteNotAllowed)?;
    Ok(if upper {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    })
}

/// Why bytes are no host, or text no pattern of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.message())]
pub enum HostError {
    /// Nothing before the port.
    Empty,
    /// `/`, `?`, `#` or a backslash: a whole URL or path.
    Path,
    /// `,`: a list.
    List,
    /// `@`: userinfo.
    Userinfo,
    /// `%`: percent-encoding, which a name in use never has.
    Escape,
    /// A space or tab, also at the ends.
    Blank,
    /// Any other byte that no name has, those beyond ASCII too.
    ByteNotAllowed,
    /// Two dots side by side, or one in front.
    EmptyLabel,
    /// A label over 63 or a name over 253 bytes.
    TooLong,
    /// Not decimal digits up to 65535.
    PortMalformed,
    /// `[…]` that is no IPv6 address; zones are refused too.
    AddressMalformed,
    /// A pattern with a port: routes are chosen by name alone.
    PatternHasPort,
    /// A `*` that does not stand for all labels before the first dot of `*.suffix`.
    StarMisplaced,
}

impl HostError {
    /// The same as `Display`: one fixed sentence that may be shown to the caller.
    pub const fn message(self) -> &'static str {
        match self {
            HostError::Empty => "The host is empty.",
            HostError::Path => "The host has a path.",
            HostError::List => "The host is a list.",
            HostError::Userinfo => "The host has userinfo.",
            HostError::Escape => "The host is percent-encoded.",
            HostError::Blank => "The host has blanks.",
            HostError::ByteNotAllowed => "The host has a character that no host name has.",
            HostError::EmptyLabel => "The host has an empty label.",
            HostError::TooLong => "The host name is too long.",
            HostError::PortMalformed => "The port is not a number up to 65535.",
            HostError::AddressMalformed => "The host is not an IPv6 address in brackets.",
            HostError::PatternHasPort => "A host pattern has no port.",
            HostError::StarMisplaced => "A star may stand only at the front, as in `*.example.com`.",
        }
    }

    fn of_byte(byte: u8) -> HostError {
        match byte {
            b'/' | b'?' | b'#' | b'\\' => HostError::Path,
            b',' => HostError::List,
            b'@' => HostError::Userinfo,
            b'%' => HostError::Escape,
            b' ' | b'\t' => HostError::Blank,
            _ => HostError::ByteNotAllowed,
        }
    }
}

/// `exact.example.com` or `*.example.com` (any number of labels in place of the star, at least one).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This host alone, in canonical form.
    Exact(Box<str>),
    /// Every host that ends with this (`.example.com`), in canonical form.
    Suffix(Box<str>),
}

impl HostPattern {
    /// From configuration text, in any case and with or without a trailing dot.
    pub fn parse(text: &str) -> Result<HostPattern, HostError> {
        let suffix = text.strip_prefix("*.");
        if suffix.unwrap_or(text).contains('*') {
            return Err(HostError::StarMisplaced);
        }
        if let Some(suffix) = suffix {
            if suffix.contains(':') {
                return Err(HostError::PatternHasPort);
            }
            return Ok(HostPattern::Suffix(
                format!(".{}", parse_name(suffix.as_bytes())?).into(),
            ));
        }
        match Host::parse_with_port(text.as_bytes())? {
            (host, None) => Ok(HostPattern::Exact(host.0.into())),
            (_, Some(_)) => Err(HostError::PatternHasPort),
        }
    }

    /// Whether a request's host fits.
    pub fn matches(&self, host: &Host<'_>) -> bool {
        match self {
            HostPattern::Exact(name) => **name == *host.as_str(),
            // A host never begins with a dot, so what stands before the suffix is not empty.
            HostPattern::Suffix(suffix) => host.as_str().ends_with(&**suffix),
        }
    }
}

/// As it is written: `shop.example.com` or `*.example.com`.
impl std::fmt::Display for HostPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HostPattern::Exact(name) => f.write_str(name),
            HostPattern::Suffix(suffix) => write!(f, "*{suffix}"),
        }
    }
}

#[cfg(test)]
mod tests;
