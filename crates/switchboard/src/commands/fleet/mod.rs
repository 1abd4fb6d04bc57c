//! `switchboard fleet`: who runs what and who lags; and waiting until every live gateway has a revision, for every command that waits.

mod answer;
mod command;
mod judge;
mod wait;

pub(crate) use command::Fleet;
pub(crate) use wait::{WaitOptions, epoch, wait};
