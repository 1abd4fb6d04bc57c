//! A feed as its source of truth has it: the digest of every live record, and where it stands. Of a record its digest is enough; the bytes stay
//! where they are kept.
//!
//! One change costs one bucket of 256, not the whole. Makes commits; whether one may be sent is not judged here.

use crate::digest::{BUCKETS, FeedDigest, bucket_of, record_digest};
use crate::line::Commit;
use crate::sign::SigningKey;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;

/// What is live, and at which revision.
#[derive(Debug, Clone)]
pub struct Ledger {
    feed: Box<str>,
    epoch: u64,
    revision: u64,
    buckets: Vec<Bucket>,
    entities: u64,
}

#[derive(Debug, Clone, Default)]
struct Bucket {
    records: HashMap<Box<str>, [u8; 32]>,
    /// Of all of them; forgotten with each change.
    digest: Option<[u8; 32]>,
}

/// A revision that is not the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("revision {given} does not follow {at}")]
pub struct LedgerError {
    /// Where the ledger stands.
    pub at: u64,
    /// What was given.
    pub given: u64,
}

impl Ledger {
    /// Of an epoch in which nothing is live yet: revision 0.
    pub fn new(feed: &str, epoch: u64) -> Ledger {
        Ledger {
            feed: feed.into(),
            epoch,
            revision: 0,
            buckets: vec![Bucket::default(); BUCKETS],
            entities: 0,
        }
    }

    /// The epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How many records are live.
    pub fn entities(&self) -> u64 {
        self.entities
    }

    /// A record (`kind/id`, and its value's bytes) is live; `None`: it is gone.
    pub fn put(&mut self, key: &str, value: Option<&[u8]>) {
        let Some(bucket) = self.buckets.get_mut(bucket_of(key)) else {
            return;
        };
        bucket.digest = None;
        let before = match value {
            Some(value) => bucket.records.insert(key.into(), record_digest(key, value)),
            None => bucket.records.remove(key),
        };
        self.entities -= u64::from(before.is_some());
        self.entities += u64::from(value.is_some());
    }

    /// What was put since is this revision.
    ///
    /// # Errors
    /// Where it is not above the one that was.
    pub fn advance(&mut self, revision: u64) -> Result<(), LedgerError> {
        if revision <= self.revision {
            return Err(LedgerError {
                at: self.revision,
                given: revision,
            });
        }
        self.revision = revision;
        Ok(())
    }

    /// The digest of all that is live (feed.md §1).
    pub fn digest(&mut self) -> FeedDigest {
        let mut feed = Sha256::new();
        let mut live = Vec::new();
        for bucket in &mut self.buckets {
            let digest = *bucket.digest.get_or_insert_with(|| {
                live.clear();
                live.extend(bucket.records.values().copied());
                live.sort_unstable();
                Sha256::digest(live.as_flattened()).into()
            });
            feed.update(digest);
        }
        FeedDigest::from_bytes(feed.finalize().into())
    }

    /// The commit of where it stands, made at this Unix second: its line, signed.
    pub fn commit_line(&mut self, at: u64, key: &SigningKey) -> String {
        let digest = self.digest();
        key.commit_line(&Commit {
            feed: Cow::Borrowed(&self.feed),
            epoch: self.epoch,
            revision: self.revision,
            entities: self.entities,
            digest,
            at,
            signed: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;
    use std::collections::BTreeMap;

    #[test]
    fn after_every_change_its_digest_is_that_of_what_is_live() {
        let mut ledger = Ledger::new("acme", 1);
        let mut live = BTreeMap::new();
        let mut state = 7_u64;
        for revision in 1..=400 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let id = format!("c{}", state >> 58);
            let value = (!state.is_multiple_of(5)).then(|| format!("{{\"n\":{revision}}}"));
            ledger.put(&format!("client/{id}"), value.as_deref().map(str::as_bytes));
            match value {
                Some(value) => live.insert(id, value),
                None => live.remove(&id),
            };
            ledger.advance(revision).unwrap();
            let mut whole = Digest::default();
            for (id, value) in &live {
                whole.add("client", id, value.as_bytes());
            }
            assert_eq!(ledger.entities(), live.len() as u64);
            assert_eq!(ledger.digest(), whole.finish(), "{revision}");
        }
        let behind = ledger.advance(400).unwrap_err();
        assert_eq!((behind.at, behind.given), (400, 400));
    }
}
