//! Which parameters a query may have: those that the OpenAPI document names, and no other. A `dryrun` that was passed over would do what
//! `dry_run` only tries.

use super::problem::Problem;
use crate::app::FieldError;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, Response};
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// What programs of another version ask, and browsers on their way back from an identity provider: they add what is theirs.
const TOLERANT: [&str; 3] = ["/v1/feeds/", "/v1/fleet/reports", "/v1/sign-in/oidc/callback"];

/// Names of parameters by method and path.
type Known = HashMap<(String, String), Vec<String>>;

/// The parameters of every operation.
#[derive(Debug, Clone)]
pub(super) struct Parameters(Arc<Known>);

impl Parameters {
    /// Those that the document names.
    pub(super) fn of(document: &utoipa::openapi::OpenApi) -> Parameters {
        let document = serde_json::to_value(document).unwrap_or_default();
        let mut known = Known::new();
        let paths = document.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let parameters = operation.get("parameters").and_then(Value::as_array);
                let names = parameters
                    .into_iter()
                    .flatten()
                    .filter(|one| one.get("in").is_some_and(|place| place == "query"))
                    .filter_map(|one| one.get("name")?.as_str());
                let names = names.map(str::to_owned).collect();
                known.insert((method.to_uppercase(), path.clone()), names);
            }
        }
        Parameters(Arc::new(known))
    }

    fn check(&self, method: &Method, path: &str, query: &str) -> Result<(), Problem> {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let key = (method.as_str().to_owned(), path.to_owned());
        let Some(known) = self.0.get(&key) else {
            return Ok(());
        };
        if TOLERANT.iter().any(|start| path.starts_with(start)) {
            return Ok(());
        }
        let names = query.split('&').filter(|pair| !pair.is_empty());
        let mut names = names.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
        match names.find(|name| !known.iter().any(|known| known == name)) {
            None => Ok(()),
            Some(name) => Err(unknown(name, known)),
        }
    }
}

fn unknown(name: &str, known: &[String]) -> Problem {
    let there_are = match known {
        [] => "there is none".to_owned(),
        known => format!("write `{}`", known.join("`, `")),
    };
    let message = format!("no such parameter here: {there_are}");
    let mut problem = Problem::new(
        400,
        "unknown_parameter",
        format!("the query has `{name}`, which is no parameter here, so nothing was done; {there_are}"),
    );
    problem.errors = vec![FieldError::new(name, message)];
    problem
}

/// Refuses what no operation knows.
pub(super) async fn only_known(
    State(parameters): State<Parameters>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let path = request.extensions().get::<MatchedPath>();
    if let (Some(path), Some(query)) = (path, request.uri().query())
        && let Err(problem) = parameters.check(request.method(), path.as_str(), query)
    {
        return problem.into_response();
    }
    next.run(request).await
}
