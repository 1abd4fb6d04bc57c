//! What a carrier has given so far, beside what is shown of it: which record of each key, and the digest of all that are live.
//!
//! The bytes of a record are kept only until they are shown; of what is shown its digest is enough to see that it came again.
//! One change costs one bucket of 256, not the whole.

use crate::digest::{BUCKETS, EMPTY, FeedDigest, bucket_of, record_digest};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// Records that are kept, live or not: what a broker that lies can make a reader hold.
pub const HELD_RECORDS_MAX: usize = 1 << 24;
/// Bytes of records that are not shown yet.
pub const PENDING_BYTES_MAX: usize = 1 << 30;

/// The record of a key.
#[derive(Debug, Clone, Copy)]
struct Entry {
    digest: [u8; 32],
    epoch: u64,
    revision: u64,
    /// It was given since the carrier began.
    held: bool,
    /// The view has it, with this digest, unless something else is pending.
    shown: bool,
}

impl Entry {
    fn is_live(&self, epoch: u64, revision: u64) -> bool {
        self.held && self.epoch == epoch && self.revision <= revision
    }
}

/// Of a key whose record is not the one that is shown.
#[derive(Debug)]
struct Pending {
    /// The record; `None`: it is gone.
    value: Option<Box<[u8]>>,
    /// What is shown of it.
    was: Option<[u8; 32]>,
}

#[derive(Debug, Default)]
struct Bucket {
    entries: HashMap<Box<str>, Entry>,
    /// Of the live records of an epoch; forgotten with each change.
    digest: Option<(u64, [u8; 32])>,
}

/// What changes for whoever shows it, by key (`kind/id`): the value of its record, or `None` where it is gone.
pub type Changes = Vec<(Box<str>, Option<Box<[u8]>>)>;

/// All records by key.
#[derive(Debug)]
pub(super) struct Held {
    buckets: Vec<Bucket>,
    pending: HashMap<Box<str>, Pending>,
    pending_bytes: usize,
    records: usize,
    /// Of each epoch: how many are held, and the highest revision that came.
    epochs: HashMap<u64, (u64, u64)>,
    /// Something may be shown that is not held any more, without being pending.
    unseen: bool,
}

/// More came than is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl Default for Held {
    fn default() -> Held {
        Held {
            buckets: (0..BUCKETS).map(|_| Bucket::default()).collect(),
            pending: HashMap::new(),
            pending_bytes: 0,
            records: 0,
            epochs: HashMap::new(),
            unseen: false,
        }
    }
}

impl Held {
    /// What is shown already, and was given by no carrier: of a floor.
    pub(super) fn showing(&mut self, key: &str, value: &[u8], epoch: u64, revision: u64) {
        let entry = Entry {
            digest: record_digest(key, value),
            epoch,
            revision,
            held: false,
            shown: true,
        };
        self.buckets[bucket_of(key)].entries.insert(key.into(), entry);
        self.records += 1;
        self.unseen = true;
    }

    /// A record came: its value's bytes, under its key.
    pub(super) fn put(&mut self, key: &str, value: &[u8], epoch: u64, revision: u64) -> Result<(), Full> {
        let digest = record_digest(key, value);
        let bucket = &mut self.buckets[bucket_of(key)];
        bucket.digest = None;
        let found = bucket.entries.get_mut(key);
        if found.is_none() && self.records >= HELD_RECORDS_MAX {
            return Err(Full);
        }
        let before = found.as_deref().copied();
        if let Some(before) = before.filter(|before| before.held) {
            uncount(&mut self.epochs, before.epoch);
        }
        let (held, highest) = self.epochs.entry(epoch).or_default();
        *held += 1;
        *highest = revision.max(*highest);
        let was = match self.pending.get(key) {
            Some(pending) => pending.was,
            None => before.filter(|before| before.shown).map(|before| before.digest),
        };
        let entry = Entry {
            digest,
            epoch,
            revision,
            held: true,
            shown: was.is_some(),
        };
        match found {
            Some(found) => *found = entry,
            None => {
                bucket.entries.insert(key.into(), entry);
                self.records += 1;
            }
        }
        if was == Some(digest) {
            self.settle(key);
            return Ok(());
        }
        self.await_showing(key, Some(value.into()), was)
    }

    /// A key is gone.
    pub(super) fn delete(&mut self, key: &str) -> Result<(), Full> {
        let bucket = &mut self.buckets[bucket_of(key)];
        let Some(entry) = bucket.entries.get_mut(key).filter(|entry| entry.held) else {
            return Ok(());
        };
        bucket.digest = None;
        entry.held = false;
        let (epoch, shown, digest) = (entry.epoch, entry.shown, entry.digest);
        uncount(&mut self.epochs, epoch);
        let was = match self.pending.get(key) {
            Some(pending) => pending.was,
            None => shown.then_some(digest),
        };
        if was.is_some() {
            return self.await_showing(key, None, was);
        }
        self.settle(key);
        self.forget(key);
        Ok(())
    }

    /// How many records are live under a commit of this epoch and revision.
    pub(super) fn count(&self, epoch: u64, revision: u64) -> u64 {
        match self.epochs.get(&epoch) {
            Some((held, highest)) if *highest <= revision => *held,
            // Some came ahead of their commit.
            Some(_) => {
                let all = self.buckets.iter().flat_map(|bucket| bucket.entries.values());
                all.filter(|entry| entry.is_live(epoch, revision)).count() as u64
            }
            None => 0,
        }
    }

    /// Their digest (feed.md §1).
    pub(super) fn digest(&mut self, epoch: u64, revision: u64) -> FeedDigest {
        let is_all = self
            .epochs
            .get(&epoch)
            .is_none_or(|(_, highest)| *highest <= revision);
        let mut feed = Sha256::new();
        let mut live = Vec::new();
        for bucket in &mut self.buckets {
            if bucket.entries.is_empty() {
                feed.update(*EMPTY);
                continue;
            }
            let known = bucket.digest.filter(|(of, _)| is_all && *of == epoch);
            let digest = known.map_or_else(
                || {
                    live.clear();
                    let entries = bucket.entries.values();
                    let entries = entries.filter(|entry| entry.is_live(epoch, revision));
                    live.extend(entries.map(|entry| entry.digest));
                    live.sort_unstable();
                    <[u8; 32]>::from(Sha256::digest(live.as_flattened()))
                },
                |(_, digest)| digest,
            );
            if is_all {
                bucket.digest = Some((epoch, digest));
            }
            feed.update(digest);
        }
        FeedDigest::from_bytes(feed.finalize().into())
    }

    /// What is live under this commit is shown from here on; what that changes, by key.
    pub(super) fn show(&mut self, epoch: u64, revision: u64, is_new_epoch: bool) -> Changes {
        let mut changes = Changes::new();
        let mut still = HashMap::new();
        self.pending_bytes = 0;
        for (key, pending) in std::mem::take(&mut self.pending) {
            let Some(entry) = self.buckets[bucket_of(&key)].entries.get_mut(&*key) else {
                continue;
            };
            if entry.is_live(epoch, revision) {
                entry.shown = true;
                changes.push((key, pending.value));
                continue;
            }
            entry.shown = false;
            let is_held = entry.held;
            if pending.was.is_some() {
                changes.push((key.clone(), None));
            }
            if is_held {
                self.pending_bytes += pending.value.as_deref().map_or(0, <[u8]>::len);
                still.insert(key, Pending { was: None, ..pending });
            } else {
                self.forget(&key);
            }
        }
        self.pending = still;
        if self.unseen || is_new_epoch {
            self.unseen = false;
            self.drop_unseen(epoch, revision, &mut changes);
        }
        changes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        changes
    }

    /// The carrier begins again: nothing is held, what is shown stays.
    pub(super) fn restart(&mut self) {
        for bucket in &mut self.buckets {
            bucket.digest = None;
            bucket.entries.retain(|key, entry| {
                let was = match self.pending.get(key) {
                    Some(pending) => pending.was,
                    None => entry.shown.then_some(entry.digest),
                };
                entry.held = false;
                entry.shown = was.is_some();
                entry.digest = was.unwrap_or(entry.digest);
                entry.shown
            });
        }
        self.records = self.buckets.iter().map(|bucket| bucket.entries.len()).sum();
        self.pending.clear();
        self.pending_bytes = 0;
        self.epochs.clear();
        self.unseen = true;
    }

    /// The carrier goes on behind what is shown under this epoch and revision: all of it counts as given, and nothing else.
    pub(super) fn resume(&mut self, epoch: u64, revision: u64) {
        self.restart();
        for entry in self
            .buckets
            .iter_mut()
            .flat_map(|bucket| bucket.entries.values_mut())
        {
            // A record that came ahead of its commit may have left its own place here.
            (entry.held, entry.epoch, entry.revision) = (true, epoch, entry.revision.min(revision));
        }
        self.epochs.insert(epoch, (self.records as u64, revision));
        self.unseen = false;
    }

    /// What is shown, neither pending nor live, is gone: it did not come again, or it is of a former epoch.
    fn drop_unseen(&mut self, epoch: u64, revision: u64, changes: &mut Changes) {
        let Held {
            buckets,
            pending,
            epochs,
            records,
            ..
        } = self;
        for bucket in buckets {
            bucket.entries.retain(|key, entry| {
                let stays = pending.contains_key(key) || entry.is_live(epoch, revision);
                if !stays {
                    if entry.shown {
                        changes.push((key.clone(), None));
                    }
                    if entry.held {
                        uncount(epochs, entry.epoch);
                    }
                    *records -= 1;
                }
                stays
            });
        }
    }

    fn await_showing(
        &mut self,
        key: &str,
        value: Option<Box<[u8]>>,
        was: Option<[u8; 32]>,
    ) -> Result<(), Full> {
        self.pending_bytes += value.as_deref().map_or(0, <[u8]>::len);
        let before = self.pending.insert(key.into(), Pending { value, was });
        let before = before.and_then(|before| before.value);
        self.pending_bytes -= before.as_deref().map_or(0, <[u8]>::len);
        match self.pending_bytes > PENDING_BYTES_MAX {
            true => Err(Full),
            false => Ok(()),
        }
    }

    fn settle(&mut self, key: &str) {
        let before = self.pending.remove(key).and_then(|before| before.value);
        self.pending_bytes -= before.as_deref().map_or(0, <[u8]>::len);
    }

    fn forget(&mut self, key: &str) {
        if self.buckets[bucket_of(key)].entries.remove(key).is_some() {
            self.records -= 1;
        }
    }
}

fn uncount(epochs: &mut HashMap<u64, (u64, u64)>, epoch: u64) {
    if let Some((held, _)) = epochs.get_mut(&epoch) {
        *held = held.saturating_sub(1);
    }
}
