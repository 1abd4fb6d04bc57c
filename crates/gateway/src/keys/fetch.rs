//! One GET of a key set: by the target rules, over verified TLS, with caps on size and time, and never to a second place.
//!
//! Nothing here judges what the set says; whoever answers wrongly is told apart from whoever does not answer.

use super::{FETCH_MAX, KEY_SET_BYTES_MAX};
use crate::configuration::Scheme;
use crate::configuration::url;
use crate::io::Transport;
use crate::upstream::{Lookups, TargetRules, TlsError, Upstream, Upstreams, dial};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HOST, USER_AGENT};
use hyper::{Request, Response, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of the answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// What a fetch may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From the name's resolution to the body's last byte.
    pub(super) within: Duration,
    /// The set.
    pub(super) bytes_max: usize,
}

/// Why there is no set. Nothing of what was received is in it.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address of the set is none that can be called.
    #[error("{0}")]
    Address(&'static str),
    /// TLS cannot be set up.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// The rules, the name, the connection or TLS.
    #[error("{0}")]
    Unreachable(String),
    /// Not within the limit.
    #[error("no whole answer within {} ms", .0.as_millis())]
    Slow(Duration),
    /// Not HTTP/1.1, or broken off.
    #[error("the answer is no HTTP/1.1 response: {0}")]
    Malformed(#[from] hyper::Error),
    /// Redirected; whoever may redirect it could name the keys.
    #[error("answered {0}, a redirect, which is not followed")]
    Redirected(StatusCode),
    /// Another status than 200.
    #[error("answered {0}")]
    Status(StatusCode),
    /// Compressed, though that was not asked for.
    #[error("the answer is compressed, which was not asked for")]
    Encoded,
    /// Too large, or broken off.
    #[error("the answer is larger than {0} bytes, or broke off")]
    Body(usize),
}

/// Where a set is fetched.
#[derive(Debug, Clone)]
pub(super) struct Place {
    upstream: Arc<Upstream>,
    /// Path and query.
    target: String,
}

impl Place {
    /// Of an absolute `http` or `https` URL.
    pub(super) fn of(jwks_uri: &str, upstreams: &Upstreams) -> Result<Place, FetchError> {
        let url = url::parse(jwks_uri).map_err(|refusal| FetchError::Address(refusal.message))?;
        let upstream = upstreams.intern(&Arc::new(url.origin(None)))?;
        let slash = if url.path.is_empty() { "/" } else { "" };
        Ok(Place {
            upstream,
            target: format!("{slash}{}{}", url.path, url.query),
        })
    }
}

/// Fetches within a gateway's limits.
pub(super) async fn fetch(
    place: &Place,
    lookups: &Lookups,
    rules: &TargetRules,
) -> Result<Vec<u8>, FetchError> {
    let limits = Limits {
        within: FETCH_MAX,
        bytes_max: KEY_SET_BYTES_MAX,
    };
    fetch_within(place, lookups, rules, limits).await
}

/// Fetches within these limits.
pub(super) async fn fetch_within(
    place: &Place,
    lookups: &Lookups,
    rules: &TargetRules,
    limits: Limits,
) -> Result<Vec<u8>, FetchError> {
    let until = Instant::now() + limits.within;
    match tokio::time::timeout_at(until.into(), ask(place, lookups, rules, limits)).await {
        Ok(fetched) => fetched,
        Err(_) => Err(FetchError::Slow(limits.within)),
    }
}

async fn ask(
    place: &Place,
    lookups: &Lookups,
    rules: &TargetRules,
    limits: Limits,
) -> Result<Vec<u8>, FetchError> {
    let origin = &place.upstream.origin;
    rules
        .judge_name(&origin.host)
        .map_err(|refusal| FetchError::Unreachable(refusal.to_string()))?;
    let named;
    let rules = match origin.scheme {
        Scheme::Https => rules,
        // Whoever answers can sign tokens, and over plain HTTP that may be anybody on the way.
        Scheme::Http => {
            named = rules.only_named();
            &named
        }
    };
    let (transport, _) = dial(&place.upstream, lookups, rules, limits.within)
        .await
        .map_err(|failure| FetchError::Unreachable(failure.detail))?;
    answer(place, transport, limits.bytes_max).await
}

async fn answer(place: &Place, transport: Transport, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(transport))
        .await?;
    let exchange = async {
        let response = sender.send_request(request(place)).await?;
        judge(&response, bytes_max)?;
        let body = Limited::new(response.into_body(), bytes_max);
        let whole = body.collect().await.map_err(|_| FetchError::Body(bytes_max))?;
        Ok(whole.to_bytes().to_vec())
    };
    // The connection is driven as long as the exchange needs it, and closed with it.
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        fetched = &mut exchange => fetched,
        ended = connection => {
            ended?;
            // What arrived before the end is still to be read.
            exchange.await
        }
    }
}

fn request(place: &Place) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    // The target was judged as a URL's: visible ASCII from its slash on.
    if let Ok(target) = place.target.parse() {
        *request.uri_mut() = target;
    }
    let headers = request.headers_mut();
    if let Ok(host) = place.upstream.origin.authority.parse() {
        headers.insert(HOST, host);
    }
    for (name, value) in [
        (ACCEPT, "application/jwk-set+json, application/json"),
        (ACCEPT_ENCODING, "identity"),
        (USER_AGENT, concat!("switchboard/", env!("CARGO_PKG_VERSION"))),
    ] {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    request
}

fn judge(response: &Response<Incoming>, bytes_max: usize) -> Result<(), FetchError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(FetchError::Redirected(status));
    }
    if status != StatusCode::OK {
        return Err(FetchError::Status(status));
    }
    let encoding = response.headers().get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(FetchError::Encoded);
    }
    if response.body().size_hint().lower() > bytes_max as u64 {
        return Err(FetchError::Body(bytes_max));
    }
    Ok(())
}
