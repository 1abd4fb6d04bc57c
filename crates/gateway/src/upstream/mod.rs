//! The other side of the gateway: which addresses may be dialled, connections, and the exchange.

mod target;

pub use target::{TargetRefusal, TargetRules};
