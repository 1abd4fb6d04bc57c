//! What the gateway itself answers, and how every answer says who made it.

mod reject;

pub use reject::{Fault, Reject};
