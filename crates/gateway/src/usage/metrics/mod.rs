//! What is counted: requests per route, refusals, connections, the access log, reloads; read as Prometheus text.
//!
//! Counting is relaxed atomics on memory that one worker mostly has to itself: no lock, and no allocation but for a
//! route's first request on a worker. Labels are bounded: they come from the configuration or from closed types.

mod counters;
mod exposition;
mod histogram;
mod routes;
mod shard;

pub use counters::{Metrics, OpenUpstream};
pub use routes::RouteHandle;

#[cfg(test)]
mod tests;
