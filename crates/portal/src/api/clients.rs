//! `/v1/environments/{environment}/clients/{id}/…`: credentials, and whether a client may call.

use super::caller::{Caller, Careful, Change};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::{Answer, App, clients};
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(suspend))
        .routes(routes!(activate))
        .routes(routes!(add))
        .routes(routes!(end))
        .routes(routes!(rotate))
}

/// How a key is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Rotation {
    /// How long the former key stays good, in seconds; 86,400 where absent, 0: it ends at once.
    overlap_s: Option<i64>,
}

/// Refuses a client from now on
#[utoipa::path(
    post, path = "/v1/environments/{environment}/clients/{id}/suspend", operation_id = "suspend_client", tag = "clients",
    params(("environment" = String, Path,), ("id" = String, Path,), Careful),
    responses((status = 200, description = "The client as it is now.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn suspend(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    Query(careful): Query<Careful>,
    change: Change,
) -> Result<Answer, Problem> {
    Ok(clients::set_status(
        &app,
        caller.asks_change(&environment, &change, &careful),
        &id,
        false,
    )
    .await?)
}

/// Lets a client call again
#[utoipa::path(
    post, path = "/v1/environments/{environment}/clients/{id}/activate", operation_id = "activate_client", tag = "clients",
    params(("environment" = String, Path,), ("id" = String, Path,), Careful),
    responses((status = 200, description = "The client as it is now.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn activate(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    Query(careful): Query<Careful>,
    change: Change,
) -> Result<Answer, Problem> {
    Ok(clients::set_status(
        &app,
        caller.asks_change(&environment, &change, &careful),
        &id,
        true,
    )
    .await?)
}

/// Adds a credential; without a `type`, makes an API key, which is shown once
#[utoipa::path(
    post, path = "/v1/environments/{environment}/clients/{id}/credentials", operation_id = "make_credential", tag = "clients",
    params(("environment" = String, Path,), ("id" = String, Path,), Careful),
    request_body(content = Object, description = "Nothing, or a credential as a policy file has it; `id` may be left out."),
    responses((status = 201, description = "`id`, and `key` where one was made.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn add(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    Query(careful): Query<Careful>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let new = match change.body {
        Value::Null => Map::new(),
        _ => change.object()?,
    };
    Ok(clients::add_credential(
        &app,
        caller.asks_change(&environment, &change, &careful),
        &id,
        new,
    )
    .await?)
}

/// Ends a credential at once
#[utoipa::path(
    delete, path = "/v1/environments/{environment}/clients/{id}/credentials/{credential}", operation_id = "end_credential", tag = "clients",
    params(("environment" = String, Path,), ("id" = String, Path,), ("credential" = String, Path,), Careful),
    responses((status = 200, description = "The client as it is now.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn end(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id, credential)): Path<(String, String, String)>,
    Query(careful): Query<Careful>,
    change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks_change(&environment, &change, &careful);
    Ok(clients::end_credential(&app, asked, &id, &credential).await?)
}

/// Makes a new key in place of one, which stays good for a while
#[utoipa::path(
    post, path = "/v1/environments/{environment}/clients/{id}/credentials/{credential}/rotate", operation_id = "rotate_credential", tag = "clients",
    params(("environment" = String, Path,), ("id" = String, Path,), ("credential" = String, Path,), Careful),
    request_body(content = Rotation),
    responses((status = 201, description = "`id` and `key` of the new one.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id, credential)): Path<(String, String, String)>,
    Query(careful): Query<Careful>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let rotation: Rotation = match change.body {
        Value::Null => Rotation::default(),
        _ => change.read()?,
    };
    let overlap_s = rotation.overlap_s.unwrap_or(86_400);
    let asked = caller.asks_change(&environment, &change, &careful);
    Ok(clients::rotate_credential(&app, asked, &id, &credential, overlap_s).await?)
}
