//! Refusals on the wire: problem details (RFC 9457), with the id of the request in them.

use crate::app::{FieldError, Refused};
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::middleware::Next;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

/// The field that carries the id of a request, both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Bytes of an id that a client gives.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// A refusal (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A stable address of what is wrong: `https://switchboard.dev/errors/CODE`.
    r#type: Box<str>,
    /// The same for programs.
    code: &'static str,
    /// The same for every refusal of this kind.
    title: &'static str,
    status: u16,
    /// What is wrong this time, and what to do.
    detail: Box<str>,
    request_id: Box<str>,
    /// Members that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<FieldError>,
    /// When to come again, in seconds; 0: that is not said.
    #[serde(skip)]
    retry_after_s: u32,
}

/// The id of a request.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

fn title(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read",
        401 => "Who asks is not known",
        403 => "This is not allowed",
        404 => "It is not there",
        405 => "This method is not for this address",
        409 => "What is there stands against it",
        412 => "It was changed meanwhile",
        413 => "The request is too large",
        422 => "What was sent cannot be taken",
        429 => "This was tried too often",
        502 => "Somebody else did not answer as they should",
        503 => "This is not possible now",
        _ => "The portal failed",
    }
}

impl Problem {
    pub(crate) fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            r#type: format!("https://switchboard.dev/errors/{code}").into(),
            code,
            title: title(status),
            status,
            detail: detail.into().into(),
            request_id: Box::default(),
            errors: Vec::new(),
            retry_after_s: 0,
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let (status, code) = refused.kind();
        if let Refused::Store(error) = &refused {
            // Who asked cannot help it, and what a database says is not for them.
            tracing::error!(error = %crate::causes(error), "the database failed");
        }
        let mut problem = Problem::new(status, code, refused.to_string());
        problem.retry_after_s = match &refused {
            Refused::TooMany(too_many) => u32::try_from(too_many.retry_after_s).unwrap_or(u32::MAX),
            Refused::Unavailable(_) => 1,
            _ => 0,
        };
        if let Refused::Invalid(errors) = refused {
            problem.errors = errors;
        }
        problem
    }
}

/// Written by [`with_request_id`], which knows the id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.status == 401 {
            let challenge = HeaderValue::from_static("Bearer realm=\"portal\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if self.retry_after_s > 0 {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(self.retry_after_s));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response<Body> {
        Problem::from(self).into_response()
    }
}

/// Gives every request an id, and writes refusals with it.
pub(crate) async fn with_request_id(mut request: Request, next: Next) -> Response<Body> {
    let given = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let is_id = |text: &&str| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let id = given.filter(is_id).map_or_else(crate::text::id, str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    let mut problem = response.extensions_mut().remove::<Problem>();
    if problem.is_none() && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        problem = Some(Problem::new(
            405,
            "method_not_allowed",
            "see `Allow` for the methods that are",
        ));
    }
    if let Some(mut problem) = problem {
        problem.request_id = id.as_str().into();
        let text = serde_json::to_string(&problem).unwrap_or_default();
        *response.body_mut() = Body::from(text);
        let headers = response.headers_mut();
        headers.remove(axum::http::header::CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What no address is.
pub(crate) async fn nowhere() -> Problem {
    Problem::new(
        404,
        "not_found",
        "there is nothing at this address; `/openapi.json` has all that are",
    )
}
