//! What a gateway tells its fleet: who it is, which revision it decides by and since when (portal.md §3).
//!
//! `report` is what is told, `untold` which credentials were used and is still to be told, `service` the thread that tells it. Nothing waits for
//! it: a portal that is down is told later.

mod report;
mod service;
#[cfg(test)]
mod tests;
mod untold;

pub use report::{About, host_name};
pub use service::Reports;

use std::time::Duration;

/// Between two reports, where the portal has not said otherwise.
const INTERVAL: Duration = Duration::from_secs(3);
/// What a portal may ask for.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_secs(60);
/// How soon a revision that was put in force is told, where the last report was a second ago.
const EARLY_WITHIN: Duration = Duration::from_millis(200);
/// The longest pause after a report that was not taken.
const FAILURE_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Name resolution, TCP and TLS.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// One report, from its connection to the answer's last byte.
const REPORT_MAX: Duration = Duration::from_secs(10);
/// What a gateway that ends waits until its last uses are taken.
const LAST_MAX: Duration = Duration::from_secs(2);
/// Credentials of one report, and bytes that their ids have together: the others come with the next.
const USED_MAX: usize = 1_000;
const USED_BYTES_MAX: usize = 48 * 1024;
/// Credentials that are remembered until they are told, for as long as a portal is down: some 10 MB.
const UNTOLD_MAX: usize = 100_000;
/// The answer: one number.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
