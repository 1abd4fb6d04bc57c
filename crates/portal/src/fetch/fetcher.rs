//! One request to somebody else's server: over verified TLS, or plain HTTP where the caller permits it, with caps on size and time, never to
//! a second place.
//!
//! Judges the HTTP answer alone; what it says is the caller's business.

use super::url::{self, UrlError};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;

/// From the name's resolution to the body's last byte.
const FETCH_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer, where the caller says nothing else.
const BODY_BYTES_MAX: usize = 1 << 20;
/// What is asked for.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Why there is no answer. Nothing of what was received is in it.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not one that is asked.
    #[error("its address {url} is not used: {source}")]
    Address {
        /// Which.
        url: String,
        /// Why.
        source: UrlError,
    },
    /// TLS cannot be set up here.
    #[error("this machine's trusted certificates cannot be read")]
    Roots(#[source] std::io::Error),
    /// The name, the connection or TLS.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// Not within the limit.
    #[error("no whole answer within {} ms", FETCH_MAX.as_millis())]
    Slow,
    /// Broken off.
    #[error("the answer broke off")]
    BrokenOff,
    /// Too large.
    #[error("the answer is larger than {} KiB", .bytes_max / 1024)]
    TooLarge {
        /// What it may have.
        bytes_max: usize,
    },
    /// Redirected; whoever may redirect could say who signs in, and whose tokens hold.
    #[error("answered {0}, a redirect, which is not followed")]
    Redirected(StatusCode),
    /// Compressed, though that was not asked for.
    #[error("the answer is compressed, which was not asked for")]
    Encoded,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// Asks.
#[derive(Debug, Clone)]
pub(crate) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Fetcher {
    /// With this machine's trusted certificates. `idle_max`: connections to a host that are kept for the next request.
    pub(crate) fn new(idle_max: usize) -> Result<Fetcher, FetchError> {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(FetchError::Roots)?
            // Which plain addresses are asked is `url::check`'s.
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Fetcher {
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(idle_max)
                .build(connector),
        })
    }

    /// Of an address that [`url::check`] takes.
    pub(crate) async fn get(&self, url: &str) -> Result<Answer, FetchError> {
        self.get_within(checked(url)?, JSON, BODY_BYTES_MAX).await
    }

    /// Of an address that the caller has checked.
    pub(crate) async fn get_within(
        &self,
        uri: Uri,
        accept: HeaderValue,
        bytes_max: usize,
    ) -> Result<Answer, FetchError> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = uri;
        request.headers_mut().insert(ACCEPT, accept);
        self.ask(request, bytes_max).await
    }

    /// To an address that [`url::check`] takes.
    pub(crate) async fn post_form(
        &self,
        url: &str,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<Answer, FetchError> {
        let mut request = Request::new(Full::new(Bytes::from(form)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = checked(url)?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, JSON);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        self.ask(request, BODY_BYTES_MAX).await
    }

    async fn ask(&self, mut request: Request<Full<Bytes>>, bytes_max: usize) -> Result<Answer, FetchError> {
        let agent = concat!("switchboard/", env!("CARGO_PKG_VERSION"));
        request
            .headers_mut()
            .insert(USER_AGENT, HeaderValue::from_static(agent));
        match tokio::time::timeout(FETCH_MAX, self.whole(request, bytes_max)).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Slow),
        }
    }

    async fn whole(&self, request: Request<Full<Bytes>>, bytes_max: usize) -> Result<Answer, FetchError> {
        let sent = self.client.request(request).await;
        let response = sent.map_err(|error| FetchError::Unreachable(causes(&error)))?;
        judge(&response)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), bytes_max).collect().await;
        let body = body.map_err(|error| {
            if error.is::<LengthLimitError>() {
                FetchError::TooLarge { bytes_max }
            } else {
                FetchError::BrokenOff
            }
        })?;
        Ok(Answer {
            status,
            body: body.to_bytes(),
        })
    }
}

fn checked(url: &str) -> Result<Uri, FetchError> {
    url::check(url).map_err(|source| FetchError::Address {
        url: url.to_owned(),
        source,
    })
}

fn judge<B>(response: &Response<B>) -> Result<(), FetchError> {
    if response.status().is_redirection() {
        return Err(FetchError::Redirected(response.status()));
    }
    let encoding = response.headers().get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(FetchError::Encoded);
    }
    Ok(())
}

/// An error and what caused it: the client's own text says only that it could not connect.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
