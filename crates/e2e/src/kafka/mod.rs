//! A real Apache Kafka for a scenario: one broker in a directory of its own, its topics, and what is written to them.
//!
//! It is written to by librdkafka directly and not by `feed`, so that a mistake of the publisher cannot hide behind the same mistake here.

mod broker;
mod journal;
mod log;
mod topic;

pub use broker::{Broker, GATEWAY, PASSWORD, PUBLISHER};
pub use journal::{Bodies, Journal};
pub use log::{Log, Written};
