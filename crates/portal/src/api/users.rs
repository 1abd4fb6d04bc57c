//! `/v1/users`: who there is.

use super::caller::{Caller, Careful, Change, Part};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::{Answer, App, users};
use axum::extract::State;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(see, change, delete))
        .routes(routes!(set_password))
}

/// A local user who is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// 1 to 64 of `A-Z a-z 0-9 . -`; never given twice.
    id: String,
    name: String,
    email: Option<String>,
    /// `platform_admin` or `auditor`.
    role: Option<String>,
    /// At least 12 characters; without one, nobody signs in as this user yet.
    password: Option<String>,
}

/// What is to be other than it is. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserChange {
    name: Option<String>,
    /// Null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// `platform_admin`, `auditor`, or null.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    role: Option<Option<String>>,
    /// Sessions and tokens stop working, until the user is let in again.
    barred: Option<bool>,
}

/// A local user's new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// One's own of now, for one's own.
    current: Option<String>,
    /// At least 12 characters.
    password: String,
}

/// Null is a value here, not an absence.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A part of all users
#[utoipa::path(
    get, path = "/v1/users", operation_id = "list_users", tag = "users", params(Part),
    responses((status = 200, description = "`items`, and `next` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(State(app): State<App>, caller: Caller, Query(part): Query<Part>) -> Result<Answer, Problem> {
    Ok(users::list(&app, &caller.asks(""), &part.page()?).await?)
}

/// Makes a local user
#[utoipa::path(
    post, path = "/v1/users", operation_id = "make_user", tag = "users", request_body(content = NewUser),
    responses((status = 201, description = "The user.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn create(State(app): State<App>, caller: Caller, mut change: Change) -> Result<Answer, Problem> {
    let asked = caller.asks("");
    let new: NewUser = change.read()?;
    let wanted = users::Wanted {
        id: new.id,
        name: new.name,
        email: new.email,
        role: new.role,
        password: new.password,
    };
    Ok(users::create(&app, &asked, &wanted).await?)
}

/// One user
#[utoipa::path(
    get, path = "/v1/users/{id}", operation_id = "see_user", tag = "users", params(("id" = String, Path,)),
    responses((status = 200, description = "The user, with the version as `ETag`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn see(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Answer, Problem> {
    Ok(users::see(&app, &caller.asks(""), &id).await?)
}

/// Changes a user's name, address or role, or bars them
#[utoipa::path(
    patch, path = "/v1/users/{id}", operation_id = "change_user", tag = "users",
    params(("id" = String, Path,), ("If-Match" = Option<String>, Header, description = "The version that is to be changed.")),
    request_body(content = UserChange),
    responses((status = 200, description = "The user as it is now.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks_change("", &change, &Careful::default());
    let sent: UserChange = change.read()?;
    let wanted = users::Change {
        name: sent.name,
        email: sent.email,
        role: sent.role,
        is_barred: sent.barred,
    };
    Ok(users::change(&app, &asked, &id, &wanted).await?)
}

/// Deletes a user: sessions and tokens end, the id stays taken
#[utoipa::path(
    delete, path = "/v1/users/{id}", operation_id = "delete_user", tag = "users",
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
    Ok(users::delete(&app, &asked, &id).await?)
}

/// Gives a local user another password; sessions end
#[utoipa::path(
    put, path = "/v1/users/{id}/password", operation_id = "set_password", tag = "users", params(("id" = String, Path,)),
    request_body(content = NewPassword),
    responses((status = 200, description = "The user.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn set_password(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let asked = caller.asks("");
    let new: NewPassword = change.read()?;
    Ok(users::set_password(&app, &asked, &id, new.current, new.password).await?)
}
