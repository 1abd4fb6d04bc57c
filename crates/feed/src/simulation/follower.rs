//! A reader with its carrier, its last known good and its floor, as a gateway has them: it can be killed at any byte that it writes.
//!
//! What it follows is a topic (perhaps by a broker that lies), or the bundle or stream of a relay that follows one.

use super::chance::Chance;
use super::database::Content;
use super::lies::Lie;
use super::log::{COMPACTION_LAG_MS, Log, Record};
use super::truth::{Made, Truth};
use crate::kept;
use crate::publish::Place;
use crate::reader::{Bounds, Loosened, Read, Reader, Shown};
use crate::{Line, Roots, Scratch, read_floor};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) const BOUNDS: Bounds = Bounds { staleness_s_max: 120 };

/// A rule of whoever carries, that a test takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Careless {
    /// Where its position is gone it goes on behind the gap, and where the end does not hold it waits for better records.
    Gap,
    /// The end that the broker tells with a batch is believed to be the end.
    EndOfBatch,
    /// What was read is written down, not what is shown.
    KeepsFeed,
    /// It is written down after it is shown.
    KeepsLate,
    /// What a kill left behind the last commit is appended to.
    Uncut,
    /// It begins with its floor, whatever it kept.
    Floor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Topic,
    /// Reads the bundle of a follower of the topic, whole, each time.
    Bundle,
    /// Follows its stream, and goes on from the state that it has.
    Stream,
}

/// One gateway.
pub(super) struct Follower {
    pub(super) kind: Kind,
    pub(super) reader: Reader,
    pub(super) shown: Content,
    pub(super) floor: Rc<[u8]>,
    pub(super) file: Vec<u8>,
    /// The line of the keyring that the file has last.
    pub(super) file_keyring: Vec<u8>,
    pub(super) saved_ms: u64,
    pub(super) keyring: Vec<u8>,
    pub(super) commit: Vec<u8>,
    pub(super) at: Option<At>,
    /// It begins again at the start, not before this.
    pub(super) again_ms: u64,
    pub(super) backoff_ms: u64,
    pub(super) at_end: bool,
    /// What the topic had when the end was captured that it is at now.
    pub(super) owed: Option<(u64, u64)>,
    /// Since it began, a broker lied to it: what that broker left out, nobody misses before the next commit.
    pub(super) is_misled: bool,
    pub(super) clock_ms: i64,
    pub(super) lie: Option<Lie>,
    /// The highest place that was ever shown, also by processes before.
    pub(super) highest: Option<Place>,
    /// The commit from which its age counts.
    pub(super) basis: Option<Made>,
    pub(super) lost: BTreeMap<&'static str, (u64, u64)>,
    pub(super) reader_loosened: Option<Loosened>,
    pub(super) careless: Option<Careless>,
    pub(super) views: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    position: u64,
    incarnation: u64,
    /// Asked for before: a place, and what was there.
    end: u64,
    end_ms: u64,
    owed: Option<(u64, u64)>,
}

impl Follower {
    pub(super) fn new(
        kind: Kind,
        floor: Rc<[u8]>,
        reader_loosened: Option<Loosened>,
        careless: Option<Careless>,
    ) -> Follower {
        let roots = roots_of(&floor);
        Follower {
            reader_loosened,
            careless,
            ..Follower::of(kind, floor, roots)
        }
    }

    fn of(kind: Kind, floor: Rc<[u8]>, roots: Roots) -> Follower {
        Follower {
            kind,
            reader: Reader::new(roots),
            shown: Content::new(),
            floor,
            file: Vec::new(),
            file_keyring: Vec::new(),
            saved_ms: 0,
            keyring: Vec::new(),
            commit: Vec::new(),
            at: None,
            again_ms: 0,
            backoff_ms: 0,
            at_end: false,
            owed: None,
            is_misled: false,
            clock_ms: 0,
            lie: None,
            highest: None,
            basis: None,
            lost: BTreeMap::new(),
            reader_loosened: None,
            careless: None,
            views: 0,
        }
    }

    pub(super) fn clock_s(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add_signed(self.clock_ms) / 1_000
    }

    /// A process starts, with what is on the disk.
    pub(super) fn start(&mut self, now_ms: u64, truth: &Truth) -> Result<(), String> {
        let now = self.clock_s(now_ms);
        let kept: &[u8] = match self.careless {
            Some(Careless::Floor) => &[],
            _ => &self.file,
        };
        let floor = read_floor(&self.floor).map_err(|error| error.to_string())?;
        let begun = kept::begin(&floor, &self.floor, kept, now).ok_or("a floor that does not hold")?;
        let whole = begun.kept_whole;
        self.reader = begun.reader;
        self.reader.loosened = self.reader_loosened;
        self.shown = Content::new();
        for (key, value) in begun.changes {
            let value = value.map(Vec::from).unwrap_or_default();
            self.shown.insert(key.to_string(), value);
        }
        match whole {
            Some(_) if self.careless == Some(Careless::Uncut) => {}
            Some(whole) => self.file.truncate(whole),
            None => self.file = floor_as_kept(&self.floor),
        }
        // A keyring whose commit was cut off counts, but not for the commit before it.
        self.keyring = last_keyring(&self.file);
        // What the file has last may be older than what counts, where the floor brought that: then it is written again.
        self.file_keyring = Vec::new();
        self.commit = last_commit(&self.file);
        (self.at, self.at_end, self.again_ms, self.backoff_ms) = (None, false, 0, 0);
        self.age_from_view(truth);
        Ok(())
    }

    fn age_from_view(&mut self, truth: &Truth) {
        let view = self.reader.view();
        let made = view.and_then(|view| truth.when((view.epoch, view.revision, view.at)));
        self.basis = made;
    }

    /// Reads, and is no gateway.
    pub(super) fn without_floor(kind: Kind, roots: Roots) -> Follower {
        let line = crate::roots_line(super::database::FEED, &[super::database::root().public(None)]);
        let mut follower = Follower::of(kind, Rc::from(line.as_bytes()), roots);
        follower.reader_loosened = None;
        follower
    }

    /// One record, into the view alone.
    pub(super) fn read_only(&mut self, record: &Record, now_ms: u64) {
        let Ok(key) = std::str::from_utf8(&record.key) else {
            return;
        };
        let read = self
            .reader
            .record(key, record.value.as_deref(), self.clock_s(now_ms));
        match read {
            Read::Shown(shown) => {
                self.keyring = shown.keyring.to_vec();
                self.commit = shown.commit.to_vec();
                self.lay(shown.changes);
            }
            Read::Renewed => {
                self.keyring = self.reader.keyring_line().to_vec();
                self.commit = record.value.as_deref().unwrap_or_default().to_vec();
            }
            _ => {}
        }
    }

    fn lay(&mut self, changes: crate::Changes) {
        for (key, value) in changes {
            match value {
                Some(value) => self.shown.insert(key.to_string(), value.to_vec()),
                None => self.shown.remove(&*key),
            };
        }
    }

    /// Whatever it read is forgotten, but not what it shows.
    pub(super) fn begin_again(&mut self, now_ms: u64) {
        self.again(now_ms, 0);
    }

    /// The topic lost something that this follower had read: offsets that are given again hide that from it.
    pub(super) fn mislead(&mut self) {
        self.is_misled = true;
    }

    /// Another floor lies on the disk, for the next start.
    pub(super) fn set_floor(&mut self, floor: Rc<[u8]>) {
        self.floor = floor;
    }

    /// A process that runs finds that its floor changed.
    pub(super) fn load_floor(
        &mut self,
        now_ms: u64,
        truth: &Truth,
        chance: &mut Chance,
    ) -> Result<(), String> {
        let floor = Rc::clone(&self.floor);
        let now = self.clock_s(now_ms);
        let shown = kept::read_floor_anew(&mut self.reader, &floor, now);
        self.again(now_ms, 0);
        self.age_from_view(truth);
        if let Some(shown) = shown {
            self.show(shown, truth, now_ms, chance)?;
        }
        Ok(())
    }

    pub(super) fn again(&mut self, now_ms: u64, after_ms: u64) {
        self.reader.restart();
        (self.at, self.at_end, self.is_misled) = (None, false, false);
        self.again_ms = now_ms + after_ms;
    }

    /// Some records of the topic.
    pub(super) fn read_topic(
        &mut self,
        log: &Log,
        truth: &Truth,
        now_ms: u64,
        chance: &mut Chance,
    ) -> Result<(), String> {
        if now_ms < self.again_ms {
            return Ok(());
        }
        let mut at = match self.at {
            Some(at)
                if at.incarnation == log.incarnation
                    && at.end <= log.stable_end().max(at.position)
                    && log.has(at.position) =>
            {
                at
            }
            Some(at) if self.careless == Some(Careless::Gap) => At {
                position: log.stable_end(),
                incarnation: log.incarnation,
                ..at
            },
            _ => {
                self.again(now_ms, 0);
                At {
                    position: 0,
                    incarnation: log.incarnation,
                    end: log.stable_end(),
                    end_ms: now_ms,
                    owed: newest(truth, log),
                }
            }
        };
        self.is_misled |= self.lie.is_some();
        if at.position >= at.end {
            (at.end, at.end_ms, at.owed) = (log.stable_end(), now_ms, newest(truth, log));
            self.at_end &= at.position >= at.end;
        }
        let (records, position) = log.fetch(at.position, 1 + chance.below(8));
        let is_batch_end = records.len() < 8;
        for record in &records {
            if !self.give(record, truth, now_ms, chance)? {
                // Killed.
                return Ok(());
            }
        }
        at.position = position;
        self.at = Some(at);
        if position >= at.end {
            self.at_end = true;
            // Who took longer may miss a commit that compaction took for a later one; its age tells.
            self.owed = at.owed.filter(|_| now_ms < at.end_ms + COMPACTION_LAG_MS);
            self.weigh_end(now_ms, chance);
        } else if self.careless == Some(Careless::EndOfBatch) && is_batch_end {
            self.at_end = true;
            self.owed = at.owed;
        }
        Ok(())
    }

    /// At the end: where the last commit is not the view, it begins again after a while.
    fn weigh_end(&mut self, now_ms: u64, chance: &mut Chance) {
        if self.reader.is_at_view() {
            self.backoff_ms = 0;
            return;
        }
        if self.careless == Some(Careless::Gap) {
            return;
        }
        self.backoff_ms = (self.backoff_ms * 2).clamp(5_000, 300_000);
        let jitter = chance.below(1_000) as u64;
        self.again(now_ms, self.backoff_ms + jitter);
    }

    /// One record, by whoever brings it; `false` where the process was killed by it.
    pub(super) fn give(
        &mut self,
        record: &Record,
        truth: &Truth,
        now_ms: u64,
        chance: &mut Chance,
    ) -> Result<bool, String> {
        let Ok(key) = std::str::from_utf8(&record.key) else {
            return Ok(true);
        };
        let now = self.clock_s(now_ms);
        if self.careless == Some(Careless::KeepsFeed) {
            if let Some(value) = record.value.as_deref() {
                self.file.extend_from_slice(value);
                self.file.push(b'\n');
            } else {
                self.file
                    .extend(format!("{{\"key\":\"{key}\",\"deleted\":true}}\n").bytes());
            }
        }
        let read = self.reader.record(key, record.value.as_deref(), now);
        self.take(
            read,
            record.value.as_deref().unwrap_or_default(),
            truth,
            now_ms,
            chance,
        )
    }

    /// One line of a bundle or a stream.
    pub(super) fn give_line(
        &mut self,
        line: &[u8],
        truth: &Truth,
        now_ms: u64,
        chance: &mut Chance,
    ) -> Result<bool, String> {
        let read = self.reader.line(line, self.clock_s(now_ms));
        self.take(read, line, truth, now_ms, chance)
    }

    fn take(
        &mut self,
        read: Read,
        line: &[u8],
        truth: &Truth,
        now_ms: u64,
        chance: &mut Chance,
    ) -> Result<bool, String> {
        match read {
            Read::Shown(shown) => return self.show(shown, truth, now_ms, chance),
            Read::Renewed => {
                let made = super::portal::commit_place(line).and_then(|place| truth.when(place));
                self.basis = made;
                self.commit = line.to_vec();
                self.keyring = self.reader.keyring_line().to_vec();
                self.save_heartbeat(now_ms);
            }
            _ => {}
        }
        Ok(true)
    }

    /// The newest heartbeat is written down once a minute, with the keyring under which it counted.
    fn save_heartbeat(&mut self, now_ms: u64) {
        if now_ms < self.saved_ms + 60_000 || self.careless == Some(Careless::KeepsFeed) {
            return;
        }
        self.saved_ms = now_ms;
        if self.keyring != self.file_keyring {
            self.file.extend_from_slice(&self.keyring);
            self.file.push(b'\n');
            self.file_keyring = self.keyring.clone();
        }
        self.file.extend_from_slice(&self.commit);
        self.file.push(b'\n');
    }

    /// Written down and synced, then shown; the process may be killed at any byte of it.
    fn show(
        &mut self,
        shown: Shown,
        truth: &Truth,
        now_ms: u64,
        chance: &mut Chance,
    ) -> Result<bool, String> {
        let lines = kept::lines(&shown, &self.file_keyring);
        let is_killed = chance.one_in(16);
        let written = match is_killed {
            true => chance.below(lines.len() + 1),
            false => lines.len(),
        };
        let is_late = self.careless == Some(Careless::KeepsLate) && is_killed;
        if !is_late && self.careless != Some(Careless::KeepsFeed) {
            self.file.extend_from_slice(&lines[..written]);
        }
        if is_killed && !is_late {
            self.start(now_ms, truth)?;
            self.check(truth)?;
            return Ok(false);
        }
        self.views += 1;
        self.file_keyring = shown.keyring.to_vec();
        self.keyring = shown.keyring.to_vec();
        self.commit = shown.commit.to_vec();
        self.lay(shown.changes);
        let place = (shown.view.epoch, shown.view.revision, shown.view.at);
        self.basis = truth.when(place);
        self.check(truth)?;
        if is_late {
            self.start(now_ms, truth)?;
            self.check(truth)?;
            return Ok(false);
        }
        if self.file.len() > 4_096
            && let Some(short) = kept::rewritten(&roots_of(&self.floor), &self.file, self.clock_s(now_ms))
        {
            self.file = short;
        }
        Ok(true)
    }
}

fn newest(truth: &Truth, log: &Log) -> Option<(u64, u64)> {
    truth.newest(log).map(|place| (place.0, place.1))
}

pub(super) fn roots_of(floor: &[u8]) -> Roots {
    read_floor(floor).unwrap().roots().unwrap().clone()
}

/// A floor that wins is written down too: without its roots, which are believed nowhere else.
fn floor_as_kept(floor: &[u8]) -> Vec<u8> {
    let begin = memchr::memchr(b'\n', floor).map_or(0, |end| end + 1);
    let mut lines = floor[begin..].to_vec();
    if lines.last() != Some(&b'\n') {
        lines.push(b'\n');
    }
    lines
}

fn last_keyring(file: &[u8]) -> Vec<u8> {
    let is_keyring = |line: &&[u8]| {
        matches!(
            Line::parse(line, &mut Scratch::default()),
            Some(Line::Keyring(Some(_)))
        )
    };
    let mut keyrings = file.split(|byte| *byte == b'\n').filter(is_keyring);
    keyrings.next_back().unwrap_or_default().to_vec()
}

fn last_commit(file: &[u8]) -> Vec<u8> {
    let lines = file.split(|byte| *byte == b'\n');
    let mut commits = lines.filter(|line| super::portal::commit_place(line).is_some());
    commits.next_back().unwrap_or_default().to_vec()
}
