//! One request of the gateway's own, for a key set, a bundle or a stream, or with a report: by the target rules, over verified TLS, with caps on
//! size and time, and never to a second place.
//!
//! Nothing here judges what was fetched; whoever answers wrongly is told apart from whoever does not answer.

use super::{Lookups, TargetRules, TlsError, Upstream, Upstreams, dial};
use crate::configuration::Scheme;
use crate::configuration::url;
use crate::io::Transport;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HOST, HeaderMap,
    HeaderName, HeaderValue, IF_NONE_MATCH, USER_AGENT,
};
use hyper::{Method, Request, Response, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Bytes of the answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes of an entity tag that is sent back.
const ETAG_BYTES_MAX: usize = 1_024;

/// What a fetch may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The name's resolution, TCP and TLS.
    pub(crate) connect: Duration,
    /// Until the head is there, and between two pieces of the body.
    pub(crate) silence: Duration,
    /// From the name's resolution to the body's last byte.
    pub(crate) within: Duration,
    /// The body.
    pub(crate) bytes_max: usize,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'w> {
    /// Media types.
    pub(crate) accept: &'static str,
    /// The tag of what is had already.
    pub(crate) unless: Option<&'w HeaderValue>,
    /// `Authorization`.
    pub(crate) credential: Option<&'w HeaderValue>,
    /// JSON that is posted; nothing is got where absent.
    pub(crate) posted: Option<Bytes>,
}

impl Wanted<'_> {
    /// Got by anybody.
    pub(crate) fn of(accept: &'static str) -> Wanted<'static> {
        Wanted {
            accept,
            unless: None,
            credential: None,
            posted: None,
        }
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// What is had already is what there is.
    Unchanged,
    /// A whole body, and its tag.
    Whole(Vec<u8>, Option<HeaderValue>),
}

/// Why nothing was fetched. Nothing of what was received is in it.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is none that can be called.
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
    /// Nothing was said for too long.
    #[error("nothing came for {} ms", .0.as_millis())]
    Silent(Duration),
    /// Not HTTP/1.1, or broken off.
    #[error("the answer is no whole HTTP/1.1 response: {0}")]
    Malformed(#[from] hyper::Error),
    /// Redirected; whoever may redirect it could say where it comes from.
    #[error("answered {0}, a redirect, which is not followed")]
    Redirected(StatusCode),
    /// Another status than 200.
    #[error("answered {0}")]
    Status(StatusCode),
    /// Compressed, though that was not asked for.
    #[error("the answer is compressed, which was not asked for")]
    Encoded,
    /// Too large.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

/// Where something is fetched.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    upstream: Arc<Upstream>,
    /// Path and query.
    target: String,
}

impl Place {
    /// Of an absolute `http` or `https` URL.
    pub(crate) fn of(link: &str, upstreams: &Upstreams) -> Result<Place, FetchError> {
        let url = url::parse(link).map_err(|refusal| FetchError::Address(refusal.message))?;
        let upstream = upstreams.intern(&Arc::new(url.origin(None)))?;
        let slash = if url.path.is_empty() { "/" } else { "" };
        Ok(Place {
            upstream,
            target: format!("{slash}{}{}", url.path, url.query),
        })
    }
}

/// Fetches within these limits. Runs within a `LocalSet`.
pub(crate) async fn fetch_within(
    place: &Place,
    wanted: Wanted<'_>,
    lookups: &Lookups,
    rules: &TargetRules,
    limits: Limits,
) -> Result<Fetched, FetchError> {
    let until = Instant::now() + limits.within;
    let asked = async {
        let transport = connect(place, lookups, rules, limits.connect).await?;
        answer(place, wanted, transport, limits).await
    };
    match tokio::time::timeout_at(until.into(), asked).await {
        Ok(fetched) => fetched,
        Err(_) => Err(FetchError::Slow(limits.within)),
    }
}

async fn connect(
    place: &Place,
    lookups: &Lookups,
    rules: &TargetRules,
    limit: Duration,
) -> Result<Transport, FetchError> {
    let origin = &place.upstream.origin;
    rules
        .judge_name(&origin.host)
        .map_err(|refusal| FetchError::Unreachable(refusal.to_string()))?;
    let named;
    let rules = match origin.scheme {
        Scheme::Https => rules,
        // Whoever answers can sign tokens, or learns the one that is shown, and over plain HTTP that may be anybody on the way.
        Scheme::Http => {
            named = rules.only_named();
            &named
        }
    };
    let (transport, _) = dial(&place.upstream, lookups, rules, limit)
        .await
        .map_err(|failure| FetchError::Unreachable(failure.detail))?;
    Ok(transport)
}

async fn answer(
    place: &Place,
    wanted: Wanted<'_>,
    transport: Transport,
    limits: Limits,
) -> Result<Fetched, FetchError> {
    let is_conditional = wanted.unless.is_some();
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(transport))
        .await?;
    let silent = |_| FetchError::Silent(limits.silence);
    let exchange = async {
        let sent = sender.send_request(request(place, wanted));
        let response = timeout(limits.silence, sent).await.map_err(silent)??;
        if response.status() == StatusCode::NOT_MODIFIED && is_conditional {
            return Ok(Fetched::Unchanged);
        }
        judge(&response, limits.bytes_max)?;
        let tag = response.headers().get(ETAG);
        let tag = tag.filter(|tag| tag.len() <= ETAG_BYTES_MAX).cloned();
        let mut body = response.into_body();
        let mut whole = Vec::new();
        while let Some(frame) = timeout(limits.silence, body.frame()).await.map_err(silent)? {
            let Ok(piece) = frame?.into_data() else { continue };
            if whole.len() + piece.len() > limits.bytes_max {
                return Err(FetchError::TooLarge(limits.bytes_max));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(Fetched::Whole(whole, tag))
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

/// An answer that goes on for as long as both sides want it to. Its connection ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Streamed {
    /// The head's fields.
    pub(crate) headers: HeaderMap,
    body: Incoming,
    driver: JoinHandle<()>,
}

impl Streamed {
    /// The next bytes of the body; `None` at its end. May be dropped and called again.
    pub(crate) async fn piece(&mut self) -> Option<Result<Bytes, FetchError>> {
        loop {
            match self.body.frame().await? {
                Ok(frame) => match frame.into_data() {
                    Ok(piece) => return Some(Ok(piece)),
                    // Trailers say nothing here.
                    Err(_) => continue,
                },
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Asks for an answer without an end, and has its head within the limits. Runs within a `LocalSet`.
pub(crate) async fn stream_within(
    place: &Place,
    wanted: Wanted<'_>,
    lookups: &Lookups,
    rules: &TargetRules,
    limits: Limits,
) -> Result<Streamed, FetchError> {
    let transport = connect(place, lookups, rules, limits.connect).await?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(transport))
        .await?;
    // Whatever ends it, whoever reads the body is told.
    let driver = tokio::task::spawn_local(async move { drop(connection.await) });
    let sent = timeout(limits.silence, sender.send_request(request(place, wanted))).await;
    let judged = match sent {
        Ok(Ok(response)) => judge(&response, usize::MAX).map(|()| response),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(FetchError::Silent(limits.silence)),
    };
    match judged {
        Ok(response) => {
            let (head, body) = response.into_parts();
            Ok(Streamed {
                headers: head.headers,
                body,
                driver,
            })
        }
        Err(error) => {
            driver.abort();
            Err(error)
        }
    }
}

fn request(place: &Place, wanted: Wanted<'_>) -> Request<Full<Bytes>> {
    let (is_posted, body) = (wanted.posted.is_some(), wanted.posted.unwrap_or_default());
    let mut request = Request::new(Full::new(body));
    if is_posted {
        *request.method_mut() = Method::POST;
    }
    // The target was judged as a URL's: visible ASCII from its slash on.
    if let Ok(target) = place.target.parse() {
        *request.uri_mut() = target;
    }
    let headers = request.headers_mut();
    let mut set =
        |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(ACCEPT, wanted.accept);
    set(ACCEPT_ENCODING, "identity");
    set(USER_AGENT, concat!("switchboard/", env!("CARGO_PKG_VERSION")));
    if let Ok(host) = place.upstream.origin.authority.parse() {
        headers.insert(HOST, host);
    }
    if is_posted {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(tag) = wanted.unless {
        headers.insert(IF_NONE_MATCH, tag.clone());
    }
    if let Some(credential) = wanted.credential {
        headers.insert(AUTHORIZATION, credential.clone());
    }
    request
}

fn judge(response: &Response<Incoming>, bytes_max: usize) -> Result<(), FetchError> {
    let status = response.status();
    if status == StatusCode::NOT_MODIFIED {
        return Err(FetchError::Status(status));
    }
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
        return Err(FetchError::TooLarge(bytes_max));
    }
    Ok(())
}
