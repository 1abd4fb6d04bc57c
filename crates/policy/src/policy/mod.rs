//! The compiled policy: an immutable whole that a change makes a new one of, at the price of the change.
//!
//! Clients and what grows with them lie in shards behind `Arc`; APIs and issuers, of which there are few, are indexed
//! anew when one of them changes. Everything untouched is shared between one policy and the next.

mod apis;
mod apply;
mod change;
mod issuers;
mod links;
mod named;
mod revocations;
mod shards;
mod whole;

pub(crate) use apis::Chosen;
pub use change::{Body, Change, Report};
pub(crate) use links::{Held, Shown};
pub(crate) use revocations::Named;
pub use whole::{Counts, Policy};

#[cfg(test)]
mod tests;
