//! `/v1/environments/{environment}/issuers/{id}/key-set`: the keys that were fetched from an issuer's `jwks_uri`.

use super::caller::{Caller, Sent};
use super::extract::Path;
use super::problem::Problem;
use crate::app::{Answer, App, key_sets};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a body, of which nothing is read.
const BODY_BYTES_MAX: usize = 1024;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(see)).routes(routes!(fetch))
}

/// What was fetched, and how asking for it goes
#[utoipa::path(
    get, path = "/v1/environments/{environment}/issuers/{id}/key-set", operation_id = "see_key_set", tag = "issuers",
    params(("environment" = String, Path,), ("id" = String, Path,)),
    responses(
        (status = 200, description = "`keys` by their names and thumbprints (RFC 7638), `fetched_at`, `changed_at`; `failures` in a row, `failing_since`, and why: `failure`.", body = Object),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn see(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
) -> Result<Answer, Problem> {
    Ok(key_sets::see(&app, &caller.asks(&environment), &id).await?)
}

/// Asks the issuer now: where its keys are others, they are published
#[utoipa::path(
    post, path = "/v1/environments/{environment}/issuers/{id}/key-set/fetch", operation_id = "fetch_key_set", tag = "issuers",
    params(
        ("environment" = String, Path,), ("id" = String, Path,),
        ("Idempotency-Key" = Option<String>, Header, description = "The same request again is answered, not done again; for 24 h."),
    ),
    responses(
        (status = 200, description = "The set as it is now, and whether it `changed`; with `Switchboard-Revision` where that was published.", body = Object),
        (status = 502, description = "There is none to be had; what was fetched before holds.", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn fetch(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    sent: Sent<BODY_BYTES_MAX>,
) -> Result<Answer, Problem> {
    let asked = caller.asks_sent(&environment, &sent);
    Ok(key_sets::fetch(&app, &asked, &id).await?)
}
