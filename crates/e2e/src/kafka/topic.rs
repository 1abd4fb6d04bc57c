//! Topics of a broker: made with the settings that a scenario needs, deleted, cut at their beginning, and allowed to users.

use super::broker::Broker;
use crate::wait::wait_within;
use rdkafka::Message as _;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::time::{Duration, Instant};

/// How long a call may take.
const CALL: Duration = Duration::from_secs(20);

impl Broker {
    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config().create().expect("librdkafka makes clients")
    }

    /// A topic of one partition with these settings.
    pub fn create_topic(&self, name: &str, settings: &[(&str, &str)]) {
        self.create_topic_of(name, 1, settings);
    }

    /// A topic of so many partitions.
    pub fn create_topic_of(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        // One that was deleted under this name may be going still.
        wait_within(CALL, "the topic to be made", || {
            let made = block_on(self.admin().create_topics([&topic], &AdminOptions::new()));
            made.expect("the broker answers").pop()?.ok()
        });
        self.wait_until(name, true);
    }

    /// Deletes it, whole.
    pub fn delete_topic(&self, name: &str) {
        let deleted = block_on(self.admin().delete_topics(&[name], &AdminOptions::new()));
        deleted
            .expect("the broker answers")
            .pop()
            .expect("an answer")
            .expect("it is deleted");
        self.wait_until(name, false);
    }

    fn wait_until(&self, topic: &str, is_there: bool) {
        let consumer: BaseConsumer = self.config().create().expect("librdkafka makes clients");
        wait_within(CALL, "the topic to be seen", || {
            let metadata = consumer.fetch_metadata(Some(topic), CALL).ok()?;
            let found = metadata.topics().first()?;
            let has_leader = found.partitions().first().is_some_and(|one| one.leader() >= 0);
            let seen = found.error().is_none() && has_leader;
            (seen == is_there).then_some(())
        });
    }

    /// Deletes the records below this offset.
    pub fn delete_records(&self, topic: &str, below: i64) {
        let mut offsets = TopicPartitionList::new();
        offsets
            .add_partition_offset(topic, 0, Offset::Offset(below))
            .expect("an offset");
        block_on(self.admin().delete_records(&offsets, &AdminOptions::new())).expect("they are deleted");
    }

    /// All records that are left, committed or not, those of control left out: the offset, the key, and the value unless it is a tombstone.
    pub fn records(&self, topic: &str) -> Vec<(i64, String, Option<String>)> {
        let mut config = self.config();
        config
            .set("group.id", "test")
            .set("isolation.level", "read_uncommitted")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().expect("librdkafka makes clients");
        let mut start = TopicPartitionList::new();
        start
            .add_partition_offset(topic, 0, Offset::Beginning)
            .expect("an offset");
        consumer.assign(&start).expect("a topic can be assigned");
        let mut records = Vec::new();
        loop {
            match consumer.poll(CALL).expect("a record or the end") {
                Ok(message) => {
                    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                    let key = message.key().map(text).unwrap_or_default();
                    records.push((message.offset(), key, message.payload().map(text)));
                }
                Err(KafkaError::PartitionEOF(_)) => return records,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// The first offset, and the one behind the last record, committed or not.
    pub fn offsets(&self, topic: &str) -> (i64, i64) {
        let mut config = self.config();
        config.set("isolation.level", "read_uncommitted");
        let consumer: BaseConsumer = config.create().expect("librdkafka makes clients");
        consumer
            .fetch_watermarks(topic, 0, CALL)
            .expect("the broker answers")
    }
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for one answer: librdkafka has its own threads.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let until = Instant::now() + CALL;
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        assert!(
            Instant::now() < until,
            "waited {CALL:?} in vain for the broker's answer"
        );
        std::thread::park_timeout(Duration::from_millis(100));
    }
}
