//! A token as it was shown: parsed once, the same whatever the policy says (policy §3).

mod claims;
mod header_form;
mod json;
mod parse;
mod sound;

pub(crate) use claims::{ClaimPath, Scopes};
pub(crate) use header_form::{HEADER_FORM_BYTES_MAX, header_form};
pub(crate) use json::Value;
pub(crate) use parse::Parsed;
pub use parse::Token;
pub(crate) use sound::{Repeats, is_object};
