//! What a publisher asks of the source of truth, and of the log that it publishes to. The portal answers the one over SQL, Kafka the other; the
//! simulation both, in memory.
//!
//! The automaton (`automaton.rs`) knows neither trait: it says what is wanted, and a driver asks. So a driver may be blocking or not.

use super::topic::Topic;
use crate::digest::FeedDigest;
use std::fmt;

/// Records of a revision, and of one transaction; without the commit and the keyring.
pub const REVISION_RECORDS_MAX: usize = 10_000;
/// Bytes of a revision, and of one transaction: keys and values.
pub const REVISION_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A key (`kind/id`) and the bytes of its record's value; `None`: the key is gone.
pub type Change = (Box<str>, Option<Box<[u8]>>);

/// A key as a log has it, which is not always text, and its value.
pub type Sent = (Box<[u8]>, Option<Box<[u8]>>);

/// What is live at a revision: all of what a commit says but its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The epoch.
    pub epoch: u64,
    /// The revision.
    pub revision: u64,
    /// How many records are live.
    pub entities: u64,
    /// The digest of all of them.
    pub digest: FeedDigest,
}

/// Where the source of truth stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What is live there.
    pub mark: Mark,
    /// The line of the keyring that counts in its epoch, signed by a root.
    pub keyring: Box<[u8]>,
    /// The newest place (epoch, revision) that it was told to be published. `--republish` makes this `None`: somebody who knows says that the topic
    /// is lost, and the database sound.
    pub published: Option<(u64, u64)>,
    /// Whether the asking process may lead.
    pub holds_lease: bool,
}

/// One revision: what it changes, and what is live before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// What was live before.
    pub before: Mark,
    /// What is live from then on.
    pub after: Mark,
    /// What it changes.
    pub changes: Vec<Change>,
}

/// A part of all live records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Keys with the bytes of their values.
    pub records: Vec<(Box<str>, Box<[u8]>)>,
    /// Nothing follows.
    pub is_last: bool,
}

/// The source of truth of one feed, as a publisher needs it.
pub trait Source {
    /// Why it did not answer; the publisher asks again later.
    type Error: fmt::Display;

    /// Where it stands.
    ///
    /// # Errors
    /// Where it does not answer.
    fn standing(&mut self) -> Result<Standing, Self::Error>;

    /// What was live at this revision of the epoch that it is in; `None` where it does not know.
    ///
    /// # Errors
    /// Where it does not answer.
    fn mark(&mut self, revision: u64) -> Result<Option<Mark>, Self::Error>;

    /// This revision; `None` where its records are not kept any more.
    ///
    /// # Errors
    /// Where it does not answer.
    fn revision(&mut self, revision: u64) -> Result<Option<Revision>, Self::Error>;

    /// Begins to go through all live records, as they are now: what changes meanwhile is not seen until it is called again.
    ///
    /// # Errors
    /// Where it does not answer.
    fn open(&mut self) -> Result<Mark, Self::Error>;

    /// Goes through the same records from the first one again.
    ///
    /// # Errors
    /// Where it does not answer.
    fn rewind(&mut self) -> Result<(), Self::Error>;

    /// The next of them: at most [`REVISION_RECORDS_MAX`], and no more when [`REVISION_BYTES_MAX`] is passed.
    ///
    /// # Errors
    /// Where it does not answer.
    fn page(&mut self) -> Result<Page, Self::Error>;

    /// This place is published; kept so that it survives a kill.
    ///
    /// # Errors
    /// Where it is not kept.
    fn note(&mut self, epoch: u64, revision: u64) -> Result<(), Self::Error>;
}

/// What may happen to whoever sends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Another producer with the same id began, or the broker took this one for dead.
    #[error("another publisher fenced this one, or its own transaction took too long")]
    Fenced,
    /// The transaction was aborted, for certain: nothing of it is in the log.
    #[error("the transaction was aborted: {0}")]
    Aborted(String),
    /// Nobody knows what became of it.
    #[error("{0}")]
    Unknown(String),
}

/// A log with transactions, as a publisher needs it. Each call waits until it is done.
pub trait Log {
    /// No producer before this one can send any more, and what it left open is ended (Kafka: `init_transactions`).
    ///
    /// # Errors
    /// Where that is not sure.
    fn fence(&mut self) -> Result<(), Fault>;

    /// One transaction: these, in this order.
    ///
    /// # Errors
    /// Where it is not committed, or nobody knows.
    fn transact(&mut self, records: &[Sent]) -> Result<(), Fault>;

    /// All that a `read_committed` reader sees, from the first record to the end that it asked for before; and whether there is more behind it, which an
    /// open transaction hides ([`Topic::set_hidden`]).
    ///
    /// # Errors
    /// Where it does not come to that end.
    fn read(&mut self, topic: &mut Topic) -> Result<(), Fault>;

    /// Whether a `read_committed` reader sees this commit, within so long.
    ///
    /// # Errors
    /// Where it cannot look.
    fn look(&mut self, commit: &[u8], within_ms: u64) -> Result<bool, Fault>;
}
