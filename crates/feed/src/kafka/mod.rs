//! The feed over Kafka (feed.md §3): where the brokers are, and a reader of the topic.
//!
//! Settings are there in every build, so that a file which names brokers is read, and refused with a clear word where the feature
//! `kafka` is left out. All that opens a socket is behind that feature.

#[cfg(feature = "kafka")]
mod client;
pub mod doctor;
mod file;
#[cfg(feature = "kafka")]
mod publisher;
#[cfg(feature = "kafka")]
mod reader;
mod settings;
#[cfg(feature = "kafka")]
mod tokens;
#[cfg(feature = "kafka")]
mod topic;
#[cfg(feature = "kafka")]
mod trouble;

#[cfg(feature = "kafka")]
pub use client::{Context, client_config};
pub use file::{FileError, KafkaFile};
#[cfg(feature = "kafka")]
pub use publisher::{PublisherLog, transactional_id};
#[cfg(feature = "kafka")]
pub use reader::{Next, Reader};
pub use settings::{
    BROKERS_MAX, Identity, Sasl, ScramHash, Secret, Settings, SettingsError, Tls, Token, default_topic,
    is_topic,
};

#[cfg(feature = "kafka")]
pub use topic::make_topic;
#[cfg(feature = "kafka")]
pub use trouble::KafkaError;

/// Whether this build can talk to Kafka.
pub const IS_BUILT_IN: bool = cfg!(feature = "kafka");
