//! The log that a publisher sends to, over Kafka (feed.md §3): one fixed transactional id for each feed, so that whoever begins fences all before; and
//! a reader of its own that sees what any reader would.
//!
//! Blocking, with bounded waits. What is sent when is decided in `publish`; here it is done, and what came of it is told truly: where nobody
//! knows, that is said.

use super::Settings;
use super::client::{Context, client_config};
use super::reader::{PARTITION, consumer_config};
use super::trouble::KafkaError;
use crate::publish::{Fault, Log, Sent, Topic};
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError as Error, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The broker ends a transaction that takes longer, and fences its producer (feed.md §3).
const TRANSACTION_MS_MAX: &str = "60000";
/// How long fencing, a commit or an abort may take.
const TRANSACTION_WAIT: Duration = Duration::from_secs(50);
/// How long one question to a broker may take.
const ASK_MAX: Duration = Duration::from_secs(5);
/// How long a reading may stand still before it is given up.
const STILL_MAX: Duration = Duration::from_secs(20);
/// How long an end that hides something is waited for: one that was fenced off just now is ended within this.
const HIDDEN_MAX: Duration = Duration::from_secs(3);
/// How often its position is looked at on the way to an end.
const LOOK: Duration = Duration::from_millis(10);
/// And an end that hides something.
const LOOK_HIDDEN: Duration = Duration::from_millis(100);
/// How often it is looked whether all of a transaction is sent.
const LOOK_SENT: Duration = Duration::from_millis(1);
/// Records in librdkafka's queue: what does not fit waits.
const QUEUED_MAX: &str = "20000";

/// A feed's topic, to be published to.
pub struct PublisherLog {
    settings: Settings,
    topic: String,
    context: Context,
    producer: Option<ThreadedProducer<Context>>,
    /// Reads what is sent, as any reader would; `None` before the first reading.
    tail: Option<BaseConsumer<Context>>,
}

impl fmt::Debug for PublisherLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublisherLog")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

/// The transactional id of whoever publishes a feed to this topic: the same for all portals.
pub fn transactional_id(topic: &str) -> String {
    format!("{topic}.publisher")
}

impl PublisherLog {
    /// Of this feed. Nothing is connected yet.
    pub fn new(settings: &Settings, feed: &str) -> PublisherLog {
        PublisherLog {
            topic: settings.topic(feed),
            context: Context::new(settings),
            settings: settings.clone(),
            producer: None,
            tail: None,
        }
    }

    /// Its topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Reads the topic and nothing else: for a check, on a thread of its own.
    pub fn checker(&self) -> PublisherLog {
        PublisherLog {
            topic: self.topic.clone(),
            context: Context::new(&self.settings),
            settings: self.settings.clone(),
            producer: None,
            tail: None,
        }
    }

    fn begin_producer(&mut self) -> Result<(), Fault> {
        // The former one would be fenced by the next; what it has not sent goes with it.
        self.producer = None;
        let mut config = client_config(&self.settings);
        config
            .set("transactional.id", transactional_id(&self.topic))
            .set("transaction.timeout.ms", TRANSACTION_MS_MAX)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", TRANSACTION_MS_MAX)
            .set("queue.buffering.max.messages", QUEUED_MAX)
            .set("queue.buffering.max.kbytes", "131072")
            .set("linger.ms", "0")
            .set("compression.type", "none");
        let producer: ThreadedProducer<Context> = config
            .create_with_context(self.context.clone())
            .map_err(|error| Fault::Unknown(KafkaError::Settings(error.to_string().into()).to_string()))?;
        let begun = until_done(|| producer.init_transactions(TRANSACTION_WAIT));
        begun.map_err(|error| self.fault(&error))?;
        self.context.settle();
        self.producer = Some(producer);
        Ok(())
    }

    fn fault(&self, error: &Error) -> Fault {
        match is_fenced(error) {
            true => Fault::Fenced,
            false => Fault::Unknown(self.context.failure(&self.topic, error).to_string()),
        }
    }

    fn client(&self, isolation: &str) -> Result<BaseConsumer<Context>, Fault> {
        let mut config = consumer_config(&self.settings);
        config.set("isolation.level", isolation);
        let made = config.create_with_context(self.context.clone());
        let consumer: BaseConsumer<Context> =
            made.map_err(|error| Fault::Unknown(KafkaError::Settings(error.to_string().into()).to_string()))?;
        // A token is asked for by an event, and nothing is connected before.
        let _ = consumer.poll(Duration::ZERO);
        Ok(consumer)
    }

    fn assign(&self, consumer: &BaseConsumer<Context>, offset: Offset) -> Result<(), Fault> {
        let mut assignment = TopicPartitionList::new();
        assignment
            .add_partition_offset(&self.topic, PARTITION, offset)
            .and_then(|()| consumer.assign(&assignment))
            .map_err(|error| self.fault(&error))
    }

    /// The first offset, and the end.
    fn ends(&self, consumer: &BaseConsumer<Context>) -> Result<(i64, i64), Fault> {
        let asked = consumer.fetch_watermarks(&self.topic, PARTITION, ASK_MAX);
        asked.map_err(|error| self.fault(&error))
    }

    /// Where a reader may read from and up to, and whether there is more behind that.
    fn captured(&self, committed: &BaseConsumer<Context>) -> Result<(i64, i64, bool), Fault> {
        let all = self.client("read_uncommitted")?;
        let until = Instant::now() + HIDDEN_MAX;
        loop {
            // The high watermark first: what is committed between the two does not look hidden.
            let (_, high) = self.ends(&all)?;
            let (low, stable) = self.ends(committed)?;
            if stable >= high || Instant::now() >= until {
                return Ok((low, stable, stable < high));
            }
            std::thread::sleep(LOOK_HIDDEN);
        }
    }

    fn position(&self, consumer: &BaseConsumer<Context>) -> Option<i64> {
        let positions = consumer.position().ok()?;
        match positions.find_partition(&self.topic, PARTITION)?.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    fn read_to(
        &self,
        topic: &mut Topic,
        consumer: &BaseConsumer<Context>,
        low: i64,
        end: i64,
    ) -> Result<(), Fault> {
        self.assign(consumer, Offset::Offset(low))?;
        let mut moved_at = Instant::now();
        let mut last = low;
        loop {
            let position = self.position(consumer).unwrap_or(low);
            if position >= end {
                return Ok(());
            }
            if position != last {
                (last, moved_at) = (position, Instant::now());
            }
            if moved_at.elapsed() > STILL_MAX {
                return Err(Fault::Unknown(format!(
                    "reading the topic stands still at offset {position} of {end}"
                )));
            }
            match consumer.poll(LOOK) {
                Some(Ok(message)) => {
                    topic.record(message.key().unwrap_or_default(), message.payload(), now_s());
                }
                Some(Err(error)) if is_gone(&error) => return Err(self.fault(&error)),
                // Trouble with one broker is librdkafka's to mend; standing still is noticed.
                Some(Err(_)) | None => {}
            }
        }
    }

    /// All that it has is sent, or the transaction is taken back.
    fn fill(&self, producer: &ThreadedProducer<Context>, records: &[Sent]) -> Result<(), Error> {
        let until = Instant::now() + TRANSACTION_WAIT;
        for (key, value) in records {
            let mut record: BaseRecord<'_, [u8], [u8]> =
                BaseRecord::to(&self.topic).partition(PARTITION).key(&**key);
            if let Some(value) = value {
                record = record.payload(value);
            }
            while let Err((error, again)) = producer.send(record) {
                if error.rdkafka_error_code() != Some(Code::QueueFull) || Instant::now() >= until {
                    return Err(error);
                }
                record = again;
                std::thread::sleep(LOOK);
            }
        }
        // The commit would wait for the same, and look only ten times a second: the producer's own thread takes the reports that it looks for.
        while producer.in_flight_count() > 0 && Instant::now() < until {
            std::thread::sleep(LOOK_SENT);
        }
        Ok(())
    }

    /// Whether a transaction is taken back for certain.
    fn aborted(&self, producer: &ThreadedProducer<Context>, error: &Error) -> Fault {
        if is_fenced(error) || is_fatal(error) {
            return self.fault(error);
        }
        match until_done(|| producer.abort_transaction(TRANSACTION_WAIT)) {
            Ok(()) => Fault::Aborted(self.context.failure(&self.topic, error).to_string()),
            Err(error) => self.fault(&error),
        }
    }
}

impl Log for PublisherLog {
    fn fence(&mut self) -> Result<(), Fault> {
        self.tail = None;
        self.begin_producer()
    }

    fn transact(&mut self, records: &[Sent]) -> Result<(), Fault> {
        let Some(producer) = self.producer.take() else {
            return Err(Fault::Unknown("nobody was fenced yet".to_owned()));
        };
        let sent = match producer.begin_transaction() {
            Err(error) => Err(self.fault(&error)),
            Ok(()) => match self.fill(&producer, records) {
                Err(error) => Err(self.aborted(&producer, &error)),
                Ok(()) => match until_done(|| producer.commit_transaction(TRANSACTION_WAIT)) {
                    Ok(()) => Ok(()),
                    Err(error) if requires_abort(&error) => Err(self.aborted(&producer, &error)),
                    Err(error) => Err(self.fault(&error)),
                },
            },
        };
        // Of what nobody knows the end, the next producer makes one.
        if matches!(sent, Ok(()) | Err(Fault::Aborted(_))) {
            self.producer = Some(producer);
        }
        sent
    }

    fn read(&mut self, topic: &mut Topic) -> Result<(), Fault> {
        let consumer = self.client("read_committed")?;
        let (low, end, hides) = self.captured(&consumer)?;
        if hides {
            topic.set_hidden();
        }
        self.read_to(topic, &consumer, low, end)?;
        self.context.settle();
        // It stands where what is sent next will come.
        self.tail = Some(consumer);
        Ok(())
    }

    fn look(&mut self, commit: &[u8], within_ms: u64) -> Result<bool, Fault> {
        let until = Instant::now() + Duration::from_millis(within_ms);
        let Some(tail) = &self.tail else {
            return Ok(false);
        };
        loop {
            let wait = until.saturating_duration_since(Instant::now());
            match tail.poll(wait) {
                Some(Ok(message)) if message.payload() == Some(commit) => return Ok(true),
                Some(Err(error)) if is_gone(&error) => {
                    self.tail = None;
                    let tail = self.client("read_committed")?;
                    self.assign(&tail, Offset::Beginning)?;
                    self.tail = Some(tail);
                    return Ok(false);
                }
                Some(_) => {}
                None if Instant::now() >= until => return Ok(false),
                None => {}
            }
        }
    }
}

/// Again where librdkafka says that the same call may succeed.
fn until_done(call: impl Fn() -> Result<(), Error>) -> Result<(), Error> {
    let until = Instant::now() + TRANSACTION_WAIT;
    loop {
        match call() {
            Err(Error::Transaction(error)) if error.is_retriable() && Instant::now() < until => {
                std::thread::sleep(LOOK_HIDDEN);
            }
            done => return done,
        }
    }
}

fn is_fenced(error: &Error) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch)
    )
}

fn is_fatal(error: &Error) -> bool {
    matches!(error, Error::Transaction(error) if error.is_fatal())
        || error.rdkafka_error_code() == Some(Code::Fatal)
}

fn requires_abort(error: &Error) -> bool {
    matches!(error, Error::Transaction(error) if error.txn_requires_abort())
}

/// The position or the topic is not there any more.
fn is_gone(error: &Error) -> bool {
    use super::trouble::{Meaning, meaning};
    matches!(meaning(error), Meaning::Lost | Meaning::NoTopic | Meaning::Denied)
}

fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
