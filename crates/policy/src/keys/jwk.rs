//! From JWKs to keys (RFC 7517, RFC 7518 §6, RFC 8037 §2). What nothing may use is skipped, not an error.
//!
//! `use`, `key_ops` and `alg` bind. A set that a gateway fetched is read here too; it comes from a network, so it is
//! bounded, and nothing in it can panic.

use super::key::Material;
use super::{Algorithm, Algorithms, Key};
use crate::rules::KEYS_MAX;
use crate::token::{Repeats, is_object};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Bytes of a set that was fetched.
const SET_BYTES_MAX: usize = 1 << 20;

/// Why bytes are no set of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Over 1,048,576 bytes.
    #[error("the key set is larger than 1 MiB")]
    TooLarge,
    /// Not one JSON object, by the rule that tokens are read by, with a list `keys`.
    #[error("the key set is not a JSON object with a list `keys`")]
    Malformed,
    /// Over 128 keys.
    #[error("the key set has more than 128 keys")]
    TooMany,
    /// The policy has no such issuer.
    #[error("the policy has no such issuer")]
    IssuerUnknown,
}

/// The keys of a JWK Set (RFC 7517 §5) that can be used.
pub(crate) fn key_set(text: &[u8]) -> Result<Arc<[Arc<Key>]>, KeySetError> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    if text.len() > SET_BYTES_MAX {
        return Err(KeySetError::TooLarge);
    }
    if !is_object(text, Repeats::Refused) {
        return Err(KeySetError::Malformed);
    }
    let set: Set = serde_json::from_slice(text).map_err(|_| KeySetError::Malformed)?;
    if set.keys.len() > KEYS_MAX {
        return Err(KeySetError::TooMany);
    }
    Ok(set
        .keys
        .iter()
        .filter_map(Value::as_object)
        .filter_map(key)
        .collect())
}

/// The key of a JWK, where something may use it.
pub(crate) fn key(jwk: &Map<String, Value>) -> Option<Arc<Key>> {
    if jwk.get("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    if let Some(operations) = jwk.get("key_ops")
        && !operations
            .as_array()?
            .iter()
            .any(|operation| operation == "verify")
    {
        return None;
    }
    let kid = match jwk.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str()?.into()),
    };
    let bound = match jwk.get("alg") {
        None => None,
        Some(word) => Some(Algorithm::parse(word.as_str()?)?),
    };
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let bind = |can: Algorithms| match bound {
        None => Some(can),
        Some(algorithm) => can.contains(algorithm).then(|| Algorithms::NONE.with(algorithm)),
    };
    let one = |algorithm| bind(Algorithms::NONE.with(algorithm));
    let (algorithms, material) = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let algorithms = bind(Algorithms::RSA)?;
            (algorithms, Material::rsa(&bytes("n")?, &bytes("e")?, algorithms)?)
        }
        ("EC", Some("P-256")) => (one(Algorithm::Es256)?, {
            Material::p256(&exactly(&bytes("x")?)?, &exactly(&bytes("y")?)?)?
        }),
        ("EC", Some("P-384")) => (one(Algorithm::Es384)?, {
            Material::p384(&exactly(&bytes("x")?)?, &exactly(&bytes("y")?)?)?
        }),
        ("OKP", Some("Ed25519")) => (
            one(Algorithm::EdDsa)?,
            Material::ed25519(&exactly(&bytes("x")?)?)?,
        ),
        _ => return None,
    };
    Some(Arc::new(Key::new(kid, algorithms, material)))
}

fn exactly<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests;
