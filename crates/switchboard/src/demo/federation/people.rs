//! Who may do what in the second act: one API, and two programs that may read it.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

/// The environment, and so the feed.
pub(super) const ENVIRONMENT: &str = "prod";
/// What both gateways serve, and what reading it takes.
pub(super) const ORDER: &str = "/api/orders/ord_x7k9";
pub(super) const SCOPE: &str = "orders.read";

/// A program with an API key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) client: &'static str,
    /// Made up for the demo, as its hash below is made here.
    pub(super) key: &'static str,
}

/// Loses its scope, and gets it back.
pub(super) const REPORTS: Caller = Caller {
    client: "reports",
    key: "sb_reports_dGhlIGRlbW8ncyBrZXkgb2YgYHJlcG9ydHNgOiBubyA",
};
/// Keeps what it has.
pub(super) const WAREHOUSE: Caller = Caller {
    client: "warehouse",
    key: "sb_warehouse_dGhlIGRlbW8ncyBrZXkgb2YgYHdhcmVob3VzZWA6IG4",
};

impl Caller {
    /// Its entity with these scopes.
    pub(super) fn entity(&self, scopes: &[&str]) -> Value {
        let digest = digest(&SHA256, self.key.as_bytes());
        let sha256: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        json!({
            "team": "analytics",
            "credentials": [{ "type": "api_key", "id": self.client, "sha256": sha256 }],
            "grants": [{ "api": "orders", "scopes": scopes }],
        })
    }
}

/// The API.
pub(super) fn api() -> Value {
    json!({
        "team": "commerce",
        "base_path": "/api/orders",
        "credentials": ["api_key"],
        "operations": [{ "match": "GET /api/orders/**", "scopes": [SCOPE] }],
    })
}

#[cfg(test)]
mod tests {
    //! Keys have the form of keys.

    use super::*;

    #[test]
    fn keys_have_their_form() {
        for caller in [REPORTS, WAREHOUSE] {
            let secret = caller
                .key
                .strip_prefix(&format!("sb_{}_", caller.client))
                .unwrap();
            assert_eq!(secret.len(), 43, "{}", caller.client);
        }
    }
}
