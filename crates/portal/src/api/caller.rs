//! Who asks, and how: the token, the id of the request, and what goes with a change.

use super::problem::{Problem, RequestId};
use crate::app::{Actor, App, Asked, IfMatch, Refused, actor_of};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Bytes of a body, where a resource says nothing else.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a policy that is imported.
pub(crate) const POLICY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of an idempotency key.
const KEY_BYTES_MAX: usize = 128;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) request_id: String,
    /// As it was shown, so that it can be asked again whether it still holds.
    pub(crate) token: String,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Problem> {
        let token = bearer(&parts.headers).ok_or(Refused::Unauthenticated)?.to_owned();
        let mut connection = app.store.connection().await.map_err(Refused::from)?;
        let actor = actor_of(&mut connection, &token).await?;
        let id = parts.extensions.get::<RequestId>();
        Ok(Caller {
            actor,
            request_id: id.map(|id| id.0.clone()).unwrap_or_default(),
            token,
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Caller {
    /// A request that changes nothing, or no policy.
    pub(crate) fn asks(&self, environment: &str) -> Asked {
        Asked {
            request_id: self.request_id.clone(),
            ..Asked::plain(self.actor.clone(), environment)
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
        let bytes = axum::body::to_bytes(body, limit).await.map_err(|_| {
            Problem::new(
                413,
                "too_large",
                format!("the body cannot be read, or has more than {limit} bytes"),
            )
        })?;
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes)
                .map_err(|error| Problem::new(400, "malformed", format!("the body is no JSON: {error}")))?,
        };
        let idempotency = match parts.headers.get("idempotency-key") {
            None => None,
            Some(key) => {
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
                let target = parts
                    .uri
                    .path_and_query()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let head = format!("{} {target}\n", parts.method);
                let digest = crate::text::sha256_hex([head.as_bytes(), &bytes].concat());
                Some((key.ok_or_else(wrong)?.to_owned(), digest))
            }
        };
        Ok(Change {
            body,
            idempotency,
            if_match: if_match(&parts.headers)?,
        })
    }
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
