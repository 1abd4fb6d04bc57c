//! A feed over a real Apache Kafka (feed.md §3): what a reader of the topic sees, whatever happens to broker, log and network.

mod access;
mod broken;
mod doctor;
mod follower;
mod gateway;
mod lies;
mod reading;
mod relay;
mod replaced;
mod tokens;

use follower::Follower;
