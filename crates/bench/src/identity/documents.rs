//! Policies of the rows: who may call what, in the form that people write.

use serde_json::{Value, json};

/// `iss` of every token.
pub(crate) const ISSUER: &str = "https://auth.example.com";
/// `aud` of every token.
pub(crate) const AUDIENCE: &str = "api.example.com";
/// `scope` of every token that is to pass; the operation asks for the first.
pub(crate) const SCOPE: &str = "orders.read orders.write profile";
/// How many clients share the tokens.
pub(crate) const CLIENTS: usize = 100;

/// One issuer with this key, one API, and the clients of its tokens, each with a grant.
pub(crate) fn policy(key: &Value) -> Value {
    let client = |number: usize| {
        json!({
            "id": format!("client-{number}"),
            "team": "mobile",
            "credentials": [{
                "type": "jwt", "id": format!("c-{number}"), "issuer": "corp", "client": format!("client-{number}")
            }],
            "grants": [{ "api": "orders", "scopes": ["orders.read", "orders.write"] }],
        })
    };
    json!({
        "issuers": [{
            "id": "corp", "issuer": ISSUER, "audiences": [AUDIENCE], "algorithms": ["RS256"], "keys": [key]
        }],
        "apis": [orders()],
        "clients": (0..CLIENTS).map(client).collect::<Vec<_>>(),
    })
}

/// The API that every row calls.
pub(super) fn orders() -> Value {
    json!({
        "id": "orders",
        "team": "commerce",
        "base_path": "/api/orders",
        "operations": [
            { "match": "GET /api/orders/**", "scopes": ["orders.read"] },
            { "match": "POST /api/orders/**", "scopes": ["orders.write"] },
        ],
    })
}
