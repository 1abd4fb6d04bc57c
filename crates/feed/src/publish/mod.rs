//! The publisher's side of a feed: what is live, the commit that says so, and when it may be sent (feed.md §3).
//!
//! Pure; whoever sends has the sockets. `source.rs` says what is asked of a database and a log, `decide.rs` what they allow, `automaton.rs` in which
//! order, `drive.rs` does what it says where calls may block, and `turn.rs` all of it that is to be done now.

mod action;
mod automaton;
mod check;
mod clock;
mod decide;
mod drive;
mod lead;
mod ledger;
mod send;
mod signer;
mod source;
mod status;
#[cfg(test)]
mod tests;
mod topic;
mod turn;
mod weigh;
mod whole;

pub use action::{Action, Event};
pub use automaton::{CHECK_MS, HEARTBEAT_MS, POLL_MS, Publisher, VISIBLE_MS};
pub use decide::{Refusal, next_number};
pub use ledger::{Ledger, LedgerError};
pub use source::{
    Change, Fault, Log, Mark, Page, REVISION_BYTES_MAX, REVISION_RECORDS_MAX, Revision, Sent, Source,
    Standing,
};
pub use status::{Doing, Status};
pub use topic::{Place, TOPIC_KEYS_MAX, Topic};
pub use turn::{Checking, turn};

/// A rule that a test takes away, to see that the simulation finds out.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loosened {
    /// Nobody is fenced.
    Fence,
    /// What the database does not own stays in the topic.
    Tombstones,
    /// A topic that is ahead, or differs, is published to all the same.
    Restored,
    /// A topic that was lost is filled again, without asking.
    Lost,
    /// A keyring is a transaction of its own, before the commit.
    KeyringApart,
    /// Each record is a transaction of its own.
    Apart,
    /// A commit says what the clock says, also where it was said to be later.
    Back,
    /// The topic is not checked.
    Check,
    /// No heartbeat is sent.
    Heartbeat,
}
