//! `/v1/environments`: which there are, and what a change of one has to be careful of; and an API taken to the next one.

use super::caller::{Caller, Careful, Change};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::{Answer, App, environments};
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(set))
        .routes(routes!(promote))
}

/// A new environment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewEnvironment {
    /// 1 to 64 of a-z, 0-9 and `-`; the feed's name too.
    name: String,
}

/// An environment's seat belt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeatBelt {
    /// How many entities a change may delete or narrow without `confirm`: 0 to 10,000.
    confirm_above: Option<i64>,
    /// Whether a second person has to approve a change that needs `confirm`.
    second_approver: Option<bool>,
}

/// All environments, in the order of promotion
#[utoipa::path(
    get, path = "/v1/environments", operation_id = "list_environments", tag = "environments",
    responses((status = 200, description = "`items`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    Ok(environments::list(&app, &caller.asks("")).await?)
}

/// Makes an environment with keys of its own
#[utoipa::path(
    post, path = "/v1/environments", operation_id = "make_environment", tag = "environments", request_body(content = NewEnvironment),
    responses((status = 201, description = "The environment.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn create(State(app): State<App>, caller: Caller, mut change: Change) -> Result<Answer, Problem> {
    let new: NewEnvironment = change.read()?;
    Ok(environments::create(&app, &caller.asks(""), &new.name).await?)
}

/// Sets an environment's seat belt
#[utoipa::path(
    patch, path = "/v1/environments/{environment}", operation_id = "set_seat_belt", tag = "environments",
    params(("environment" = String, Path,)), request_body(content = SeatBelt),
    responses((status = 200, description = "The environment.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn set(
    State(app): State<App>,
    caller: Caller,
    Path(environment): Path<String>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let belt: SeatBelt = change.read()?;
    let asked = caller.asks(&environment);
    Ok(environments::set_seat_belt(&app, &asked, belt.confirm_above, belt.second_approver).await?)
}

/// Takes an API as it is here to the next environment
#[utoipa::path(
    post, path = "/v1/environments/{environment}/apis/{id}/promote", operation_id = "promote_api", tag = "environments",
    params(("environment" = String, Path,), ("id" = String, Path,), Careful),
    responses((status = 200, description = "The API as it is there now.", body = Object), (status = 201, description = "The same, new there.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn promote(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    Query(careful): Query<Careful>,
    change: Change,
) -> Result<Answer, Problem> {
    Ok(environments::promote(&app, caller.asks_change(&environment, &change, &careful), &id).await?)
}
