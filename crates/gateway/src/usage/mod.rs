//! Exactly one usage record for every request, refusals of framing included: log line and metrics.

mod account;
mod record;
mod stub;

pub(crate) use account::{Account, keep};
pub use record::{Broken, Record};
pub use stub::{AccessLog, Metrics, RouteHandle, WorkerLog};
