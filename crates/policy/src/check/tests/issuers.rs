//! The members of an issuer, and keys.

use super::{check, check_with, member, with};
use serde_json::{Value, json};

#[test]
fn issuers() {
    member(
        "/issuers/0/issuer",
        &[json!("x"), json!("y".repeat(1024))],
        &[
            (json!("a b"), "has blanks"),
            (json!("ü"), "beyond ASCII"),
            (json!("y".repeat(1025)), "at most 1024"),
        ],
    );
    member(
        "/issuers/0/audiences",
        &[json!(["a", "b"])],
        &[
            (json!([]), "issuers[0].audiences an empty list"),
            (
                json!(["a", "a"]),
                "issuers[0].audiences[1] \"a\" stands in the list twice | …first here",
            ),
            (json!(vec!["x"; 65]), "65 items, at most 64"),
            (json!([""]), "found an empty string"),
            (json!("a"), "expected a list, found the string \"a\""),
        ],
    );
    member(
        "/issuers/0/algorithms",
        &[json!(["RS256"]), json!(["Ed25519", "ES384"])],
        &[
            (json!([]), "an empty list"),
            (json!(["HS256"]), "\"HS256\" is not known here"),
            (json!(["none"]), "is not known here"),
            (json!(["EdDSA", "Ed25519"]), "stands in the list twice"),
        ],
    );
}

#[test]
fn where_keys_are_and_claims() {
    member(
        "/issuers/0/jwks_uri",
        &[
            json!("http://127.0.0.1:3000/jwks"),
            json!("https://a.example"),
            json!("https://a.example/x?y=z"),
            json!("https://[::1]:8443/k"),
        ],
        &[
            (json!("ftp://a.example/"), "is no http or https URL"),
            (json!("a.example/jwks"), "is no http or https URL"),
            (json!("https:///jwks"), "The host is empty"),
            (json!("https://u:p@a.example/"), "has a user or password"),
            (json!("https://a.example/#x"), "has a fragment"),
            (json!("https://a.example:99999/"), "port"),
            (json!("https://a b.example/"), "has blanks"),
        ],
    );
    check_with(
        "/issuers/0/jwks_uri",
        Value::Null,
        &["issuers[0] an issuer without keys"],
    );
    check(
        &with(&[
            ("/issuers/0/jwks_uri", Value::Null),
            ("/issuers/0/keys", json!([])),
        ]),
        &["an issuer without keys"],
    );
    let claims = |name: &str| json!({ "role": name });
    member(
        "/issuers/0/claims",
        &[claims("x"), claims("/a/b~0c~1d/0"), claims("urn:x/y")],
        &[
            (claims("/a~"), "issuers[0].claims.role \"/a~\" is no JSON Pointer"),
            (claims("/a~2"), "is no JSON Pointer"),
            (claims(&"x".repeat(257)), "at most 256"),
            (json!({ "subject": "x" }), "unknown key `subject`"),
        ],
    );
}

#[test]
fn keys() {
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "1", "extra": {},
    });
    check(
        &with(&[
            ("/issuers/0/jwks_uri", Value::Null),
            ("/issuers/0/keys", json!([key])),
        ]),
        &[],
    );
    member(
        "/issuers/0/keys",
        &[json!([]), json!([key])],
        &[
            (json!(["x"]), "issuers[0].keys[0] expected a JSON Web Key"),
            (json!([{ "kid": "x" }]), "`kty` is missing"),
            (
                json!([{ "kty": "odd" }]),
                "?issuers[0].keys[0] nothing may use this key",
            ),
            (
                json!([{ "kty": "RSA", "n": "…", "e": "AQAB", "d": "x" }]),
                "issuers[0].keys[0].d# a private or secret key",
            ),
            (json!([{ "kty": "oct", "k": "x" }]), "a private or secret key"),
            (json!(vec![json!({ "kty": "x" }); 129]), "129 items, at most 128"),
        ],
    );
}
