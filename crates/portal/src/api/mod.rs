//! HTTP: from requests to operations of `app`, and from their answers and refusals to what goes back.
//!
//! One file for each resource; each says its part of the OpenAPI document beside its handlers.

mod api_documents;
mod audit;
mod caller;
mod clients;
mod entities;
mod environments;
mod explain;
mod extract;
mod feeds;
mod fleet;
mod gateways;
mod grants;
mod health;
mod key_sets;
mod parameters;
mod pieces;
mod policy;
mod problem;
mod respond;
mod router;
mod sign_in;
mod teams;
mod tokens;
mod users;

pub use router::openapi;
pub(crate) use router::router;
