//! A topic as its brokers describe it. Reads, and changes nothing.

use super::judge::Facts;
use crate::kafka::Settings;
use crate::kafka::client::{Context, client_config};
use crate::kafka::trouble::{KafkaError, Meaning, meaning};
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError as Error;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long any one question may take.
const ASK_MAX: Duration = Duration::from_secs(5);
/// How often an end that stands still is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What is seen of this topic. An end below the high watermark is watched for so long.
///
/// # Errors
/// Where no broker answers, or none lets this principal in. A topic that is not there is no error.
pub fn look_at_topic(settings: &Settings, topic: &str, watch: Duration) -> Result<Facts, KafkaError> {
    let context = Context::new(settings);
    let failure = |error: &Error| context.failure(topic, error);
    let client = |isolation: &str| -> Result<BaseConsumer<Context>, KafkaError> {
        let mut config = client_config(settings);
        config.set("isolation.level", isolation);
        let made = config.create_with_context(context.clone());
        made.map_err(|error| KafkaError::Settings(error.to_string().into()))
    };
    let (committed, all) = (client("read_committed")?, client("read_uncommitted")?);
    // A token is asked for by an event, and the reason of a failure comes as one.
    for client in [&committed, &all] {
        let _ = client.poll(Duration::ZERO);
    }
    let metadata = all.fetch_metadata(Some(topic), ASK_MAX).map_err(|error| {
        let _ = all.poll(Duration::from_millis(50));
        failure(&error)
    })?;
    let mut facts = Facts {
        brokers: metadata.brokers().len(),
        ..Facts::default()
    };
    let Some(found) = metadata.topics().first() else {
        return Ok(facts);
    };
    if let Some(error) = found.error() {
        let error = Error::MetadataFetch(error.into());
        return match meaning(&error) {
            Meaning::NoTopic => Ok(facts),
            _ => Err(failure(&error)),
        };
    }
    facts.partitions = found.partitions().len();
    let Some(first) = found.partitions().first() else {
        return Ok(facts);
    };
    (facts.replicas, facts.in_sync) = (first.replicas().len(), first.isr().len());
    facts.settings = describe(settings, &context, topic)?;
    let end = || -> Result<(i64, i64), KafkaError> {
        // The high watermark last, so that what is committed between the two does not stand below it for long.
        let asked = committed.fetch_watermarks(topic, 0, ASK_MAX);
        let (_, stable) = asked.map_err(|error| failure(&error))?;
        let asked = all.fetch_watermarks(topic, 0, ASK_MAX);
        let (_, high) = asked.map_err(|error| failure(&error))?;
        Ok((stable, high))
    };
    facts.end = end()?;
    let began = Instant::now();
    while facts.end.0 < facts.end.1 {
        std::thread::sleep(LOOK.min(watch));
        let later = end()?;
        facts.later = Some(later);
        facts.watched_s = began.elapsed().as_secs();
        if later.0 != facts.end.0 || began.elapsed() >= watch {
            break;
        }
    }
    Ok(facts)
}

/// `None`: they may not be read.
fn describe(
    settings: &Settings,
    context: &Context,
    topic: &str,
) -> Result<Option<BTreeMap<String, String>>, KafkaError> {
    let admin: AdminClient<Context> =
        AdminClient::from_config_and_context(&client_config(settings), context.clone())
            .map_err(|error| KafkaError::Settings(error.to_string().into()))?;
    let options = AdminOptions::new().request_timeout(Some(ASK_MAX));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| KafkaError::Other(error.to_string().into()))?;
    let described = runtime.block_on(admin.describe_configs([&ResourceSpecifier::Topic(topic)], &options));
    let described = described.map_err(|error| context.failure(topic, &error))?;
    match described.into_iter().next() {
        // A resource that may not be read comes as one without entries.
        Some(Ok(resource)) if !resource.entries.is_empty() => {
            let entries = resource.entries.into_iter();
            let said = entries.filter_map(|entry| Some((entry.name, entry.value?)));
            Ok(Some(said.collect()))
        }
        Some(Ok(_)) | None => Ok(None),
        Some(Err(code)) => Err(context.failure(topic, &Error::AdminOp(code))),
    }
}
