//! Which JWKs can be used, and that a signature holds only under its own key, algorithm and message.

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

const KEYS: &str = include_str!("../../../../../contract/vectors/keys.json");

fn jwk(id: &str) -> Map<String, Value> {
    let keys: Value = serde_json::from_str(KEYS).expect("JSON");
    keys[id]["jwk"].as_object().expect("a JWK").clone()
}

fn pkcs8(id: &str) -> Vec<u8> {
    let keys: Value = serde_json::from_str(KEYS).expect("JSON");
    STANDARD
        .decode(keys[id]["pkcs8"].as_str().expect("base64"))
        .expect("base64")
}

/// Whether the key can be used once `name` is `value` (or gone).
fn check(id: &str, name: &str, value: Option<&Value>, expected: bool) {
    let mut jwk = jwk(id);
    let _ = match value {
        Some(value) => jwk.insert(name.into(), value.clone()),
        None => jwk.remove(name),
    };
    assert_eq!(key(&jwk).is_some(), expected, "{id} {name} {value:?}");
}

#[test]
fn what_can_be_used() {
    for id in ["rs", "rs2", "es256", "es384", "ed", "ed2"] {
        assert_eq!(key(&jwk(id)).expect("usable").kid(), Some(id));
        check(id, "kid", None, true);
        check(id, "kid", Some(&json!(1)), false);
        check(id, "use", Some(&json!("sig")), true);
        check(id, "use", Some(&json!("enc")), false);
        check(id, "use", Some(&json!(null)), false);
        check(id, "key_ops", Some(&json!(["sign", "verify"])), true);
        check(id, "key_ops", Some(&json!(["sign"])), false);
        check(id, "key_ops", Some(&json!("verify")), false);
        check(id, "alg", Some(&json!("HS256")), false);
        check(id, "alg", Some(&json!(null)), false);
        check(id, "kty", Some(&json!("oct")), false);
        check(id, "kty", None, false);
    }
}

#[test]
fn numbers_and_points() {
    let text = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
    let modulus = URL_SAFE_NO_PAD
        .decode(jwk("rs")["n"].as_str().expect("text"))
        .expect("base64");
    check("rs", "n", Some(&text(&modulus[1..])), false);
    check("rs", "n", Some(&text(&[&[0], modulus.as_slice()].concat())), true);
    check("rs", "n", Some(&text(&[&[1], modulus.as_slice()].concat())), true);
    check("rs", "n", Some(&text(&[0xFF; 1024])), true);
    check("rs", "n", Some(&text(&[0xFF; 1025])), false);
    check("rs", "n", Some(&text(&[])), false);
    check("rs", "n", Some(&json!("ab=")), false);
    for (exponent, expected) in [
        (0u64, false),
        (1, false),
        (2, false),
        (3, true),
        (4, false),
        (65_537, true),
    ] {
        check("rs", "e", Some(&text(&exponent.to_be_bytes())), expected);
    }
    check("rs", "e", Some(&text(&((1u64 << 33) - 1).to_be_bytes())), true);
    check("rs", "e", Some(&text(&((1u64 << 33) + 1).to_be_bytes())), false);
    check("rs", "e", Some(&text(&[0xFF; 32])), false);
    check("es256", "y", Some(&text(&[1; 32])), false);
    check("es256", "y", Some(&text(&[1; 31])), false);
    check("es256", "crv", Some(&json!("P-384")), false);
    check("es256", "crv", Some(&json!("P-521")), false);
    check("ed", "x", Some(&text(&[1; 31])), false);
    check("ed", "crv", Some(&json!("Ed448")), false);
}

#[test]
fn a_signature_holds_under_its_key_alone() {
    let message = b"a.b";
    let ed = Ed25519KeyPair::from_pkcs8(&pkcs8("ed"))
        .expect("a key")
        .sign(message);
    let ed = ed.as_ref();
    let key = |id: &str| super::key(&jwk(id)).expect("usable");
    assert!(key("ed").verifies(Algorithm::EdDsa, message, ed));
    assert!(!key("ed2").verifies(Algorithm::EdDsa, message, ed));
    assert!(!key("ed").verifies(Algorithm::EdDsa, b"a.c", ed));
    assert!(!key("ed").verifies(Algorithm::Rs256, message, ed));
    assert!(!key("ed").verifies(Algorithm::EdDsa, message, &ed[..63]));
    assert!(!key("ed").verifies(Algorithm::EdDsa, message, &[]));

    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8("es256")).expect("a key");
    let ec = pair.sign(&random, message).expect("signed");
    assert_eq!(ec.as_ref().len(), 64);
    assert!(key("es256").verifies(Algorithm::Es256, message, ec.as_ref()));
    assert!(!key("es256").verifies(Algorithm::Es256, message, &[0; 64]));
    assert!(!key("es384").verifies(Algorithm::Es256, message, ec.as_ref()));
}

#[test]
fn an_algorithm_binds() {
    let message = b"a.b";
    let pair = RsaKeyPair::from_pkcs8(&pkcs8("rs")).expect("a key");
    let mut pss = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut pss)
        .expect("signed");
    let free = key(&jwk("rs")).expect("usable");
    assert!(free.verifies(Algorithm::Ps256, message, &pss));
    assert!(!free.verifies(Algorithm::Rs256, message, &pss));
    let mut bound = jwk("rs");
    bound.insert("alg".into(), json!("RS256"));
    let bound = key(&bound).expect("usable");
    assert!(!bound.verifies(Algorithm::Ps256, message, &pss));
    assert!(bound.is_same_as(&free));
    assert!(!bound.is_same_as(&key(&jwk("rs2")).expect("usable")));
}

#[test]
fn sets() {
    let set = json!({ "keys": [jwk("rs"), { "kty": "oct", "k": "AAAA" }, 7, jwk("ed")], "more": 1 });
    let keys = key_set(set.to_string().as_bytes()).expect("a set");
    let kids: Vec<_> = keys.iter().map(|key| key.kid()).collect();
    assert_eq!(kids, [Some("rs"), Some("ed")]);
    for text in [
        "",
        "[]",
        "[[]]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[}",
        "null",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[{\"kid\":\"a\",\"kid\":\"b\"}]}",
        "{\"keys\":[],\"x\":\"\\ud800\"}",
    ] {
        assert_eq!(
            key_set(text.as_bytes()).err(),
            Some(KeySetError::Malformed),
            "{text}"
        );
    }
    let full = json!({ "keys": vec![json!({}); 128] });
    assert!(key_set(full.to_string().as_bytes()).is_ok());
    let many = json!({ "keys": vec![json!({}); 129] });
    assert_eq!(
        key_set(many.to_string().as_bytes()).err(),
        Some(KeySetError::TooMany)
    );
    assert_eq!(
        key_set(&vec![b' '; SET_BYTES_MAX + 1]).err(),
        Some(KeySetError::TooLarge)
    );
}
