//! The decision: what becomes of a request, before a byte of it goes anywhere.
//!
//! Each step consumes the former's type (`Received → Routed → Admitted → Identified → Permitted`), so that none can be
//! skipped: only a `Permitted` request can be rewritten, and only what `rewrite` made can be exchanged. No step waits
//! for anything; where a key is missing, the connection waits, and all of it is decided again.

mod admit;
mod authenticate;
mod authorize;
mod decide;
mod facts;
mod failed_credentials;
mod forwarded;
mod id;
mod private_api;
mod proofs;
mod rewrite;
mod route;
mod trace;

pub(crate) use admit::Admitted;
pub(crate) use decide::{Decided, Out, Surroundings, Why, decide};
pub(crate) use facts::HeadFields;
pub(crate) use failed_credentials::{FailedCredentials, customer};
pub(crate) use forwarded::{client_address, is_trusted};
pub(crate) use id::request_id;
pub(crate) use proofs::Proofs;
pub(crate) use rewrite::Outbound;
pub(crate) use route::{Routed, route};
pub(crate) use trace::TraceContext;
