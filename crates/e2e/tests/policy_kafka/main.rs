//! A feed over a real Apache Kafka (feed.md §3): what a reader of the topic sees, whatever happens to broker, log and network.

mod follower;
mod reading;

use follower::Follower;
