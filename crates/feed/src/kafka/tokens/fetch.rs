//! One request over HTTP and its answer, within a limit of bytes and of time. TLS by rustls, by the system's certificates.
//!
//! Blocking: it has the thread that polls. Redirects are not followed: what is sent is a credential.

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::error::Error as _;
use std::time::Duration;

/// All of it: names, connections, the answer.
const WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 128 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::kafka) enum FetchError {
    #[error("the system has no certificates, or no thread")]
    System(#[source] std::io::Error),
    #[error("it cannot be reached ({0})")]
    Unreachable(String),
    #[error("it answers with status {0}")]
    Status(u16),
    #[error("its answer breaks off, or is larger than {ANSWER_BYTES_MAX} bytes")]
    Answer,
    #[error("it does not answer within {} s", WITHIN.as_secs())]
    Late,
}

/// The body of a good answer (200).
pub(super) fn fetch(request: Request<Full<Bytes>>) -> Result<Bytes, FetchError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(FetchError::System)?;
    let fetched = runtime.block_on(async {
        let answer = tokio::time::timeout(WITHIN, exchange(request)).await;
        answer.unwrap_or(Err(FetchError::Late))
    });
    // A name that is still being looked up is nobody's business any more.
    runtime.shutdown_background();
    fetched
}

async fn exchange(request: Request<Full<Bytes>>) -> Result<Bytes, FetchError> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)
        .map_err(FetchError::System)?
        .https_or_http()
        .enable_http1()
        .build();
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let answer: Response<_> = client.request(request).await.map_err(|error| {
        let cause = error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string);
        FetchError::Unreachable(cause)
    })?;
    if answer.status() != 200 {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
    let collected = body.collect().await.map_err(|_| FetchError::Answer)?;
    Ok(collected.to_bytes())
}
