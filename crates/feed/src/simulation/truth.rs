//! What really happened, which no part of the simulated world may look at: what was live under which place, when a commit was made, what a client
//! lost. The rules are held against it.

use super::database::{Content, Database};
use super::log::{Log, Record};
use super::portal::commit_place;
use crate::publish::{Place, Topic};
use crate::{FeedDigest, Line, Roots, Scratch};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// When a commit was made, and by how much later it says that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) at_ms: u64,
    pub(super) ahead_ms: u64,
}

/// What was live, and who had lost everything by then.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) live: Content,
    pub(super) revoked: BTreeSet<&'static str>,
}

/// What really happened.
pub(super) struct Truth {
    roots: Roots,
    /// Every state that a database was ever in, also where it was put back later.
    states: HashMap<(u64, u64, FeedDigest), State>,
    published: BTreeMap<(u64, u64), FeedDigest>,
    made: HashMap<Place, Made>,
    /// How often somebody damaged the topic; and how often, when what was sent anew was decided.
    pub(super) damages: u64,
    pub(super) repaired: u64,
    /// The newest commit of the topic as it is.
    tip: Option<Place>,
    pub(super) commits: u64,
    /// Of the topic as it was when it was asked last.
    newest: Cell<Option<(u64, Option<Place>)>>,
}

impl Truth {
    pub(super) fn new(roots: Roots) -> Truth {
        Truth {
            roots,
            states: HashMap::new(),
            published: BTreeMap::new(),
            made: HashMap::new(),
            damages: 0,
            repaired: 0,
            tip: None,
            commits: 0,
            newest: Cell::new(None),
        }
    }

    /// The database is like this now.
    pub(super) fn is(&mut self, database: &Database) {
        let mark = database.mark;
        let known = self.states.entry((mark.epoch, mark.revision, mark.digest));
        let known = known.or_insert_with(|| State {
            live: database.live.clone(),
            revoked: database.revoked.clone(),
        });
        // Two ways may lead to the same content: only who lost everything on both of them has lost it there.
        known.revoked.retain(|client| database.revoked.contains(client));
    }

    /// A commit is made, and on its way.
    pub(super) fn made(&mut self, records: &[Record], at_ms: u64) {
        if let Some(place) = place_of(records) {
            let ahead_ms = (place.2 * 1_000).saturating_sub(at_ms);
            self.made.entry(place).or_insert(Made { at_ms, ahead_ms });
        }
    }

    /// When a commit was made.
    pub(super) fn when(&self, place: Place) -> Option<Made> {
        self.made.get(&place).copied()
    }

    /// A transaction was committed: what a reader may see now, whoever is killed next.
    pub(super) fn visible(&self, records: &[Record], is_whole: bool) -> Result<(), String> {
        let has = |key: &[u8]| records.iter().any(|record| *record.key == *key);
        match (has(b"commit"), has(b"keyring")) {
            (false, true) => Err("a keyring is seen without a commit under it".to_owned()),
            (false, false) if !is_whole => Err("records are seen without their commit".to_owned()),
            _ => Ok(()),
        }
    }

    /// A commit was committed.
    pub(super) fn committed(
        &mut self,
        records: &[Record],
        whole: Option<u64>,
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
        if !self.states.contains_key(&(place.0, place.1, commit.digest)) {
            return Err(format!("{place:?} is of no state of the database"));
        }
        if self.tip.is_some_and(|tip| place <= tip) {
            return Err(format!("the topic went from {:?} back to {place:?}", self.tip));
        }
        self.tip = Some(place);
        // What was read before it was decided is made good by it.
        self.repaired = self.repaired.max(whole.unwrap_or(0));
        if self.repaired < self.damages {
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
        self.damages += 1;
        self.tip = self.newest(log);
    }

    /// The newest commit that was really made, of those that a reader may read.
    pub(super) fn newest(&self, log: &Log) -> Option<Place> {
        let version = log.version();
        match self.newest.get() {
            Some((asked, newest)) if asked == version => newest,
            _ => {
                let newest = self.find_newest(log);
                self.newest.set(Some((version, newest)));
                newest
            }
        }
    }

    fn find_newest(&self, log: &Log) -> Option<Place> {
        let records = log.visible();
        let commits = records.iter().filter(|record| *record.key == *b"commit");
        let places = commits.filter_map(|record| commit_place(record.value.as_deref()?));
        places.filter(|place| self.made.contains_key(place)).max()
    }

    /// The highest place that was ever published.
    pub(super) fn highest(&self) -> Option<(u64, u64)> {
        self.published.keys().next_back().copied()
    }

    /// What was published there.
    pub(super) fn published(&self, place: (u64, u64)) -> Option<&State> {
        let digest = self.published.get(&place)?;
        self.states.get(&(place.0, place.1, *digest))
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
