//! `/v1/environments/{environment}/grants`: what clients ask for, and what they are given.

use super::caller::{Caller, Careful, Change, Part};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::grants::{self, AskedGrant, Decision};
use crate::app::{Answer, App};
use crate::store::grants::Wanted;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(approve))
        .routes(routes!(reject))
        .routes(routes!(revoke))
}

/// A grant that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGrant {
    client: String,
    api: String,
    #[serde(default)]
    scopes: Vec<String>,
    plan: Option<String>,
}

/// Which grants.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    client: Option<String>,
    api: Option<String>,
    /// `requested`, `active`, `rejected` or `revoked`.
    state: Option<String>,
}

/// A part of all grants
#[utoipa::path(
    get, path = "/v1/environments/{environment}/grants", operation_id = "list_grants", tag = "grants",
    params(("environment" = String, Path,), Part, Which),
    responses((status = 200, description = "`items`, and `next` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(environment): Path<String>,
    Query(part): Query<Part>,
    Query(which): Query<Which>,
) -> Result<Answer, Problem> {
    let wanted = Wanted {
        client: which.client.as_deref(),
        api: which.api.as_deref(),
        state: which.state.as_deref(),
    };
    Ok(grants::page(&app, &caller.asks(&environment), &wanted, &part.page()?).await?)
}

/// Asks for a grant; gives it at once where the caller may
#[utoipa::path(
    post, path = "/v1/environments/{environment}/grants", operation_id = "request_grant", tag = "grants",
    params(("environment" = String, Path,), Careful),
    request_body(content = NewGrant),
    responses(
        (status = 201, description = "Given: the client as it is now, with `grant`.", body = Object),
        (status = 202, description = "Asked for: the API's team decides.", body = Object),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn ask(
    State(app): State<App>,
    caller: Caller,
    Path(environment): Path<String>,
    Query(careful): Query<Careful>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let new: NewGrant = change.read()?;
    let wanted = AskedGrant {
        client: new.client,
        api: new.api,
        scopes: new.scopes,
        plan: new.plan,
    };
    Ok(grants::ask(&app, caller.asks_change(&environment, &change, &careful), &wanted).await?)
}

/// Gives what was asked for
#[utoipa::path(
    post, path = "/v1/environments/{environment}/grants/{id}/approve", operation_id = "approve_grant", tag = "grants",
    params(("environment" = String, Path,), ("id" = String, Path,), Careful),
    responses((status = 200, description = "Given: the client as it is now, with `grant`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    Query(careful): Query<Careful>,
    change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks_change(&environment, &change, &careful);
    Ok(grants::decide(&app, asked, &id, Decision::Approve).await?)
}

/// Refuses what was asked for
#[utoipa::path(
    post, path = "/v1/environments/{environment}/grants/{id}/reject", operation_id = "reject_grant", tag = "grants",
    params(("environment" = String, Path,), ("id" = String, Path,), Careful),
    responses((status = 200, description = "The grant as it is now.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn reject(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    Query(careful): Query<Careful>,
    change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks_change(&environment, &change, &careful);
    Ok(grants::decide(&app, asked, &id, Decision::Reject).await?)
}

/// Takes a grant back
#[utoipa::path(
    delete, path = "/v1/environments/{environment}/grants/{id}", operation_id = "revoke_grant", tag = "grants",
    params(("environment" = String, Path,), ("id" = String, Path,), Careful),
    responses((status = 200, description = "The client as it is now; the grant, where it had only been asked for.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    Query(careful): Query<Careful>,
    change: Change,
) -> Result<Answer, Problem> {
    Ok(grants::revoke(&app, caller.asks_change(&environment, &change, &careful), &id).await?)
}
