//! Ten thousand random histories: a publisher, a log that is compacted and whose tombstones expire, new epochs, logs that are lost, readers
//! that are killed, that begin again, and that are lied to. After each step: what is shown is exactly what was published under the
//! view's epoch and revision, and no view ever goes back. In the end, with an honest log, the newest is shown.
//!
//! A seed that fails is printed; `SWITCHBOARD_SEED` repeats it alone, `SWITCHBOARD_HISTORIES` makes a run longer.

use crate::reader::Read;
use crate::reader::read::Loosened;
use crate::reader::world::{Logged, Publisher, Shower};
use std::collections::HashSet;

const HISTORIES: u64 = 10_000;
const STEPS: u64 = 24;

/// `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }
}

struct History {
    /// Every reader's.
    loosened: Option<Loosened>,
    chance: Chance,
    publisher: Publisher,
    readers: Vec<(Shower, usize)>,
    /// Each reader's highest place.
    highest: Vec<Option<(u64, u64)>>,
    /// How many views were shown, of them after a lie: a simulation that shows nothing proves nothing.
    shown: u64,
}

impl History {
    fn new(seed: u64) -> History {
        let publisher = Publisher::new();
        let readers = (0..2).map(|_| (Shower::new(publisher.roots()), 0)).collect();
        History {
            loosened: None,
            chance: Chance(seed),
            publisher,
            readers,
            highest: vec![None; 2],
            shown: 0,
        }
    }

    fn run(&mut self) -> Result<(), String> {
        for (shower, _) in &mut self.readers {
            shower.reader.loosened = self.loosened;
        }
        for _ in 0..STEPS {
            match self.chance.below(12) {
                0..=3 => self.publish(),
                4 => self.publisher.commit(),
                5 => self.compact(),
                6 => {
                    let new_epoch = self.chance.below(2) == 0;
                    self.publisher.republish(new_epoch);
                }
                7 => self.lose_the_log(),
                8 => self.kill()?,
                9 => self.lie()?,
                _ => self.read()?,
            }
        }
        self.end()
    }

    fn publish(&mut self) {
        let mut keys = HashSet::new();
        let mut changes = Vec::new();
        for _ in 0..=self.chance.below(3) {
            let key = ["client/a", "client/b", "api/o", "plan/g", "tenant/t"][self.chance.below(5)];
            if !keys.insert(key) {
                continue;
            }
            let body = format!("{{\"n\":{}}}", self.chance.below(4));
            changes.push((key, (self.chance.below(4) > 0).then_some(body)));
        }
        let changes: Vec<(&str, Option<&str>)> = changes
            .iter()
            .map(|(key, body)| (*key, body.as_deref()))
            .collect();
        self.publisher.change(&changes);
    }

    /// Of each key only the last record stays in the older part; tombstones before some place are gone.
    fn compact(&mut self) {
        let until = self.chance.below(self.publisher.log.len());
        let expired = self.chance.below(until + 1);
        let log = &self.publisher.log;
        let is_last = |at: usize, record: &Logged| log[at + 1..].iter().all(|later| later.key != record.key);
        let kept = log.iter().enumerate().filter(|(at, record)| {
            *at >= until || (is_last(*at, record) && (record.value.is_some() || *at >= expired))
        });
        self.publisher.log = kept.map(|(_, record)| record.clone()).collect();
        // Positions are offsets, which compaction leaves; a reader in the middle of it begins again here, which is stricter.
        for at in 0..self.readers.len() {
            self.begin_again(at);
        }
    }

    fn lose_the_log(&mut self) {
        self.publisher.log.clear();
        self.publisher.republish(true);
        for at in 0..self.readers.len() {
            self.begin_again(at);
        }
    }

    fn begin_again(&mut self, at: usize) {
        self.readers[at].0.reader.restart();
        self.readers[at].1 = 0;
    }

    fn kill(&mut self) -> Result<(), String> {
        let at = self.chance.below(2);
        let fresh = Shower::new(self.publisher.roots());
        let (dead, _) = std::mem::replace(&mut self.readers[at], (fresh, 0));
        self.readers[at] = (dead.killed(self.publisher.roots(), self.publisher.now), 0);
        self.readers[at].0.reader.loosened = self.loosened;
        self.check(at)
    }

    fn read(&mut self) -> Result<(), String> {
        let at = self.chance.below(2);
        let count = self.chance.below(12);
        for _ in 0..count {
            let position = self.readers[at].1;
            let Some(record) = self.publisher.log.get(position).cloned() else {
                if !self.readers[at].0.reader.is_at_view() {
                    self.begin_again(at);
                }
                return Ok(());
            };
            self.readers[at].1 += 1;
            self.give(at, &record)?;
        }
        Ok(())
    }

    fn give(&mut self, at: usize, record: &Logged) -> Result<(), String> {
        let read = self.readers[at].0.give(record, self.publisher.now);
        if matches!(read, Read::Shown(_)) {
            self.shown += 1;
        }
        self.check(at)
    }

    /// One reader is given a log of lies from its start: records left out, changed, moved, repeated, under another's key.
    fn lie(&mut self) -> Result<(), String> {
        let at = self.chance.below(2);
        let mut log = self.publisher.log.clone();
        for _ in 0..=self.chance.below(4) {
            let (one, other) = (self.chance.below(log.len()), self.chance.below(log.len()));
            match self.chance.below(6) {
                _ if log.is_empty() => {}
                0 => drop(log.remove(one)),
                1 => log[one].value = None,
                2 => log.swap(one, other),
                3 => {
                    let again = log[one].clone();
                    log.push(again);
                }
                4 => log[one].key = log[other].key.clone(),
                _ => {
                    let changed = log[one].value.as_mut();
                    if let Some(byte) = changed.and_then(|value| value.last_mut()) {
                        *byte ^= 1;
                    }
                    if let Some(value) = &mut log[other].value {
                        let middle = value.len() / 2;
                        value[middle] ^= 3;
                    }
                }
            }
        }
        self.begin_again(at);
        for record in log {
            self.give(at, &record)?;
        }
        self.begin_again(at);
        Ok(())
    }

    fn check(&mut self, at: usize) -> Result<(), String> {
        let shower = &self.readers[at].0;
        let Some(view) = shower.reader.view() else {
            return match (shower.shown.is_empty(), self.highest[at]) {
                (true, None) => Ok(()),
                _ => Err("a view was lost".to_owned()),
            };
        };
        let place = (view.epoch, view.revision);
        if Some(&shower.shown) != self.publisher.history.get(&place) {
            return Err(format!("what is shown under {place:?} was never published so"));
        }
        if self.highest[at].is_some_and(|highest| place < highest) {
            return Err(format!("{place:?} is below {:?}", self.highest[at]));
        }
        self.highest[at] = Some(place);
        Ok(())
    }

    /// An honest log, read to its end from the start.
    fn end(&mut self) -> Result<(), String> {
        let log = self.publisher.log.clone();
        for at in 0..self.readers.len() {
            self.begin_again(at);
            for record in &log {
                self.give(at, record)?;
            }
            let shower = &self.readers[at].0;
            if !shower.reader.is_at_view() || shower.shown != self.publisher.records {
                return Err("an honest log does not lead to the newest".to_owned());
            }
        }
        Ok(())
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// How many views were shown in these histories.
fn run(seeds: std::ops::Range<u64>) -> u64 {
    let histories = seeds.map(|seed| {
        let mut history = History::new(seed);
        if let Err(error) = history.run() {
            panic!("SWITCHBOARD_SEED={seed}: {error}");
        }
        history.shown
    });
    histories.sum()
}

#[test]
fn what_is_shown_was_published_so_and_never_goes_back() {
    let (first, count) = match number("SWITCHBOARD_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("SWITCHBOARD_HISTORIES").unwrap_or(HISTORIES)),
    };
    let half = count / 2;
    let shown = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(first..first + half));
        run(first + half..first + count) + other.join().unwrap()
    });
    assert!(shown > count, "{shown} views in {count} histories");
}

/// What proves nothing when a rule is gone proves nothing at all.
#[test]
fn every_rule_that_is_taken_away_is_missed() {
    for rule in [
        Loosened::Signed,
        Loosened::Whole,
        Loosened::Forward,
        Loosened::Empty,
    ] {
        let found = (0..HISTORIES).find_map(|seed| {
            let mut history = History::new(seed);
            history.loosened = Some(rule);
            history.run().err().map(|error| (seed, error))
        });
        let (seed, error) = found.unwrap_or_else(|| panic!("{rule:?} may go, and nobody sees it"));
        println!("without {rule:?}, history {seed}: {error}");
    }
}
