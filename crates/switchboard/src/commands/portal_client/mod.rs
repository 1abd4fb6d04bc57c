//! A portal as the commands see it: where it is, who asks, one question and its answer.
//!
//! Everything that a person may be told about a portal that cannot be reached or says no is in `failure`. Must not know what is asked.

mod call;
mod client;
mod failure;
mod options;
mod place;
mod token;

pub(crate) use call::{Answer, Call, Position, escaped};
pub(crate) use client::Portal;
pub(crate) use failure::{Failure, Problem, printable};
pub(crate) use options::{EnvironmentOptions, entity_id};
pub(crate) use token::read_secret;
