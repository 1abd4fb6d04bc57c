//! What the gateway itself answers, and how every answer says who made it.

mod head;
mod reject;
mod stub;

pub(crate) use head::{BodyOut, HeadContext, write as write_head, write_interim};
pub use reject::{Fault, Reject};
pub(crate) use stub::{DateText, proxy_status};
