//! The OpenAPI document of an API: stored as it was sent, in versions, for people and tools. Readers of feeds decide nothing by it, so that it is no
//! part of the feed, and a change of it is no revision.
//!
//! `document` says whether what was sent is one, `covered` what it and the API do not have in common, `judged` both before the transaction
//! begins, and `keep` what is done with it.

mod covered;
mod document;
mod judged;
mod keep;

pub(super) use keep::promote;
pub(crate) use keep::{DOCUMENT_BYTES_MAX, delete, get, put, versions};
