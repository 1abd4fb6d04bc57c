//! An issuer of RS256 tokens (RFC 7515, RFC 7519) with a key of 2,048 bits that lives as long as the run.

use super::documents::{AUDIENCE, CLIENTS, ISSUER, SCOPE};
use crate::roles::pinned::pin;
use anyhow::{Context, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// How its key is named.
const KID: &str = "bench-1";
/// What stands before the modulus of a 2,048-bit RSAPublicKey in DER (RFC 8017 A.1.1), and what behind it (65537).
const DER_HEAD_BYTES: usize = 9;
const MODULUS_BYTES: usize = 256;
/// How long its tokens hold: longer than any run.
const LIFETIME_S: u64 = 86_400;

/// The issuer.
#[derive(Debug)]
pub(crate) struct Issuer {
    key: KeyPair,
    now: u64,
}

/// What makes one token differ from the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claims<'a> {
    /// User, token id and, modulo their number, the client.
    pub(crate) number: usize,
    pub(crate) scope: &'a str,
}

impl Issuer {
    /// Makes its key.
    pub(crate) fn new() -> Result<Self> {
        let key = KeyPair::generate(KeySize::Rsa2048).context("cannot make an RSA key")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        Ok(Self { key, now })
    }

    /// Its public key (RFC 7517).
    pub(crate) fn jwk(&self) -> Value {
        let der = self.key.public_key().as_ref();
        let modulus = der.get(DER_HEAD_BYTES..DER_HEAD_BYTES + MODULUS_BYTES);
        json!({
            "kty": "RSA",
            "kid": KID,
            "use": "sig",
            "alg": "RS256",
            "n": URL_SAFE_NO_PAD.encode(modulus.unwrap_or_default()),
            "e": "AQAB",
        })
    }

    /// Its public keys.
    pub(crate) fn jwk_set(&self) -> String {
        json!({ "keys": [self.jwk()] }).to_string()
    }

    /// A token in compact form.
    pub(crate) fn token(&self, claims: Claims<'_>) -> Result<String> {
        let Claims { number, scope } = claims;
        let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": KID });
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": format!("user-{number}"),
            "azp": format!("client-{}", number % CLIENTS),
            "role": "customer",
            "tenant_id": format!("tenant-{}", number % 10),
            "scope": scope,
            "jti": format!("{:016x}-{number}", self.now),
            "iat": self.now,
            "exp": self.now + LIFETIME_S,
        });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .context("cannot sign a token")?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Writes tokens of these numbers, one a line, signed on all of these cores at once.
pub(crate) fn write_tokens(
    issuer: &Issuer,
    path: &Path,
    numbers: std::ops::Range<usize>,
    cores: &[usize],
) -> Result<()> {
    let share = numbers.len().div_ceil(cores.len().max(1)).max(1);
    let sign = |core: usize, first: usize| -> Result<String> {
        pin(core)?;
        let mut text = String::new();
        for number in first..numbers.end.min(first + share) {
            text.push_str(&issuer.token(Claims { number, scope: SCOPE })?);
            text.push('\n');
        }
        Ok(text)
    };
    let parts: Vec<Result<String>> = std::thread::scope(|scope| {
        let firsts = numbers.clone().step_by(share);
        let threads: Vec<_> = cores
            .iter()
            .zip(firsts)
            .map(|(core, first)| scope.spawn(move || sign(*core, first)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("signing ended early")))
            })
            .collect()
    });
    let mut file = std::fs::File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    for part in parts {
        file.write_all(part?.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! The published key verifies what was signed.

    use super::*;
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    #[test]
    fn the_published_key_verifies_each_token() {
        let issuer = Issuer::new().unwrap();
        let path = std::env::temp_dir().join(format!("bench-tokens-{}", std::process::id()));
        let core = (0..1024).find(|core| rustix::thread::sched_getaffinity(None).unwrap().is_set(*core));
        write_tokens(&issuer, &path, 5..8, &[core.unwrap(); 2]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text.lines().count(), 3);
        let jwk = issuer.jwk();
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let public = RsaPublicKeyComponents {
            n: decode(jwk["n"].as_str().unwrap()),
            e: decode(jwk["e"].as_str().unwrap()),
        };
        for (number, line) in (5..).zip(text.lines()) {
            let (signed, signature) = line.rsplit_once('.').unwrap();
            let signature = decode(signature);
            public
                .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
                .unwrap();
            let claims: Value = serde_json::from_slice(&decode(signed.split_once('.').unwrap().1)).unwrap();
            assert_eq!(claims["sub"], format!("user-{number}"));
        }
    }
}
