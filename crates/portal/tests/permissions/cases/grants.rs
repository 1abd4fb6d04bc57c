//! Clients' credentials and status, grants, and explaining what comes of them.

use super::{Case, at, dry, see, two};
use serde_json::{Value, json};

const APPROVE: &str = "POST /v1/environments/{environment}/grants/{id}/approve";
const REJECT: &str = "POST /v1/environments/{environment}/grants/{id}/reject";
const REVOKE: &str = "DELETE /v1/environments/{environment}/grants/{id}";

pub(super) fn cases() -> Vec<Case> {
    let mut all = clients();
    all.extend(grants());
    all
}

fn clients() -> Vec<Case> {
    let client = |row, operation, below: &str| {
        let target = |team: &str| dry(&format!("clients/{team}-client/{below}")).replace("TEAM", team);
        two(
            row,
            operation,
            (&target("own"), Value::Null),
            (&target("other"), Value::Null),
        )
    };
    vec![
        client(
            "suspend_client",
            "POST /v1/environments/{environment}/clients/{id}/suspend",
            "suspend",
        ),
        client(
            "activate_client",
            "POST /v1/environments/{environment}/clients/{id}/activate",
            "activate",
        ),
        client(
            "make_credential",
            "POST /v1/environments/{environment}/clients/{id}/credentials",
            "credentials",
        ),
        client(
            "end_credential",
            "DELETE /v1/environments/{environment}/clients/{id}/credentials/{credential}",
            "credentials/{TEAM-credential}",
        ),
        client(
            "rotate_credential",
            "POST /v1/environments/{environment}/clients/{id}/credentials/{credential}/rotate",
            "credentials/{TEAM-credential}/rotate",
        ),
    ]
}

fn grants() -> Vec<Case> {
    let grant = |client: &str, api: &str| json!({ "client": client, "api": api, "scopes": ["s"] });
    let grants = dry("grants");
    let between = |row, own: (&str, &str)| {
        let operation = "POST /v1/environments/{environment}/grants";
        two(
            row,
            operation,
            (&grants, grant(own.0, own.1)),
            (&grants, grant("third-client", "fourth-api")),
        )
    };
    let decided = |row, operation, own: &str, below: &str| {
        let target = |id: &str| dry(&format!("grants/{{{id}}}{below}"));
        two(
            row,
            operation,
            (&target(own), Value::Null),
            (&target("g-other"), Value::Null),
        )
    };
    let explained = |row, key: &str, team: &str| {
        let asking = |key: &str, team: &str| {
            let headers = json!({ "X-Api-Key": format!("{{{key}}}") });
            json!({ "environment": "own", "method": "GET", "target": format!("/{team}/x"), "headers": headers })
        };
        two(
            row,
            "POST /v1/explain",
            ("/v1/explain", asking(key, team)),
            ("/v1/explain", asking("third-key", "fourth")),
        )
    };
    vec![
        see(
            "list_grants",
            "GET /v1/environments/{environment}/grants",
            &at("grants"),
        ),
        explained("explain@client", "own-key", "third"),
        explained("explain@api", "third-key", "own"),
        between("request_grant@client", ("own-client", "third-api")),
        between("request_grant@api", ("third-client", "own-api")),
        decided("approve_grant@client", APPROVE, "g-client", "/approve"),
        decided("approve_grant@api", APPROVE, "g-api", "/approve"),
        decided("reject_grant@client", REJECT, "g-client", "/reject"),
        decided("reject_grant@api", REJECT, "g-api", "/reject"),
        decided("revoke_grant@client", REVOKE, "g-client", ""),
        decided("revoke_grant@api", REVOKE, "g-api", ""),
    ]
}
