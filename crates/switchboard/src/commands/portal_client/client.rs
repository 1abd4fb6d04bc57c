//! Asking a portal: one connection, certificates always verified, no redirect followed, no proxy used, everything limited.
//!
//! A question goes again where nobody answered. That is safe for what changes something too: it carries a key by which the portal knows it
//! again, and answers as it did.

use super::call::{Answer, Call};
use super::failure::{Failure, Problem, printable};
use super::place::Place;
use super::token::Token;
use aws_lc_rs::rand;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode, header};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::fmt::Write as _;
use std::time::Duration;

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Pauses before a question goes again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(600),
    Duration::from_millis(1_500),
];

/// A portal, and who asks.
#[derive(Debug)]
pub(crate) struct Portal {
    place: Place,
    token: Token,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: tokio::runtime::Runtime,
}

/// Why a try brought no answer.
struct Missed {
    why: String,
    /// Whether the request may have been read.
    is_sent: bool,
}

impl Portal {
    pub(super) fn new(place: Place, token: Token) -> Result<Portal, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Usage(format!("no event loop can be had: {error}")))?;
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_MAX));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let tls = match place.is_encrypted() {
            true => hyper_rustls::HttpsConnectorBuilder::new()
                .with_native_roots()
                .map_err(|error| {
                    Failure::Usage(format!(
                        "the system's certificate authorities cannot be read: {error}"
                    ))
                })?,
            // On this machine nothing is encrypted, and no authority is asked.
            false => hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(
                rustls::ClientConfig::builder()
                    .with_root_certificates(rustls::RootCertStore::empty())
                    .with_no_client_auth(),
            ),
        };
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Portal {
            place,
            token,
            http,
            runtime,
        })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// Where there is none, or it is no success.
    pub(crate) fn ask(&self, call: Call) -> Result<Answer, Failure> {
        self.runtime.block_on(self.ask_patiently(call))
    }

    /// Waits, with connections kept alive.
    pub(crate) fn pause(&self, pause: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(pause).await });
    }

    async fn ask_patiently(&self, call: Call) -> Result<Answer, Failure> {
        let key = match call.reads() {
            true => None,
            false => Some(new_key()?),
        };
        let mut is_unknown = false;
        let mut pauses = PAUSES.into_iter();
        loop {
            let pause = pauses.next();
            match self.once(&call, key.as_deref()).await {
                Ok((status, _)) if is_busy(status) && pause.is_some() => {}
                Ok((status, answer)) if status.is_success() => return Ok(answer),
                Ok((status, _)) if status.is_redirection() => return Err(self.redirected(status)),
                Ok((status, answer)) => {
                    let problem = Problem::of(status.as_u16(), &answer.body);
                    return Err(Failure::Refused(Box::new(problem)));
                }
                Err(missed) => {
                    is_unknown |= missed.is_sent && !call.reads();
                    if pause.is_none() {
                        return Err(self.unreachable(missed.why, is_unknown));
                    }
                }
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn once(&self, call: &Call, key: Option<&str>) -> Result<(StatusCode, Answer), Missed> {
        let unsent = |why: String| Missed { why, is_sent: false };
        let request = self
            .request(call, key)
            .map_err(|error| unsent(error.to_string()))?;
        let asked = async {
            let response = self.http.request(request).await.map_err(|error| Missed {
                is_sent: !error.is_connect(),
                why: causes(&error),
            })?;
            self.whole(response, call.answer_bytes_max).await
        };
        match tokio::time::timeout(call.within, asked).await {
            Ok(answered) => answered,
            Err(_) => Err(Missed {
                why: format!("no answer within {} s", call.within.as_secs()),
                is_sent: true,
            }),
        }
    }

    fn request(&self, call: &Call, key: Option<&str>) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut authorization = header::HeaderValue::try_from(format!("Bearer {}", self.token.text()))?;
        authorization.set_sensitive(true);
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(self.place.url(&call.path)?)
            .header(header::AUTHORIZATION, authorization)
            .header(
                header::USER_AGENT,
                concat!("switchboard/", env!("CARGO_PKG_VERSION")),
            )
            .header(header::ACCEPT, "application/json, application/problem+json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if call.is_new {
            request = request.header(header::IF_NONE_MATCH, "*");
        }
        if call.body.is_some() {
            let media_type = match call.is_json {
                true => "application/json",
                false => "application/octet-stream",
            };
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        request.body(Full::from(call.body.clone().unwrap_or_default()))
    }

    async fn whole(
        &self,
        response: Response<hyper::body::Incoming>,
        bytes_max: usize,
    ) -> Result<(StatusCode, Answer), Missed> {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, bytes_max)
            .collect()
            .await
            .map_err(|error| Missed {
                why: format!("its answer of at most {bytes_max} bytes did not come whole: {error}"),
                is_sent: true,
            })?;
        let answer = Answer {
            is_waiting: head.status == StatusCode::ACCEPTED,
            headers: head.headers,
            body: body.to_bytes().into(),
            portal: self.place.to_string(),
        };
        Ok((head.status, answer))
    }

    fn redirected(&self, status: StatusCode) -> Failure {
        self.unreachable(
            format!("it answered {status}, which is not followed: name the portal itself, not what redirects to it"),
            false,
        )
    }

    fn unreachable(&self, why: String, is_unknown: bool) -> Failure {
        Failure::Unreachable {
            portal: self.place.to_string(),
            why,
            is_unknown,
        }
    }
}

/// Whether the same question may be answered otherwise in a moment.
fn is_busy(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
    )
}

/// An error and its causes on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string never fails.
        let _ = write!(said, ": {error}");
        cause = error.source();
    }
    printable(&said)
}

/// By which the portal knows a question again that comes twice.
fn new_key() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| Failure::Usage("the system gives no random numbers".to_owned()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
