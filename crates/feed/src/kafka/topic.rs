//! Makes a feed's topic with the settings that feed.md §3 asks for. What one that is there is like, the doctor says.

use super::client::{Context, client_config};
use super::doctor::wanted;
use super::trouble::KafkaError;
use super::{Settings, doctor};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::error::{KafkaError as Error, RDKafkaErrorCode as Code};
use std::time::Duration;

/// How long a call may take.
const CALL_MAX: Duration = Duration::from_secs(15);
/// Copies, where there are so many brokers.
const REPLICAS_MAX: usize = 3;

/// Makes the topic where it is not there; whether it was made.
///
/// # Errors
/// Where no broker answers, or none lets this principal make topics.
pub fn make_topic(settings: &Settings, topic: &str) -> Result<bool, KafkaError> {
    let facts = doctor::look_at_topic(settings, topic, Duration::ZERO)?;
    if facts.partitions > 0 {
        return Ok(false);
    }
    let context = Context::new(settings);
    let admin: AdminClient<Context> =
        AdminClient::from_config_and_context(&client_config(settings), context.clone())
            .map_err(|error| KafkaError::Settings(error.to_string().into()))?;
    let replicas = facts.brokers.clamp(1, REPLICAS_MAX);
    let copies = i32::try_from(replicas).unwrap_or(1);
    let in_sync_min = replicas.saturating_sub(1).max(1).to_string();
    let mut new =
        NewTopic::new(topic, 1, TopicReplication::Fixed(copies)).set("min.insync.replicas", &in_sync_min);
    for (name, value) in wanted() {
        new = new.set(name, value);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| KafkaError::Other(error.to_string().into()))?;
    let options = AdminOptions::new()
        .request_timeout(Some(CALL_MAX))
        .operation_timeout(Some(CALL_MAX));
    let made = runtime.block_on(admin.create_topics([&new], &options));
    let made = made.map_err(|error| context.failure(topic, &error))?;
    match made.into_iter().next() {
        Some(Ok(_)) => Ok(true),
        // Another portal was first.
        Some(Err((_, Code::TopicAlreadyExists))) | None => Ok(false),
        Some(Err((_, code))) => Err(context.failure(topic, &Error::AdminOp(code))),
    }
}
