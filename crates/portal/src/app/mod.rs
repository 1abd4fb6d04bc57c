//! What may be done: one file for each family of operations. Knows no HTTP.
//!
//! Every operation takes an [`Actor`], asks [`authorize`] whether it may, and changes policy through a [`Draft`] alone.

mod actor;
mod answer;
mod asked;
mod authorize;
mod body;
mod claims;
mod context;
mod draft;
pub(crate) mod entities;
pub(crate) mod gateways;
pub(crate) mod grants;
mod judge;
mod mentions;
mod neighbours;
mod page;
mod refused;
mod seat_belt;
mod write;

pub(crate) use actor::{Actor, actor_of};
pub(crate) use answer::Answer;
pub(crate) use asked::{Asked, IfMatch};
pub(crate) use authorize::{Object, Operation, authorize};
pub(crate) use context::App;
pub(crate) use page::Page;
pub(crate) use refused::{FieldError, Refused};
