//! Exactly one usage record for every request, refusals of framing included: log line and metrics.

mod record;

pub use record::{Broken, Record};
