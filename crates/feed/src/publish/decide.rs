//! What a topic and a database, held against each other, allow a publisher to do: the table of feed.md §3.
//!
//! Pure, and the only place where it is decided. Whoever is refused waits for a person.

use super::source::{Mark, Standing};
use super::topic::Topic;
use crate::keys::{CommitError, KeyringError};

/// What may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on behind this.
    GoOn {
        mark: Mark,
        at: u64,
    },
    /// Send the whole, in the database's epoch.
    Whole,
    Refuse(Refusal),
    /// First, what was live at this revision has to be known.
    NeedsMark(u64),
}

/// Why nothing is published until somebody decides.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The topic was published to, and nothing in it counts.
    #[error(
        "the topic has no commit that counts, although epoch {epoch} was published up to revision {revision}: if the database is sound, \
         `switchboard portal new-epoch --republish`; if it was restored too, `switchboard portal new-epoch`"
    )]
    Lost {
        /// The epoch.
        epoch: u64,
        /// The newest revision that was published.
        revision: u64,
    },
    /// The topic has what the database does not have: it was restored from a backup, or somebody else publishes.
    #[error(
        "the topic is at epoch {epoch}, revision {revision}, which is ahead of the database: was it restored from a backup? Bring in what it lacks, \
         then `switchboard portal new-epoch`"
    )]
    Ahead {
        /// The epoch of the topic.
        epoch: u64,
        /// Its revision.
        revision: u64,
    },
    /// Both have the revision, and mean different things by it.
    #[error(
        "topic and database differ at epoch {epoch}, revision {revision}: the database was restored from a backup, or somebody else published. \
         Bring in what it lacks, then `switchboard portal new-epoch`"
    )]
    Differs {
        /// The epoch.
        epoch: u64,
        /// The revision.
        revision: u64,
    },
    /// Gateways show what the database does not have, and the topic cannot say whose it is.
    #[error(
        "gateways report epoch {epoch}, revision {revision}, which is ahead of the database, and the topic has no commit that counts: bring in \
         what the database lacks from a gateway's last known good, then `switchboard portal new-epoch`"
    )]
    FleetAhead {
        /// The highest epoch that was reported.
        epoch: u64,
        /// Its highest revision.
        revision: u64,
    },
    /// No reader would believe the database's keyring.
    #[error("no reader would believe the database's keyring ({0}): `switchboard portal keys rotate`")]
    Keyring(KeyringError),
    /// The database has no keyring, or one of another epoch.
    #[error(
        "the database has no keyring of its epoch: `switchboard portal keys init`, or after a new epoch `switchboard portal keys rotate`"
    )]
    NoKeyring,
    /// No reader would believe a commit that this process signs.
    #[error(
        "no reader would believe this portal's commits ({0}): its signing key has to be one of the keyring, and not ended"
    )]
    Key(CommitError),
    /// No reader would take this record.
    #[error("the database's record {key:?} is none that a reader would take: this is a fault of the portal")]
    Record {
        /// Its key.
        key: Box<str>,
    },
    /// A revision is too large.
    #[error("revision {revision} has {records} records of {bytes} bytes: 10,000 and 64 MiB are the most")]
    TooLarge {
        /// The revision.
        revision: u64,
        /// Its records.
        records: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// What is live is not what the database says of it.
    #[error(
        "what is live in the database is not what its revision {revision} says: this is a fault of the portal, and a backup is needed"
    )]
    Broken {
        /// The revision.
        revision: u64,
    },
}

impl Refusal {
    /// A word for metrics and `/ready`.
    pub fn word(&self) -> &'static str {
        match self {
            Refusal::Lost { .. } => "topic_lost",
            Refusal::Ahead { .. } | Refusal::Differs { .. } | Refusal::FleetAhead { .. } => "needs_new_epoch",
            Refusal::Keyring(_) | Refusal::NoKeyring | Refusal::Key(_) => "key_refused",
            Refusal::Record { .. } | Refusal::TooLarge { .. } | Refusal::Broken { .. } => "database_broken",
        }
    }
}

/// What a database and its topic are held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) topic: &'a Topic,
    pub(super) standing: &'a Standing,
    /// What was live at those revisions that were asked for; `None`: the database does not know.
    pub(super) known: &'a [(u64, Option<Mark>)],
    /// The highest that this process ever sent, or found in the topic.
    pub(super) remembered: Option<Mark>,
    /// What this process sent and a reader had seen when the topic began to be read, where it publishes already.
    pub(super) seen: Option<(Mark, u64)>,
    /// The highest place that a gateway reported.
    pub(super) fleet: Option<(u64, u64)>,
}

/// The verdict.
pub(super) fn judge(facts: &Facts<'_>) -> Verdict {
    let own = facts.standing.mark;
    let published = facts.standing.published.filter(|(epoch, _)| *epoch == own.epoch);
    // What this process knows is not forgotten with the topic: a database that was put back meanwhile goes another way.
    let remembered = facts.remembered.filter(|mark| mark.epoch == own.epoch);
    if let Some(refusal) = remembered.and_then(|mark| disagrees(facts, mark)) {
        return refusal;
    }
    let Some((held, at)) = facts.topic.highest() else {
        return judge_lost(facts, published);
    };
    if held.epoch < own.epoch {
        // A new epoch that nobody has published yet, or a topic that was put back to an earlier time.
        return match published {
            Some(_) => judge_lost(facts, published),
            None => Verdict::Whole,
        };
    }
    if let Some(refusal) = disagrees(facts, held) {
        return refusal;
    }
    let place = (held.epoch, held.revision, at);
    // What a reader saw there is there no more.
    let is_cut = facts
        .seen
        .is_some_and(|(mark, at)| place < (mark.epoch, mark.revision, at));
    match is_cut || !facts.topic.holds() {
        true => Verdict::Whole,
        false => Verdict::GoOn { mark: held, at },
    }
}

/// What is wrong where the database does not have what was published; `None` where it has.
fn disagrees(facts: &Facts<'_>, published: Mark) -> Option<Verdict> {
    let own = facts.standing.mark;
    let Mark { epoch, revision, .. } = published;
    if (epoch, revision) > (own.epoch, own.revision) {
        return Some(Verdict::Refuse(Refusal::Ahead { epoch, revision }));
    }
    match facts.known.iter().find(|(asked, _)| *asked == revision) {
        None => Some(Verdict::NeedsMark(revision)),
        Some((_, known)) if *known != Some(published) => {
            Some(Verdict::Refuse(Refusal::Differs { epoch, revision }))
        }
        Some(_) => None,
    }
}

/// Nothing in the topic counts, or it is of an earlier epoch than was published.
fn judge_lost(facts: &Facts<'_>, published: Option<(u64, u64)>) -> Verdict {
    let own = facts.standing.mark;
    // Who has published all along knows that the database is sound; an empty topic asks for a person all the same (feed.md §3).
    if facts.seen.is_some_and(|(seen, _)| seen.epoch == own.epoch) && !facts.topic.is_empty() {
        return Verdict::Whole;
    }
    if let Some((epoch, revision)) = published {
        return Verdict::Refuse(Refusal::Lost { epoch, revision });
    }
    match facts.fleet {
        Some((epoch, revision)) if (epoch, revision) > (own.epoch, own.revision) => {
            Verdict::Refuse(Refusal::FleetAhead { epoch, revision })
        }
        _ => Verdict::Whole,
    }
}

/// The epoch, or the version of a keyring, that somebody makes now: Unix seconds, and above all that topic and database hold.
pub fn next_number(now: u64, held: impl IntoIterator<Item = u64>) -> u64 {
    let above = held
        .into_iter()
        .max()
        .map_or(0, |highest| highest.saturating_add(1));
    now.max(above)
}
