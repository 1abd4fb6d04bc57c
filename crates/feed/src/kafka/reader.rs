//! The feed's topic, read from its start and on (feed.md §3). Whether what it says counts is `feed::Reader`'s business.
//!
//! Blocking, with bounded waits; memory is bounded by librdkafka's queue. There is no consumer group: nothing is joined and nothing committed, so
//! that a reader needs the right to read the topic alone. A position that is gone is never guessed anew: the reader says so, and begins again.

use super::Settings;
use super::client::{Context, client_config};
use super::trouble::{KafkaError, Meaning, meaning};
use rdkafka::Message as _;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError as Error, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use std::fmt;
use std::time::{Duration, Instant};

/// The one partition.
pub(super) const PARTITION: i32 = 0;
/// How long the first connection may take.
const BEGIN_MAX: Duration = Duration::from_secs(5);
/// How long a question to the broker may take.
const ASK_MAX: Duration = Duration::from_secs(2);
/// How soon the end is asked for again: after something came,
const ASK_AFTER_RECORDS: Duration = Duration::from_secs(1);
/// while nothing comes, so that a log that was cut off or replaced is noticed,
const ASK_WHILE_IDLE: Duration = Duration::from_secs(10);
/// after a question that nobody answered,
const ASK_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// and after trouble with one broker.
const ASK_AFTER_TROUBLE: Duration = Duration::from_millis(100);
/// How long a topic may be unknown before it is one that was deleted.
const UNKNOWN_MAX: Duration = Duration::from_secs(3);
/// How long it may get no nearer to an end that is there.
const STUCK: Duration = Duration::from_secs(30);
/// How often its position is looked at on the way to an end.
const LOOK: Duration = Duration::from_millis(10);
/// Events of librdkafka that are served at once.
const EVENTS_MAX: usize = 100;
/// Records that wait to be read.
const QUEUED_KIB: &str = "8192";
/// Bytes of records that are asked for at once.
const RECORDS_BYTES: &str = "4194304";
const FETCH_BYTES: &str = "8388608";
/// A broker sends a single record also where it is larger than what was asked for. Who may write could make it as large as the topic lets them.
const ANSWER_BYTES_MAX: &str = "67108864";

/// Reads one topic.
pub struct Reader {
    settings: Settings,
    context: Context,
    topic: String,
    /// What it reads with; `None` before it begins.
    reading: Option<Reading>,
    /// It does not begin before: after a failure.
    begins_at: Option<Instant>,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A record. A key that is no text has U+FFFD in it, and is no entity's.
    Record {
        /// Its key.
        key: String,
        /// Its value; absent in a tombstone.
        value: Option<Vec<u8>>,
    },
    /// It has read up to an end (a last stable offset) that it asked for before.
    AtEnd,
    /// Nothing came.
    Idle,
    /// Where it stood is gone: cut off, or another log has this name. What comes next is from the start, so the caller begins with an empty
    /// state, and decides when.
    Lost,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Of this feed. Nothing is connected before the first [`Reader::next`].
    pub fn new(settings: &Settings, feed: &str) -> Reader {
        Reader {
            topic: settings.topic(feed),
            context: Context::new(settings),
            settings: settings.clone(),
            reading: None,
            begins_at: None,
        }
    }

    /// Its topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// What comes next comes from the start. The caller begins with an empty state.
    pub fn restart(&mut self) {
        self.reading = None;
        self.begins_at = None;
    }

    /// What comes within `wait`; a question to the broker may make it some seconds longer.
    ///
    /// # Errors
    /// Where the broker cannot be read from. It goes on trying by itself, a second later, however often it is called; what was read stays read,
    /// unless it says [`Next::Lost`].
    pub fn next(&mut self, wait: Duration) -> Result<Next, KafkaError> {
        let until = Instant::now() + wait;
        if let Some(begins_at) = self.begins_at {
            std::thread::sleep(begins_at.min(until).saturating_duration_since(Instant::now()));
            if Instant::now() < begins_at {
                return Ok(Next::Idle);
            }
        }
        let next = match &mut self.reading {
            Some(reading) => reading.next(until),
            None => match Reading::begin(&self.settings, &self.context, &self.topic) {
                Ok(reading) => {
                    self.begins_at = None;
                    self.reading.insert(reading).next(until)
                }
                Err(error) => {
                    self.begins_at = Some(Instant::now() + ASK_AFTER_FAILURE);
                    return Err(error);
                }
            },
        };
        if next == Ok(Next::Lost) {
            self.reading = None;
        }
        next
    }
}

/// One client, from the start of the log on. After a loss there is another one: an assignment of the same client would keep what it knew of a log
/// that is gone.
struct Reading {
    consumer: BaseConsumer<Context>,
    context: Context,
    topic: String,
    /// Where the log began, as long as nothing came.
    low: Option<i64>,
    /// A last stable offset that was asked for, and is not reached yet.
    target: Option<i64>,
    /// When the end is asked for next.
    due: Instant,
    /// Something came since an end was reached.
    moved: bool,
    /// When it got on last: a record, or an end.
    got_on: Instant,
    /// Since when the broker has no such topic: one that starts does not know its topics yet.
    unknown_since: Option<Instant>,
}

impl Reading {
    fn begin(settings: &Settings, context: &Context, topic: &str) -> Result<Reading, KafkaError> {
        let consumer: BaseConsumer<Context> = consumer_config(settings)
            .create_with_context(context.clone())
            .map_err(|error| KafkaError::Settings(error.to_string().into()))?;
        let reading = Reading {
            consumer,
            context: context.clone(),
            topic: topic.to_owned(),
            low: None,
            target: None,
            due: Instant::now(),
            moved: false,
            got_on: Instant::now(),
            unknown_since: None,
        };
        // A token is asked for by an event, and nothing is connected before.
        reading.serve(Duration::ZERO);
        let begun = reading.look_at_topic(BEGIN_MAX).and_then(|partitions| {
            let mut assignment = TopicPartitionList::new();
            assignment.add_partition_offset(topic, PARTITION, Offset::Beginning)?;
            // More than one partition has no order.
            if partitions == 1 {
                reading.consumer.assign(&assignment)?;
            }
            Ok(partitions)
        });
        match begun {
            Ok(1) => Ok(reading),
            Ok(partitions) => Err(KafkaError::Partitions {
                topic: topic.into(),
                partitions,
            }),
            Err(error) => {
                // The reason comes as an event, a little later.
                reading.serve(LOOK);
                Err(context.failure(topic, &error))
            }
        }
    }

    /// How many partitions it has, as a broker says now.
    fn look_at_topic(&self, within: Duration) -> Result<usize, Error> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), within)?;
        let found = metadata.topics().first();
        match found.map(|found| (found.error(), found.partitions().len())) {
            Some((Some(error), _)) => Err(Error::MetadataFetch(error.into())),
            Some((None, partitions @ 1..)) => Ok(partitions),
            Some((None, 0)) | None => Err(Error::MetadataFetch(RDKafkaErrorCode::UnknownTopic)),
        }
    }

    /// Lets librdkafka say what it has to say, before anything is assigned.
    fn serve(&self, wait: Duration) {
        for _ in 0..EVENTS_MAX {
            if self.consumer.poll(wait).is_none() {
                return;
            }
        }
    }

    fn next(&mut self, until: Instant) -> Result<Next, KafkaError> {
        loop {
            if self.has_reached() {
                return Ok(Next::AtEnd);
            }
            if Instant::now() >= self.due && !self.ask()? {
                return Ok(Next::Lost);
            }
            let wait = until.min(self.due).saturating_duration_since(Instant::now());
            // On the way to an end that it knows it looks often: records of control come without a word.
            let wait = if self.target.is_some() {
                wait.min(LOOK)
            } else {
                wait
            };
            match self.consumer.poll(wait) {
                Some(Ok(message)) => {
                    self.moved = true;
                    self.low = None;
                    self.got_on = Instant::now();
                    let key = message.key().unwrap_or_default();
                    return Ok(Next::Record {
                        key: String::from_utf8_lossy(key).into_owned(),
                        value: message.payload().map(<[u8]>::to_vec),
                    });
                }
                Some(Err(error)) => match meaning(&error) {
                    Meaning::Lost => return Ok(Next::Lost),
                    Meaning::Denied => return Err(self.context.failure(&self.topic, &error)),
                    // One broker of several, or one that starts, perhaps: what it means is soon asked.
                    Meaning::Unreachable | Meaning::NoTopic => {
                        self.due = self.due.min(Instant::now() + ASK_AFTER_TROUBLE);
                    }
                    Meaning::Nothing | Meaning::Other => {}
                },
                None if Instant::now() >= until => return Ok(Next::Idle),
                None => {}
            }
        }
    }

    /// Whether the position has reached the last stable offset that was asked for. That a partition has no more for now would prove nothing.
    fn has_reached(&mut self) -> bool {
        let reached = match (self.target, self.position().or(self.low)) {
            (Some(target), Some(position)) => position >= target,
            _ => false,
        };
        if reached {
            self.target = None;
            self.moved = false;
            self.got_on = Instant::now();
            self.context.settle();
            self.due = Instant::now() + ASK_WHILE_IDLE;
        }
        if self.moved && self.target.is_none() {
            self.due = self.due.min(Instant::now() + ASK_AFTER_RECORDS);
        }
        reached
    }

    /// Behind what was read last, records of control too; `None` where nothing was read.
    fn position(&self) -> Option<i64> {
        let positions = self.consumer.position().ok()?;
        match positions.find_partition(&self.topic, PARTITION)?.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    /// Asks where the log ends; whether it is still the one that was read.
    fn ask(&mut self) -> Result<bool, KafkaError> {
        // With `read_committed` the end is the last stable offset.
        match self.consumer.fetch_watermarks(&self.topic, PARTITION, ASK_MAX) {
            Ok((low, end)) => {
                self.unknown_since = None;
                self.due = Instant::now() + ASK_WHILE_IDLE;
                let position = self.position();
                if position.is_none() {
                    self.low = Some(low);
                }
                // An end that is there and is not come nearer to: the assignment is one of a log that is gone.
                let is_stuck = self.target.is_some() && self.got_on.elapsed() > STUCK;
                self.target = Some(end);
                Ok(!is_stuck && position.is_none_or(|position| (low..=end).contains(&position)))
            }
            Err(error) => {
                self.due = Instant::now() + ASK_AFTER_FAILURE;
                // That nobody leads the partition is librdkafka's guess: the broker knows whether there is one.
                let error = match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::UnknownPartition) => {
                        self.look_at_topic(ASK_MAX).err().unwrap_or(error)
                    }
                    _ => error,
                };
                if meaning(&error) != Meaning::NoTopic {
                    return Err(self.context.failure(&self.topic, &error));
                }
                let since = *self.unknown_since.get_or_insert_with(Instant::now);
                match since.elapsed() > UNKNOWN_MAX {
                    true => Ok(false),
                    false => Err(KafkaError::NoTopic(self.topic.as_str().into())),
                }
            }
        }
    }
}

pub(super) fn consumer_config(settings: &Settings) -> ClientConfig {
    let mut config = client_config(settings);
    config
        // librdkafka assigns nothing without a name of a group. None is joined, asked about or committed to.
        .set("group.id", "switchboard")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed")
        .set("allow.auto.create.topics", "false")
        .set("fetch.wait.max.ms", "500")
        .set("fetch.error.backoff.ms", "100")
        // A full queue is looked at again at once: its default, a second, would make a cold read wait most of the time.
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", QUEUED_KIB)
        .set("fetch.message.max.bytes", RECORDS_BYTES)
        .set("fetch.max.bytes", FETCH_BYTES)
        .set("receive.message.max.bytes", ANSWER_BYTES_MAX);
    config
}
