//! `/v1/teams`: who owns what, and who is in which team.

use super::caller::{Caller, Careful, Change, Part};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::{Answer, App, teams};
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(see, rename, delete))
        .routes(routes!(members))
        .routes(routes!(set_member, remove_member))
}

/// A team that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTeam {
    /// 1 to 64 of `A-Z a-z 0-9 . -`; never changed, never given twice.
    id: String,
    /// What people are shown; the id where absent.
    name: Option<String>,
}

/// A team's new name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamChange {
    name: String,
}

/// What somebody is to be in a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMember {
    /// `owner` or `member`.
    role: String,
}

/// A part of all teams
#[utoipa::path(
    get, path = "/v1/teams", operation_id = "list_teams", tag = "teams", params(Part),
    responses((status = 200, description = "`items`, and `next` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(State(app): State<App>, caller: Caller, Query(part): Query<Part>) -> Result<Answer, Problem> {
    Ok(teams::list(&app, &caller.asks(""), &part.page()?).await?)
}

/// Makes a team
#[utoipa::path(
    post, path = "/v1/teams", operation_id = "make_team", tag = "teams", request_body(content = NewTeam),
    responses((status = 201, description = "The team.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn create(State(app): State<App>, caller: Caller, mut change: Change) -> Result<Answer, Problem> {
    let asked = caller.asks("");
    let new: NewTeam = change.read()?;
    Ok(teams::create(&app, &asked, &new.id, new.name.as_deref()).await?)
}

/// One team
#[utoipa::path(
    get, path = "/v1/teams/{id}", operation_id = "see_team", tag = "teams", params(("id" = String, Path,)),
    responses((status = 200, description = "The team, with the version as `ETag`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn see(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Answer, Problem> {
    Ok(teams::see(&app, &caller.asks(""), &id).await?)
}

/// Gives a team another name; its id stays
#[utoipa::path(
    patch, path = "/v1/teams/{id}", operation_id = "rename_team", tag = "teams",
    params(("id" = String, Path,), ("If-Match" = Option<String>, Header, description = "The version that is to be changed.")),
    request_body(content = TeamChange),
    responses((status = 200, description = "The team as it is now.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn rename(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks_change("", &change, &Careful::default());
    let sent: TeamChange = change.read()?;
    Ok(teams::rename(&app, &asked, &id, &sent.name).await?)
}

/// Deletes a team that owns nothing; else says what it owns
#[utoipa::path(
    delete, path = "/v1/teams/{id}", operation_id = "delete_team", tag = "teams",
    params(("id" = String, Path,), ("If-Match" = Option<String>, Header, description = "The version that is to be deleted.")),
    responses((status = 200, description = "Deleted.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks_change("", &change, &Careful::default());
    Ok(teams::delete(&app, &asked, &id).await?)
}

/// Who is in a team
#[utoipa::path(
    get, path = "/v1/teams/{id}/members", operation_id = "list_members", tag = "teams", params(("id" = String, Path,), Part),
    responses((status = 200, description = "`items`, each `by` the portal or the identity provider's `groups`; and `next`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn members(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer, Problem> {
    Ok(teams::members(&app, &caller.asks(""), &id, &part.page()?).await?)
}

/// Puts a user into a team, or gives them another role there
#[utoipa::path(
    put, path = "/v1/teams/{id}/members/{user}", operation_id = "set_member", tag = "teams",
    params(("id" = String, Path,), ("user" = String, Path,)), request_body(content = NewMember),
    responses((status = 200, description = "What they are now.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn set_member(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(String, String)>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks("");
    let sent: NewMember = change.read()?;
    Ok(teams::set_member(&app, &asked, &id, &user, Some(&sent.role)).await?)
}

/// Takes a user out of a team
#[utoipa::path(
    delete, path = "/v1/teams/{id}/members/{user}", operation_id = "remove_member", tag = "teams",
    params(("id" = String, Path,), ("user" = String, Path,)),
    responses((status = 200, description = "They are out.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn remove_member(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(String, String)>,
) -> Result<Answer, Problem> {
    Ok(teams::set_member(&app, &caller.asks(""), &id, &user, None).await?)
}
