//! Every lie that a token can tell, one at a time.

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

const NOW: u64 = 1_800_000_000;
const IDP: &str = "https://login.example.com";

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Signer {
        Signer(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn set(&self) -> Vec<u8> {
        let point = self.0.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        let key = json!({ "kty": "EC", "crv": "P-256", "kid": "k1", "x": part(1..33), "y": part(33..65) });
        json!({ "keys": [key] }).to_string().into_bytes()
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "k1" })
}

fn claims() -> Value {
    json!({
        "iss": IDP, "aud": "portal", "sub": "u1", "nonce": "n", "iat": NOW, "exp": NOW + 60,
        "groups": ["a"], "azp": "portal",
    })
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "each is written where it is expected"
)]
fn check(change: impl FnOnce(&mut Value, &mut Value), expected: Result<(), IdTokenError>) {
    let signer = Signer::new();
    let verifier = Verifier::new(IDP, "portal", None)
        .with_keys(&signer.set())
        .unwrap();
    let (mut header, mut claims) = (header(), claims());
    change(&mut header, &mut claims);
    let found = verifier.claims(&signer.sign(&header, &claims), "n", NOW);
    assert_eq!(found.map(|_| ()), expected, "{header} {claims}");
}

#[test]
fn a_good_one() {
    check(|_, _| {}, Ok(()));
    check(|_, claims| claims["aud"] = json!(["portal", "other"]), Ok(()));
    check(
        |_, claims| drop(claims.as_object_mut().unwrap().remove("azp")),
        Ok(()),
    );
}

#[test]
fn what_a_gateway_would_refuse() {
    let refused = |code| Err(IdTokenError::Refused(code));
    check(
        |_, claims| claims["iss"] = json!("https://login.example.com/"),
        refused(Code::IssuerUnknown),
    );
    check(
        |_, claims| claims["aud"] = json!("other"),
        refused(Code::AudienceMismatch),
    );
    check(
        |_, claims| claims["exp"] = json!(NOW - 30),
        refused(Code::TokenExpired),
    );
    check(
        |_, claims| claims["nbf"] = json!(NOW + 31),
        refused(Code::TokenNotYetValid),
    );
    check(
        |_, claims| drop(claims.as_object_mut().unwrap().remove("exp")),
        refused(Code::TokenMalformed),
    );
    for algorithm in ["none", "HS256"] {
        check(
            |header, _| header["alg"] = json!(algorithm),
            refused(Code::TokenUnsupported),
        );
    }
    check(
        |header, _| header["jku"] = json!("https://evil.example"),
        refused(Code::TokenUnsupported),
    );
    check(
        |header, _| header["kid"] = json!("k2"),
        refused(Code::SignatureInvalid),
    );
}

#[test]
fn what_openid_connect_asks_for() {
    check(
        |_, claims| claims["nonce"] = json!("other"),
        Err(IdTokenError::Nonce),
    );
    check(
        |_, claims| drop(claims.as_object_mut().unwrap().remove("nonce")),
        Err(IdTokenError::Nonce),
    );
    check(
        |_, claims| claims["azp"] = json!("other"),
        Err(IdTokenError::Party),
    );
    check(|_, claims| claims["azp"] = json!(7), Err(IdTokenError::Party));
    let without_party = |_: &mut Value, claims: &mut Value| {
        claims["aud"] = json!(["portal", "other"]);
        claims.as_object_mut().unwrap().remove("azp");
    };
    check(without_party, Err(IdTokenError::Party));
    check(
        |_, claims| drop(claims.as_object_mut().unwrap().remove("iat")),
        Err(IdTokenError::IssuedAt),
    );
    for subject in [json!(""), json!(7), json!("s".repeat(256)), Value::Null] {
        check(|_, claims| claims["sub"] = subject, Err(IdTokenError::Subject));
    }
}

#[test]
fn another_key_s_signature_and_a_changed_claim() {
    let (signer, other) = (Signer::new(), Signer::new());
    let verifier = Verifier::new(IDP, "portal", None)
        .with_keys(&signer.set())
        .unwrap();
    let refused = Err(IdTokenError::Refused(Code::SignatureInvalid));
    assert_eq!(
        verifier.claims(&other.sign(&header(), &claims()), "n", NOW),
        refused
    );
    let good = signer.sign(&header(), &claims());
    let mut parts: Vec<&str> = good.split('.').collect();
    let mut changed = claims();
    changed["sub"] = json!("u2");
    let changed = URL_SAFE_NO_PAD.encode(changed.to_string());
    parts[1] = &changed;
    assert_eq!(verifier.claims(&parts.join("."), "n", NOW), refused);
}

#[test]
fn keys_are_wanted_for_a_name_that_is_not_known() {
    let signer = Signer::new();
    let empty = Verifier::new(IDP, "portal", None);
    let token = signer.sign(&header(), &claims());
    assert!(empty.wants_keys(&token));
    let verifier = empty.with_keys(&signer.set()).unwrap();
    assert!(!verifier.wants_keys(&token));
    let rotated = signer.sign(&json!({ "alg": "ES256", "kid": "k2" }), &claims());
    assert!(verifier.wants_keys(&rotated));
    assert!(!verifier.wants_keys("garbage"));
    assert!(matches!(verifier.with_keys(b"[]"), Err(IdTokenError::Keys(_))));
}

#[test]
fn algorithms_that_were_not_asked_for_are_refused() {
    let signer = Signer::new();
    let only = Verifier::new(IDP, "portal", Some(&["RS256".to_owned()]))
        .with_keys(&signer.set())
        .unwrap();
    let found = only.claims(&signer.sign(&header(), &claims()), "n", NOW);
    assert_eq!(found, Err(IdTokenError::Refused(Code::TokenUnsupported)));
}
