//! What an operation answers: a status, a JSON object, and where the feed stands with it.

use serde_json::Value;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// Epoch and revision.
    pub(crate) place: Option<(i64, i64)>,
    /// The entity's version.
    pub(crate) version: Option<i64>,
    /// It was given before, to the same request.
    pub(crate) replayed: bool,
}

impl Answer {
    /// An answer that changes nothing.
    pub(crate) fn ok(body: Value) -> Answer {
        Answer {
            status: 200,
            body,
            place: None,
            version: None,
            replayed: false,
        }
    }
}
