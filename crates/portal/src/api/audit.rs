//! `/v1/audit`: what was done, by whom, and that nobody changed what was recorded of it.

use super::caller::{Caller, Part};
use super::extract::Query;
use super::problem::Problem;
use crate::app::{Answer, App, history};
use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(prove))
}

/// Which part of the log.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// Of this environment; where absent, of what belongs to all of them.
    environment: String,
    /// Of this object alone, as in `client/mobile-app`.
    object: Option<String>,
}

/// A part of the log, the newest first
#[utoipa::path(
    get, path = "/v1/audit", operation_id = "list_audit", tag = "audit", params(Which, Part),
    responses((status = 200, description = "`items`, and `next` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(which): Query<Which>,
    Query(part): Query<Part>,
) -> Result<Answer, Problem> {
    let asked = caller.asks(&which.environment);
    Ok(history::audit(&app, &asked, which.object.as_deref(), &part.page()?).await?)
}

/// Works out the chain of hashes again, ten thousand rows at a time
#[utoipa::path(
    get, path = "/v1/audit/proof", tag = "audit", params(Which, Part),
    responses((status = 200, description = "`holds`, up to which position, and the hash there.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn prove(
    State(app): State<App>,
    caller: Caller,
    Query(which): Query<Which>,
    Query(part): Query<Part>,
) -> Result<Answer, Problem> {
    Ok(history::prove(&app, &caller.asks(&which.environment), &part.page()?).await?)
}
