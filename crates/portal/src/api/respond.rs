//! Answers on the wire: JSON, the entity's version as `ETag`, and where the feed stands with it.

use crate::app::Answer;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;

const REVISION: HeaderName = HeaderName::from_static("switchboard-revision");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body.to_string()));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(version) = self.version
            && let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\""))
        {
            headers.insert(ETAG, tag);
        }
        if let Some((epoch, revision)) = self.place
            && let Ok(place) = HeaderValue::from_str(&format!("{epoch}:{revision}"))
        {
            headers.insert(REVISION, place);
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
