//! One case for each operation of the document and each row of the table that it can be: what is asked for, of one's own and of others'.

use super::fixture::{Fixture, api, issuer, user_of};
use serde_json::{Value, json};

/// An operation as one row of the table.
pub(crate) struct Case {
    pub(crate) row: &'static str,
    /// `METHOD /path` of the document.
    pub(crate) operation: &'static str,
    own: Wanted,
    other: Wanted,
    /// It is of a version that never was: refused after it was allowed.
    pub(crate) old_version: bool,
}

/// What is asked for.
#[derive(Clone)]
enum Wanted {
    /// This target, in which `{name}` is an id that the portal made, with this body.
    Plain(String, Value),
    /// `{user}` is whoever asks, or else a stranger.
    Self_(String, Value),
    /// `{token}` is a new token of whoever asks, or else of a stranger.
    Token(String),
    /// Puts the user `spare` into this team before.
    Spare(&'static str),
    /// Cannot be asked for.
    Nothing,
}

impl Case {
    /// Target and body; `None`: the case says nothing of it.
    pub(crate) async fn request(
        &self,
        fixture: &Fixture,
        column: &str,
        is_own: bool,
    ) -> Option<(String, Value)> {
        let wanted = if is_own { &self.own } else { &self.other };
        let user = if is_own {
            user_of(column).unwrap_or("stranger")
        } else {
            "stranger"
        };
        match wanted {
            Wanted::Nothing => None,
            Wanted::Plain(target, body) => Some((filled(fixture, target), filled_body(fixture, body))),
            Wanted::Self_(target, body) => Some((target.replace("{user}", user), body.clone())),
            Wanted::Token(target) => Some((
                target.replace("{token}", &fixture.token_of(user).await),
                Value::Null,
            )),
            Wanted::Spare(team) => {
                let target = format!("/v1/teams/{team}/members/spare");
                fixture.made("PUT", &target, &json!({ "role": "member" })).await;
                Some((target, Value::Null))
            }
        }
    }
}

fn filled(fixture: &Fixture, text: &str) -> String {
    fixture
        .ids
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .fold(text.to_owned(), |text, (name, id)| {
            text.replace(&format!("{{{name}}}"), id)
        })
}

fn filled_body(fixture: &Fixture, body: &Value) -> Value {
    if body.is_null() {
        return Value::Null;
    }
    serde_json::from_str(&filled(fixture, &body.to_string())).expect("it was JSON")
}

fn two(row: &'static str, operation: &'static str, own: (&str, Value), other: (&str, Value)) -> Case {
    Case {
        row,
        operation,
        own: Wanted::Plain(own.0.to_owned(), own.1),
        other: Wanted::Plain(other.0.to_owned(), other.1),
        old_version: false,
    }
}

/// The same for everybody's things.
fn one(row: &'static str, operation: &'static str, target: &str, body: Value) -> Case {
    two(row, operation, (target, body.clone()), (target, body))
}

fn see(row: &'static str, operation: &'static str, target: &str) -> Case {
    one(row, operation, target, Value::Null)
}

fn old(case: Case) -> Case {
    Case {
        old_version: true,
        ..case
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = people();
    all.extend(entities());
    all.extend(clients_and_grants());
    all.extend(policy());
    all.extend(feeds_and_gateways());
    // Last: it ends the sessions that everything else needs.
    all.push(Case {
        other: Wanted::Nothing,
        ..see("sign_out", "DELETE /v1/sessions/current", "/v1/sessions/current")
    });
    all
}

fn people() -> Vec<Case> {
    let null = Value::Null;
    let bad = json!({ "id": "no id!", "name": "x" });
    let own_or = |row, operation, target: &str, body: Value| Case {
        row,
        operation,
        own: Wanted::Self_(target.to_owned(), body.clone()),
        other: Wanted::Self_(target.to_owned(), body),
        old_version: false,
    };
    vec![
        see("healthz", "GET /healthz", "/healthz"),
        see("ready", "GET /ready", "/ready"),
        one("sign_in", "POST /v1/sessions", "/v1/sessions", json!({})),
        see("see_sign_in", "GET /v1/sign-in", "/v1/sign-in"),
        see(
            "start_oidc",
            "GET /v1/sign-in/oidc/start",
            "/v1/sign-in/oidc/start",
        ),
        see(
            "finish_oidc",
            "GET /v1/sign-in/oidc/callback",
            "/v1/sign-in/oidc/callback",
        ),
        see("see_me", "GET /v1/me", "/v1/me"),
        own_or(
            "list_tokens",
            "GET /v1/tokens",
            "/v1/tokens?user={user}",
            null.clone(),
        ),
        Case {
            other: Wanted::Nothing,
            ..one(
                "make_token",
                "POST /v1/tokens",
                "/v1/tokens",
                json!({ "name": "" }),
            )
        },
        Case {
            row: "revoke_token",
            operation: "DELETE /v1/tokens/{id}",
            own: Wanted::Token("/v1/tokens/{token}".to_owned()),
            other: Wanted::Token("/v1/tokens/{token}".to_owned()),
            old_version: false,
        },
        see("list_users", "GET /v1/users", "/v1/users"),
        see("see_user", "GET /v1/users/{id}", "/v1/users/spare"),
        one("make_user", "POST /v1/users", "/v1/users", bad.clone()),
        old(one(
            "change_user",
            "PATCH /v1/users/{id}",
            "/v1/users/spare",
            json!({ "name": "x" }),
        )),
        old(see("delete_user", "DELETE /v1/users/{id}", "/v1/users/spare")),
        own_or(
            "set_password",
            "PUT /v1/users/{id}/password",
            "/v1/users/{user}/password",
            json!({ "password": "short" }),
        ),
        see("list_teams", "GET /v1/teams", "/v1/teams"),
        two(
            "see_team",
            "GET /v1/teams/{id}",
            ("/v1/teams/own", null.clone()),
            ("/v1/teams/other", null.clone()),
        ),
        one("make_team", "POST /v1/teams", "/v1/teams", bad),
        old(two(
            "rename_team",
            "PATCH /v1/teams/{id}",
            ("/v1/teams/own", json!({ "name": "x" })),
            ("/v1/teams/other", json!({ "name": "x" })),
        )),
        old(see("delete_team", "DELETE /v1/teams/{id}", "/v1/teams/own")),
        two(
            "list_members",
            "GET /v1/teams/{id}/members",
            ("/v1/teams/own/members", null.clone()),
            ("/v1/teams/other/members", null),
        ),
        two(
            "set_member",
            "PUT /v1/teams/{id}/members/{user}",
            ("/v1/teams/own/members/spare", json!({ "role": "none" })),
            ("/v1/teams/other/members/spare", json!({ "role": "none" })),
        ),
        Case {
            row: "remove_member",
            operation: "DELETE /v1/teams/{id}/members/{user}",
            own: Wanted::Spare("own"),
            other: Wanted::Spare("other"),
            old_version: false,
        },
    ]
}

const LIST: &str = "GET /v1/environments/{environment}/{section}";
const SEE: &str = "GET /v1/environments/{environment}/{section}/{id}";
const VERSIONS: &str = "GET /v1/environments/{environment}/{section}/{id}/versions";
const PUT: &str = "PUT /v1/environments/{environment}/{section}/{id}";
const DELETE: &str = "DELETE /v1/environments/{environment}/{section}/{id}";

fn at(section_and_id: &str) -> String {
    format!("/v1/environments/own/{section_and_id}")
}

/// A change that is judged and not made.
fn dry(section_and_id: &str) -> String {
    format!("{}?dry_run=true", at(section_and_id))
}

/// Seeing, and what it was before.
fn seen(row: &'static str, own: &str, other: &str) -> [Case; 2] {
    let versions = |of: &str| format!("{}/versions", at(of));
    [
        two(row, SEE, (&at(own), Value::Null), (&at(other), Value::Null)),
        two(
            row,
            VERSIONS,
            (&versions(own), Value::Null),
            (&versions(other), Value::Null),
        ),
    ]
}

fn put(row: &'static str, own: (&str, Value), other: (&str, Value)) -> Case {
    two(row, PUT, (&dry(own.0), own.1), (&dry(other.0), other.1))
}

fn delete(row: &'static str, own: &str, other: &str) -> Case {
    two(row, DELETE, (&dry(own), Value::Null), (&dry(other), Value::Null))
}

fn entities() -> Vec<Case> {
    let of = |team: &str| json!({ "team": team });
    let plan = |team: &str| json!({ "team": team, "rate": "200/s" });
    let fresh = |team: &str| json!({ "team": team, "base_path": "/fresh", "operations": [] });
    let public = |team: &str| {
        let mut api = api(team);
        api["public"] = json!([format!("GET /{team}/open")]);
        api
    };
    let tenant = json!({ "cell": "c1", "status": "active" });
    let revoked = |id: &str| json!({ "credential": format!("{{{id}}}") });
    let of_issuer = json!({ "issuer": "i1", "jti": "y" });
    let mut all = vec![
        see("list_apis", LIST, &at("apis")),
        see("list_clients", LIST, &at("clients")),
        see("list_plans", LIST, &at("plans")),
        see("list_issuers", LIST, &at("issuers")),
        see("list_tenants", LIST, &at("tenants")),
        see("list_cells", LIST, &at("cells")),
        see("list_revocations", LIST, &at("revocations")),
        put(
            "put_api",
            ("apis/own-api", api("own")),
            ("apis/other-api", api("other")),
        ),
        put(
            "put_api@prefix",
            ("apis/fresh", fresh("own")),
            ("apis/fresh", fresh("other")),
        ),
        put(
            "put_api@public",
            ("apis/own-api", public("own")),
            ("apis/other-api", public("other")),
        ),
        delete("delete_api", "apis/own-api", "apis/other-api"),
        put(
            "put_client",
            ("clients/own-client", of("own")),
            ("clients/other-client", of("other")),
        ),
        put(
            "put_client@new",
            ("clients/fresh", of("own")),
            ("clients/fresh", of("other")),
        ),
        delete("delete_client", "clients/own-client", "clients/other-client"),
        put(
            "put_plan",
            ("plans/own-plan", plan("own")),
            ("plans/other-plan", plan("other")),
        ),
        put(
            "put_plan@new",
            ("plans/fresh", plan("own")),
            ("plans/fresh", plan("other")),
        ),
        delete("delete_plan", "plans/own-plan", "plans/other-plan"),
        put("put_issuer", ("issuers/i1", issuer()), ("issuers/i1", issuer())),
        delete("delete_issuer", "issuers/i1", "issuers/i1"),
        put(
            "put_tenant",
            ("tenants/t1", tenant.clone()),
            ("tenants/t1", tenant),
        ),
        delete("delete_tenant", "tenants/t1", "tenants/t1"),
        put("put_cell", ("cells/c1", json!({})), ("cells/c1", json!({}))),
        delete("delete_cell", "cells/c1", "cells/c1"),
        put(
            "put_revocation",
            ("revocations/r-own", revoked("r-own")),
            ("revocations/r-other", revoked("r-other")),
        ),
        put(
            "put_revocation@issuer",
            ("revocations/r-issuer", of_issuer.clone()),
            ("revocations/fresh", of_issuer),
        ),
        delete("delete_revocation", "revocations/r-own", "revocations/r-issuer"),
    ];
    all.extend(seen("see_api", "apis/own-api", "apis/other-api"));
    all.extend(seen("see_client", "clients/own-client", "clients/other-client"));
    all.extend(seen("see_plan", "plans/own-plan", "plans/other-plan"));
    all.extend(seen("see_issuer", "issuers/i1", "issuers/i1"));
    all.extend(seen("see_tenant", "tenants/t1", "tenants/t1"));
    all.extend(seen("see_cell", "cells/c1", "cells/c1"));
    all.extend(seen("see_revocation", "revocations/r-own", "revocations/r-other"));
    all.extend(seen(
        "see_revocation@issuer",
        "revocations/r-issuer",
        "revocations/r-issuer",
    ));
    // In the next environment nothing is the team's yet.
    let promote = |team: &str| dry(&format!("apis/{team}-api/promote"));
    all.push(two(
        "put_api@prefix",
        "POST /v1/environments/{environment}/apis/{id}/promote",
        (&promote("own"), Value::Null),
        (&promote("other"), Value::Null),
    ));
    all
}

fn clients_and_grants() -> Vec<Case> {
    let client = |row, operation, below: &str| {
        let target = |team: &str| dry(&format!("clients/{team}-client/{below}")).replace("TEAM", team);
        two(
            row,
            operation,
            (&target("own"), Value::Null),
            (&target("other"), Value::Null),
        )
    };
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
    const APPROVE: &str = "POST /v1/environments/{environment}/grants/{id}/approve";
    const REJECT: &str = "POST /v1/environments/{environment}/grants/{id}/reject";
    const REVOKE: &str = "DELETE /v1/environments/{environment}/grants/{id}";
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
            &dry("proposals/{p-own}/approve"),
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
