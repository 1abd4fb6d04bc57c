//! One request to the identity provider: over verified TLS or loopback, with caps on size and time, never to a second place.
//!
//! Judges the HTTP answer alone; what it says is the caller's business.

use super::url::{self, UrlError};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;

/// From the name's resolution to the body's last byte.
pub(super) const FETCH_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const BODY_BYTES_MAX: usize = 1 << 20;

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
    /// Broken off, or too large.
    #[error("{0}")]
    Body(&'static str),
    /// Redirected; whoever may redirect could say who signs in.
    #[error("answered {0}, a redirect, which is not followed")]
    Redirected(StatusCode),
    /// Compressed, though that was not asked for.
    #[error("the answer is compressed, which was not asked for")]
    Encoded,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Asks.
#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Fetcher {
    /// With this machine's trusted certificates.
    pub(super) fn new() -> Result<Fetcher, FetchError> {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(FetchError::Roots)?
            // Which plain addresses are asked is `url::check`'s.
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Fetcher {
            client: Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    pub(super) async fn get(&self, url: &str) -> Result<Answer, FetchError> {
        self.ask(Method::GET, url, None, String::new()).await
    }

    pub(super) async fn post_form(
        &self,
        url: &str,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<Answer, FetchError> {
        self.ask(Method::POST, url, authorization, form).await
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<Answer, FetchError> {
        let uri = url::check(url).map_err(|source| FetchError::Address {
            url: url.to_owned(),
            source,
        })?;
        let is_form = method == Method::POST;
        let mut request = Request::new(Full::new(Bytes::from(form)));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let agent = concat!("switchboard/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        if is_form {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
        }
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        match tokio::time::timeout(FETCH_MAX, self.whole(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Slow),
        }
    }

    async fn whole(&self, request: Request<Full<Bytes>>) -> Result<Answer, FetchError> {
        let sent = self.client.request(request).await;
        let response = sent.map_err(|error| FetchError::Unreachable(causes(&error)))?;
        judge(&response)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| {
            FetchError::Body(if error.is::<LengthLimitError>() {
                "the answer is larger than 1 MiB"
            } else {
                "the answer broke off"
            })
        })?;
        Ok(Answer {
            status,
            body: body.to_bytes(),
        })
    }
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
