//! One server over HTTP/1.1: a connection that is used again while it is young, requests with a token, bodies with a limit.
//!
//! Redirects are not followed, and what is compressed is not asked for. Waiting has no limit here: whoever calls gives a budget.

use super::IDLE_MS_MAX;
use super::fault::{Failure, FollowFault};
use super::pace::Moment;
use crate::settings::{Secret, Url};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes of an answer's head, and of what is read of a body at once.
const READ_BYTES_MAX: usize = 64 * 1024;
const FIELDS_MAX: usize = 64;

/// A server, and maybe a connection to it.
pub(super) struct Server {
    url: Url,
    host: HeaderValue,
    token: Option<HeaderValue>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    idle: Option<(SendRequest<Full<Bytes>>, Moment)>,
    /// The exchange under way goes over a connection that was there before; also of what was made from this one.
    is_reusing: Arc<AtomicBool>,
    origin: Instant,
}

/// An answer's body under way; its connection is given back at its end.
pub(super) struct Body {
    incoming: Incoming,
    connection: SendRequest<Full<Bytes>>,
}

impl Server {
    pub(super) fn new(
        url: Url,
        token: Option<&Secret>,
        tls: Option<&Arc<ClientConfig>>,
        origin: Instant,
    ) -> Result<Server, FollowFault> {
        let tls = match tls.filter(|_| url.is_https) {
            Some(config) => {
                let name = ServerName::try_from(url.host.to_string())
                    .map_err(|_| FollowFault::Name(url.host.clone()))?;
                Some((TlsConnector::from(Arc::clone(config)), name))
            }
            None => None,
        };
        let field = |text: &str| HeaderValue::from_str(text).expect("settings are visible ASCII");
        let token = token.map(|token| {
            let mut value = field(&format!("Bearer {}", token.exposed()));
            value.set_sensitive(true);
            value
        });
        Ok(Server {
            host: field(&url.authority()),
            token,
            tls,
            idle: None,
            is_reusing: Arc::default(),
            origin,
            url,
        })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Another one like it, without a connection.
    pub(super) fn anew(&self) -> Server {
        Server {
            url: self.url.clone(),
            host: self.host.clone(),
            token: self.token.clone(),
            tls: self.tls.clone(),
            idle: None,
            is_reusing: Arc::clone(&self.is_reusing),
            origin: self.origin,
        }
    }

    /// Whether the exchange under way goes over a connection that was there before.
    pub(super) fn is_reusing(&self) -> bool {
        self.is_reusing.load(Ordering::Relaxed)
    }

    pub(super) async fn get(
        &mut self,
        path: &str,
        fields: &[(&'static str, String)],
    ) -> Result<(Response<()>, Body), Failure> {
        self.send(Method::GET, path, fields, Bytes::new()).await
    }

    pub(super) async fn post(&mut self, path: &str, json: String) -> Result<(Response<()>, Body), Failure> {
        self.send(Method::POST, path, &[], Bytes::from(json)).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        fields: &[(&'static str, String)],
        body: Bytes,
    ) -> Result<(Response<()>, Body), Failure> {
        let now = Moment::now(self.origin);
        let idle = self.idle.take();
        let young =
            idle.filter(|(connection, since)| now.since(*since) <= IDLE_MS_MAX && !connection.is_closed());
        self.is_reusing.store(young.is_some(), Ordering::Relaxed);
        if let Some((mut connection, _)) = young {
            let request = self.request(&method, path, fields, body.clone());
            match connection.send_request(request).await {
                Ok(answer) => return Ok(taken(answer, connection)),
                // It may have been closed while nobody looked. What is asked here may be asked twice.
                Err(_) => self.is_reusing.store(false, Ordering::Relaxed),
            }
        }
        let mut connection = self.connect().await?;
        let request = self.request(&method, path, fields, body);
        let answer = connection.send_request(request).await.map_err(Failure::Broken)?;
        Ok(taken(answer, connection))
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        fields: &[(&'static str, String)],
        body: Bytes,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.host)
            .header(ACCEPT, "*/*")
            .header(
                USER_AGENT,
                concat!("switchboard-authorizer/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in fields {
            request = request.header(*name, value);
        }
        request
            .body(Full::new(body))
            .expect("settings are a sound address, and tags were fields before")
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let place = (&*self.url.host, self.url.port);
        let found = tokio::net::lookup_host(place).await;
        let addresses = found.map_err(|error| Failure::Lookup(error.kind()))?;
        let mut failure = Failure::Lookup(io::ErrorKind::NotFound);
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Small requests, each of which somebody waits for.
                    let _ = stream.set_nodelay(true);
                    return self.shake_hands(stream).await;
                }
                Err(error) => failure = Failure::Connect(error.kind()),
            }
        }
        Err(failure)
    }

    async fn shake_hands(&self, stream: TcpStream) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let mut http = http1::Builder::new();
        http.max_buf_size(READ_BYTES_MAX).max_headers(FIELDS_MAX);
        match &self.tls {
            None => {
                let (connection, driver) = http
                    .handshake(TokioIo::new(stream))
                    .await
                    .map_err(Failure::Broken)?;
                // Ends with the connection; what goes wrong on it is told to whoever asks.
                tokio::spawn(async move { driver.await.unwrap_or_default() });
                Ok(connection)
            }
            Some((tls, name)) => {
                let stream = tls.connect(name.clone(), stream).await.map_err(Failure::Tls)?;
                let (connection, driver) = http
                    .handshake(TokioIo::new(stream))
                    .await
                    .map_err(Failure::Broken)?;
                tokio::spawn(async move { driver.await.unwrap_or_default() });
                Ok(connection)
            }
        }
    }

    /// All of a body of at most so many bytes.
    pub(super) async fn whole(&mut self, mut body: Body, bytes_max: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(piece) = body.next().await? {
            if bytes.len() + piece.len() > bytes_max {
                return Err(Failure::TooLarge(bytes_max as u64));
            }
            bytes.extend_from_slice(&piece);
        }
        self.end(body);
        Ok(bytes)
    }

    /// A body was read to its end: its connection may be used again.
    pub(super) fn end(&mut self, body: Body) {
        self.idle = Some((body.connection, Moment::now(self.origin)));
    }
}

fn taken(answer: Response<Incoming>, connection: SendRequest<Full<Bytes>>) -> (Response<()>, Body) {
    let (head, incoming) = answer.into_parts();
    let body = Body { incoming, connection };
    (Response::from_parts(head, ()), body)
}

impl Body {
    /// Some more of it; `None`: it is at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match self.incoming.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(Failure::Broken(error)),
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }
}
