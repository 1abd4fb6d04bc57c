//! `/v1/tokens`: personal access tokens, for CI and the command line.

use super::caller::{Caller, Change};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::{Answer, App, personal_tokens};
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

/// A token that is to be made for whoever asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What it is for.
    name: String,
    /// Days that it is good for: 1 to 366, 90 where absent. One that is made by a token ends no later than that.
    days: Option<u32>,
    /// It changes nothing.
    #[serde(default)]
    read_only: bool,
    /// It reaches this team alone.
    team: Option<String>,
}

/// Whose tokens.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Whose {
    /// Another user's: for platform admins and auditors.
    user: Option<String>,
}

/// A user's tokens that have not ended, without the tokens themselves
#[utoipa::path(
    get, path = "/v1/tokens", operation_id = "list_tokens", tag = "tokens", params(Whose),
    responses((status = 200, description = "`items`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(State(app): State<App>, caller: Caller, Query(whose): Query<Whose>) -> Result<Answer, Problem> {
    Ok(personal_tokens::list(&app, &caller.asks(""), whose.user.as_deref()).await?)
}

/// Makes a token: it is in this answer, and never again
#[utoipa::path(
    post, path = "/v1/tokens", operation_id = "make_token", tag = "tokens", request_body(content = NewToken),
    responses((status = 201, description = "The token's entry with `token`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn create(State(app): State<App>, caller: Caller, mut change: Change) -> Result<Answer, Problem> {
    let asked = caller.asks("");
    let new: NewToken = change.read()?;
    let wanted = personal_tokens::Wanted {
        name: new.name,
        days: new.days,
        read_only: new.read_only,
        team: new.team,
    };
    Ok(personal_tokens::create(&app, &asked, &wanted).await?)
}

/// Ends a token
#[utoipa::path(
    delete, path = "/v1/tokens/{id}", operation_id = "revoke_token", tag = "tokens", params(("id" = String, Path,)),
    responses((status = 200, description = "The token's entry as it was.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn revoke(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Answer, Problem> {
    Ok(personal_tokens::revoke(&app, &caller.asks(""), &id).await?)
}
