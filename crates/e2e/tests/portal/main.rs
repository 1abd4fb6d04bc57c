//! The portal as its users meet it: the real process, over raw HTTP, on SQLite and on PostgreSQL.

mod following;
mod publishing;

use e2e::{Portal, PortalSetup, Postgres};
use serde_json::{Value, json};

/// Runs a scenario on SQLite, and on PostgreSQL where one is installed.
fn on_both(scenario: impl Fn(&dyn Fn() -> PortalSetup)) {
    scenario(&PortalSetup::new);
    match Postgres::start_where_there_is_one() {
        Some(postgres) => scenario(&|| PortalSetup::new().on(&postgres)),
        None => eprintln!("no PostgreSQL is installed: this ran on SQLite alone"),
    }
}

/// An API, and a client that may read it with the key `KEY`.
fn shop(portal: &Portal) {
    portal.put("apis", "orders", &api());
    portal.put("clients", "app", &client(&["orders.read"]));
}

/// A key, and its digest.
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
    use sha2::{Digest as _, Sha256};
    let digest: String = Sha256::digest(KEY)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({
        "team": "mobile", "credentials": [{ "type": "api_key", "id": "k1", "sha256": digest }],
        "grants": [{ "api": "orders", "scopes": scopes }],
    })
}
