//! What a topic holds, as a reader without a past would see it: which commit is the highest that counts, whether the end leads to it, which
//! keys there are.
//!
//! Fed record by record, by whoever reads the log; it may be on another thread. Judges nothing by the database.

use super::source::{Mark, Sent};
use crate::keys::Roots;
use crate::line::{Line, Scratch};
use crate::reader::{Contents, Ignored, Read, Reader};
use std::collections::HashSet;

/// Keys that are told apart: beyond, the topic is nobody's that this publisher could put right.
pub const TOPIC_KEYS_MAX: usize = crate::reader::HELD_RECORDS_MAX;

/// A place in the order of commits.
pub type Place = (u64, u64, u64);

/// What was read of a topic.
#[derive(Debug)]
pub struct Topic {
    reader: Reader,
    /// Of all commits that count, the highest by (epoch, revision, at).
    highest: Option<(Mark, u64)>,
    /// Those whose last record is no tombstone, but keyring and commit.
    keys: HashSet<Box<[u8]>>,
    keyring_version: Option<u64>,
    records: u64,
    is_hidden: bool,
    /// Records came behind the highest commit: somebody was killed while it sent the whole, or is no publisher at all.
    is_trailed: bool,
    is_full: bool,
    /// What a reader shows; `None`: nobody wants to look into it.
    contents: Option<Contents>,
    /// Of which start of the publisher it is, and what was seen when it began to be read.
    pub(super) asked: Asked,
}

/// What a topic is read for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) start: u64,
    /// It was read beside publishing: what was sent meanwhile is not in it.
    pub(super) is_check: bool,
    /// The newest commit of ours that a reader had seen by then.
    pub(super) seen: Option<(Mark, u64)>,
}

impl Topic {
    /// Of a feed whose keyrings these roots sign; nothing is read yet.
    pub fn new(roots: Roots) -> Topic {
        Topic {
            reader: Reader::new(roots),
            highest: None,
            keys: HashSet::new(),
            keyring_version: None,
            records: 0,
            is_hidden: false,
            is_trailed: false,
            is_full: false,
            contents: None,
            asked: Asked::default(),
        }
    }

    /// The same, and what a reader shows of it is kept to be looked into.
    pub fn with_contents(roots: Roots) -> Topic {
        Topic {
            contents: Some(Contents::default()),
            ..Topic::new(roots)
        }
    }

    /// One record, in the order of the log; `now` in Unix seconds.
    pub fn record(&mut self, key: &[u8], value: Option<&[u8]>, now: u64) {
        self.records += 1;
        let text = std::str::from_utf8(key).ok();
        if !matches!(text, Some("commit" | "keyring")) {
            self.is_trailed = true;
            match value {
                None => drop(self.keys.remove(key)),
                Some(_) if self.keys.len() >= TOPIC_KEYS_MAX => self.is_full = true,
                Some(_) => drop(self.keys.insert(key.into())),
            }
        }
        let Some(text) = text else {
            return;
        };
        let read = self.reader.record(text, value, now);
        let counts = match read {
            Read::Shown(shown) => {
                if let Some(contents) = &mut self.contents {
                    contents.take(shown.changes);
                }
                true
            }
            Read::Renewed => true,
            Read::Ignored(ignored) => matches!(
                ignored,
                Ignored::Behind | Ignored::NotWhole | Ignored::Forked | Ignored::Full
            ),
            Read::Keyring => {
                self.keyring_version = self.reader.keyring_version();
                false
            }
            Read::Kept => false,
        };
        if let (true, Some(value)) = (counts, value)
            && let Some(Line::Commit(commit)) = Line::parse(value, &mut Scratch::default())
        {
            let mark = Mark {
                epoch: commit.epoch,
                revision: commit.revision,
                entities: commit.entities,
                digest: commit.digest,
            };
            let place = (mark.epoch, mark.revision, commit.at);
            if self.place().is_none_or(|highest| highest < place) {
                self.highest = Some((mark, commit.at));
                self.is_trailed = false;
            }
        }
    }

    /// Behind the end that was captured there are records, which an open transaction hides.
    pub fn set_hidden(&mut self) {
        self.is_hidden = true;
    }

    /// Whether there is more than could be read.
    pub fn is_hidden(&self) -> bool {
        self.is_hidden
    }

    /// The highest commit that counts, and its time.
    pub fn highest(&self) -> Option<(Mark, u64)> {
        self.highest
    }

    /// Its place.
    pub fn place(&self) -> Option<Place> {
        self.highest.map(|(mark, at)| (mark.epoch, mark.revision, at))
    }

    /// Whether a reader that began with nothing shows it, the last commit is it, and nothing lies behind it over which the next would be laid.
    pub fn holds(&self) -> bool {
        let shown = self
            .reader
            .view()
            .map(|view| (view.epoch, view.revision, view.digest));
        let highest = self
            .highest
            .map(|(mark, _)| (mark.epoch, mark.revision, mark.digest));
        !self.is_full && !self.is_trailed && shown.is_some() && shown == highest && self.reader.is_at_view()
    }

    /// The version of the newest keyring that counts.
    pub fn keyring_version(&self) -> Option<u64> {
        self.keyring_version
    }

    /// The epoch that this keyring names.
    pub fn keyring_epoch(&self) -> Option<u64> {
        self.reader.keyring_epoch()
    }

    /// What a reader shows, where it was to be kept.
    pub fn into_contents(self) -> Contents {
        self.contents.unwrap_or_default()
    }

    /// Whether nothing came at all.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// The keys whose last record is no tombstone.
    pub(super) fn into_keys(self) -> HashSet<Box<[u8]>> {
        self.keys
    }
}

/// The tombstone of a key.
pub(super) fn tombstone(key: Box<[u8]>) -> Sent {
    (key, None)
}
