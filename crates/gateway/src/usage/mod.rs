//! Exactly one usage record for every request, refusals of framing included: log line and metrics. `used` notes which credentials let requests in.

mod access_log;
mod account;
mod metrics;
mod record;
mod stamp;
mod used;

pub use access_log::{AccessLog, WorkerLog};
pub(crate) use account::{Account, keep};
pub use metrics::{Metrics, OpenUpstream, RouteHandle};
pub use record::{Broken, Record};
pub(crate) use stamp::{Stamp, rfc3339};
pub use used::Used;
pub(crate) use used::{Minutes, Noted};
