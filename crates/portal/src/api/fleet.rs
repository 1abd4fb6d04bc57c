//! `/v1/fleet`: what gateways, authorizers and relays report, and what follows of it.

use super::caller::{Caller, Part};
use super::extract::Query;
use super::problem::Problem;
use crate::app::fleet::{self, NewReport};
use crate::app::{Answer, App, Refused};
use crate::store::fleet::Versions;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a report.
const REPORT_BYTES_MAX: usize = 128 * 1024;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(report))
        .routes(routes!(view))
        .routes(routes!(versions, set_versions))
        .layer(DefaultBodyLimit::max(REPORT_BYTES_MAX))
}

/// Which fleet.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    environment: String,
    /// `EPOCH:REVISION`: who has it, and how long after it was made.
    revision: Option<String>,
}

/// Of which environment.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Of {
    environment: String,
}

/// Versions that are to run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewVersions {
    /// All should run it; null: no wish.
    wanted: Option<String>,
    /// None may run a lower one; null: any may.
    lowest: Option<String>,
}

fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Problem> {
    let body = body.map_err(|_| {
        Problem::new(
            413,
            "too_large",
            format!("the body cannot be read, or has more than {REPORT_BYTES_MAX} bytes"),
        )
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        if error.is_data() {
            Refused::field("", error.to_string()).into()
        } else {
            Problem::new(400, "malformed", format!("the body is no JSON: {error}"))
        }
    })
}

/// Takes a report; only by an enrolment token
#[utoipa::path(
    post, path = "/v1/fleet/reports", operation_id = "report", tag = "fleet", request_body(content = NewReport),
    responses((status = 200, description = "`interval_ms`: when to report again.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn report(
    State(app): State<App>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Answer, Problem> {
    let new: NewReport = read(body)?;
    Ok(fleet::report(&app, &caller.asks(""), &new).await?)
}

/// Who runs what, who lags, and how long recent revisions took
#[utoipa::path(
    get, path = "/v1/fleet", operation_id = "see_fleet", tag = "fleet", params(Which, Part),
    responses((status = 200, description = "`published`, `alarm`, `versions`, `counts`, `propagation`, `instances`, and `next_cursor` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn view(
    State(app): State<App>,
    caller: Caller,
    Query(which): Query<Which>,
    Query(part): Query<Part>,
) -> Result<Answer, Problem> {
    let place = which.revision.as_deref().map(place).transpose()?;
    Ok(fleet::view(&app, &caller.asks(&which.environment), place, &part.page()?).await?)
}

fn place(text: &str) -> Result<(i64, i64), Refused> {
    let wrong = || Refused::field("revision", "write it as `EPOCH:REVISION`");
    let (epoch, revision) = text.split_once(':').ok_or_else(wrong)?;
    match (epoch.parse::<i64>(), revision.parse::<i64>()) {
        (Ok(epoch @ 0..), Ok(revision @ 0..)) => Ok((epoch, revision)),
        _ => Err(wrong()),
    }
}

/// Which versions are to run
#[utoipa::path(
    get, path = "/v1/fleet/versions", operation_id = "see_versions", tag = "fleet", params(Of),
    responses((status = 200, description = "`wanted` and `lowest`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn versions(State(app): State<App>, caller: Caller, Query(of): Query<Of>) -> Result<Answer, Problem> {
    Ok(fleet::get_versions(&app, &caller.asks(&of.environment)).await?)
}

/// Says which versions are to run
#[utoipa::path(
    put, path = "/v1/fleet/versions", operation_id = "set_versions", tag = "fleet", params(Of), request_body(content = NewVersions),
    responses((status = 200, description = "`wanted` and `lowest`.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn set_versions(
    State(app): State<App>,
    caller: Caller,
    Query(of): Query<Of>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Answer, Problem> {
    let new: NewVersions = read(body)?;
    let versions = Versions {
        wanted: new.wanted,
        lowest: new.lowest,
    };
    Ok(fleet::set_versions(&app, &caller.asks(&of.environment), &versions).await?)
}
