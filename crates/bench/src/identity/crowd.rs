//! A policy of any size: so many clients, each with an API key and two grants, over fifty APIs. Made record by record, so
//! that a million of them need not be held as text; every value follows from its number.

use super::documents::orders;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::fmt::Write;

/// How many APIs the clients are granted.
pub(crate) const APIS: usize = 50;

/// An entity as a record carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    /// JSON.
    pub(crate) body: String,
}

/// All of a policy with so many clients.
pub(crate) fn entities(clients: usize) -> impl Iterator<Item = Entity> {
    let plans = std::iter::once(plan("gold", 100));
    let apis = (0..APIS).map(|number| api(number, false));
    plans
        .chain(apis)
        .chain((0..clients).map(|number| client(number, false)))
}

/// A plan with this rate a second.
pub(crate) fn plan(id: &str, rate: usize) -> Entity {
    Entity {
        kind: "plan",
        id: id.to_owned(),
        body: json!({ "rate": format!("{rate}/s"), "burst": 20 }).to_string(),
    }
}

/// An API; `changed` has an operation more.
pub(crate) fn api(number: usize, changed: bool) -> Entity {
    let mut body = orders();
    let base = base_path(number);
    body["base_path"] = Value::from(base.as_str());
    let mut operations = vec![
        json!({ "match": format!("GET {base}/**"), "scopes": ["read"] }),
        json!({ "match": format!("POST {base}/**"), "scopes": ["write"] }),
        json!({ "match": format!("GET {base}/reports/{{id}}"), "scopes": ["reports"] }),
        json!({ "match": format!("DELETE {base}/{{id}}"), "any_of": [["write"], ["admin"]] }),
    ];
    if changed {
        operations.push(json!({ "match": format!("PUT {base}/{{id}}"), "scopes": ["write"] }));
    }
    body["operations"] = Value::from(operations);
    Entity {
        kind: "api",
        id: format!("api-{number}"),
        body: body.to_string(),
    }
}

/// Where the API of this client begins.
pub(crate) fn base_path(number: usize) -> String {
    format!("/api/service-{}", number % APIS)
}

/// A client; `changed` has a scope more. It is granted the API of its number, and the one behind it.
pub(crate) fn client(number: usize, changed: bool) -> Entity {
    let scopes = if changed { "\"read\",\"write\"" } else { "\"read\"" };
    let (first, second) = (number % APIS, (number + 1) % APIS);
    let sha256 = hex(&digest(key(number).as_bytes()));
    Entity {
        kind: "client",
        id: format!("client-{number}"),
        // Written by hand: a million values as trees would take longer than what is measured.
        body: format!(
            "{{\"team\":\"team-{}\",\"credentials\":[{{\"type\":\"api_key\",\"id\":\"k{number}\",\"sha256\":\"{sha256}\"}}],\
            \"grants\":[{{\"api\":\"api-{first}\",\"scopes\":[{scopes}],\"plan\":\"gold\"}},\
            {{\"api\":\"api-{second}\",\"scopes\":[\"read\"]}}]}}",
            number % 1_000
        ),
    }
}

/// A revocation of this client's key.
pub(crate) fn revocation(number: usize) -> Entity {
    Entity {
        kind: "revocation",
        id: format!("r-{number}"),
        body: json!({ "credential": format!("k{number}") }).to_string(),
    }
}

/// An issuer whose keys nobody serves.
pub(crate) fn issuer() -> Entity {
    Entity {
        kind: "issuer",
        id: "corp".to_owned(),
        body: json!({
            "issuer": "https://auth.example.com",
            "jwks_uri": "https://127.0.0.1:9/jwks.json",
            "audiences": ["api.example.com"],
        })
        .to_string(),
    }
}

/// The API key of this client.
pub(crate) fn key(number: usize) -> String {
    let secret = digest(format!("secret of client {number}").as_bytes());
    format!("sb_k{number}_{}", URL_SAFE_NO_PAD.encode(secret))
}

fn digest(bytes: &[u8]) -> Vec<u8> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    //! What is written by hand is JSON, and keys have their form.

    use super::*;

    #[test]
    fn every_body_is_an_object() {
        for entity in entities(3).chain([client(1, true), api(1, true), revocation(1)]) {
            let body: Value = serde_json::from_str(&entity.body).unwrap();
            assert!(body.is_object(), "{}", entity.body);
        }
        assert_eq!(entities(3).count(), 1 + APIS + 3);
    }

    #[test]
    fn a_key_has_an_id_and_43_characters() {
        let key = key(12);
        let secret = key.strip_prefix("sb_k12_").unwrap();
        assert_eq!(secret.len(), 43);
        assert!(client(12, false).body.contains(&hex(&digest(key.as_bytes()))));
    }
}
