//! What API Gateway sends an authorizer, in its five shapes, read into one request that policy can decide on.
//!
//! Everything in an event may be the caller's doing. So no member is trusted to be of its kind, what tells one thing
//! twice must tell the same, and whatever cannot be read is a `Fault`, which is answered with a Deny.

mod fields;
mod json;
mod names;
mod read;

pub(crate) use read::{Event, Fault, Request, Shape};
