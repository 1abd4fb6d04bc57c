//! What a commit says of all records: SHA-256 over 256 buckets of record digests (feed.md §1).
//!
//! Over the bytes as they travel: no JSON is ever written anew to be checked.

use crate::hex;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::LazyLock;

/// The digest of a feed: 32 bytes, shown in lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FeedDigest([u8; 32]);

impl FeedDigest {
    /// From 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<FeedDigest> {
        hex::read(text).map(FeedDigest)
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> FeedDigest {
        FeedDigest(bytes)
    }
}

/// The digest of one record: of its key (`kind/id`) and the bytes of its value.
pub(crate) fn record_digest(key: &str, value: &[u8]) -> [u8; 32] {
    let length = u32::try_from(key.len()).expect("a key is a part of a record, which is far below 4 GiB");
    Sha256::new()
        .chain_update(length.to_be_bytes())
        .chain_update(key)
        .chain_update(value)
        .finalize()
        .into()
}

/// In which of the 256 buckets a key is.
pub(crate) fn bucket_of(key: &str) -> usize {
    let [bucket, ..] = <[u8; 32]>::from(Sha256::digest(key));
    usize::from(bucket)
}

impl fmt::Display for FeedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for FeedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The digests of records, by bucket.
#[derive(Debug, Clone)]
pub struct Digest {
    buckets: Vec<Vec<[u8; 32]>>,
    /// Of the record that is added; kept, so that its memory is used again.
    key: String,
}

/// Of a bucket without a record: most of them, in a small feed.
pub(crate) static EMPTY: LazyLock<[u8; 32]> = LazyLock::new(|| Sha256::digest([]).into());

/// One bucket for each value of a byte.
pub(crate) const BUCKETS: usize = 256;

impl Default for Digest {
    fn default() -> Digest {
        Digest {
            buckets: vec![Vec::new(); BUCKETS],
            key: String::new(),
        }
    }
}

impl Digest {
    /// Adds a record: kind and id, which make its key (`kind/id`), and the bytes of its value. A key may be added once.
    pub fn add(&mut self, kind: &str, id: &str, value: &[u8]) {
        let key = &mut self.key;
        key.clear();
        key.extend([kind, "/", id]);
        let record = record_digest(key, value);
        if let Some(bucket) = self.buckets.get_mut(bucket_of(key)) {
            bucket.push(record);
        }
    }

    /// How many records were added.
    pub fn len(&self) -> usize {
        self.buckets.iter().map(Vec::len).sum()
    }

    /// Whether none was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The digest of all that was added, in any order.
    pub fn finish(mut self) -> FeedDigest {
        let mut feed = Sha256::new();
        for bucket in &mut self.buckets {
            if bucket.is_empty() {
                feed.update(*EMPTY);
                continue;
            }
            bucket.sort_unstable();
            feed.update(Sha256::digest(bucket.as_flattened()));
        }
        FeedDigest(feed.finalize().into())
    }
}
