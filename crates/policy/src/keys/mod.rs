//! Public keys of issuers: which algorithms there are, what a JWK may be, and whether a signature holds.
//!
//! The only place where a signature is checked, with aws-lc-rs alone. Knows nothing of claims, time or policy.

mod algorithm;
mod ed25519;
mod jwk;
mod key;

pub(crate) use algorithm::{Algorithm, Algorithms};
pub use jwk::KeySetError;
pub(crate) use jwk::{key, key_set};
pub use key::Key;
