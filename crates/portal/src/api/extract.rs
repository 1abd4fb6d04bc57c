//! Parts of a request's target as handlers take them. What cannot be read is told as every refusal is, with the name of the parameter.

use super::problem::Problem;
use crate::app::FieldError;
use axum::extract::FromRequestParts;
use axum::extract::rejection::QueryRejection;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use std::error::Error as _;

/// The query.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, Problem> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        let axum::extract::Query(read) = read.map_err(|error| unreadable_query(&error))?;
        Ok(Query(read))
    }
}

fn unreadable_query(error: &QueryRejection) -> Problem {
    // The first cause says no more than that it failed.
    let why = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let mut problem = Problem::new(400, "malformed", format!("the query cannot be read: {why}"));
    let missing = why
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next());
    let error = match (missing, why.split_once(": ")) {
        (Some(parameter), _) => Some(FieldError::new(parameter, "it is needed here")),
        (None, Some((parameter, why))) => Some(FieldError::new(parameter, why)),
        (None, None) => None,
    };
    problem.errors.extend(error);
    problem
}

/// The parts of the path that the route leaves open.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let axum::extract::Path(read) = read
            .map_err(|error| Problem::new(400, "malformed", format!("the path cannot be read: {error}")))?;
        Ok(Path(read))
    }
}
