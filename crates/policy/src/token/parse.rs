//! From bytes to a token, or to the code that it is refused with: compact form, strict base64url, strict JSON.
//!
//! What is found here depends on the bytes alone, so that it may be kept and shared. Verifies nothing and believes
//! nothing: a parsed token is a claim. Must not know a policy, a key or the time.

use super::json::{Object, Value};
use crate::code::Code;
use crate::keys::Algorithm;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// Bytes of a token.
const TOKEN_BYTES_MAX: usize = 16_384;

/// Header members that would have a reader take keys or rules from the token itself (RFC 7515 §4.1, RFC 7797).
const REFUSED_MEMBERS: [&str; 6] = ["crit", "b64", "jwk", "jku", "x5u", "x5c"];

/// Types that a bearer token may have, in any case (RFC 7519 §5.1, RFC 9068 §2.1).
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// A token, parsed; also one that is refused whatever the policy says.
#[derive(Debug)]
pub struct Token {
    bytes: Box<[u8]>,
    parsed: Result<Parsed, Code>,
    /// Over the first two parts, worked out when the first revocation asks for it.
    sha256: OnceLock<[u8; 32]>,
}

/// What a token says.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Bytes of the first two parts with the dot between: what is signed.
    signed_len: usize,
    pub(crate) signature: Box<[u8]>,
    /// `None`: one that no issuer may name, such as `none`.
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) kid: Option<Box<str>>,
    pub(crate) issuer: Box<str>,
    pub(crate) claims: Object,
}

impl Token {
    /// From what stands behind `Bearer`.
    pub fn parse(bytes: &[u8]) -> Token {
        // What is too long is refused for that alone, and not kept.
        let (bytes, parsed) = if bytes.len() > TOKEN_BYTES_MAX {
            (&bytes[..0], Err(Code::TokenMalformed))
        } else {
            (bytes, parse(bytes))
        };
        Token {
            bytes: bytes.into(),
            parsed,
            sha256: OnceLock::new(),
        }
    }

    /// The token as it was shown; empty for one of more than 16,384 bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it can be read at all.
    pub fn is_readable(&self) -> bool {
        self.parsed.is_ok()
    }

    /// The id of the key that it names; none where it names none, or cannot be read. Nothing is proven of it.
    pub fn kid(&self) -> Option<&str> {
        self.parsed.as_ref().ok()?.kid.as_deref()
    }

    pub(crate) fn parsed(&self) -> Result<&Parsed, Code> {
        self.parsed.as_ref().map_err(|code| *code)
    }

    /// What the signature is over; empty where nothing could be read.
    pub(crate) fn signed(&self) -> &[u8] {
        let len = self.parsed.as_ref().map_or(0, |parsed| parsed.signed_len);
        &self.bytes[..len]
    }

    /// SHA-256 over the first two parts.
    pub(crate) fn sha256(&self) -> &[u8; 32] {
        self.sha256.get_or_init(|| Sha256::digest(self.signed()).into())
    }

    /// About how many bytes of memory it takes: for whoever keeps many.
    pub fn memory_bytes(&self) -> usize {
        // The claims as text are a part of the token; as values they take several times as much.
        size_of::<Token>() + self.bytes.len() * 4
    }
}

fn parse(bytes: &[u8]) -> Result<Parsed, Code> {
    let (header, claims, signature) = split(bytes).ok_or(Code::TokenMalformed)?;
    let signed_len = header.len() + 1 + claims.len();
    let object = |part: &[u8]| Object::parse(&URL_SAFE_NO_PAD.decode(part).ok()?);
    let header = object(header).ok_or(Code::TokenMalformed)?;
    let claims = object(claims).ok_or(Code::TokenMalformed)?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| Code::TokenMalformed)?;

    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(Box::<str>::from);
    let algorithm = text(header.get("alg")).ok_or(Code::TokenMalformed)?;
    let kid = match header.get("kid") {
        None => None,
        kid => Some(text(kid).ok_or(Code::TokenMalformed)?),
    };
    let issuer = text(claims.get("iss")).ok_or(Code::TokenMalformed)?;

    if REFUSED_MEMBERS.iter().any(|name| header.get(name).is_some()) {
        return Err(Code::TokenUnsupported);
    }
    if let Some(kind) = header.get("typ") {
        let known = kind
            .as_str()
            .is_some_and(|kind| TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)));
        if !known {
            return Err(Code::TokenUnsupported);
        }
    }
    Ok(Parsed {
        signed_len,
        signature: signature.into(),
        algorithm: Algorithm::parse(&algorithm),
        kid,
        issuer,
        claims,
    })
}

/// Exactly three parts.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = bytes.split(|&byte| byte == b'.');
    let found = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests;
