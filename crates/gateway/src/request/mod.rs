//! The decision: what becomes of a request, before a byte of it goes anywhere.
//!
//! Each step consumes the former's type (`Received → Routed → Admitted`), so that none can be skipped: only an
//! `Admitted` request can be rewritten, and only what `rewrite` made can be exchanged. No step waits for anything.

mod admit;
mod decide;
mod failed_credentials;
mod forwarded;
mod id;
mod rewrite;
mod route;
mod trace;

pub(crate) use admit::Admitted;
pub(crate) use decide::{Decided, Surroundings, decide};
pub(crate) use failed_credentials::FailedCredentials;
pub(crate) use forwarded::{client_address, is_trusted};
pub(crate) use id::request_id;
pub(crate) use rewrite::Outbound;
pub(crate) use route::{Routed, route};
pub(crate) use trace::TraceContext;
