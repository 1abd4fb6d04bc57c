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
        /// The entity without its id.
        body: Body<'a>,
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

/// A record's body: JSON text, one object by contract §5.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    text: &'a str,
    is_held: bool,
}

impl<'a> Body<'a> {
    /// Of a line all of which was held to contract §5 already, so that it need not be read for that again.
    pub fn of_held_line(text: &'a str) -> Body<'a> {
        Body { text, is_held: true }
    }

    /// The text.
    pub fn as_str(self) -> &'a str {
        self.text
    }

    /// Whether it was held to contract §5 already.
    pub(crate) fn is_held(self) -> bool {
        self.is_held
    }
}

/// A body that was not looked at.
impl<'a> From<&'a str> for Body<'a> {
    fn from(text: &'a str) -> Body<'a> {
        Body { text, is_held: false }
    }
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
