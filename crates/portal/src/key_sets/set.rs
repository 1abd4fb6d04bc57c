//! A key set as the portal keeps it: usable keys with their public members alone, in an order that does not depend on who answered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use policy::check::{KeySetRefusal, key_set};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeySet {
    /// A JSON array of JWKs, sorted, each once: equal sets are equal texts.
    pub(crate) keys: String,
    /// How many others the issuer published: symmetric ones, keys for encryption, kinds that are not known.
    pub(crate) skipped: i64,
}

impl KeySet {
    /// Reads an answer; not where it is none, or where nothing may use any of it.
    pub(crate) fn read(text: &[u8]) -> Result<KeySet, KeySetRefusal> {
        let set = key_set(text)?;
        // Providers answer in whatever order the machine behind a balancer has them.
        let mut keys: Vec<String> = set
            .keys
            .into_iter()
            .map(|key| Value::Object(key).to_string())
            .collect();
        keys.sort();
        keys.dedup();
        Ok(KeySet {
            keys: format!("[{}]", keys.join(",")),
            skipped: i64::try_from(set.skipped).unwrap_or(i64::MAX),
        })
    }
}

/// A key's name that is the same wherever it is published (RFC 7638): SHA-256 over what makes it this key.
pub(crate) fn thumbprint(key: &Map<String, Value>) -> String {
    let needed: &[&str] = match key.get("kty").and_then(Value::as_str) {
        Some("RSA") => &["e", "kty", "n"],
        Some("EC") => &["crv", "kty", "x", "y"],
        _ => &["crv", "kty", "x"],
    };
    let members = key.iter().filter(|(name, _)| needed.contains(&name.as_str()));
    // Sorted by name and without blanks, as the standard has it: that is how maps are here.
    let canonical: Map<String, Value> = members
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    URL_SAFE_NO_PAD.encode(Sha256::digest(Value::Object(canonical).to_string()))
}

#[cfg(test)]
mod tests {
    //! Orders, and the standards' own examples.

    use super::*;
    use serde_json::json;

    #[test]
    fn equal_sets_are_equal_texts() {
        let key = |kid: &str| json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let read = |keys: &[Value]| KeySet::read(json!({ "keys": keys }).to_string().as_bytes());
        let (a, b) = (key("a"), key("b"));
        let set = read(&[a.clone(), b.clone()]).unwrap();
        assert_eq!(read(&[b.clone(), a.clone(), b.clone()]).unwrap(), set);
        assert_eq!(serde_json::from_str::<Value>(&set.keys).unwrap(), json!([a, b]));
        let mut private = a.clone();
        private["d"] = json!("secret");
        let with_secrets = read(&[private, json!({ "kty": "oct", "k": "secret" })]).unwrap();
        assert_eq!((with_secrets.keys, with_secrets.skipped), (format!("[{a}]"), 1));
    }

    #[test]
    fn thumbprints() {
        // RFC 8037 appendix A.3.
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "x", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        assert_eq!(
            thumbprint(key.as_object().unwrap()),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
        // RFC 7638 §3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
                 tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpb\
                 ISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" });
        assert_eq!(
            thumbprint(key.as_object().unwrap()),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }
}
