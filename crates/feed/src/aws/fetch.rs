//! One request over HTTP and its answer, within a limit of bytes and of time. TLS by rustls, by the system's certificates.
//!
//! Blocking, for threads that have nothing else to do. Redirects are not followed: what is sent is a credential, or signed with one.

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::error::Error as _;
use std::time::Duration;
use tokio::runtime::Runtime;

/// What a credential's answer is given.
const SHORT: Limits = Limits {
    within: Duration::from_secs(10),
    bytes_max: 128 * 1024,
};

/// What an exchange may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// All of it: names, connections, the request, the answer.
    pub(crate) within: Duration,
    /// Bytes of the answer's body.
    pub(crate) bytes_max: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the system has no certificates, or no thread")]
    System(#[source] std::io::Error),
    #[error("it cannot be reached ({0})")]
    Unreachable(String),
    #[error("it answers with status {0}")]
    Status(u16),
    #[error("its answer breaks off")]
    Broken,
    #[error("its answer is larger than {0} bytes")]
    Large(usize),
    #[error("it does not answer within {0} s")]
    Late(u64),
}

impl FetchError {
    /// Whether it may be another answer later, with nobody doing anything.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            FetchError::Unreachable(_) | FetchError::Broken | FetchError::Late(_) => true,
            FetchError::Status(status) => *status == 429 || *status >= 500,
            FetchError::System(_) | FetchError::Large(_) => false,
        }
    }
}

/// An answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Bytes,
}

/// Sends requests, each over a connection of its own: nobody is there to see one end that waits for the next.
pub(crate) struct Client {
    client: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Always there before it is dropped.
    runtime: Option<Runtime>,
}

impl Client {
    pub(crate) fn new() -> Result<Client, FetchError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(FetchError::System)?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(FetchError::System)?
            .https_or_http()
            .enable_http1()
            .build();
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector);
        Ok(Client {
            client,
            runtime: Some(runtime),
        })
    }

    pub(crate) fn send(&self, request: Request<Full<Bytes>>, limits: Limits) -> Result<Answer, FetchError> {
        let runtime = self.runtime.as_ref().expect("it is there until the drop");
        runtime.block_on(async {
            let answer = tokio::time::timeout(limits.within, self.exchange(request, limits.bytes_max)).await;
            answer.unwrap_or(Err(FetchError::Late(limits.within.as_secs())))
        })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, bytes_max: usize) -> Result<Answer, FetchError> {
        let answer = self.client.request(request).await.map_err(|error| {
            let cause = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            FetchError::Unreachable(cause)
        })?;
        let (head, body) = answer.into_parts();
        let collected = Limited::new(body, bytes_max).collect().await;
        let body = collected.map_err(|error| match error.is::<LengthLimitError>() {
            true => FetchError::Large(bytes_max),
            false => FetchError::Broken,
        })?;
        Ok(Answer {
            status: head.status.as_u16(),
            fields: head.headers,
            body: body.to_bytes(),
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A name that is still being looked up is nobody's business any more.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The body of a good answer (200), within 10 s and 128 KiB.
pub(crate) fn fetch(request: Request<Full<Bytes>>) -> Result<Bytes, FetchError> {
    let answer = Client::new()?.send(request, SHORT)?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(FetchError::Status(status)),
    }
}
