//! What goes with every request for a change: by whom, under which id, and how careful to be.

use crate::identity::Actor;

/// Which version of an entity is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Whatever there is.
    Any,
    /// None may be there: the entity is new.
    New,
    /// It has to be there, whatever its version.
    Exists,
    /// Exactly this one.
    Version(i64),
}

/// A request for a change.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) actor: Actor,
    pub(crate) request_id: String,
    pub(crate) environment: String,
    /// The key, and the digest of method, target and body.
    pub(crate) idempotency: Option<(String, String)>,
    pub(crate) if_match: IfMatch,
    /// The seat belt was seen.
    pub(crate) confirm: bool,
    /// Judge, and change nothing.
    pub(crate) dry_run: bool,
}

impl Asked {
    /// With nothing special about it.
    pub(crate) fn plain(actor: Actor, environment: &str) -> Asked {
        Asked {
            actor,
            request_id: crate::text::id(),
            environment: environment.to_owned(),
            idempotency: None,
            if_match: IfMatch::Any,
            confirm: false,
            dry_run: false,
        }
    }
}
