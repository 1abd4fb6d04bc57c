//! Who calls, for the rows about policy: an issuer made for the run, its tokens, and policies in which the callers are
//! registered. Values and files only; nothing here listens or waits.

pub(crate) mod crowd;
mod documents;
mod issuer;

pub(crate) use documents::{AUDIENCE, ISSUER, SCOPE, policy};
pub(crate) use issuer::{Claims, Issuer, write_tokens};
