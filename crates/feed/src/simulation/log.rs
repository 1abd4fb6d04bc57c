//! A topic: records with offsets, transactions, a last stable offset, compaction, tombstones that expire, and what may happen to all of it.

use super::chance::Chance;
use std::collections::HashMap;
use std::rc::Rc;

/// A transaction that is open longer is ended by the broker, and its producer fenced.
pub(super) const TRANSACTION_MS_MAX: u64 = 60_000;

/// Compaction leaves what is younger (`min.compaction.lag.ms`): who reads up to an end that it asked for does so within this.
pub(super) const COMPACTION_LAG_MS: u64 = 30_000;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) key: Rc<[u8]>,
    pub(super) value: Option<Rc<[u8]>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// The publisher, by the number of its fencing.
    Own(u64),
    Stranger,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Committed,
    Aborted,
}

#[derive(Debug, Clone)]
struct Entry {
    offset: u64,
    record: Record,
    writer: Writer,
    fate: Fate,
    begun_ms: u64,
}

/// The producer is not the newest with its id.
#[derive(Debug)]
pub(super) struct Fenced;

/// The topic.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
    end: u64,
    /// Counts fencings of the publisher's id.
    producer: u64,
    /// Counts changes, so that what was worked out of it is not worked out again.
    version: u64,
    /// Counts topics: one that is made anew begins at offset 0 again.
    pub(super) incarnation: u64,
}

impl Log {
    /// A new producer with the publisher's id: what the former left open is aborted.
    pub(super) fn fence(&mut self) -> u64 {
        self.end_own(Fate::Aborted);
        self.producer += 1;
        self.producer
    }

    /// A producer that fenced nobody: it writes as the one that is there (a rule that is taken away).
    pub(super) fn join(&mut self) -> u64 {
        self.producer
    }

    pub(super) fn append(&mut self, producer: u64, record: Record, now_ms: u64) -> Result<(), Fenced> {
        if producer != self.producer {
            return Err(Fenced);
        }
        self.push(Writer::Own(producer), record, now_ms);
        Ok(())
    }

    pub(super) fn commit(&mut self, producer: u64) -> Result<(), Fenced> {
        if producer != self.producer {
            return Err(Fenced);
        }
        self.end_own(Fate::Committed);
        Ok(())
    }

    pub(super) fn abort(&mut self, producer: u64) {
        if producer == self.producer {
            self.end_own(Fate::Aborted);
        }
    }

    /// A stranger writes; its transaction stays open.
    pub(super) fn intrude(&mut self, record: Record, now_ms: u64) {
        self.push(Writer::Stranger, record, now_ms);
    }

    /// Whether a stranger's transaction is open.
    pub(super) fn is_intruded(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.fate == Fate::Open && entry.writer == Writer::Stranger)
    }

    pub(super) fn end_strangers(&mut self, committed: bool) {
        let fate = if committed { Fate::Committed } else { Fate::Aborted };
        self.end_of(|writer| writer == Writer::Stranger, fate);
    }

    /// The broker ends what takes too long.
    pub(super) fn expire(&mut self, now_ms: u64) {
        let is_late = |entry: &Entry| {
            entry.fate == Fate::Open
                && matches!(entry.writer, Writer::Own(_))
                && entry.begun_ms + TRANSACTION_MS_MAX < now_ms
        };
        if self.entries.iter().any(is_late) {
            self.end_own(Fate::Aborted);
            self.producer += 1;
        }
    }

    fn push(&mut self, writer: Writer, record: Record, now_ms: u64) {
        self.version += 1;
        self.entries.push(Entry {
            offset: self.end,
            record,
            writer,
            fate: Fate::Open,
            begun_ms: now_ms,
        });
        self.end += 1;
    }

    fn end_own(&mut self, fate: Fate) {
        self.end_of(|writer| matches!(writer, Writer::Own(_)), fate);
    }

    fn end_of(&mut self, is_of: impl Fn(Writer) -> bool, fate: Fate) {
        let open = |entry: &&mut Entry| entry.fate == Fate::Open && is_of(entry.writer);
        for entry in self.entries.iter_mut().filter(open) {
            entry.fate = fate;
        }
        self.version += 1;
        // The marker takes an offset too.
        self.end += 1;
    }

    /// What a `read_committed` reader may read up to.
    pub(super) fn stable_end(&self) -> u64 {
        let open = self.entries.iter().find(|entry| entry.fate == Fate::Open);
        open.map_or(self.end, |entry| entry.offset)
    }

    /// Changes whenever the topic does.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// A copy that goes its own way.
    pub(super) fn copy(&self) -> Log {
        let mut log = self.clone();
        log.version += 1 << 40;
        log
    }

    /// Whether there is more behind it.
    pub(super) fn hides(&self) -> bool {
        self.stable_end() < self.end
    }

    /// Offsets below are gone for good; compaction does not move it.
    pub(super) fn has(&self, position: u64) -> bool {
        position <= self.end
    }

    /// What a `read_committed` reader is given from this offset on, at most so many; and where it is then.
    pub(super) fn fetch(&self, position: u64, count: usize) -> (Vec<Record>, u64) {
        let stable_end = self.stable_end();
        let from = self.entries.partition_point(|entry| entry.offset < position);
        let mut given = Vec::new();
        for entry in &self.entries[from..] {
            if entry.offset >= stable_end {
                break;
            }
            if given.len() == count {
                return (given, entry.offset);
            }
            if entry.fate == Fate::Committed {
                given.push(entry.record.clone());
            }
        }
        (given, stable_end.max(position))
    }

    /// Everything that a reader may read.
    pub(super) fn visible(&self) -> Vec<Record> {
        self.fetch(0, usize::MAX).0
    }

    /// Of each key only the last record stays in the older part; tombstones before some place are gone.
    pub(super) fn compact(&mut self, chance: &mut Chance, now_ms: u64) {
        self.version += 1;
        let stable_end = self.stable_end();
        let is_stable =
            |entry: &Entry| entry.offset < stable_end && entry.begun_ms + COMPACTION_LAG_MS < now_ms;
        let stable = self.entries.iter().take_while(|entry| is_stable(entry)).count();
        let until = chance.below(stable + 1);
        let expired = chance.below(until + 1);
        let mut last: HashMap<&[u8], u64> = HashMap::new();
        // What is too young to be taken does not make anything older superfluous either.
        for entry in &self.entries[..until] {
            if entry.fate == Fate::Committed {
                last.insert(&entry.record.key, entry.offset);
            }
        }
        let mut at = 0;
        let keep: Vec<bool> = self
            .entries
            .iter()
            .map(|entry| {
                let (is_last, place) = (last.get(&*entry.record.key) == Some(&entry.offset), at);
                at += 1;
                place >= until
                    || (entry.fate == Fate::Committed
                        && is_last
                        && (entry.record.value.is_some() || place >= expired))
            })
            .collect();
        let mut keep = keep.into_iter();
        self.entries.retain(|_| keep.next().unwrap_or(true));
    }

    /// The end is lost, as after an unclean election; its offsets are given again.
    pub(super) fn truncate(&mut self, chance: &mut Chance) {
        self.version += 1;
        let keep = chance.below(self.entries.len() + 1);
        if let Some(first) = self.entries.get(keep) {
            self.end = first.offset;
        }
        self.entries.truncate(keep);
        self.producer += 1;
    }

    /// The topic is made anew, with these records.
    pub(super) fn replace(&mut self, records: Vec<Record>) {
        self.version += 1;
        self.entries.clear();
        self.end = 0;
        self.incarnation += 1;
        self.producer += 1;
        for record in records {
            self.push(Writer::Stranger, record, 0);
        }
        self.end_strangers(true);
    }

    /// All of it, for whoever looks for what went wrong.
    pub(super) fn tell(&self) {
        for entry in &self.entries {
            let value = entry.record.value.as_deref().map(String::from_utf8_lossy);
            let value: String =
                value.map_or_else(|| "gone".to_owned(), |value| value.chars().take(150).collect());
            let key = String::from_utf8_lossy(&entry.record.key);
            println!(
                "    {} {:?} {:?} {key} = {value}",
                entry.offset, entry.writer, entry.fate
            );
        }
    }

    /// The same, without some.
    pub(super) fn without(&self, is_gone: impl Fn(u64, &Record) -> bool) -> Log {
        let mut log = self.copy();
        log.entries.retain(|entry| !is_gone(entry.offset, &entry.record));
        log
    }
}
