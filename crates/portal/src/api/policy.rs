//! `/v1/environments/{environment}/policy`, `/revisions`, `/revert`, `/proposals`: the policy as a whole, and its past.

use super::caller::{Caller, Careful, Change, Part};
use super::extract::{Path, Query};
use super::pieces::Pieces;
use super::problem::Problem;
use crate::app::{Answer, App, history, policy_document, proposals, revert};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(export, import))
        .routes(routes!(revisions))
        .routes(routes!(revision))
        .routes(routes!(go_back))
        .routes(routes!(list_proposals))
        .routes(routes!(approve))
        .routes(routes!(reject))
}

/// How a document is taken.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct How {
    /// What the document's sections do not have is deleted.
    replace: bool,
}

/// As of when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct When {
    /// As it was at this revision, of any epoch; now where absent.
    revision: Option<i64>,
}

/// Where to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Back {
    revision: i64,
    /// What is undone although it took something away: `revocation/ID`, `client/ID`, `tenant/ID`, `credential/ID`.
    #[serde(default)]
    named: BTreeSet<String>,
}

/// All that is in force, as one document
#[utoipa::path(
    get, path = "/v1/environments/{environment}/policy", operation_id = "export_policy", tag = "policy", params(("environment" = String, Path,), When),
    responses((status = 200, description = "As `policy build` takes it.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn export(
    State(app): State<App>,
    caller: Caller,
    Path(environment): Path<String>,
    Query(when): Query<When>,
) -> Result<Response<Body>, Problem> {
    let pieces = policy_document::export(&app, &caller.asks(&environment), when.revision).await?;
    let mut response = Response::new(Body::new(Pieces(pieces)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Creates and replaces much in one revision
#[utoipa::path(
    post, path = "/v1/environments/{environment}/policy", operation_id = "import_policy", tag = "policy",
    params(("environment" = String, Path,), How, Careful),
    request_body(content = Object, description = "A policy document, or a part of one (contract/policy.schema.json)."),
    responses((status = 200, description = "`entities`, `epoch`, `revision`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn import(
    State(app): State<App>,
    caller: Caller,
    Path(environment): Path<String>,
    Query(how): Query<How>,
    Query(careful): Query<Careful>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let document = change.object()?;
    let asked = caller.asks_change(&environment, &change, &careful);
    Ok(policy_document::import(&app, asked, document, how.replace).await?)
}

/// A part of all revisions, the newest first
#[utoipa::path(
    get, path = "/v1/environments/{environment}/revisions", operation_id = "list_revisions", tag = "policy",
    params(("environment" = String, Path,), Part),
    responses((status = 200, description = "`items`, and `next` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn revisions(
    State(app): State<App>,
    caller: Caller,
    Path(environment): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer, Problem> {
    Ok(history::revisions(&app, &caller.asks(&environment), &part.page()?).await?)
}

/// One revision, and what it changed
#[utoipa::path(
    get, path = "/v1/environments/{environment}/revisions/{revision}", operation_id = "see_revision", tag = "policy",
    params(("environment" = String, Path,), ("revision" = i64, Path,)),
    responses((status = 200, description = "The revision.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn revision(
    State(app): State<App>,
    caller: Caller,
    Path((environment, revision)): Path<(String, i64)>,
) -> Result<Answer, Problem> {
    Ok(history::revision(&app, &caller.asks(&environment), revision).await?)
}

/// Publishes what held at an earlier revision; what took something away stays, unless it is named
#[utoipa::path(
    post, path = "/v1/environments/{environment}/revert", operation_id = "revert", tag = "policy",
    params(("environment" = String, Path,), Careful),
    request_body(content = Back),
    responses((status = 200, description = "`reverted_to`, `changed`, `epoch`, `revision`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn go_back(
    State(app): State<App>,
    caller: Caller,
    Path(environment): Path<String>,
    Query(careful): Query<Careful>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let back: Back = change.read()?;
    let asked = caller.asks_change(&environment, &change, &careful);
    Ok(revert::revert(&app, asked, back.revision, &back.named).await?)
}

/// A part of all changes that wait for a second person, or did
#[utoipa::path(
    get, path = "/v1/environments/{environment}/proposals", operation_id = "list_proposals", tag = "policy",
    params(("environment" = String, Path,), Part),
    responses((status = 200, description = "`items`, and `next` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list_proposals(
    State(app): State<App>,
    caller: Caller,
    Path(environment): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer, Problem> {
    Ok(proposals::page(&app, &caller.asks(&environment), &part.page()?).await?)
}

/// Does what another person proposed
#[utoipa::path(
    post, path = "/v1/environments/{environment}/proposals/{id}/approve", operation_id = "approve_proposal", tag = "policy",
    params(("environment" = String, Path,), ("id" = String, Path,)),
    responses((status = 200, description = "`proposal`, `epoch`, `revision`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks_change(&environment, &change, &Careful::default());
    Ok(proposals::approve(&app, asked, &id).await?)
}

/// Lays a proposal aside
#[utoipa::path(
    post, path = "/v1/environments/{environment}/proposals/{id}/reject", operation_id = "reject_proposal", tag = "policy",
    params(("environment" = String, Path,), ("id" = String, Path,)),
    responses((status = 200, description = "The proposal as it is now.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn reject(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks_change(&environment, &change, &Careful::default());
    Ok(proposals::reject(&app, asked, &id).await?)
}
