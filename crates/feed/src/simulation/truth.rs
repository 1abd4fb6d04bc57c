//! What really happened, which no part of the simulated world may look at: what was live under which place, when a commit was made, what a client
//! lost. The rules are held against it.

use super::database::{Content, Database};
use super::log::{Log, Record};
use super::portal::commit_place;
use crate::publish::{Place, Topic};
use crate::{FeedDigest, Line, Roots, Scratch};
use std::collections::{BTreeMap, HashMap};

/// When a commit was made, and how far the clock was off by which it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) at_ms: u64,
    pub(super) clock_ms: i64,
}

/// What really happened.
pub(super) struct Truth {
    roots: Roots,
    contents: HashMap<FeedDigest, Content>,
    published: BTreeMap<(u64, u64), FeedDigest>,
    made: HashMap<Place, Made>,
    /// Somebody damaged the topic, and it was not sent anew since.
    pub(super) damaged: bool,
    /// The newest commit of the topic as it is.
    tip: Option<Place>,
    /// Of each client, at which place it lost everything.
    pub(super) revoked: Vec<(&'static str, (u64, u64))>,
    pub(super) commits: u64,
}

impl Truth {
    pub(super) fn new(roots: Roots) -> Truth {
        Truth {
            roots,
            contents: HashMap::new(),
            published: BTreeMap::new(),
            made: HashMap::new(),
            damaged: false,
            tip: None,
            revoked: Vec::new(),
            commits: 0,
        }
    }

    /// The database is like this now.
    pub(super) fn is(&mut self, database: &Database) {
        self.contents.insert(database.mark.digest, database.live.clone());
    }

    /// A commit is made, and on its way.
    pub(super) fn made(&mut self, records: &[Record], at_ms: u64, clock_ms: i64) {
        if let Some(place) = place_of(records) {
            self.made.entry(place).or_insert(Made { at_ms, clock_ms });
        }
    }

    /// When a commit was made.
    pub(super) fn when(&self, place: Place) -> Option<Made> {
        self.made.get(&place).copied()
    }

    /// A transaction was committed.
    pub(super) fn committed(
        &mut self,
        records: &[Record],
        is_whole: bool,
        log: &Log,
        now_ms: u64,
    ) -> Result<(), String> {
        let Some(commit) = records.iter().rev().find(|record| *record.key == *b"commit") else {
            return Ok(());
        };
        let value = commit.value.as_deref().unwrap_or_default();
        let Some(Line::Commit(commit)) = Line::parse(value, &mut Scratch::default()) else {
            return Ok(());
        };
        self.commits += 1;
        let place = (commit.epoch, commit.revision, commit.at);
        let before = self.published.insert((place.0, place.1), commit.digest);
        if before.is_some_and(|before| before != commit.digest) {
            return Err(format!("{place:?} was published with two contents"));
        }
        if !self.contents.contains_key(&commit.digest) {
            return Err(format!("{place:?} is of no state of the database"));
        }
        if self.tip.is_some_and(|tip| place <= tip) {
            return Err(format!("the topic went from {:?} back to {place:?}", self.tip));
        }
        self.tip = Some(place);
        if is_whole {
            self.damaged = false;
        }
        if self.damaged {
            return Ok(());
        }
        self.holds(log, place, now_ms)
    }

    /// A reader that begins with nothing is led to this place.
    pub(super) fn holds(&self, log: &Log, place: Place, now_ms: u64) -> Result<(), String> {
        // Somebody's open transaction hides it.
        let records = log.visible();
        if !is_in(&records, place) {
            return Ok(());
        }
        let mut topic = Topic::new(self.roots.clone());
        for record in records {
            topic.record(&record.key, record.value.as_deref(), now_ms / 1_000);
        }
        match topic.holds() && topic.place() == Some(place) {
            true => Ok(()),
            false => Err(format!(
                "{place:?} was published, and a reader of the topic finds {:?}, which holds: {}",
                topic.place(),
                topic.holds()
            )),
        }
    }

    /// The topic is another one now.
    pub(super) fn topic_changed(&mut self, log: &Log) {
        self.damaged = true;
        self.tip = self.newest(log);
    }

    /// The newest commit that was really made, of those that a reader may read.
    pub(super) fn newest(&self, log: &Log) -> Option<Place> {
        let records = log.visible();
        let commits = records.iter().filter(|record| *record.key == *b"commit");
        let places = commits.filter_map(|record| commit_place(record.value.as_deref()?));
        places.filter(|place| self.made.contains_key(place)).max()
    }

    /// Whether this is what was published there.
    pub(super) fn is_what_was_published(&self, place: (u64, u64), shown: &Content) -> Result<(), String> {
        let published = self
            .published
            .get(&place)
            .and_then(|digest| self.contents.get(digest));
        match published == Some(shown) {
            true => Ok(()),
            false => Err(format!("what is shown under {place:?} was never published so")),
        }
    }
}

fn is_in(records: &[Record], place: Place) -> bool {
    let mut values = records.iter().filter(|record| *record.key == *b"commit");
    values.any(|record| record.value.as_deref().and_then(commit_place) == Some(place))
}

fn place_of(records: &[Record]) -> Option<Place> {
    let commit = records.iter().rev().find(|record| *record.key == *b"commit")?;
    commit_place(commit.value.as_deref()?)
}
