//! The demo's identity provider: keeps a signing key, publishes its public half, and signs people in.
//!
//! It asks for no password, since the shop's people are made up; everything else is as a real one does it: a JWK Set
//! (RFC 7517 §5) at a well-known path, and short-lived ES256 tokens (RFC 7518 §3.4) for whoever signs in.

use super::shop::Answer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who signs, as `iss`; examples/shop/policy.yaml names it.
pub(super) const ISSUER: &str = "https://accounts.shop.example";
/// Whom tokens are for, as `aud`.
pub(super) const AUDIENCE: &str = "api.shop.example";
/// The application that people sign in with, as `azp`.
pub(super) const CLIENT: &str = "mobile-app";
/// Where the public keys are.
pub(super) const KEY_SET_PATH: &str = "/.well-known/jwks.json";
/// How long a token is good for.
const LIFETIME_S: u64 = 300;

/// The key and its name.
#[derive(Debug)]
pub(super) struct Issuer {
    pair: EcdsaKeyPair,
    kid: String,
}

impl Issuer {
    /// With a new key.
    pub(super) fn new() -> io::Result<Issuer> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| io::Error::other("cannot make a signing key"))?;
        let kid = format!("demo-{}", unix_s());
        Ok(Issuer { pair, kid })
    }

    /// Its public key, as RFC 7517 has it.
    fn key_set(&self) -> Value {
        // 0x04, then both coordinates of 32 bytes (SEC 1 §2.3.3).
        let point = self.pair.public_key().as_ref();
        let coordinate = |range| URL_SAFE_NO_PAD.encode(point.get(range).unwrap_or_default());
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": coordinate(1..33), "y": coordinate(33..65),
        }] })
    }

    /// A token for a user with these scopes, as it would have been signed `age_s` seconds ago.
    pub(super) fn token(&self, user: &str, scope: &str, age_s: u64) -> anyhow::Result<String> {
        let issued_at = unix_s().saturating_sub(age_s);
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.kid });
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "azp": CLIENT, "sub": user, "role": "customer", "scope": scope,
            "iat": issued_at, "exp": issued_at + LIFETIME_S,
        });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = self
            .pair
            .sign(&SystemRandom::new(), signed.as_bytes())
            .map_err(|_| anyhow::anyhow!("cannot sign a token"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What it answers over HTTP: the key set, and a token for `user=…&scope=…`.
    pub(super) fn answer(&self, method: &str, path: &str, form: &str) -> Answer {
        match (method, path) {
            ("GET", KEY_SET_PATH) => Answer {
                status: 200,
                body: self.key_set().to_string(),
            },
            ("POST", "/sign-in") => self.sign_in(form),
            _ => refuse(404, "not_found"),
        }
    }

    fn sign_in(&self, form: &str) -> Answer {
        let value = |name: &str| {
            let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(known, _)| *known == name)
                .map(|(_, value)| value.replace('+', " "))
                .next()
        };
        let (Some(user), Some(scope)) = (value("user"), value("scope")) else {
            return refuse(400, "invalid_request");
        };
        match self.token(&user, &scope, 0) {
            Ok(token) => Answer {
                status: 200,
                body: json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_S })
                    .to_string(),
            },
            Err(_) => refuse(500, "server_error"),
        }
    }
}

fn refuse(status: u16, error: &str) -> Answer {
    Answer {
        status,
        body: json!({ "error": error }).to_string(),
    }
}

/// Now, in Unix seconds.
pub(super) fn unix_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    //! A token is signed by the key that is published.

    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    #[test]
    fn who_signs_in_gets_a_token_under_the_published_key() {
        let issuer = Issuer::new().unwrap();
        let signed_in = issuer.answer("POST", "/sign-in", "user=usr_8a3f&scope=invoices.read+profile");
        let body: Value = serde_json::from_str(&signed_in.body).unwrap();
        let token = body["access_token"].as_str().unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["scope"], "invoices.read profile");

        let key: Value = serde_json::from_str(&issuer.answer("GET", KEY_SET_PATH, "").body).unwrap();
        let coordinate = |name: &str| {
            URL_SAFE_NO_PAD
                .decode(key["keys"][0][name].as_str().unwrap())
                .unwrap()
        };
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
    }

    #[test]
    fn what_it_does_not_know_it_refuses() {
        let issuer = Issuer::new().unwrap();
        assert_eq!(issuer.answer("POST", "/sign-in", "user=usr_8a3f").status, 400);
        assert_eq!(issuer.answer("GET", "/sign-in", "").status, 404);
    }
}
