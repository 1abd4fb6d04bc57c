//! `/v1/feeds/{feed}`: what readers of a feed take: the commit, a bundle, a floor, the stream.

use super::caller::Caller;
use super::extract::{Path, Query};
use super::pieces::Pieces;
use super::problem::Problem;
use crate::app::{App, Refused, authorize};
use crate::identity::{Actor, Object, Operation};
use crate::publish::{Begin, Position, Standing, begin, bundle as bundle_of};
use crate::store::snapshot::Live;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const STREAM: HeaderName = HeaderName::from_static("switchboard-stream");
const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(commit))
        .routes(routes!(bundle))
        .routes(routes!(floor))
        .routes(routes!(stream))
}

/// Where a reader is; without, it has nothing.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct At {
    epoch: Option<i64>,
    revision: Option<i64>,
    /// 64 lower-case hexadecimal digits.
    digest: Option<String>,
}

/// The last commit: one line
#[utoipa::path(
    get, path = "/v1/feeds/{feed}/commit", tag = "feeds", params(("feed" = String, Path,)),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 304), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn commit(
    State(app): State<App>,
    caller: Caller,
    Path(feed): Path<String>,
) -> Result<Response<Body>, Problem> {
    may_read(&caller.actor, Operation::ReadCommit, &feed)?;
    let standing = standing(&app, &feed)?;
    let mut response = Response::new(Body::from(standing.commit.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, NDJSON);
    Ok(response)
}

/// Keyring, everything that is live, and the commit
#[utoipa::path(
    get, path = "/v1/feeds/{feed}/bundle", tag = "feeds", params(("feed" = String, Path,)),
    responses((status = 200, description = "With `ETag: \"EPOCH-REVISION-DIGEST\"`.", content_type = "application/x-ndjson", body = String), (status = 304), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn bundle(
    State(app): State<App>,
    caller: Caller,
    Path(feed): Path<String>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    file(&app, &caller, &feed, &headers, false).await
}

/// The same with the roots that it is believed by: what a gateway starts from
#[utoipa::path(
    get, path = "/v1/feeds/{feed}/floor", tag = "feeds", params(("feed" = String, Path,)),
    responses((status = 200, description = "With `ETag: \"EPOCH-REVISION-DIGEST\"`.", content_type = "application/x-ndjson", body = String), (status = 304), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn floor(
    State(app): State<App>,
    caller: Caller,
    Path(feed): Path<String>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    file(&app, &caller, &feed, &headers, true).await
}

/// Every revision as it comes; never ends by itself
#[utoipa::path(
    get, path = "/v1/feeds/{feed}/stream", tag = "feeds", params(("feed" = String, Path,), At),
    responses((status = 200, description = "`Switchboard-Stream: resumed`, or `reset`: the reader begins with an empty state.", content_type = "application/x-ndjson", body = String), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn stream(
    State(app): State<App>,
    caller: Caller,
    Path(feed): Path<String>,
    Query(at): Query<At>,
) -> Result<Response<Body>, Problem> {
    may_read(&caller.actor, Operation::ReadStream, &feed)?;
    standing(&app, &feed)?;
    let hub = app.hub.feed(&feed).ok_or_else(|| unpublished(&feed))?;
    let position = match at {
        At {
            epoch: Some(epoch),
            revision: Some(revision),
            digest: Some(digest),
        } => Some(Position {
            epoch,
            revision,
            digest,
        }),
        _ => None,
    };
    let may = {
        let (app, caller, feed) = (app.clone(), caller.clone(), feed.clone());
        move || still_may(app.clone(), caller.clone(), feed.clone())
    };
    let (how, outlet) = begin(&app.store, &app.hub, hub, &feed, position.as_ref(), may)
        .await
        .map_err(Refused::from)?;
    let word = match how {
        Begin::Resumed => "resumed",
        Begin::Reset => "reset",
    };
    let mut response = Response::new(Body::new(Pieces(outlet)));
    response.headers_mut().insert(CONTENT_TYPE, NDJSON);
    response
        .headers_mut()
        .insert(STREAM, HeaderValue::from_static(word));
    Ok(response)
}

/// A database that fails for a moment ends nobody's stream.
async fn still_may(app: App, caller: Caller, feed: String) -> bool {
    match caller.still(&app).await {
        Ok(actor) => may_read(&actor, Operation::ReadStream, &feed).is_ok(),
        Err(Refused::Unauthenticated) => false,
        Err(_) => true,
    }
}

fn may_read(actor: &Actor, operation: Operation, feed: &str) -> Result<(), Refused> {
    authorize(actor, operation, Object::Environment { environment: feed })
        .map_err(|refused| refused.naming(|| format!("feed `{feed}`")))
}

fn unpublished(feed: &str) -> Problem {
    Problem::new(
        503,
        "not_published",
        format!("nothing of feed `{feed}` was published yet: ask again"),
    )
}

fn standing(app: &App, feed: &str) -> Result<Standing, Problem> {
    let hub = app
        .hub
        .feed(feed)
        .ok_or_else(|| Refused::NotFound(format!("feed `{feed}`")))?;
    let standing = hub.standing.borrow().clone();
    match standing.commit.is_empty() {
        true => Err(unpublished(feed)),
        false => Ok(standing),
    }
}

async fn file(
    app: &App,
    caller: &Caller,
    feed: &str,
    headers: &HeaderMap,
    is_floor: bool,
) -> Result<Response<Body>, Problem> {
    let operation = if is_floor {
        Operation::ReadFloor
    } else {
        Operation::ReadBundle
    };
    may_read(&caller.actor, operation, feed)?;
    // Without a look at the records: most of those who ask have it already.
    let tag =
        |standing: &Standing| format!("\"{}-{}-{}\"", standing.epoch, standing.revision, standing.digest);
    let asked = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let now = tag(&standing(app, feed)?);
    if asked.is_some_and(|asked| asked.split(',').any(|one| one.trim() == now)) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(tagged(response, &now));
    }
    let tx = app.store.begin_reading().await.map_err(Refused::from)?;
    let live = Live::begin(tx, feed).await.map_err(Refused::from)?;
    let live = live.filter(Live::is_published).ok_or_else(|| unpublished(feed))?;
    let now = tag(&Standing::of(live.feed()));
    let roots = is_floor.then(|| live.feed().roots.clone());
    let mut response = Response::new(Body::new(Pieces(bundle_of(live, roots.as_deref()))));
    response.headers_mut().insert(CONTENT_TYPE, NDJSON);
    Ok(tagged(response, &now))
}

fn tagged(mut response: Response<Body>, tag: &str) -> Response<Body> {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
