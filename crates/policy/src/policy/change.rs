//! What is done to a policy, and what is told about it.
//!
//! A change is a record's meaning: one entity, put or deleted. Where it came from and whether it may be believed is the
//! feed's business.

/// One record's meaning.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// The entity is now this.
    Put {
        /// The word of its kind.
        kind: &'a str,
        /// Its id.
        id: &'a str,
        /// JSON text: the entity without its id.
        body: &'a str,
        /// What a reader has to know to understand it.
        needs: &'a [Box<str>],
    },
    /// The entity is no more.
    Delete {
        /// The word of its kind.
        kind: &'a str,
        /// Its id.
        id: &'a str,
    },
}

/// What could not be taken as it is: an entity that is not understood in full, or one that contradicts another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The word of the kind.
    pub kind: Box<str>,
    /// The entity.
    pub id: Box<str>,
    /// A clause for operators.
    pub message: String,
}

impl Report {
    pub(super) fn new(kind: &str, id: &str, message: impl Into<String>) -> Report {
        Report {
            kind: kind.into(),
            id: id.into(),
            message: message.into(),
        }
    }
}
