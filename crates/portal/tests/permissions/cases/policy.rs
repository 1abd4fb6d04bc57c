//! Environments, the policy as a whole, what was done; feeds and gateways.

use super::{Case, Wanted, at, dry, one, see, two};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    let mut all = policy();
    all.extend(feeds_and_gateways());
    all.extend(fleet());
    all
}

fn policy() -> Vec<Case> {
    const IMPORT: &str = "POST /v1/environments/{environment}/policy";
    let revert = json!({ "revision": 999_999 });
    vec![
        see("list_environments", "GET /v1/environments", "/v1/environments"),
        one(
            "make_environment",
            "POST /v1/environments",
            "/v1/environments",
            json!({ "name": "NO NAME" }),
        ),
        one(
            "set_seat_belt",
            "PATCH /v1/environments/{environment}",
            "/v1/environments/own",
            json!({ "confirm_above": -1 }),
        ),
        see(
            "export_policy",
            "GET /v1/environments/{environment}/policy",
            &at("policy"),
        ),
        one("import_policy", IMPORT, &dry("policy"), json!({})),
        one(
            "replace_policy",
            IMPORT,
            &format!("{}&replace=true", dry("policy")),
            json!({}),
        ),
        see(
            "list_revisions",
            "GET /v1/environments/{environment}/revisions",
            &at("revisions"),
        ),
        see(
            "see_revision",
            "GET /v1/environments/{environment}/revisions/{revision}",
            &at("revisions/1"),
        ),
        one(
            "revert",
            "POST /v1/environments/{environment}/revert",
            &dry("revert"),
            revert,
        ),
        see(
            "list_proposals",
            "GET /v1/environments/{environment}/proposals",
            &at("proposals"),
        ),
        see(
            "approve_proposal",
            "POST /v1/environments/{environment}/proposals/{id}/approve",
            &at("proposals/{p-own}/approve"),
        ),
        Case {
            // Ada's is nobody else's own.
            own: Wanted::Nothing,
            ..see(
                "reject_proposal",
                "POST /v1/environments/{environment}/proposals/{id}/reject",
                &at("proposals/{p-other}/reject"),
            )
        },
        see("list_audit", "GET /v1/audit", "/v1/audit"),
        see("list_audit", "GET /v1/audit/proof", "/v1/audit/proof"),
    ]
}

fn feeds_and_gateways() -> Vec<Case> {
    let feed = |row, operation, what: &str| {
        let target = |feed: &str| format!("/v1/feeds/{feed}/{what}");
        two(
            row,
            operation,
            (&target("own"), Value::Null),
            (&target("other"), Value::Null),
        )
    };
    let enrolled = |team: &str| json!({ "name": "no name!", "team": team, "environment": "own" });
    vec![
        feed("read_commit", "GET /v1/feeds/{feed}/commit", "commit"),
        feed("read_bundle", "GET /v1/feeds/{feed}/bundle", "bundle"),
        feed("read_floor", "GET /v1/feeds/{feed}/floor", "floor"),
        feed("read_stream", "GET /v1/feeds/{feed}/stream", "stream"),
        see("list_gateways", "GET /v1/gateways", "/v1/gateways"),
        two(
            "enrol_gateway",
            "POST /v1/gateways",
            ("/v1/gateways", enrolled("own")),
            ("/v1/gateways", enrolled("other")),
        ),
        two(
            "revoke_gateway",
            "DELETE /v1/gateways/{id}",
            ("/v1/gateways/{gateway-own}", Value::Null),
            ("/v1/gateways/{gateway-other}", Value::Null),
        ),
    ]
}

fn fleet() -> Vec<Case> {
    // Of a kind that there is not: refused after it was allowed.
    let report = |environment: &str| {
        json!({
            "instance": "i-1", "kind": "none", "name": "api-eu-3", "environment": environment, "version": "0.1.0",
            "config": "0".repeat(64), "policy": { "state": "live", "source": "feed", "epoch": 1, "revision": 1, "age_s": 1, "applied": [] }, "quarantined": [],
        })
    };
    vec![
        two(
            "report",
            "POST /v1/fleet/reports",
            ("/v1/fleet/reports", report("own")),
            ("/v1/fleet/reports", report("other")),
        ),
        see("see_fleet", "GET /v1/fleet", "/v1/fleet?environment=own"),
        see(
            "see_versions",
            "GET /v1/fleet/versions",
            "/v1/fleet/versions?environment=own",
        ),
        one(
            "set_versions",
            "PUT /v1/fleet/versions",
            "/v1/fleet/versions?environment=own",
            json!({ "wanted": "none" }),
        ),
    ]
}
