//! Which keys of a set go into a policy: those that something may use, with their public members alone.
//!
//! What `policy build` and the portal fetch passes here, so that neither chains of certificates nor a private key that
//! somebody published by mistake travel to every reader.

use crate::entity::Issuer;
use crate::keys;
use crate::rules::KEYS_MAX;
use crate::token::{Repeats, is_object};
use serde_json::{Map as Object, Value};

/// Members that a decision looks at (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
const MEMBERS: [&str; 10] = ["kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y"];

/// A set of keys as a policy carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySet {
    /// Usable ones, in their order.
    pub keys: Vec<Object<String, Value>>,
    /// How many others there were.
    pub skipped: usize,
}

/// Why bytes are no set that a policy could carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetRefusal {
    /// Not a JSON object with a list `keys`.
    #[error("the answer is no key set: a JSON object with a list `keys` (RFC 7517 §5)")]
    Malformed,
    /// Over 128 keys.
    #[error("the key set has {0} keys, at most {KEYS_MAX} are taken")]
    TooMany(usize),
    /// No key in it could ever verify a signature.
    #[error("the key set has no key that may be used ({0} were skipped)")]
    Useless(usize),
}

/// Why a record cannot carry a set.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// Over 128 keys with its own.
    #[error("{0} keys with those that the policy gives, at most {KEYS_MAX} are taken")]
    TooMany(usize),
    /// Not what `check` makes of an issuer.
    #[error("the body is no issuer's")]
    Body(#[from] serde_json::Error),
}

/// The body of an issuer's record with these keys behind its own, each once. `body`: as [`check`](super::check) gives it.
///
/// # Errors
/// Where there would be too many.
pub fn with_keys(body: &str, keys: &[Object<String, Value>]) -> Result<String, EmbedError> {
    let mut issuer: Issuer = serde_json::from_str(body)?;
    for key in keys {
        // A chain of certificates beside a key makes it no other one.
        if !issuer
            .keys
            .iter()
            .any(|own| own == key || public(own.clone()) == *key)
        {
            issuer.keys.push(key.clone());
        }
    }
    match issuer.keys.len() {
        0..=KEYS_MAX => Ok(serde_json::to_string(&issuer)?),
        all => Err(EmbedError::TooMany(all)),
    }
}

/// The usable keys of a JWK Set.
///
/// # Errors
/// Where it is none, or where nothing may use any of it.
pub fn key_set(text: &[u8]) -> Result<KeySet, KeySetRefusal> {
    if !is_object(text, Repeats::Refused) {
        return Err(KeySetRefusal::Malformed);
    }
    let mut set: Object<String, Value> =
        serde_json::from_slice(text).map_err(|_| KeySetRefusal::Malformed)?;
    let Some(Value::Array(all)) = set.remove("keys") else {
        return Err(KeySetRefusal::Malformed);
    };
    let count = all.len();
    if count > KEYS_MAX {
        return Err(KeySetRefusal::TooMany(count));
    }
    let usable = all.into_iter().filter_map(|key| match key {
        Value::Object(key) if is_usable(&key) => Some(public(key)),
        _ => None,
    });
    let keys: Vec<Object<String, Value>> = usable.collect();
    let skipped = count - keys.len();
    if keys.is_empty() {
        return Err(KeySetRefusal::Useless(skipped));
    }
    Ok(KeySet { keys, skipped })
}

/// Whether something may use a key.
pub(super) fn is_usable(key: &Object<String, Value>) -> bool {
    keys::key(key).is_some()
}

fn public(key: Object<String, Value>) -> Object<String, Value> {
    key.into_iter()
        .filter(|(member, _)| MEMBERS.contains(&member.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    //! Sets as they are met.

    use super::*;
    use serde_json::json;

    fn ed25519(more: &Value) -> Value {
        let mut key =
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        for (member, value) in more.as_object().unwrap() {
            key[member] = value.clone();
        }
        key
    }

    fn check(set: &Value, expected: &Result<(Value, usize), KeySetRefusal>) {
        let found = key_set(set.to_string().as_bytes()).map(|set| (json!(set.keys), set.skipped));
        assert_eq!(&found, expected, "{set}");
    }

    #[test]
    fn usable_keys_are_taken_without_what_is_not_public() {
        let published =
            ed25519(&json!({ "kid": "1", "alg": "EdDSA", "x5c": ["…"], "d": "secret", "new": 1 }));
        let taken = ed25519(&json!({ "kid": "1", "alg": "EdDSA" }));
        check(
            &json!({ "keys": [published], "more": 1 }),
            &Ok((json!([taken]), 0)),
        );
        let others = [
            json!("x"),
            json!({ "kty": "oct", "k": "x" }),
            ed25519(&json!({ "use": "enc" })),
            ed25519(&json!({ "alg": "RS256" })),
        ];
        let mut keys = others.to_vec();
        keys.push(ed25519(&json!({})));
        check(&json!({ "keys": keys }), &Ok((json!([ed25519(&json!({}))]), 4)));
        check(&json!({ "keys": others }), &Err(KeySetRefusal::Useless(4)));
    }

    #[test]
    fn a_record_carries_its_own_keys_and_then_the_others_each_once() {
        let own = ed25519(&json!({ "kid": "1", "x5t": "…" }));
        let (same, other) = (ed25519(&json!({ "kid": "1" })), ed25519(&json!({ "kid": "2" })));
        let body = format!(r#"{{"issuer":"i","audiences":["a"],"keys":[{own}]}}"#);
        let keys = |all: &[&Value]| -> Vec<Object<String, Value>> {
            all.iter().map(|key| key.as_object().unwrap().clone()).collect()
        };
        let embedded: Value =
            serde_json::from_str(&with_keys(&body, &keys(&[&same, &other, &other])).unwrap()).unwrap();
        assert_eq!(embedded["keys"], json!([own, other]));
        assert_eq!(embedded["audiences"], json!(["a"]));
        assert_eq!(with_keys(&body, &[]).unwrap(), body, "as it was, to the byte");
        let many: Vec<Value> = (0..128)
            .map(|n| ed25519(&json!({ "kid": format!("n{n}") })))
            .collect();
        let refused = with_keys(&body, &keys(&many.iter().collect::<Vec<_>>())).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "129 keys with those that the policy gives, at most 128 are taken"
        );
    }

    #[test]
    fn what_is_no_set() {
        for set in [json!([]), json!({}), json!({ "keys": {} }), json!("keys")] {
            check(&set, &Err(KeySetRefusal::Malformed));
        }
        assert_eq!(key_set(b"<html>"), Err(KeySetRefusal::Malformed));
        check(&json!({ "keys": [] }), &Err(KeySetRefusal::Useless(0)));
        check(
            &json!({ "keys": vec![ed25519(&json!({})); 129] }),
            &Err(KeySetRefusal::TooMany(129)),
        );
    }
}
