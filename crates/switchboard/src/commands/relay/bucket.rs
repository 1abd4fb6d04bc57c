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
/// A tag that no object has.
const NOBODYS: &str = "\"00000000000000000000000000000000\"";
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
    /// The store was seen to refuse conditions that do not hold.
    is_proven: bool,
    /// It was seen to know none, and is not written to any more.
    refused: Option<&'static str>,
}

/// What stands there now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// What was to be written, or what is of the same revision.
    Written,
    /// What is of this newer revision, which stays.
    Ahead(Position),
    /// No commit any more, so that nobody knows of the bundle either: that has to be written first.
    Gone,
}

impl Outcome {
    fn of(there: Position, ours: Position) -> Outcome {
        match there.is_of_newer_revision(ours) {
            true => Outcome::Ahead(there),
            false => Outcome::Written,
        }
    }
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
            refused: None,
        }
    }

    pub(super) fn told(&self) -> String {
        self.objects.told("")
    }

    /// The bundle and then its commit. What was seen to be there is looked at again where it would not be written.
    pub(super) fn bundle(&mut self, written: &Written) -> Result<Outcome, StoreError> {
        let made = self.ready().and_then(|()| self.make(written));
        self.keep_refusal(made)
    }

    /// The commit alone, whose bundle is there.
    pub(super) fn commit(&mut self, written: &Written) -> Result<Outcome, StoreError> {
        let there = self.ready().and_then(|()| {
            let there = self.replace(COMMIT, &written.commit, written.position)?;
            Ok(there.map_or(Outcome::Gone, |there| Outcome::of(there, written.position)))
        });
        self.keep_refusal(there)
    }

    fn make(&mut self, written: &Written) -> Result<Outcome, StoreError> {
        let ours = written.position;
        // Where nothing would be written, nothing would tell that it was deleted.
        for known in [&mut self.bundle, &mut self.commit] {
            if matches!(known, Known::There(_, there) if *there >= ours) {
                *known = Known::Nothing;
            }
        }
        let there = self.put(BUNDLE, &written.bundle, ours)?;
        if there.is_of_newer_revision(ours) {
            // Whoever wrote it writes its commit.
            return Ok(Outcome::Ahead(there));
        }
        let there = self.put(COMMIT, &written.commit, ours)?;
        if !self.is_proven && there == ours {
            self.prove(&written.commit)?;
        }
        Ok(Outcome::of(there, ours))
    }

    /// As [`Store::replace`], and made where it is not there.
    fn put(&mut self, name: &str, body: &Bytes, ours: Position) -> Result<Position, StoreError> {
        for _ in 0..ROUNDS_MAX {
            if let Some(there) = self.replace(name, body, ours)? {
                return Ok(there);
            }
            let known = self.take(name);
            match self.objects.put(name, body.clone(), Condition::Absent)? {
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

    /// Where the object is not as new as this, it is this from now on. What stands there then; `None` where there is none, or none that may be read.
    fn replace(&mut self, name: &str, body: &Bytes, ours: Position) -> Result<Option<Position>, StoreError> {
        for _ in 0..ROUNDS_MAX {
            let known = match self.take(name) {
                Known::Nothing => self.look(name)?.0,
                known => known,
            };
            let tag = match &known {
                Known::There(tag, there) if *there < ours => tag,
                Known::There(_, there) => {
                    let there = *there;
                    *self.known(name) = known;
                    return Ok(Some(there));
                }
                Known::Nothing | Known::Absent | Known::Hidden => {
                    *self.known(name) = known;
                    return Ok(None);
                }
            };
            // Until it is answered nobody knows what is there: a request may hold whose answer is lost.
            if let Some(tag) = self.objects.put(name, body.clone(), Condition::Is(tag))? {
                *self.known(name) = Known::There(tag, ours);
                return Ok(Some(ours));
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

    /// What is there, by its last line, and that line with its end. Whether its signature counts is no matter: a lie that is left there delays policy, and is told; what is
    /// newer and signed by a key that is not known here yet must stay.
    fn look(&mut self, name: &str) -> Result<(Known, Bytes), StoreError> {
        let (tag, bytes) = match self.objects.tail(name)? {
            Found::Absent => return Ok((Known::Absent, Bytes::new())),
            Found::Hidden => return Ok((Known::Hidden, Bytes::new())),
            Found::There(tag, bytes) => (tag, bytes),
        };
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let object = || self.objects.told(name);
        match Line::parse(line, &mut Scratch::default()) {
            Some(Line::Commit(commit)) if commit.feed == *self.feed => Ok((
                Known::There(tag, Position::of(&commit)),
                [line, b"\n"].concat().into(),
            )),
            Some(Line::Commit(commit)) => Err(StoreError::OtherFeed {
                object: object(),
                feed: commit.feed.into_owned(),
            }),
            _ => Err(StoreError::Foreign(object())),
        }
    }

    /// Whether it may be written to: where it was not proven yet, it is by what is there, before any of that is replaced.
    fn ready(&mut self) -> Result<(), StoreError> {
        if let Some(why) = self.refused {
            return Err(BucketError::NoConditions(why).into());
        }
        if !self.is_proven
            && let Some(commit) = self.there()?
        {
            self.prove(&commit)?;
        }
        Ok(())
    }

    /// The commit that is there. Where the bundle is there alone, the commit that it ends with is made one.
    fn there(&mut self) -> Result<Option<Bytes>, StoreError> {
        let (commit, line) = self.look(COMMIT)?;
        if matches!(commit, Known::There(..)) {
            self.commit = commit;
            return Ok(Some(line));
        }
        let (bundle, line) = self.look(BUNDLE)?;
        if !matches!(bundle, Known::There(..)) {
            (self.bundle, self.commit) = (bundle, commit);
            return Ok(None);
        }
        self.bundle = bundle;
        match self.objects.put(COMMIT, line.clone(), Condition::Absent)? {
            Some(_) => Ok(Some(line)),
            None if commit == Known::Hidden => Err(self.objects.hidden().into()),
            None => Err(StoreError::Contended(self.objects.told(COMMIT))),
        }
    }

    /// Once: the commit that is there is written where there is none, and where it is another. A store that does so knows no conditions, or one of
    /// both alone, and says nothing of it.
    fn prove(&mut self, commit: &Bytes) -> Result<(), StoreError> {
        let nobodys = Tag::new(NOBODYS).expect("it is in quotation marks");
        for (condition, why) in [
            (Condition::Absent, "it ignores If-None-Match"),
            (Condition::Is(&nobodys), "it ignores If-Match"),
        ] {
            if self.objects.put(COMMIT, commit.clone(), condition)?.is_some() {
                return Err(BucketError::NoConditions(why).into());
            }
        }
        self.is_proven = true;
        Ok(())
    }

    /// A store that knows no conditions is not written to again: what it did once it does again, to what somebody else wrote.
    fn keep_refusal(&mut self, made: Result<Outcome, StoreError>) -> Result<Outcome, StoreError> {
        if let Err(StoreError::Bucket(BucketError::NoConditions(why))) = &made {
            self.refused = Some(why);
        }
        made
    }
}

#[cfg(test)]
mod tests;
