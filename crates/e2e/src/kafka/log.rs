//! What is written to a topic: whole transactions, as a publisher does, single records, as a stranger may, and transactions that stay open.

use super::broker::Broker;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use std::fmt;
use std::time::Duration;

/// How long a call may take.
const CALL: Duration = Duration::from_secs(20);

/// A record: its key, and its value unless it is a tombstone.
pub type Written = (String, Option<String>);

/// Writes to one topic.
pub struct Log {
    producer: BaseProducer,
    topic: String,
    is_transactional: bool,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

impl Log {
    /// Within transactions of this id. Whoever had it before is fenced off, and what it left open is aborted.
    pub fn of(broker: &Broker, topic: &str, transactional_id: &str) -> Log {
        let mut config = broker.config();
        config
            .set("transactional.id", transactional_id)
            .set("transaction.timeout.ms", "60000");
        let log = Log::with(&config, topic, true);
        log.producer
            .init_transactions(CALL)
            .expect("the broker knows transactions");
        log
    }

    /// Without transactions.
    pub fn plain(broker: &Broker, topic: &str) -> Log {
        let mut config = broker.config();
        config.set("message.max.bytes", "2000000");
        Log::with(&config, topic, false)
    }

    fn with(config: &ClientConfig, topic: &str, is_transactional: bool) -> Log {
        Log {
            producer: config.create().expect("librdkafka makes clients"),
            topic: topic.to_owned(),
            is_transactional,
        }
    }

    /// These records, in one transaction where it writes such.
    pub fn write(&self, records: &[Written]) {
        if !self.is_transactional {
            self.send(records);
            return;
        }
        self.begin(records);
        self.producer.commit_transaction(CALL).expect("it is committed");
    }

    /// These records, in a transaction that is taken back.
    pub fn write_and_abort(&self, records: &[Written]) {
        self.begin(records);
        self.abort();
    }

    /// These records, in a transaction that stays open, until [`Log::abort`] or another of its id.
    pub fn begin(&self, records: &[Written]) {
        self.producer.begin_transaction().expect("none is open");
        self.send(records);
    }

    /// Takes back what is open.
    pub fn abort(&self) {
        self.producer.abort_transaction(CALL).expect("it is aborted");
    }

    fn send(&self, records: &[Written]) {
        for (key, value) in records {
            let mut record = BaseRecord::to(&self.topic).key(key);
            if let Some(value) = value {
                record = record.payload(value);
            }
            self.producer
                .send(record)
                .map_err(|(error, _)| error)
                .expect("the queue has room");
        }
        self.producer.flush(CALL).expect("they are delivered");
    }
}
