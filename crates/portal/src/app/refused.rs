//! Why an operation is refused, in words for whoever asked. What they see of it on the wire is `api`'s.

use crate::identity::{PasswordError, Refusal, TooMany};
use crate::store::StoreError;
use serde::Serialize;

/// Members told at most.
pub(crate) const ERRORS_MAX: usize = 100;

/// One member that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct FieldError {
    /// Which, as in `operations[2].match`; empty: the whole.
    pub(crate) field: String,
    /// What is wrong, and what to write instead.
    pub(crate) message: String,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> FieldError {
        FieldError {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Why.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("show a token: `Authorization: Bearer …`")]
    Unauthenticated,
    /// A name and a password, or what an identity provider says, that let nobody in.
    #[error("{0}")]
    SignIn(String),
    #[error(transparent)]
    MayNot(Refusal),
    #[error("{0}")]
    Forbidden(String),
    /// What is there, and not for this actor: told as what is not there.
    #[error("there is no such thing, or you may not see it")]
    Hidden,
    #[error("there is no {0}")]
    NotFound(String),
    /// Something that is there, or was, stands against it.
    #[error("{detail}")]
    Conflict { code: &'static str, detail: String },
    #[error(
        "it is at version {now} by now: read it again, and send `If-Match: \"{now}\"` with what you then want"
    )]
    Stale { now: i64 },
    #[error("{} of what was sent cannot be taken", counted(.0.len()))]
    Invalid(Vec<FieldError>),
    /// The seat belt.
    #[error(
        "this deletes or narrows {counted} entities ({}), more than {above}: ask again with `confirm=true` if that is what you want",
        .named.join(", ")
    )]
    ConfirmNeeded {
        counted: i64,
        above: i64,
        named: Vec<String>,
    },
    #[error(
        "a revision has at most {records_max} records and {bytes_max} bytes, this one would have {records} and {bytes}: send it in parts"
    )]
    TooLarge {
        records: usize,
        records_max: usize,
        bytes: usize,
        bytes_max: usize,
    },
    #[error("this idempotency key came with another request before: use one key for each")]
    IdempotencyReused,
    #[error("the database failed; nothing was changed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error("{0}")]
    Unavailable(String),
    /// An issuer's answer, where a person asked for it.
    #[error("the key set could not be fetched, and what was there holds: {0}")]
    KeySet(String),
}

fn counted(count: usize) -> String {
    match count {
        1 => "one member".to_owned(),
        count => format!("{count} members"),
    }
}

impl Refused {
    /// One member that is wrong.
    pub(crate) fn field(field: impl Into<String>, message: impl Into<String>) -> Refused {
        Refused::Invalid(vec![FieldError::new(field, message)])
    }

    /// What is hidden reads like what is not there: `what` is a noun and a name.
    pub(crate) fn naming(self, what: impl FnOnce() -> String) -> Refused {
        match self {
            Refused::Hidden => Refused::NotFound(what()),
            other => other,
        }
    }

    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Refused {
        Refused::Conflict {
            code,
            detail: detail.into(),
        }
    }

    /// The status, and the code that programs tell it by.
    pub(crate) fn kind(&self) -> (u16, &'static str) {
        match self {
            Refused::Unauthenticated => (401, "unauthenticated"),
            Refused::SignIn(_) => (401, "sign_in_refused"),
            Refused::MayNot(refusal) => (refusal.status(), refusal.code()),
            Refused::Forbidden(_) => (403, "forbidden"),
            Refused::Hidden | Refused::NotFound(_) => (404, "not_found"),
            Refused::Conflict { code, .. } => (409, code),
            Refused::Stale { .. } => (412, "version_stale"),
            Refused::Invalid(_) => (422, "invalid"),
            Refused::ConfirmNeeded { .. } => (409, "confirm_needed"),
            Refused::TooLarge { .. } => (422, "revision_too_large"),
            Refused::IdempotencyReused => (422, "idempotency_key_reused"),
            Refused::Store(_) => (500, "internal"),
            Refused::TooMany(_) => (429, "too_many_attempts"),
            Refused::Unavailable(_) => (503, "unavailable"),
            Refused::KeySet(_) => (502, "key_set_unavailable"),
        }
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Refused {
        Refused::Store(error.into())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        match refusal {
            Refusal::Unauthenticated => Refused::Unauthenticated,
            Refusal::Hidden => Refused::Hidden,
            other => Refused::MayNot(other),
        }
    }
}

impl From<PasswordError> for Refused {
    fn from(error: PasswordError) -> Refused {
        match error {
            PasswordError::Busy | PasswordError::Failed(_) => Refused::Unavailable(error.to_string()),
            PasswordError::Short | PasswordError::Long | PasswordError::Name => {
                Refused::field("password", error.to_string())
            }
        }
    }
}
