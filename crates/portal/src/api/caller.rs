//! Who asks, and how: the token, the id of the request, and what goes with a change.

use super::problem::{Problem, RequestId};
use crate::app::{App, Asked, AuditedRequest, IfMatch, Refused, Shown, actor_of, holds};
use crate::identity::Actor;
use crate::serve::Peer;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

/// Bytes of a body, where a resource says nothing else.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a policy that is imported.
pub(crate) const POLICY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of an idempotency key.
const KEY_BYTES_MAX: usize = 128;

/// What a request shows, kept so that it can be asked again whether it still holds.
#[derive(Clone)]
enum Kept {
    Bearer(String),
    Session(String),
}

impl Kept {
    fn shown(&self) -> Shown<'_> {
        match self {
            Kept::Bearer(token) => Shown::Bearer(token),
            Kept::Session(secret) => Shown::Session(secret),
        }
    }
}

/// Who asks: somebody, always.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) request_id: String,
    kept: Kept,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Problem> {
        let kept = kept(&parts.headers, app).ok_or(Refused::Unauthenticated)?;
        if matches!(kept, Kept::Session(_)) && !parts.method.is_safe() {
            // A cookie goes with whatever page makes the browser send.
            from_own_page(&parts.headers, app)?;
        }
        let request_id = request_id(parts);
        let line = format!("{} {}", parts.method, parts.uri.path());
        let request = AuditedRequest {
            id: &request_id,
            line: &line,
        };
        let actor = actor_of(app, kept.shown(), request).await?;
        Ok(Caller {
            actor,
            request_id,
            kept,
        })
    }
}

fn request_id(parts: &Parts) -> String {
    parts
        .extensions
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default()
}

/// A bearer token before a cookie; an Authorization that is none stands for nobody.
fn kept(headers: &HeaderMap, app: &App) -> Option<Kept> {
    if headers.contains_key(AUTHORIZATION) {
        return bearer(headers).map(|token| Kept::Bearer(token.to_owned()));
    }
    app.desk
        .front
        .session(cookies(headers))
        .map(|secret| Kept::Session(secret.to_owned()))
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
}

/// The one Authorization of the scheme `Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && values.next().is_none()).then(|| token.trim())
}

fn site(headers: &HeaderMap) -> [Option<&str>; 3] {
    ["sec-fetch-site", "origin", "host"].map(|name| headers.get(name).and_then(|value| value.to_str().ok()))
}

fn from_own_page(headers: &HeaderMap, app: &App) -> Result<(), Problem> {
    let [fetch_site, origin, host] = site(headers);
    match app.desk.front.is_own(fetch_site, origin, host) {
        true => Ok(()),
        false => Err(foreign_page()),
    }
}

fn foreign_page() -> Problem {
    let detail = "with a cookie, changes are made from the portal's own pages alone; a program shows a token";
    Problem::new(403, "foreign_page", detail)
}

/// Who comes to sign in: whatever they show is not looked at.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) address: IpAddr,
    request_id: String,
    headers: HeaderMap,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Visitor, Infallible> {
        let peer = parts.extensions.get::<Peer>();
        Ok(Visitor {
            // All of unknown address are one, so that none is beyond limits.
            address: peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip()),
            request_id: request_id(parts),
            headers: parts.headers.clone(),
        })
    }
}

impl Visitor {
    pub(crate) fn asks(&self) -> Asked {
        asks(&Actor::Anonymous, &self.request_id, "")
    }

    pub(crate) fn cookies(&self) -> impl Iterator<Item = &str> {
        cookies(&self.headers)
    }

    /// Somebody else's page may not sign its visitor in as whom it likes.
    pub(crate) fn is_no_strangers_page(&self, app: &App) -> Result<(), Problem> {
        let [fetch_site, origin, host] = site(&self.headers);
        match app.desk.front.is_foreign(fetch_site, origin, host) {
            true => Err(foreign_page()),
            false => Ok(()),
        }
    }
}

fn asks(actor: &Actor, request_id: &str, environment: &str) -> Asked {
    Asked {
        actor: actor.clone(),
        request_id: request_id.to_owned(),
        environment: environment.to_owned(),
        idempotency: None,
        if_match: IfMatch::Any,
        confirm: false,
        dry_run: false,
    }
}

impl Caller {
    /// A request that changes nothing, or no policy.
    pub(crate) fn asks(&self, environment: &str) -> Asked {
        asks(&self.actor, &self.request_id, environment)
    }

    /// The secret of the session that asks.
    pub(crate) fn session(&self) -> Option<&str> {
        match &self.kept {
            Kept::Session(secret) => Some(secret),
            Kept::Bearer(_) => None,
        }
    }

    /// Who what was shown stands for by now.
    pub(crate) async fn still(&self, app: &App) -> Result<Actor, Refused> {
        holds(app, self.kept.shown()).await
    }

    /// A request for a change of what is sent as it is, beside the policy.
    pub(crate) fn asks_sent<const BYTES_MAX: usize>(
        &self,
        environment: &str,
        sent: &Sent<BYTES_MAX>,
    ) -> Asked {
        Asked {
            idempotency: sent.idempotency.clone(),
            if_match: sent.if_match.clone(),
            ..self.asks(environment)
        }
    }

    /// A request for a change.
    pub(crate) fn asks_change(&self, environment: &str, change: &Change, careful: &Careful) -> Asked {
        Asked {
            idempotency: change.idempotency.clone(),
            if_match: change.if_match.clone(),
            confirm: careful.confirm,
            dry_run: careful.dry_run,
            ..self.asks(environment)
        }
    }
}

/// How careful to be with a change.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Careful {
    /// Do it although it deletes or narrows much.
    pub(crate) confirm: bool,
    /// Judge it, and change nothing.
    pub(crate) dry_run: bool,
}

/// What goes with a change: its body, `If-Match`, `Idempotency-Key`.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) body: Value,
    idempotency: Option<(String, String)>,
    if_match: IfMatch,
}

impl Change {
    /// The body, where it is an object.
    pub(crate) fn object(&mut self) -> Result<Map<String, Value>, Problem> {
        match self.body.take() {
            Value::Object(object) => Ok(object),
            _ => Err(Problem::new(400, "malformed", "send a JSON object")),
        }
    }

    /// The body as what is asked for.
    pub(crate) fn read<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Refused> {
        serde_json::from_value(self.body.take()).map_err(|error| Refused::field("", error.to_string()))
    }
}

impl FromRequest<App> for Change {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Change, Problem> {
        let (parts, body) = request.into_parts();
        let is_policy = parts.uri.path().ends_with("/policy");
        let limit = if is_policy {
            POLICY_BYTES_MAX
        } else {
            BODY_BYTES_MAX
        };
        let bytes = read(body, limit).await?;
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes)
                .map_err(|error| Problem::new(400, "malformed", format!("the body is no JSON: {error}")))?,
        };
        Ok(Change {
            body,
            idempotency: idempotency(&parts, &bytes)?,
            if_match: if_match(&parts.headers)?,
        })
    }
}

/// A body as it is, of at most so many bytes, and what goes with a change.
#[derive(Debug)]
pub(crate) struct Sent<const BYTES_MAX: usize> {
    pub(crate) bytes: Bytes,
    idempotency: Option<(String, String)>,
    if_match: IfMatch,
}

impl<const BYTES_MAX: usize> FromRequest<App> for Sent<BYTES_MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, BYTES_MAX).await?;
        Ok(Sent {
            idempotency: idempotency(&parts, &bytes)?,
            bytes,
            if_match: if_match(&parts.headers)?,
        })
    }
}

/// The key that a request is known by where it comes again, and the digest of all that makes it this one.
fn idempotency(parts: &Parts, bytes: &[u8]) -> Result<Option<(String, String)>, Refused> {
    let Some(key) = parts.headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
    let wrong = || {
        Refused::field(
            "Idempotency-Key",
            format!("1 to {KEY_BYTES_MAX} visible characters"),
        )
    };
    let key = key.ok_or_else(wrong)?.to_owned();
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let head = format!("{} {target}\n", parts.method);
    let digest = crate::text::sha256_hex([head.as_bytes(), bytes].concat());
    Ok(Some((key, digest)))
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let too_large = |_| {
        let detail = format!("the body cannot be read, or has more than {limit} bytes");
        Problem::new(413, "too_large", detail)
    };
    axum::body::to_bytes(body, limit).await.map_err(too_large)
}

/// `If-Match: "VERSION"` or `*`; `If-None-Match: *`.
fn if_match(headers: &HeaderMap) -> Result<IfMatch, Refused> {
    if let Some(value) = headers.get(IF_NONE_MATCH) {
        return match value.as_bytes() {
            b"*" => Ok(IfMatch::New),
            _ => Err(Refused::field(
                "If-None-Match",
                "only `*` is known here: the entity has to be new",
            )),
        };
    }
    let Some(value) = headers.get(IF_MATCH) else {
        return Ok(IfMatch::Any);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(IfMatch::Exists);
    }
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    version
        .and_then(|version| version.parse().ok())
        .map(IfMatch::Version)
        .ok_or_else(|| Refused::field("If-Match", "write one version as `\"3\"`, or `*`"))
}

/// Which part of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// Items of the answer: 1 to 1,000, 100 where absent.
    pub(crate) limit: Option<i64>,
    /// The `next` of the answer before.
    pub(crate) cursor: Option<String>,
}

impl Part {
    pub(crate) fn page(&self) -> Result<crate::app::Page, Refused> {
        crate::app::Page::parse(self.limit, self.cursor.as_deref())
    }
}
