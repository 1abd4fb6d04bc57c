//! What may be done: one file for each family of operations. Knows no HTTP.
//!
//! Every operation takes an [`Actor`](crate::identity::Actor), asks [`authorize`] whether it may, and changes policy through a `Draft` alone.

mod actor;
mod answer;
pub(crate) mod api_documents;
mod asked;
mod authorize;
mod body;
mod claims;
pub(crate) mod clients;
mod context;
mod draft;
pub(crate) mod entities;
pub(crate) mod environments;
pub(crate) mod explain;
pub(crate) mod fleet;
pub(crate) mod gateways;
pub(crate) mod grants;
pub(crate) mod history;
mod judge;
pub(crate) mod key_sets;
mod last_used;
mod mentions;
mod neighbours;
mod page;
pub(crate) mod personal_tokens;
pub(crate) mod policy_document;
pub(crate) mod proposals;
mod record;
mod refused;
mod repeated;
pub(crate) mod revert;
pub(crate) mod sealed;
mod seat_belt;
pub(crate) mod sign_in;
pub(crate) mod taken;
pub(crate) mod teams;
#[cfg(test)]
mod tests;
pub(crate) mod users;
mod words;
mod write;

#[cfg(test)]
mod people_tests;

pub(crate) use actor::{AuditedRequest, Shown, actor_of, holds};
pub(crate) use answer::Answer;
pub(crate) use asked::{Asked, IfMatch};
pub(crate) use authorize::authorize;
pub(crate) use context::App;
pub(crate) use page::Page;
pub(crate) use refused::{FieldError, Refused};
pub(crate) use sign_in::Opened;
