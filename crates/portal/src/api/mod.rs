//! HTTP: from requests to operations of `app`, and from their answers and refusals to what goes back.
//!
//! One file for each resource; each says its part of the OpenAPI document beside its handlers.

mod caller;
mod entities;
mod feeds;
mod gateways;
mod grants;
mod health;
mod problem;
mod respond;
mod router;

pub use router::openapi;
pub(crate) use router::router;
