//! Signing in, users, teams and tokens.

use super::{Case, Wanted, old, one, see, two};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [sign_in(), users_and_tokens(), teams()]
        .into_iter()
        .flatten()
        .collect()
}

/// Of whoever asks, or of a stranger.
fn own_or(row: &'static str, operation: &'static str, target: &str, body: Value) -> Case {
    Case {
        row,
        operation,
        own: Wanted::Self_(target.to_owned(), body.clone()),
        other: Wanted::Self_(target.to_owned(), body),
        old_version: false,
    }
}

fn sign_in() -> Vec<Case> {
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
    ]
}

fn users_and_tokens() -> Vec<Case> {
    vec![
        own_or(
            "list_tokens",
            "GET /v1/tokens",
            "/v1/tokens?user={user}",
            Value::Null,
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
        one(
            "make_user",
            "POST /v1/users",
            "/v1/users",
            json!({ "id": "no id!", "name": "x" }),
        ),
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
    ]
}

fn teams() -> Vec<Case> {
    vec![
        see("list_teams", "GET /v1/teams", "/v1/teams"),
        two(
            "see_team",
            "GET /v1/teams/{id}",
            ("/v1/teams/own", Value::Null),
            ("/v1/teams/other", Value::Null),
        ),
        one(
            "make_team",
            "POST /v1/teams",
            "/v1/teams",
            json!({ "id": "no id!" }),
        ),
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
            ("/v1/teams/own/members", Value::Null),
            ("/v1/teams/other/members", Value::Null),
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
