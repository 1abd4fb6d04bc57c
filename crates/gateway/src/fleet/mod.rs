//! What a gateway tells its fleet: who it is, which revision it decides by and since when (portal.md §3).
//!
//! `report` is what is told, `service` the thread that tells it. Nothing waits for it: a portal that is down is told later.

mod report;
mod service;

pub use report::{About, host_name};
pub use service::Reports;

use std::time::Duration;

/// Between two reports, where the portal has not said otherwise.
const INTERVAL: Duration = Duration::from_secs(3);
/// What a portal may ask for.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_secs(60);
/// The longest pause after a report that was not taken.
const FAILURE_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Name resolution, TCP and TLS.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// One report, from its connection to the answer's last byte.
const REPORT_MAX: Duration = Duration::from_secs(10);
/// The answer: one number.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
