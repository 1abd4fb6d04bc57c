//! Newer policy than the floor's: looked for inside an invocation, because between two of them nothing runs (feed.md §5).
//!
//! `pace` says when, `reading` what is believed, `carrier` brings it (`http` or a file), `report` tells the portal, `uses` which credentials let
//! requests in, `shared` is what is in force, and `function` ties them to invocations: a look has a small budget, and what is not finished goes on
//! in the next one. With the feature `kafka` `log` reads a topic all the time instead. Nothing here decides about a request.

mod carrier;
mod fault;
mod function;
mod http;
#[cfg(feature = "kafka")]
mod log;
mod pace;
mod reading;
mod report;
mod shared;
mod tls;
mod uses;

pub use fault::FollowFault;
pub use function::Function;

use std::time::Duration;

/// What a look may take of an invocation.
const BUDGET: Duration = Duration::from_millis(50);
/// The same where the policy is older than it may get.
const PATIENCE: Duration = Duration::from_secs(1);
/// That much is taken at most once in this time: a server that trickles must not slow every request down.
const PATIENCE_EVERY_MS: u64 = 10_000;
/// An exchange that brought no byte for so long is given up: its connection may have died while the function was frozen.
const SILENCE_MS_MAX: u64 = 10_000;
/// A connection that was idle for longer is not used again, for the same reason.
const IDLE_MS_MAX: u64 = 20_000;
/// A sync that has not come to its end is begun anew, on what it has.
const SYNC_MS_MAX: u64 = 300_000;
/// The portal is told at most once in this time.
const REPORT_EVERY_MS: u64 = 60_000;
/// Credentials that are remembered until the portal was told: what one report may say.
const USES_MAX: usize = 500;
/// A log whose end was not heard of for so long is not at its end: three times as long as its reader waits before it asks again.
#[cfg(feature = "kafka")]
const LOG_SILENCE_MS_MAX: u64 = 30_000;
