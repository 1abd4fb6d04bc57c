//! What entities mean once they were read: what decisions are made on.
//!
//! Each is read tolerantly from a record's body (contract §2). One that this reader does not understand in full is
//! kept as *unsupported* where it can still be recognised, so that what it would allow is refused and not overlooked.

mod api;
mod client;
mod credential;
mod id;
mod issuer;
mod lesser;
mod reading;
mod revocation;

pub(crate) use api::{Accepts, DEFAULT_ACCEPTS, DEFAULT_KEY_FIELD};
pub use api::{Api, Operation};
pub use client::{Client, Grant};
pub(crate) use credential::{Credential, Shows};
pub use issuer::Issuer;
pub use lesser::Plan;
pub(crate) use lesser::{Cell, Tenant};
pub(crate) use reading::{Read, State, Strings};
pub(crate) use revocation::{Revocation, What};

#[cfg(test)]
mod tests;
