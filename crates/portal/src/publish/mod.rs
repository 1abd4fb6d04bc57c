//! From what is written to what every reader has: one portal of all publishes, every portal tells its readers.
//!
//! `publisher` signs a commit for each revision, in order, while this portal holds the `lease`; `follow` brings what any portal
//! published to the `hub`, from which `stream` serves readers, and `kafka` publishes what the portal has published to a topic as well.

mod follow;
mod hub;
#[cfg(feature = "kafka")]
mod kafka;
mod lease;
mod publisher;
mod stream;

pub(crate) use follow::{follow, look};
pub(crate) use hub::{Hub, Standing};
#[cfg(feature = "kafka")]
pub(crate) use kafka::carry;
pub(crate) use publisher::{Publishing, publish};
pub(crate) use stream::{Begin, Position, begin, bundle};
