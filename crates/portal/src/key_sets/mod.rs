//! Issuers' key sets, fetched from their `jwks_uri` so that records carry keys inline (policy.md §6).
//!
//! `settings` is what the operator says, `set` what an answer is read as, `fetch` one attempt, `schedule` says when the next one is, and
//! `service` asks while this portal publishes. What comes of an attempt is `app::key_sets`'s.

mod fetch;
mod schedule;
mod service;
mod set;
mod settings;

pub(crate) use fetch::KeySetFetcher;
pub(crate) use service::follow;
pub(crate) use set::{KeySet, thumbprint};
pub(crate) use settings::{KeySetFile, KeySetSettings};
