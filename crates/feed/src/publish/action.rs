//! What a publisher wants done, and what may come of it: all that its automaton and a driver say to each other.
//!
//! No decision is made here.

use super::source::{Fault, Mark, Page, Revision, Sent, Standing};
use super::topic::Topic;

/// What is to be done.
#[derive(Debug)]
pub enum Action {
    /// Nothing until then, unless the database changes. Unix milliseconds.
    Wait {
        /// Until when.
        until_ms: u64,
    },
    /// Ask where the database stands.
    Standing,
    /// Ask what was live at this revision.
    Mark(u64),
    /// Ask for this revision.
    Revision(u64),
    /// Begin to go through all live records.
    Open,
    /// Begin with the first of them again.
    Rewind,
    /// Ask for the next of them.
    Page,
    /// Keep that this place is published.
    Note(u64, u64),
    /// Let no other producer send any more.
    Fence,
    /// Read the topic into this, from its start to the end that was captured before.
    Read(Box<Topic>),
    /// Send these in one transaction.
    Transact(Vec<Sent>),
    /// Look whether a reader sees this commit.
    Look {
        /// Its line.
        commit: Box<[u8]>,
        /// For so long.
        within_ms: u64,
    },
}

/// What came of it.
#[derive(Debug)]
pub enum Event {
    /// Where the database stands.
    Standing(Standing),
    /// What was live at the revision.
    Mark(Option<Mark>),
    /// The revision; `None`: it is not kept any more.
    Revision(Option<Revision>),
    /// All live records are of this mark.
    Opened(Mark),
    /// They begin again.
    Rewound,
    /// Some of them.
    Page(Page),
    /// It is kept.
    Noted,
    /// Nobody else can send.
    Fenced,
    /// What the topic holds.
    Read(Box<Topic>),
    /// The transaction is committed.
    Committed,
    /// Whether the commit is seen.
    Looked(bool),
    /// The log failed.
    Failed(Fault),
    /// The database did not answer.
    Unanswered(String),
}
