//! `/v1/environments/{environment}/{section}[/{id}]`: what the policy is made of.

use super::caller::{Caller, Careful, Change, Part};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::{Answer, App, Refused, entities};
use axum::extract::State;
use policy::entity::Kind;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, put, delete))
        .routes(routes!(versions))
}

fn kind(section: &str) -> Result<Kind, Refused> {
    let known = Kind::ALL.into_iter().find(|kind| kind.section() == section);
    known.ok_or_else(|| {
        let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.section()).collect();
        Refused::NotFound(format!("section `{section}`; there are {}", all.join(", ")))
    })
}

/// Sections of a policy.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "names the sections in the OpenAPI document")]
enum Section {
    Issuers,
    Apis,
    Clients,
    Plans,
    Revocations,
    Tenants,
    Cells,
}

/// Which.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those of this team.
    team: Option<String>,
    /// Only clients with a credential that could be used, and was not for at least so many seconds; a part may then have fewer than `limit`.
    unused_for_s: Option<i64>,
}

/// A part of all entities of a section, by id
#[utoipa::path(
    get, path = "/v1/environments/{environment}/{section}", operation_id = "list_entities", tag = "entities",
    params(("environment" = String, Path,), ("section" = inline(Section), Path,), Part, Which),
    responses((status = 200, description = "`items`, and `next` where there are more. A client's credentials have `last_used`, null where they were not since `watched_since`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path((environment, section)): Path<(String, String)>,
    Query(part): Query<Part>,
    Query(which): Query<Which>,
) -> Result<Answer, Problem> {
    let kind = kind(&section)?;
    Ok(entities::page(
        &app,
        &caller.asks(&environment),
        kind,
        entities::Which {
            team: which.team.as_deref(),
            unused_for_s: which.unused_for_s,
        },
        &part.page()?,
    )
    .await?)
}

/// One entity
#[utoipa::path(
    get, path = "/v1/environments/{environment}/{section}/{id}", operation_id = "see_entity", tag = "entities",
    params(("environment" = String, Path,), ("section" = inline(Section), Path,), ("id" = String, Path,)),
    responses((status = 200, description = "The entity, with its `version` as ETag. A client's credentials have `last_used`, null where they were not since `watched_since`; no use changes the version.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path((environment, section, id)): Path<(String, String, String)>,
) -> Result<Answer, Problem> {
    Ok(entities::get(&app, &caller.asks(&environment), kind(&section)?, &id).await?)
}

/// Creates or replaces an entity
#[utoipa::path(
    put, path = "/v1/environments/{environment}/{section}/{id}", operation_id = "put_entity", tag = "entities",
    params(
        ("environment" = String, Path,), ("section" = inline(Section), Path,), ("id" = String, Path,), Careful,
        ("If-Match" = Option<String>, Header, description = "The version that is to be replaced."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same request again is answered, not done again; for 24 h."),
    ),
    request_body(content = Object, description = "The entity as a policy file has it, without `id` (contract/policy.schema.json)."),
    responses(
        (status = 200, description = "Replaced; `epoch` and `revision` say with which revision it is in force.", body = Object),
        (status = 201, description = "Created.", body = Object),
        (status = 202, description = "Waits for another person's approval.", body = Object),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn put(
    State(app): State<App>,
    caller: Caller,
    Path((environment, section, id)): Path<(String, String, String)>,
    Query(careful): Query<Careful>,
    mut change: Change,
) -> Result<Answer, Problem> {
    let kind = kind(&section)?;
    let sent = change.object()?;
    Ok(entities::put(
        &app,
        caller.asks_change(&environment, &change, &careful),
        kind,
        &id,
        sent,
    )
    .await?)
}

/// Deletes an entity; its id is never used again
#[utoipa::path(
    delete, path = "/v1/environments/{environment}/{section}/{id}", operation_id = "delete_entity", tag = "entities",
    params(
        ("environment" = String, Path,), ("section" = inline(Section), Path,), ("id" = String, Path,), Careful,
        ("If-Match" = Option<String>, Header, description = "The version that is to be deleted."),
    ),
    responses((status = 200, description = "Deleted.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((environment, section, id)): Path<(String, String, String)>,
    Query(careful): Query<Careful>,
    change: Change,
) -> Result<Answer, Problem> {
    let kind = kind(&section)?;
    Ok(entities::delete(
        &app,
        caller.asks_change(&environment, &change, &careful),
        kind,
        &id,
    )
    .await?)
}

/// What an entity was, the newest version first
#[utoipa::path(
    get, path = "/v1/environments/{environment}/{section}/{id}/versions", tag = "entities",
    params(("environment" = String, Path,), ("section" = inline(Section), Path,), ("id" = String, Path,), Part),
    responses((status = 200, description = "`items`, and `next` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path((environment, section, id)): Path<(String, String, String)>,
    Query(part): Query<Part>,
) -> Result<Answer, Problem> {
    let kind = kind(&section)?;
    Ok(entities::versions(&app, &caller.asks(&environment), kind, &id, &part.page()?).await?)
}
