//! The data plane: one request from the accepted connection to its usage record.
//!
//! The modules stand in the order in which a request meets them; `docs/life-of-a-request.md` walks through them.
//! Nothing here knows a portal, a database or Kafka.

pub mod admin;
pub mod configuration;
pub mod downstream;
pub mod http1;
pub mod request;
pub mod response;
pub mod upstream;
pub mod usage;
