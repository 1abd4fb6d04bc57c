//! Publishing to a real Apache Kafka (feed.md §3), by processes that are killed, frozen and fenced: what any reader of the topic sees of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod killed;
mod refused;
mod seen;
mod sent;
mod two;

use seen::Publishing;
