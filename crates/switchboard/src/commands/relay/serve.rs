//! A publication over HTTP: `GET` and `HEAD` of `/bundle` and `/commit`, with entity tags and rests of the bundle, `/healthz` and `/ready`.
//!
//! What is served is what was written. Nobody is asked who they are: what is signed needs no secrecy to be believed, and who may read it is the
//! network's business.

use super::publication::{Publication, Written};
use ::gateway::follow::Follow;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    IF_RANGE, RANGE,
};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Map, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at once; more wait.
const CONNECTIONS_MAX: usize = 1_024;
/// For a request's head, and between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// A connection's whole life: an authorizer's is cut sooner by the freeze.
const CONNECTION_MAX: Duration = Duration::from_secs(600);
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// After an accept that failed for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until it is dropped.
pub(super) async fn run(listener: TcpListener, publication: Arc<Publication>, follow: Arc<Follow>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Never closed.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (publication, follow) = (Arc::clone(&publication), Arc::clone(&follow));
        tokio::spawn(async move {
            let answering = service_fn(move |request: Request<Incoming>| {
                let answer = answer(&request, &publication, &follow);
                std::future::ready(Ok::<_, Infallible>(answer))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(HEAD_BYTES_MAX)
                .serve_connection(TokioIo::new(stream), answering);
            // Whoever breaks off, or takes too long, is gone.
            let _ = tokio::time::timeout(CONNECTION_MAX, connection).await;
            drop(permit);
        });
    }
}

fn answer(request: &Request<Incoming>, publication: &Publication, follow: &Follow) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut answer = short(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD");
        answer.headers_mut().insert(ALLOW, field("GET, HEAD"));
        return answer;
    }
    let written = publication.written();
    let mut answer = match (request.uri().path(), written) {
        ("/healthz", _) => short(StatusCode::OK, "ok"),
        ("/ready", written) => ready(written.as_ref(), publication, follow),
        ("/bundle" | "/commit", None) => short(StatusCode::SERVICE_UNAVAILABLE, "nothing is written yet"),
        ("/bundle", Some(written)) => tagged(request.headers(), written.bundle, &written.tag, true),
        ("/commit", Some(written)) => tagged(request.headers(), written.commit, &written.commit_tag, false),
        _ => short(
            StatusCode::NOT_FOUND,
            "there are /bundle, /commit, /healthz and /ready",
        ),
    };
    if *request.method() == Method::HEAD {
        // The length is that of what GET would bring.
        *answer.body_mut() = Full::default();
    }
    answer
}

/// A representation with its tag; nothing of it where the caller has it, and the rest where the caller has its front (RFC 9110 §13, §14).
fn tagged(fields: &HeaderMap, body: Bytes, tag: &str, has_rests: bool) -> Response<Full<Bytes>> {
    let asked = |name| fields.get(name).and_then(|value| value.to_str().ok());
    let is_known = asked(IF_NONE_MATCH).is_some_and(|tags| {
        tags.split(',')
            .any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*")
    });
    let total = body.len();
    let from = asked(RANGE)
        .filter(|_| has_rests && asked(IF_RANGE) == Some(tag))
        .and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse::<usize>()
                .ok()
        })
        .filter(|from| *from < total);
    let (status, body, range) = match (is_known, from) {
        (true, _) => (StatusCode::NOT_MODIFIED, Bytes::new(), None),
        (false, Some(from)) => {
            let range = format!("bytes {from}-{}/{total}", total - 1);
            (StatusCode::PARTIAL_CONTENT, body.slice(from..), Some(range))
        }
        (false, None) => (StatusCode::OK, body, None),
    };
    let mut answer = Response::builder()
        .status(status)
        .header(ETAG, tag)
        // Who caches would hand on an old age.
        .header(CACHE_CONTROL, "no-cache");
    if status != StatusCode::NOT_MODIFIED {
        answer = answer
            .header(CONTENT_TYPE, "application/x-ndjson")
            .header(CONTENT_LENGTH, body.len());
    }
    if has_rests {
        answer = answer.header(ACCEPT_RANGES, "bytes");
    }
    if let Some(range) = range {
        answer = answer.header(CONTENT_RANGE, range);
    }
    answer.body(Full::new(body)).expect("tags and lengths are fields")
}

/// Ready: what is written is served, and nobody is known to have written a newer revision. How old it is stands beside it, and does not make it
/// less worth serving.
fn ready(written: Option<&Written>, publication: &Publication, follow: &Follow) -> Response<Full<Bytes>> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let mut policy = Map::new();
    follow.show(now, &mut policy);
    // A relay decides nothing.
    policy.remove("denied");
    let failure = publication.failure();
    let ahead = publication.ahead();
    let is_ready = written.is_some() && failure.is_none() && ahead.is_none();
    let shown = json!({
        "ready": is_ready,
        "policy": policy,
        "written_revision": written.map(|written| written.position.revision),
        "ahead_revision": ahead,
        "last_error": failure,
    });
    let mut answer = short(
        if is_ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        &shown.to_string(),
    );
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, field("application/json"));
    answer
}

fn short(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let body = Bytes::from(format!("{text}\n"));
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .header(CONTENT_LENGTH, body.len())
        .header(CACHE_CONTROL, "no-store")
        .body(Full::new(body))
        .expect("a length is a field")
}

fn field(text: &'static str) -> hyper::header::HeaderValue {
    hyper::header::HeaderValue::from_static(text)
}
