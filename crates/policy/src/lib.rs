//! The nouns that every part of Switchboard decides on, and (from the policy work on) the decision itself.
//!
//! Pure: no I/O, no clock, no randomness; `xtask tidy` holds that. The gateway's router and the policy's
//! operations share `path`, so that a request can never mean one thing to the one and another to the other.

pub mod cached;
#[cfg(feature = "schema")]
pub mod check;
mod code;
mod compiled;
pub mod entity;
mod keys;
pub mod method;
pub mod path;
mod rules;
mod time;
mod token;

pub use code::Code;
