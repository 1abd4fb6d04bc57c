//! What a policy is made of, as it travels: the bodies of records, of the database, and of the file that a person writes.
//!
//! Wire types only. Parsing one says that its shape is right; `check` says whether a person may write it, and the
//! compiled policy what it means. Unknown members are ignored here, because what travels is tolerant.

mod api;
mod client;
mod issuer;
mod kind;
mod other;
mod strict;

pub use api::{Api, CredentialKind, Delegation, Operation, PublicCredentials};
pub use client::{Client, Credential, Grant, Status};
pub use issuer::{AnyClient, ClaimNames, Issuer, Preset};
pub use kind::Kind;
pub use other::{Cell, Plan, Revocation, Tenant};
pub(crate) use strict::Object;
