//! Every feed goes to Kafka too, where the portal is told of brokers: what the portal has published, by the rules of `feed::publish`.
//!
//! `source` is the database as that publisher asks it, `leg` runs one feed on a thread that may wait. A broker that is down holds up nothing but
//! itself: the portal's own stream goes on.

mod leg;
mod source;

pub(crate) use leg::carry;
