//! The whole of a feed, sent anew: a first publish, a republish, a new epoch.
//!
//! It may span several transactions, of which the last has keyring and commit. First every key of the topic that the database does not own gets a
//! tombstone, so that nothing of anybody else is live under the commit.

use super::source::{Mark, Page, REVISION_BYTES_MAX, Sent};
use super::topic::tombstone;
use crate::digest::Digest;
use std::collections::HashSet;

/// What is sent, and how far.
#[derive(Debug)]
pub(super) struct Whole {
    /// Keys of the topic; of which those that the database owns are taken out first.
    foreign: HashSet<Box<[u8]>>,
    phase: Phase,
    mark: Mark,
    digest: Digest,
    batch: Vec<Sent>,
    batch_bytes: usize,
    records_max: usize,
    #[cfg(test)]
    pub(super) without_tombstones: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The database's keys are gone through, to know whose the topic's are.
    Sifting,
    Sending,
    /// All records were given.
    Ending,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Page,
    Rewind,
    /// A transaction of these.
    Send(Vec<Sent>),
    /// The last one: these, and what the commit says, which has the digest of what was sent.
    End(Vec<Sent>, Mark),
    /// What was given is not what the database says of it.
    Broken(Mark),
}

impl Whole {
    /// Of what is live at this mark, into a topic with these keys, at most so many records at once.
    pub(super) fn new(foreign: HashSet<Box<[u8]>>, mark: Mark, records_max: usize) -> Whole {
        Whole {
            phase: match foreign.is_empty() {
                true => Phase::Sending,
                false => Phase::Sifting,
            },
            foreign,
            mark,
            digest: Digest::default(),
            batch: Vec::new(),
            batch_bytes: 0,
            records_max,
            #[cfg(test)]
            without_tombstones: false,
        }
    }

    /// What is to be done next.
    pub(super) fn next(&mut self) -> Next {
        if self.batch.len() >= self.records_max || self.batch_bytes >= REVISION_BYTES_MAX {
            return Next::Send(self.take_batch());
        }
        if self.phase != Phase::Ending {
            return Next::Page;
        }
        let digest = std::mem::take(&mut self.digest);
        if digest.len() as u64 != self.mark.entities || digest.finish() != self.mark.digest {
            return Next::Broken(self.mark);
        }
        Next::End(self.take_batch(), self.mark)
    }

    /// A page came; what is to be done next.
    pub(super) fn page(&mut self, page: Page) -> Next {
        if self.phase == Phase::Sifting {
            for (key, _) in &page.records {
                self.foreign.remove(key.as_bytes());
            }
            return match page.is_last {
                true => Next::Rewind,
                false => Next::Page,
            };
        }
        let bytes: usize = page
            .records
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        let is_full = !self.batch.is_empty()
            && (self.batch.len() + page.records.len() > self.records_max
                || self.batch_bytes + bytes > REVISION_BYTES_MAX);
        let full = is_full.then(|| self.take_batch());
        for (key, value) in page.records {
            if let Some((kind, id)) = key.split_once('/') {
                self.digest.add(kind, id, &value);
            }
            self.batch.push((key.into(), Some(value)));
        }
        self.batch_bytes += bytes;
        if page.is_last {
            self.phase = Phase::Ending;
        }
        match full {
            Some(full) => Next::Send(full),
            None => self.next(),
        }
    }

    /// The database begins with the first record again: what is foreign is known. What is to be done next.
    pub(super) fn rewound(&mut self) -> Next {
        self.phase = Phase::Sending;
        self.next_tombstones()
    }

    /// A transaction is committed; what is to be done next.
    pub(super) fn sent(&mut self) -> Next {
        match self.phase {
            Phase::Sending if !self.foreign.is_empty() => self.next_tombstones(),
            _ => self.next(),
        }
    }

    fn next_tombstones(&mut self) -> Next {
        #[cfg(test)]
        if self.without_tombstones {
            self.foreign.clear();
        }
        let some: Vec<Box<[u8]>> = self.foreign.iter().take(self.records_max).cloned().collect();
        for key in &some {
            self.foreign.remove(key);
        }
        self.batch.extend(some.into_iter().map(tombstone));
        self.next()
    }

    fn take_batch(&mut self) -> Vec<Sent> {
        self.batch_bytes = 0;
        std::mem::take(&mut self.batch)
    }
}
