//! What may be kept of a proof, what is worth a fetch, and that nothing is parsed or computed for a request that is
//! refused anyway. What is decided is in the vectors.

use super::*;
use crate::method::Method;
use crate::path::{CanonicalPath, Host};
use crate::policy::{Change, Policy};
use crate::token::Token;
use crate::{Code, permitted};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::sync::Arc;

const NOW: u64 = 1_763_900_000;

fn keys() -> Value {
    serde_json::from_str(include_str!("../../../../contract/vectors/keys.json")).expect("JSON")
}

/// Signed by `ed`, which the token names as it likes.
fn token(kid: &str) -> String {
    let claims =
        json!({ "iss": "https://i", "aud": "x", "exp": NOW + 60, "azp": "app", "scope": "r", "sub": "u" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!(
        "{}.{}",
        part(&json!({ "alg": "EdDSA", "kid": kid })),
        part(&claims)
    );
    let pkcs8 = STANDARD
        .decode(keys()["ed"]["pkcs8"].as_str().expect("base64"))
        .expect("base64");
    let signature = Ed25519KeyPair::from_pkcs8(&pkcs8)
        .expect("a key")
        .sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A policy whose issuer has these keys.
fn policy(jwks: &[Value], uri: Option<&str>) -> Policy {
    let mut issuer = json!({ "issuer": "https://i", "audiences": ["x"], "keys": jwks });
    if let Some(uri) = uri {
        issuer["jwks_uri"] = json!(uri);
    }
    let client = json!({
        "team": "t",
        "credentials": [{ "type": "jwt", "id": "c", "issuer": "i", "client": "app" }],
        "grants": [{ "api": "a", "scopes": ["r", "w"] }],
    });
    let api = json!({
        "team": "t", "base_path": "/a",
        "public": ["GET /a/open"],
        "operations": [{ "match": "GET /a/{x}", "scopes": ["r"] }, { "match": "POST /a/{x}", "scopes": ["w"] }],
    });
    let bodies = [
        ("issuer", "i", issuer),
        ("client", "app", client),
        ("api", "a", api),
    ];
    let bodies = bodies.map(|(kind, id, body)| (kind, id, body.to_string()));
    let changes = bodies.iter().map(|(kind, id, body)| Change::Put {
        kind,
        id,
        body: body.as_str().into(),
        needs: &[],
    });
    let (policy, reports) = Policy::build(changes);
    assert_eq!(reports, []);
    policy
}

/// Gives the facts of a request with these fields to `check`.
fn with_facts(fields: &[(&str, &str)], check: impl FnOnce(&Facts<'_>)) {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let (host, path) = (
        Host::parse(b"h").expect("a host"),
        CanonicalPath::parse(b"/a/7").expect("a path"),
    );
    check(&Facts {
        host: Some(&host),
        path: &path,
        method: Some(Method::GET),
        fields: &fields.as_slice(),
        certificate: None,
        apis: None,
        cell: None,
    });
}

fn code(decision: &Decision<'_>) -> Option<Code> {
    match decision {
        Decision::Permit(_) => None,
        Decision::Reject(rejection) => Some(rejection.code()),
    }
}

#[test]
fn a_proof_is_recalled_for_the_same_token_under_the_same_key() {
    let keys = keys();
    let before = policy(&[keys["ed"]["jwk"].clone()], None);
    let bearer = format!("Bearer {}", token("ed"));
    with_facts(&[("Authorization", &bearer)], |facts| {
        let claimed = present(&before, facts, &());
        assert!(claimed.is_unverified() && !claimed.is_refused());
        let proof = verify(claimed);
        assert!(proof.signature_checked());
        let verified = proof.verified().expect("the signature holds");
        assert_eq!(verified.expires(), Some(NOW + 60));
        assert_eq!(code(&decide(&before, facts, &proof, NOW)), None);

        // Another policy with the same key: nothing is computed again.
        let after = policy(&[keys["rs"]["jwk"].clone(), keys["ed"]["jwk"].clone()], None);
        let recalled = present(&after, facts, &())
            .recall(&verified)
            .expect("the same key");
        assert!(!recalled.signature_checked() && recalled.verified().is_some());
        assert_eq!(code(&decide(&after, facts, &recalled, NOW)), None);
        assert_eq!(
            code(&decide(&after, facts, &recalled, NOW + 90)),
            Some(Code::TokenExpired)
        );

        // Another key under the same name: what was proved says nothing.
        let mut other = keys["ed2"]["jwk"].clone();
        other["kid"] = json!("ed");
        let rotated = policy(&[other], None);
        let claimed = present(&rotated, facts, &())
            .recall(&verified)
            .expect_err("another key");
        let proof = verify(claimed);
        assert!(proof.verified().is_none());
        assert_eq!(
            code(&decide(&rotated, facts, &proof, NOW)),
            Some(Code::SignatureInvalid)
        );
    });
}

#[test]
fn a_proof_of_one_token_says_nothing_of_another() {
    let keys = keys();
    let policy = policy(&[keys["ed"]["jwk"].clone()], None);
    let good = token("ed");
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let other = format!("{signed}.{}", URL_SAFE_NO_PAD.encode([1; 64]));
    assert_ne!(signature, other);
    let mut kept = None;
    with_facts(&[("Authorization", &format!("Bearer {good}"))], |facts| {
        kept = verify(present(&policy, facts, &())).verified();
    });
    let kept = kept.expect("the signature holds");
    with_facts(&[("Authorization", &format!("Bearer {other}"))], |facts| {
        present(&policy, facts, &())
            .recall(&kept)
            .expect_err("another token");
    });
}

#[test]
fn a_recalled_token_is_used_only_for_its_own_bytes() {
    struct Wrong(Arc<Token>);
    impl Recall for Wrong {
        fn token(&self, _: &[u8]) -> Option<Arc<Token>> {
            Some(Arc::clone(&self.0))
        }
    }
    let policy = policy(&[keys()["ed"]["jwk"].clone()], None);
    let good = token("ed");
    let right = Arc::new(Token::parse(good.as_bytes()));
    with_facts(&[("Authorization", &format!("Bearer {good}"))], |facts| {
        let claimed = present(&policy, facts, &Wrong(Arc::clone(&right)));
        assert!(Arc::ptr_eq(claimed.token().expect("a token"), &right));
    });
    with_facts(&[("Authorization", "Bearer x.y.z")], |facts| {
        let claimed = present(&policy, facts, &Wrong(right));
        assert!(!claimed.token().expect("a token").is_readable());
    });
}

#[test]
fn keys_are_wanted_where_a_fetch_could_help() {
    let check = |policy: &Policy, kid: &str, wanted: Option<&str>, expected: Code| {
        with_facts(&[("Authorization", &format!("Bearer {}", token(kid)))], |facts| {
            let claimed = present(policy, facts, &());
            assert_eq!(claimed.wants_keys(), wanted);
            assert!(claimed.is_refused());
            let proof = verify(claimed);
            assert!(!proof.signature_checked());
            assert_eq!(code(&decide(policy, facts, &proof, NOW)), Some(expected));
        });
    };
    let rs = keys()["rs"]["jwk"].clone();
    let uri = Some("https://i/keys");
    check(&policy(&[], uri), "ed", Some("i"), Code::KeysUnavailable);
    check(
        &policy(std::slice::from_ref(&rs), uri),
        "ed",
        Some("i"),
        Code::SignatureInvalid,
    );
    check(
        &policy(std::slice::from_ref(&rs), uri),
        "rs",
        None,
        Code::TokenUnsupported,
    );
    check(&policy(&[rs], None), "ed", None, Code::SignatureInvalid);
    let had = policy(&[], uri)
        .with_fetched_keys("i", b"{\"keys\":[]}")
        .expect("a set");
    check(&had, "ed", Some("i"), Code::SignatureInvalid);
}

#[test]
fn nothing_is_parsed_for_a_request_that_is_refused_anyway() {
    let policy = policy(&[keys()["ed"]["jwk"].clone()], None);
    let bearer = format!("Bearer {}", token("ed"));
    for fields in [
        vec![("Authorization", &*bearer), ("authorization", &*bearer)],
        vec![("Authorization", &*bearer), ("X-Api-Key", "sb_nobody_x")],
        vec![("Authorization", &*bearer), ("X-Api-Key", "")],
    ] {
        with_facts(&fields, |facts| {
            let claimed = present(&policy, facts, &());
            assert!(claimed.is_refused() && claimed.token().is_none() && !claimed.is_unverified());
        });
    }
}

#[test]
fn what_a_token_s_principal_may_do_is_what_token_and_grant_both_give() {
    let policy = policy(&[keys()["ed"]["jwk"].clone()], None);
    let matches = |principal: &Principal<'_>| {
        let operations = permitted(&policy, principal, "a");
        operations
            .iter()
            .map(|operation| operation.matches().to_owned())
            .collect::<Vec<_>>()
    };
    with_facts(
        &[("Authorization", &format!("Bearer {}", token("ed")))],
        |facts| {
            let proof = verify(present(&policy, facts, &()));
            let Decision::Permit(permit) = decide(&policy, facts, &proof, NOW) else {
                panic!("a permit");
            };
            assert_eq!(matches(&permit.principal()), ["GET /a/open", "GET /a/{x}"]);
            assert_eq!(permit.principal().client().map(|client| client.id()), Some("app"));
        },
    );
    let client = policy.client("app").expect("a client");
    assert_eq!(
        matches(&Principal::of(client)),
        ["GET /a/open", "GET /a/{x}", "POST /a/{x}"]
    );
}

/// The ids of the credentials that a request with these fields is let in by.
fn let_in_by(policy: &Policy, fields: &[(&str, &str)]) -> Vec<String> {
    let mut ids = Vec::new();
    with_facts(fields, |facts| {
        let proof = verify(present(policy, facts, &()));
        let decision = decide(policy, facts, &proof, NOW);
        let Decision::Permit(permit) = &decision else {
            panic!("{decision:?}")
        };
        let credentials = permit.credentials();
        ids = credentials
            .map(|id| String::from_utf8_lossy(id).into_owned())
            .collect();
    });
    ids
}

#[test]
fn a_permit_names_each_credential_that_it_was_given_for() {
    let key = format!("sb_k1_{}", "A".repeat(43));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.as_bytes());
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let client = json!({
        "team": "t",
        "credentials": [
            { "type": "jwt", "id": "c", "issuer": "i", "client": "app" },
            { "type": "api_key", "id": "k1", "sha256": digest },
            { "type": "api_key", "id": "unused", "sha256": "0".repeat(64) },
        ],
        "grants": [{ "api": "a", "scopes": ["r"] }],
    })
    .to_string();
    let (policy, _) = policy(&[keys()["ed"]["jwk"].clone()], None).apply([Change::Put {
        kind: "client",
        id: "app",
        body: client.as_str().into(),
        needs: &[],
    }]);
    let bearer = format!("Bearer {}", token("ed"));
    let (by_key, by_token) = (("X-Api-Key", key.as_str()), ("Authorization", bearer.as_str()));
    assert_eq!(let_in_by(&policy, &[by_key]), ["k1"]);
    assert_eq!(let_in_by(&policy, &[by_token]), ["c"]);
    assert_eq!(let_in_by(&policy, &[by_token, by_key]), ["k1", "c"]);
}
