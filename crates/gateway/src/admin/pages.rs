//! From a request to the operator's port to its answer. Every answer but the metrics is JSON.

use super::Facts;
use super::guard::{self, Denied, Token};
use super::server::Surface;
use crate::usage::Metrics;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use std::net::IpAddr;

/// The media type of metrics for whoever does not ask for OpenMetrics; the text is the same.
const PLAIN_METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of the operator's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Live,
    Ready,
    Configuration,
    Metrics,
}

impl Page {
    fn of(path: &str, surface: Surface) -> Option<Page> {
        match (path, surface) {
            ("/live", _) => Some(Page::Live),
            ("/ready", _) => Some(Page::Ready),
            ("/config", Surface::Admin) => Some(Page::Configuration),
            ("/metrics", Surface::Admin) => Some(Page::Metrics),
            _ => None,
        }
    }

    /// Whether only the operator may see it.
    fn is_guarded(self) -> bool {
        match self {
            Page::Configuration => true,
            Page::Live | Page::Ready | Page::Metrics => false,
        }
    }
}

/// Answers. HEAD is answered as GET; the server leaves the body out.
pub(super) fn answer<B>(
    request: &Request<B>,
    peer: IpAddr,
    surface: Surface,
    token: Option<&Token>,
    facts: &Facts,
) -> Response<Full<Bytes>> {
    let Some(page) = Page::of(request.uri().path(), surface) else {
        return not_found(surface);
    };
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut answer = error(405, "method_not_allowed", "This page is read with GET or HEAD.");
        answer
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    if page.is_guarded()
        && let Err(why) = guard::admit(peer, request.uri(), request.headers(), token)
    {
        return denied(why);
    }
    match page {
        Page::Live => json_answer(200, &json!({ "status": "live" })),
        Page::Ready => ready(facts),
        Page::Configuration => {
            let mut shown = facts.outcomes.latest().to_json();
            shown["policy"] = facts.policy.shown();
            json_answer(200, &shown)
        }
        Page::Metrics => metrics(request.headers(), facts),
    }
}

fn ready(facts: &Facts) -> Response<Full<Bytes>> {
    let phase = facts.readiness.phase();
    json_answer(phase.status(), &phase.to_json(&facts.policy.shown()))
}

fn metrics(headers: &HeaderMap, facts: &Facts) -> Response<Full<Bytes>> {
    let asks = |accept: &HeaderValue| accept.as_bytes().starts_with(b"application/openmetrics-text");
    let content_type = match headers.get(header::ACCEPT) {
        Some(accept) if asks(accept) => Metrics::CONTENT_TYPE,
        _ => PLAIN_METRICS,
    };
    whole(200, content_type, facts.metrics.encode())
}

fn denied(why: Denied) -> Response<Full<Bytes>> {
    match why {
        Denied::Unauthorized => {
            let message = "This page needs `Authorization: Bearer` with the token of `admin.token_file`.";
            let mut answer = error(401, "unauthorized", message);
            let challenge = HeaderValue::from_static("Bearer realm=\"switchboard admin\"");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            answer
        }
        Denied::NotLoopback => error(
            403,
            "not_loopback",
            "This page is for the gateway's own machine. Set `admin.token_file` to read it from elsewhere.",
        ),
        Denied::HostNotLocal => error(
            403,
            "host_not_local",
            "Without a token this page is for an address or `localhost`, not for another name.",
        ),
        Denied::Proxied => error(
            403,
            "proxied",
            "This page is not for requests that a proxy carries, unless they show the token.",
        ),
    }
}

fn not_found(surface: Surface) -> Response<Full<Bytes>> {
    let message = match surface {
        Surface::Admin => "There are /live, /ready, /config and /metrics.",
        Surface::Health => "There are /live and /ready.",
    };
    error(404, "not_found", message)
}

fn error(status: u16, code: &str, message: &str) -> Response<Full<Bytes>> {
    json_answer(status, &json!({ "error": code, "message": message }))
}

fn json_answer(status: u16, value: &Value) -> Response<Full<Bytes>> {
    whole(status, "application/json", format!("{value}\n"))
}

fn whole(status: u16, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    answer
}
