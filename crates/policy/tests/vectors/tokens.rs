//! Tokens of a case: encoded and signed with the keys of `contract/vectors/keys.json` (contract §6).

use crate::policies::Result;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Test keys by id.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Keys(BTreeMap<String, TestKey>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TestKey {
    #[allow(dead_code, reason = "what other readers import")]
    jwk: Value,
    pkcs8: String,
}

/// A token, as a case has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireToken {
    #[serde(default)]
    header: Option<Value>,
    #[serde(default)]
    header64: Option<String>,
    #[serde(default)]
    claims: Option<Value>,
    #[serde(default)]
    claims64: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    raw: Option<String>,
}

impl WireToken {
    /// The compact form.
    pub(crate) fn compact(&self, keys: &Keys) -> Result<String> {
        if let Some(raw) = &self.raw {
            return Ok(raw.clone());
        }
        let header = part("header", self.header.as_ref(), self.header64.as_ref())?;
        let claims = part("claims", self.claims.as_ref(), self.claims64.as_ref())?;
        let signed = format!("{header}.{claims}");
        let signature = match self.signature.as_deref() {
            None => URL_SAFE_NO_PAD.encode(self.sign(keys, &signed)?),
            Some("flip") => {
                let mut signature = self.sign(keys, &signed)?;
                *signature.first_mut().ok_or("a signature is not empty")? ^= 1;
                URL_SAFE_NO_PAD.encode(signature)
            }
            Some(text) => text.to_owned(),
        };
        Ok(format!("{signed}.{signature}"))
    }

    fn sign(&self, keys: &Keys, signed: &str) -> Result<Vec<u8>> {
        let header = match &self.header {
            Some(Value::String(text)) => serde_json::from_str(text).ok(),
            header => header.clone(),
        };
        let named = header.as_ref().and_then(|header| header.get("alg")?.as_str());
        let algorithm = self.alg.as_deref().or(named).ok_or("no `alg` to sign by")?;
        let id = self.key.as_deref().ok_or("no `key` to sign with")?;
        let key = keys.0.get(id).ok_or_else(|| format!("no key `{id}`"))?;
        sign(&STANDARD.decode(&key.pkcs8)?, algorithm, signed.as_bytes())
            .map_err(|error| format!("`{id}` does not sign {algorithm}: {error}").into())
    }
}

/// Replaces each `{NAME}` in a header's value by the token of that name. Braces around anything but a name are text.
pub(crate) fn fill(headers: &mut [(String, String)], token: &dyn Fn(&str) -> Result<String>) -> Result<()> {
    let is_name = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    for (_, value) in headers {
        let mut filled = String::new();
        let mut rest = value.as_str();
        while let Some((before, behind)) = rest.split_once('{') {
            filled.push_str(before);
            match behind.split_once('}') {
                Some((name, after)) if is_name(name) => {
                    filled.push_str(&token(name)?);
                    rest = after;
                }
                _ => {
                    filled.push('{');
                    rest = behind;
                }
            }
        }
        filled.push_str(rest);
        *value = filled;
    }
    Ok(())
}

/// A whole part as it is, or encoded from an object or a text.
fn part(name: &str, value: Option<&Value>, encoded: Option<&String>) -> Result<String> {
    Ok(match (value, encoded) {
        (None, Some(encoded)) => encoded.clone(),
        (Some(Value::String(text)), None) => URL_SAFE_NO_PAD.encode(text),
        (Some(value), None) => {
            if !value.is_object() {
                return Err(format!("`{name}` is an object or a text").into());
            }
            URL_SAFE_NO_PAD.encode(value.to_string())
        }
        _ => return Err(format!("a token has one of `{name}` and `{name}64`").into()),
    })
}

fn sign(pkcs8: &[u8], algorithm: &str, message: &[u8]) -> Result<Vec<u8>> {
    Ok(match algorithm {
        "RS256" => rsa(pkcs8, &RSA_PKCS1_SHA256, message)?,
        "RS384" => rsa(pkcs8, &RSA_PKCS1_SHA384, message)?,
        "RS512" => rsa(pkcs8, &RSA_PKCS1_SHA512, message)?,
        "PS256" => rsa(pkcs8, &RSA_PSS_SHA256, message)?,
        "PS384" => rsa(pkcs8, &RSA_PSS_SHA384, message)?,
        "PS512" => rsa(pkcs8, &RSA_PSS_SHA512, message)?,
        "ES256" => ecdsa(pkcs8, &ECDSA_P256_SHA256_FIXED_SIGNING, message)?,
        "ES384" => ecdsa(pkcs8, &ECDSA_P384_SHA384_FIXED_SIGNING, message)?,
        "EdDSA" | "Ed25519" => Ed25519KeyPair::from_pkcs8(pkcs8)?.sign(message).as_ref().to_vec(),
        other => return Err(format!("no algorithm `{other}` to sign by").into()),
    })
}

fn rsa(pkcs8: &[u8], padding: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>> {
    let pair = RsaKeyPair::from_pkcs8(pkcs8)?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature)?;
    Ok(signature)
}

fn ecdsa(pkcs8: &[u8], algorithm: &'static EcdsaSigningAlgorithm, message: &[u8]) -> Result<Vec<u8>> {
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8)?;
    Ok(pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec())
}
