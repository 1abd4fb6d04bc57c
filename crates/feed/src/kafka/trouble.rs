//! What an error of librdkafka means for whoever reads or writes a topic, and how it is told.

use rdkafka::error::{KafkaError as Error, RDKafkaErrorCode as Code};

/// Why the topic cannot be read or looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KafkaError {
    /// librdkafka does not take the settings: a file that is missing or no certificate, most likely.
    #[error("the settings cannot be used: {0}")]
    Settings(Box<str>),
    /// Nobody answers.
    #[error("no broker answers: {0}")]
    Unreachable(Box<str>),
    /// The broker does not know who this is, or does not let them.
    #[error("the broker refuses: {0}")]
    Denied(Box<str>),
    /// There is none of this name, or it may not be seen.
    #[error("there is no topic {0}, or it may not be seen; `switchboard feed doctor` says how to make it")]
    NoTopic(Box<str>),
    /// It is none of a feed.
    #[error("the topic {topic} has {partitions} partitions; a feed has exactly one, or its order is lost")]
    Partitions {
        /// Its name.
        topic: Box<str>,
        /// How many it has.
        partitions: usize,
    },
    /// Something else.
    #[error("Kafka: {0}")]
    Other(Box<str>),
}

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The position is gone.
    Lost,
    /// There is no such topic.
    NoTopic,
    /// Nobody answers, as far as this one goes.
    Unreachable,
    /// Who this is, is not known or not let in.
    Denied,
    /// Nothing: it is about a consumer group, of which there is none.
    Nothing,
    Other,
}

pub(super) fn meaning(error: &Error) -> Meaning {
    match error.rdkafka_error_code() {
        Some(
            Code::OffsetOutOfRange
            | Code::AutoOffsetReset
            | Code::NoOffset
            | Code::LogTruncation
            // Another topic has its name.
            | Code::UnknownTopicId,
        ) => Meaning::Lost,
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => Meaning::NoTopic,
        Some(
            Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::Resolve
            | Code::LeaderNotAvailable
            // librdkafka's own word for a partition whose leader nobody names: its broker is going, or gone.
            | Code::UnknownPartition
            | Code::NotLeaderForPartition
            | Code::WaitingForCoordinator,
        ) => Meaning::Unreachable,
        Some(
            Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::SSL
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState,
        ) => Meaning::Denied,
        Some(
            Code::GroupAuthorizationFailed
            | Code::CoordinatorNotAvailable
            | Code::CoordinatorLoadInProgress
            | Code::NotCoordinator,
        ) => Meaning::Nothing,
        _ => Meaning::Other,
    }
}
