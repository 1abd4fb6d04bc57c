//! `/v1/explain`: why a client would be let through or refused.

use super::caller::{Caller, Change};
use super::problem::Problem;
use crate::app::explain::{self, Question};
use crate::app::{Answer, App};
use axum::extract::State;
use policy::Certificate;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask))
}

/// A request that is not sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Asking {
    environment: String,
    method: String,
    /// `/path?query`, or a whole URL to say the host too.
    target: String,
    /// Its header fields; a credential among them is looked at and not kept.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    certificate: Option<Shown>,
    /// The cell of the gateway that would be asked.
    cell: Option<String>,
    /// When: Unix seconds; now where absent.
    now: Option<u64>,
}

/// A client certificate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Shown {
    /// SHA-256 of the DER SubjectPublicKeyInfo, lower-case hexadecimal.
    spki_sha256: String,
    /// SHA-256 of the DER certificate, base64url.
    #[serde(default)]
    x5t_s256: String,
    /// Its URI and DNS names.
    #[serde(default)]
    sans: Vec<String>,
}

/// Decides on a request that is not sent, as every gateway of the environment would, and says why
#[utoipa::path(
    post, path = "/v1/explain", tag = "explain", request_body(content = Asking),
    responses((status = 200, description = "`decision`: `permit` or `reject`, and why.", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn ask(State(app): State<App>, caller: Caller, mut change: Change) -> Result<Answer, Problem> {
    let asking: Asking = change.read()?;
    let (host, target) = match asking.target.split_once("://") {
        Some((_, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (host, target) = rest.split_at(end);
            (Some(host.to_owned()), target.to_owned())
        }
        None => (None, asking.target),
    };
    let path = target.split('?').next().unwrap_or_default();
    let named = |name: &str| {
        asking
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    let question = Question {
        method: asking.method,
        // Without a host no API fits; every API on every host does with any.
        host: host
            .or_else(|| named("host").map(|(_, host)| host.clone()))
            .or_else(|| Some("localhost".to_owned())),
        path: if path.is_empty() {
            "/".to_owned()
        } else {
            path.to_owned()
        },
        headers: asking.headers.into_iter().collect(),
        certificate: asking.certificate.map(|shown| Certificate {
            spki_sha256: shown.spki_sha256.into(),
            x5t_s256: shown.x5t_s256.into(),
            sans: shown.sans.into_iter().map(Into::into).collect(),
        }),
        cell: asking.cell,
        now: asking.now.unwrap_or_else(|| crate::text::now().unsigned_abs()),
    };
    Ok(explain::explain(&app, &caller.asks(&asking.environment), &question).await?)
}
