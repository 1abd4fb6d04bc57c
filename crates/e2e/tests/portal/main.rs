//! The portal as its users meet it: the real process, over raw HTTP, on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, and one that was not tried says so"
)]

mod api_documents;
mod careful;
mod clients;
mod entities;
mod explaining;
mod fleet;
mod following;
mod history;
mod key_sets;
mod keys;
mod kills;
mod people;
mod portals;
mod publishing;
mod queries;
mod restored;
mod streams;
mod uses;

use e2e::{Portal, PortalSetup, Postgres, Response};
use serde_json::{Value, json};

/// Runs a scenario on SQLite, and on PostgreSQL where one is installed.
fn on_both(scenario: impl Fn(&dyn Fn() -> PortalSetup)) {
    scenario(&PortalSetup::new);
    match Postgres::start_where_there_is_one() {
        Some(postgres) => scenario(&|| PortalSetup::new().on(&postgres)),
        None => eprintln!("no PostgreSQL is installed: this ran on SQLite alone"),
    }
}

/// An API, and a client that may read it with the key `KEY`: revisions 2 and 3.
fn shop(portal: &Portal) {
    portal.put("apis", "orders", &api());
    portal.put("clients", "app", &client(&["orders.read"]));
}

/// A key, whose digest the client has.
const KEY: &str = "sb_k1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn api() -> Value {
    json!({
        "team": "commerce", "base_path": "/api/orders",
        "operations": [
            { "match": "GET /api/orders/**", "scopes": ["orders.read"] },
            { "match": "POST /api/orders/**", "scopes": ["orders.write"] },
        ],
    })
}

fn client(scopes: &[&str]) -> Value {
    json!({
        "team": "mobile", "credentials": [{ "type": "api_key", "id": "k1", "sha256": sha256(KEY) }],
        "grants": [{ "api": "orders", "scopes": scopes }],
    })
}

fn sha256(text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// An address of an entity in `prod`.
fn at(section: &str, id: &str) -> String {
    format!("/v1/environments/prod/{section}/{id}")
}

/// Asserts that this is a refusal with this status and code; its body.
fn refused(answer: Response, status: u16, code: &str) -> Value {
    let answer = answer.expect(status);
    assert_eq!(
        answer.field("Content-Type"),
        Some("application/problem+json"),
        "{answer:#?}"
    );
    let body = answer.json();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(
        body["request_id"].as_str(),
        answer.field("X-Request-Id"),
        "{body}"
    );
    assert!(
        body["detail"].as_str().is_some_and(|text| !text.is_empty()),
        "{body}"
    );
    body
}

/// Asserts that a member is named as wrong, with these words.
fn refused_field(answer: Response, field: &str, words: &str) {
    let body = refused(answer, 422, "invalid");
    let errors = body["errors"].as_array().expect("members are named");
    let fits = |error: &&Value| {
        error["field"] == field && error["message"].as_str().is_some_and(|text| text.contains(words))
    };
    assert!(
        errors.iter().any(|error| fits(&error)),
        "{field}: {words}: {body:#}"
    );
}
