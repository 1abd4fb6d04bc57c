//! An issuer of tokens: keys of its own, a key set that a scenario can change at any time, and how often it was asked.

use crate::upstream::Upstream;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// A private key (P-256), under an id.
#[derive(Debug)]
pub struct SigningKey {
    kid: String,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    /// A new one.
    pub fn new(kid: &str) -> SigningKey {
        SigningKey {
            kid: kid.to_owned(),
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("keys can be made"),
        }
    }

    /// Its public half (RFC 7517).
    pub fn jwk(&self) -> Value {
        // 0x04, then both coordinates (SEC 1 §2.3.3).
        let point = self.pair.public_key().as_ref();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": encode(&point[1..33]), "y": encode(&point[33..65]),
        })
    }

    /// A token with these claims, under this key's id.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.kid, claims)
    }

    /// A token with these claims, under any id.
    pub fn sign_as(&self, kid: &str, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": kid });
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self
            .pair
            .sign(&SystemRandom::new(), signed.as_bytes())
            .expect("the key signs");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Unix seconds, so many from now.
pub fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is after 1970");
    i64::try_from(now.as_secs()).expect("it is before the end of time") + seconds
}

/// A key set (RFC 7517 §5).
pub fn key_set(keys: &[&SigningKey]) -> String {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() }).to_string()
}

/// A whole answer with a JSON body.
pub fn json_answer(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A server with a key set.
#[derive(Debug)]
pub struct Issuer {
    upstream: Upstream,
    answer: Arc<Mutex<String>>,
}

impl Issuer {
    /// Publishes these keys.
    pub fn start(keys: &[&SigningKey]) -> Issuer {
        let answer = Arc::new(Mutex::new(json_answer(&key_set(keys))));
        let current = Arc::clone(&answer);
        let upstream = Upstream::answering(move |_| current.lock().expect("nobody panics with it").clone());
        Issuer { upstream, answer }
    }

    /// From now on: these keys and no others.
    pub fn publish(&self, keys: &[&SigningKey]) {
        self.answer_with(json_answer(&key_set(keys)));
    }

    /// From now on: these bytes.
    pub fn answer_with(&self, answer: impl Into<String>) {
        *self.answer.lock().expect("nobody panics with it") = answer.into();
    }

    /// Where the key set is.
    pub fn jwks_uri(&self) -> String {
        format!("{}/jwks.json", self.upstream.url())
    }

    /// How often it was asked, and answered in full.
    pub fn fetches(&self) -> usize {
        self.upstream.requests().len()
    }

    /// Waits until it was asked so often.
    pub fn wait_for_fetches(&self, count: usize) {
        self.upstream.wait_for_requests(count);
    }

    /// Listens no more.
    pub fn stop(&self) {
        self.upstream.stop();
    }
}
