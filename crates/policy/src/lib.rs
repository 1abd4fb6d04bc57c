//! The nouns that every part of Switchboard decides on, and the decision itself.
//!
//! Pure: no I/O, no clock, no randomness; `xtask tidy` holds that. The gateway's router and the policy's
//! operations share `path`, so that a request can never mean one thing to the one and another to the other.
//! A request is decided in three calls: `present`, `verify`, `decide`.

pub mod cached;
#[cfg(feature = "schema")]
pub mod check;
mod code;
mod compiled;
pub mod entity;
mod keys;
pub mod method;
pub mod path;
mod policy;
mod request;
mod rules;
mod time;
mod token;

pub use code::Code;
pub use compiled::{Api, Client, Grant, Issuer, Operation, Plan};
pub use keys::{Key, KeySetError};
pub use policy::{Body, Change, Counts, Policy, Report};
pub use request::{
    Certificate, Claimed, Decision, Facts, Fields, Permit, Principal, Proof, Recall, Rejection, Step,
    Verified, decide, permitted, present, verify,
};
pub use token::Token;
