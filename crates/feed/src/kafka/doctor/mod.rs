//! Whether a topic is what a feed needs (feed.md §3): looked at by `look`, judged by `judge`, which is pure. A publisher asks before it publishes,
//! and `switchboard feed doctor` asks for people.

mod judge;
#[cfg(feature = "kafka")]
mod look;

pub use judge::{Facts, Finding, Grade, judge, wanted};
#[cfg(feature = "kafka")]
pub use look::look_at_topic;
