//! Exit codes of commands against a portal, so that a script can tell "no" from "nobody there".

use super::portal_client::Failure;
use std::process::ExitCode;

/// Done, or so.
pub(crate) const DONE: u8 = 0;
/// Not so, not yet, or refused by the portal.
pub(crate) const NOT_SO: u8 = 1;
/// Options or a file that cannot be used; nothing was sent.
pub(crate) const INPUT: u8 = super::UNREADABLE;
/// The portal was not reached, or could not answer.
pub(crate) const NO_PORTAL: u8 = 3;

/// The code of an error.
pub(crate) fn code_of(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<Failure>() {
        Some(failure) => ExitCode::from(failure.exit_code()),
        None => ExitCode::from(NOT_SO),
    }
}
