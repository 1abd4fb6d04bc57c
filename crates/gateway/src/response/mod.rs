//! What the gateway itself answers, and how every answer says who made it.

mod answer;
mod date;
mod head;
pub(crate) mod json;
mod page;
pub(crate) mod proxy_status;
mod reject;

pub(crate) use answer::{AnswerContext, Beside, capabilities, fixed, redirect, refusal};
pub(crate) use date::DateText;
pub(crate) use head::{BodyOut, HeadContext, write as write_head, write_interim};
pub use page::errors_page;
pub use reject::{Exhausted, Fault, Reject};
