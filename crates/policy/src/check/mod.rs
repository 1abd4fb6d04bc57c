//! The strict check of a policy that a person wrote, and its JSON Schema: every problem at once, each at its place.
//!
//! `table` says which members there are and what each may hold; `shape` holds a document to it, and `schema` prints it.
//! What is true of several entities together is held by `names`, `apis` and `reach`. Decisions never look here: what
//! travels is read tolerantly.

mod apis;
mod defaults;
mod describe;
mod document;
mod form;
mod jwk;
mod names;
mod operations;
mod problem;
mod reach;
mod schema;
mod shape;
mod table;
mod words;

pub use document::{Checked, Entity, check, is_section};
pub use jwk::{EmbedError, KeySet, KeySetRefusal, key_set, with_keys};
pub use problem::{Mark, Place, Problem, Severity, Step};
pub use schema::schema;

#[cfg(test)]
mod tests;
