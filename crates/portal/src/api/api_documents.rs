//! `/v1/environments/{environment}/apis/{id}/openapi`: the OpenAPI document of an API.

use super::caller::{Caller, Part, Sent};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::{Answer, App, api_documents};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Response};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get, put, delete))
        .routes(routes!(versions))
}

/// Which one.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// An earlier version; the newest where absent. The last 20 are kept.
    version: Option<i64>,
}

/// The OpenAPI document of an API, as it was sent
#[utoipa::path(
    get, path = "/v1/environments/{environment}/apis/{id}/openapi", operation_id = "see_api_document", tag = "apis",
    params(("environment" = String, Path,), ("id" = String, Path,), Which),
    responses(
        (status = 200, description = "The document, JSON or YAML, with its `version` as ETag.", content_type = "application/yaml", body = String),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Response<Body>, Problem> {
    let found = api_documents::get(&app, &caller.asks(&environment), &id, which.version).await?;
    let mut response = Response::new(Body::from(found.text));
    let headers = response.headers_mut();
    let media_type = match found.format.as_str() {
        "json" => "application/json",
        _ => "application/yaml",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    // Somebody wrote it, and this is the portal's own origin.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", found.version)) {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}

/// Stores the OpenAPI document of an API; the same again changes nothing
#[utoipa::path(
    put, path = "/v1/environments/{environment}/apis/{id}/openapi", operation_id = "put_api_document", tag = "apis",
    params(
        ("environment" = String, Path,), ("id" = String, Path,),
        ("If-Match" = Option<String>, Header, description = "The version that is to be replaced."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same request again is answered, not done again; for 24 h."),
    ),
    request_body(content = String, content_type = "application/yaml", description = "OpenAPI 3.0 or 3.1, JSON or YAML, at most 2 MiB."),
    responses(
        (status = 200, description = "Replaced, or as it was: its `version`, `sha256` and size, whether it `changed`, and `warnings` where the API's operations are others.", body = Object),
        (status = 201, description = "Stored.", body = Object),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn put(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    sent: Sent<{ api_documents::DOCUMENT_BYTES_MAX }>,
) -> Result<Answer, Problem> {
    let asked = caller.asks_sent(&environment, &sent);
    Ok(api_documents::put(&app, &asked, &id, sent.bytes).await?)
}

/// Takes the OpenAPI document of an API away
#[utoipa::path(
    delete, path = "/v1/environments/{environment}/apis/{id}/openapi", operation_id = "delete_api_document", tag = "apis",
    params(
        ("environment" = String, Path,), ("id" = String, Path,),
        ("If-Match" = Option<String>, Header, description = "The version that is to be taken away."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same request again is answered, not done again; for 24 h."),
    ),
    responses((status = 200, description = "Taken away.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    sent: Sent<0>,
) -> Result<Answer, Problem> {
    let asked = caller.asks_sent(&environment, &sent);
    Ok(api_documents::delete(&app, &asked, &id).await?)
}

/// The versions of the document that are kept, the newest first
#[utoipa::path(
    get, path = "/v1/environments/{environment}/apis/{id}/openapi/versions", operation_id = "list_api_documents", tag = "apis",
    params(("environment" = String, Path,), ("id" = String, Path,), Part),
    responses((status = 200, description = "`items`, and `next` where there are more.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path((environment, id)): Path<(String, String)>,
    Query(part): Query<Part>,
) -> Result<Answer, Problem> {
    Ok(api_documents::versions(&app, &caller.asks(&environment), &id, &part.page()?).await?)
}
