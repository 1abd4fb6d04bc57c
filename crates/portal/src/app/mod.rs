//! What may be done: one file for each family of operations. Knows no HTTP.
//!
//! Every operation takes an [`Actor`], asks [`authorize`] whether it may, and changes policy through a [`Draft`] alone.

mod actor;
mod answer;
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
pub(crate) mod gateways;
pub(crate) mod grants;
pub(crate) mod history;
mod judge;
mod mentions;
mod neighbours;
mod page;
pub(crate) mod policy_document;
pub(crate) mod proposals;
mod refused;
pub(crate) mod revert;
mod seat_belt;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use actor::{Actor, actor_of};
pub(crate) use answer::Answer;
pub(crate) use asked::{Asked, IfMatch};
pub(crate) use authorize::{Object, Operation, authorize};
pub(crate) use context::App;
pub(crate) use page::Page;
pub(crate) use refused::{FieldError, Refused};
