//! The policy in force: where it comes from, what it is made of, and which issuers are followed for it.
//!
//! Four sources, one form: `auth` of the gateway's own file, a policy that a person wrote, a floor, and a feed that begins at one. Nothing here
//! decides about a request; `request::authenticate` and `request::authorize` do, by `policy`.

mod auth;
mod enforced;
mod signed;
mod source;
mod status;

pub(crate) use enforced::Enforced;
pub use source::{PolicyError, check};
pub(crate) use source::{check_environment, read as read_file};
pub(crate) use status::to_json;
