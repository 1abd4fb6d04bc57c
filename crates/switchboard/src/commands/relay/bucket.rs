//! Writes a publication into a bucket: the bundle, then its commit, and neither over one that is newer.
//!
//! Two relays may write side by side, and one may lag. Each object ends with a commit that says what it is; it is replaced where it still is the
//! object that was seen, by the store's own word, so that what comes later is never lost to what came earlier. Where another one was quicker,
//! what it wrote is read, and stays if it is as new.

use super::publication::{Position, Written};
use feed::bucket::{Bucket, BucketError, Condition, Found, Tag};
use feed::{Line, Scratch};
use hyper::body::Bytes;

const BUNDLE: &str = "bundle";
const COMMIT: &str = "commit";
/// How often others may be quicker before it is left for later.
const ROUNDS_MAX: usize = 4;

/// What a bucket can do.
pub(super) trait Objects {
    fn tail(&mut self, name: &str) -> Result<Found, BucketError>;
    fn put(&mut self, name: &str, body: Bytes, condition: Condition<'_>) -> Result<Option<Tag>, BucketError>;
    /// Why what is there may not be read.
    fn hidden(&self) -> BucketError;
    /// Where an object is, for a log.
    fn told(&self, name: &str) -> String;
}

impl Objects for Bucket {
    fn tail(&mut self, name: &str) -> Result<Found, BucketError> {
        Bucket::tail(self, name)
    }

    fn put(&mut self, name: &str, body: Bytes, condition: Condition<'_>) -> Result<Option<Tag>, BucketError> {
        Bucket::put(self, name, body, condition)
    }

    fn hidden(&self) -> BucketError {
        Bucket::hidden(self)
    }

    fn told(&self, name: &str) -> String {
        format!("{}{name}", self.place())
    }
}

/// Why it is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// The store.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// What is there is no bundle and no commit.
    #[error("{0} is there and no relay has written it; name another prefix, or delete it")]
    Foreign(String),
    /// What is there is of another feed.
    #[error("{object} is of the feed {feed}; name another prefix: each feed has its own")]
    OtherFeed {
        /// Where it is.
        object: String,
        /// Whose it is.
        feed: String,
    },
    /// Others write all the time.
    #[error("others write {0} all the time")]
    Contended(String),
}

impl StoreError {
    /// Whether waiting mends nothing.
    pub(super) fn is_lasting(&self) -> bool {
        match self {
            StoreError::Bucket(error) => error.is_lasting(),
            StoreError::Foreign(_) | StoreError::OtherFeed { .. } => true,
            StoreError::Contended(_) => false,
        }
    }
}

/// A bucket that is written into.
pub(super) struct Store<O = Bucket> {
    objects: O,
    feed: Box<str>,
    bundle: Known,
    commit: Known,
    /// The store was seen to refuse a condition that does not hold.
    is_proven: bool,
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    Nothing,
    Absent,
    Hidden,
    There(Tag, Position),
}

impl<O: Objects> Store<O> {
    /// For the bundle of this feed.
    pub(super) fn new(objects: O, feed: &str) -> Store<O> {
        Store {
            objects,
            feed: feed.into(),
            bundle: Known::Nothing,
            commit: Known::Nothing,
            is_proven: false,
        }
    }

    pub(super) fn told(&self) -> String {
        self.objects.told("")
    }

    /// The bundle and then its commit; what is there instead, where it is of a newer revision.
    pub(super) fn bundle(&mut self, written: &Written) -> Result<Option<Position>, StoreError> {
        let there = self.put(BUNDLE, &written.bundle, written.position)?;
        match there.is_of_newer_revision(written.position) {
            // Whoever wrote it writes its commit.
            true => Ok(Some(there)),
            false => self.commit(written),
        }
    }

    /// The commit alone, whose bundle is there.
    pub(super) fn commit(&mut self, written: &Written) -> Result<Option<Position>, StoreError> {
        let there = self.put(COMMIT, &written.commit, written.position)?;
        if !self.is_proven && there == written.position {
            self.prove(written)?;
        }
        Ok(Some(there).filter(|there| there.is_of_newer_revision(written.position)))
    }

    /// Where the object is not as new as this, it is this from now on. What stands there then.
    fn put(&mut self, name: &str, body: &Bytes, ours: Position) -> Result<Position, StoreError> {
        for _ in 0..ROUNDS_MAX {
            let known = match self.take(name) {
                Known::Nothing => self.look(name)?,
                known => known,
            };
            let condition = match &known {
                Known::There(_, there) if *there >= ours => {
                    let there = *there;
                    *self.known(name) = known;
                    return Ok(there);
                }
                Known::There(tag, _) => Condition::Is(tag),
                Known::Nothing | Known::Absent | Known::Hidden => Condition::Absent,
            };
            // Until it is answered nobody knows what is there: a request may hold whose answer is lost.
            match self.objects.put(name, body.clone(), condition)? {
                Some(tag) => {
                    *self.known(name) = Known::There(tag, ours);
                    return Ok(ours);
                }
                None if known == Known::Hidden => return Err(self.objects.hidden().into()),
                None => {}
            }
        }
        Err(StoreError::Contended(self.objects.told(name)))
    }

    fn known(&mut self, name: &str) -> &mut Known {
        match name {
            BUNDLE => &mut self.bundle,
            _ => &mut self.commit,
        }
    }

    fn take(&mut self, name: &str) -> Known {
        std::mem::replace(self.known(name), Known::Nothing)
    }

    /// What is there, by its last line. Whether its signature counts is no matter: a lie that is left there delays policy, and is told; what is
    /// newer and signed by a key that is not known here yet must stay.
    fn look(&mut self, name: &str) -> Result<Known, StoreError> {
        let (tag, bytes) = match self.objects.tail(name)? {
            Found::Absent => return Ok(Known::Absent),
            Found::Hidden => return Ok(Known::Hidden),
            Found::There(tag, bytes) => (tag, bytes),
        };
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let object = || self.objects.told(name);
        match Line::parse(line, &mut Scratch::default()) {
            Some(Line::Commit(commit)) if commit.feed == *self.feed => {
                Ok(Known::There(tag, Position::of(&commit)))
            }
            Some(Line::Commit(commit)) => Err(StoreError::OtherFeed {
                object: object(),
                feed: commit.feed.into_owned(),
            }),
            _ => Err(StoreError::Foreign(object())),
        }
    }

    /// Once: the commit that was just written is written where there is none. A store that does so knows no conditions, and says nothing of it.
    fn prove(&mut self, written: &Written) -> Result<(), StoreError> {
        let refused = self
            .objects
            .put(COMMIT, written.commit.clone(), Condition::Absent)?
            .is_none();
        match refused {
            true => {
                self.is_proven = true;
                Ok(())
            }
            false => {
                Err(BucketError::NoConditions("it writes over what is there though it is told not to").into())
            }
        }
    }
}

#[cfg(test)]
mod tests;
