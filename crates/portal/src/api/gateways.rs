//! `/v1/gateways`: who is a gateway.

use super::caller::{Caller, Change, Part};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::{Answer, App, gateways};
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// A gateway that is enrolled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGateway {
    /// 1 to 128 of `A-Z a-z 0-9 . _ -`.
    name: String,
    /// Whose it is.
    team: String,
    /// The one environment that it reads.
    environment: String,
}

/// A part of all gateways
#[utoipa::path(
    get, path = "/v1/gateways", operation_id = "list_gateways", tag = "gateways", params(Part),
    responses((status = 200, description = "`items`, and `next` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(State(app): State<App>, caller: Caller, Query(part): Query<Part>) -> Result<Answer, Problem> {
    Ok(gateways::page(&app, &caller.asks(""), &part.page()?).await?)
}

/// Enrols a gateway: its token is in this answer, and never again
#[utoipa::path(
    post, path = "/v1/gateways", operation_id = "enrol_gateway", tag = "gateways", request_body(content = NewGateway),
    responses((status = 201, description = "The gateway with its `token`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn create(State(app): State<App>, caller: Caller, mut change: Change) -> Result<Answer, Problem> {
    let new: NewGateway = change.read()?;
    Ok(gateways::create(&app, &caller.asks(&new.environment), &new.name, &new.team).await?)
}

/// Ends a gateway's token
#[utoipa::path(
    delete, path = "/v1/gateways/{id}", operation_id = "revoke_gateway", tag = "gateways", params(("id" = String, Path,)),
    responses((status = 200, description = "The gateway as it is now.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn revoke(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Answer, Problem> {
    Ok(gateways::revoke(&app, &caller.asks(""), &id).await?)
}
