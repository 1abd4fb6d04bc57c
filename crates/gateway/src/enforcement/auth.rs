//! `auth` as a policy: one issuer whose tokens need no registered client, one API that covers everything and asks for a
//! valid token, and a public operation for each excluded path (configuration.md §1).

use crate::configuration::Auth;
use serde_json::{Value, json};

/// The id of both entities.
pub(super) const ID: &str = "auth";

/// The issuer's and the API's body.
pub(super) fn entities(auth: &Auth) -> [(&'static str, Value); 2] {
    [("issuer", issuer(auth)), ("api", api(auth))]
}

fn issuer(auth: &Auth) -> Value {
    let mut issuer = json!({
        "issuer": auth.issuer,
        "audiences": auth.audiences,
        "jwks_uri": auth.jwks_uri,
        "clients": "any",
    });
    if let Some(algorithms) = &auth.algorithms {
        issuer["algorithms"] = json!(algorithms);
    }
    if let Some(leeway_s) = auth.leeway_s {
        issuer["leeway_s"] = json!(leeway_s);
    }
    for (name, claim) in &auth.claims {
        issuer["claims"][*name] = json!(claim);
    }
    issuer
}

fn api(auth: &Auth) -> Value {
    let public = auth
        .exclude_paths
        .iter()
        .map(|pattern| format!("ANY {}", pattern.as_str()));
    json!({
        "team": ID,
        "base_path": "/",
        "credentials": ["jwt"],
        "forward_token": auth.forward_token.unwrap_or(false),
        "public_credentials": "ignore",
        // Of two of one shape the public one holds: whoever excludes everything means it.
        "public": public.collect::<Vec<_>>(),
        "operations": [{ "match": "ANY /**" }],
    })
}
