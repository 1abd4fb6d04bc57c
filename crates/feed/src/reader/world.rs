//! A publisher with its keys, a compacted log, and what a reader of it shows: small enough to be right at sight.

use crate::digest::Digest;
use crate::line::{Commit, Record, write_record};
use crate::reader::{Read, Reader};
use crate::{Line, Roots, Scratch, SigningKey, roots_line};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// By key, the bytes of a record's value.
pub(crate) type Content = BTreeMap<String, Vec<u8>>;

/// One record of a log: its key, and its value unless it is a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) key: String,
    pub(crate) value: Option<Vec<u8>>,
}

pub(crate) const FEED: &str = "acme-prod";

/// Whoever may publish.
#[derive(Debug)]
pub(crate) struct Publisher {
    root: SigningKey,
    key: SigningKey,
    pub(crate) now: u64,
    pub(crate) epoch: u64,
    keyring_version: u64,
    pub(crate) revision: u64,
    /// The entities' bodies, by key.
    pub(crate) entities: BTreeMap<String, String>,
    /// The records as they were written last, by key.
    pub(crate) records: Content,
    /// What each (epoch, revision) is.
    pub(crate) history: BTreeMap<(u64, u64), Content>,
    pub(crate) log: Vec<Logged>,
}

impl Publisher {
    pub(crate) fn new() -> Publisher {
        let key = |id: &str, seed: u8| SigningKey::from_seed(id, &[seed; 32]).unwrap();
        let mut publisher = Publisher {
            root: key("r1", 1),
            key: key("2026-a", 2),
            now: 1_763_900_000,
            epoch: 1_763_900_000,
            keyring_version: 1_763_900_000,
            revision: 0,
            entities: BTreeMap::new(),
            records: Content::new(),
            history: BTreeMap::new(),
            log: Vec::new(),
        };
        publisher.publish_keyring();
        publisher.commit();
        publisher
    }

    pub(crate) fn roots_line(&self) -> Vec<u8> {
        roots_line(FEED, &[self.root.public(None)]).into_bytes()
    }

    /// Another key takes the place of the one that signs commits, in a keyring that does not have the former one.
    pub(crate) fn replace_key(&mut self, seed: u8) {
        self.key = SigningKey::from_seed("2026-b", &[seed; 32]).unwrap();
        self.keyring_version += 100;
        self.publish_keyring();
    }

    pub(crate) fn roots(&self) -> Roots {
        let line = self.roots_line();
        match Line::parse(&line, &mut Scratch::default()) {
            Some(Line::Roots(Some(roots))) => Roots::pinned(&roots),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn keyring(&self) -> Vec<u8> {
        let keys = [self.key.public(None)];
        let line = self
            .root
            .keyring_line(FEED, self.keyring_version, self.epoch, &keys);
        line.into_bytes()
    }

    fn publish_keyring(&mut self) {
        let value = Some(self.keyring());
        self.append("keyring", value);
    }

    fn append(&mut self, key: &str, value: Option<Vec<u8>>) {
        self.log.push(Logged {
            key: key.to_owned(),
            value,
        });
    }

    fn write(&self, key: &str) -> Vec<u8> {
        let (kind, id) = key.split_once('/').unwrap();
        let record = Record {
            feed: Cow::Borrowed(FEED),
            epoch: self.epoch,
            revision: self.revision,
            kind: Cow::Borrowed(kind),
            id: Cow::Borrowed(id),
            body: &self.entities[key],
            needs: Vec::new(),
        };
        let mut text = String::new();
        write_record(&record, &mut text);
        text.into_bytes()
    }

    /// A revision: each key gets a body, or is deleted.
    pub(crate) fn change(&mut self, changes: &[(&str, Option<&str>)]) {
        self.revision += 1;
        for (key, body) in changes {
            match body {
                Some(body) => {
                    self.entities.insert((*key).to_owned(), (*body).to_owned());
                    let value = self.write(key);
                    self.records.insert((*key).to_owned(), value.clone());
                    self.append(key, Some(value));
                }
                None => {
                    self.entities.remove(*key);
                    self.records.remove(*key);
                    self.append(key, None);
                }
            }
        }
        self.commit();
    }

    /// Everything anew, in this epoch or in another one.
    pub(crate) fn republish(&mut self, new_epoch: bool) {
        let foreign: Vec<String> = self
            .log
            .iter()
            .filter(|record| record.key.contains('/') && !self.entities.contains_key(&record.key))
            .map(|record| record.key.clone())
            .collect();
        for key in foreign {
            self.append(&key, None);
        }
        if new_epoch {
            self.epoch += 1;
            self.keyring_version += 1;
            self.revision += 1;
            self.publish_keyring();
            let keys: Vec<String> = self.entities.keys().cloned().collect();
            for key in keys {
                let value = self.write(&key);
                self.records.insert(key, value);
            }
        }
        for (key, value) in self.records.clone() {
            self.append(&key, Some(value));
        }
        self.commit();
    }

    /// The line of a commit of what is published now.
    pub(crate) fn commit_line(&self) -> Vec<u8> {
        let mut digest = Digest::default();
        for (key, value) in &self.records {
            let (kind, id) = key.split_once('/').unwrap();
            digest.add(kind, id, value);
        }
        let commit = Commit {
            feed: Cow::Borrowed(FEED),
            epoch: self.epoch,
            revision: self.revision,
            entities: self.records.len() as u64,
            digest: digest.finish(),
            at: self.now,
            signed: None,
        };
        self.key.commit_line(&commit).into_bytes()
    }

    /// A commit, or a heartbeat: the same with a later time.
    pub(crate) fn commit(&mut self) {
        self.now += 1;
        let place = (self.epoch, self.revision);
        self.history.insert(place, self.records.clone());
        let line = self.commit_line();
        self.append("commit", Some(line));
    }
}

/// A reader and what it shows.
#[derive(Debug)]
pub(crate) struct Shower {
    pub(crate) reader: Reader,
    pub(crate) shown: Content,
    keyring: Vec<u8>,
    commit: Vec<u8>,
}

impl Shower {
    pub(crate) fn new(roots: Roots) -> Shower {
        Shower {
            reader: Reader::new(roots),
            shown: Content::new(),
            keyring: Vec::new(),
            commit: Vec::new(),
        }
    }

    /// One record of a log; whether the view changed.
    pub(crate) fn give(&mut self, record: &Logged, now: u64) -> Read {
        let read = self.reader.record(&record.key, record.value.as_deref(), now);
        self.show(&read);
        read
    }

    fn show(&mut self, read: &Read) {
        let Read::Shown(shown) = read else {
            return;
        };
        for (key, value) in &shown.changes {
            match value {
                Some(value) => self.shown.insert(key.to_string(), value.to_vec()),
                None => self.shown.remove(&**key),
            };
        }
        (self.keyring, self.commit) = (shown.keyring.to_vec(), shown.commit.to_vec());
    }

    /// All of a log, and whether its end is the view.
    pub(crate) fn read(&mut self, log: &[Logged], now: u64) -> bool {
        for record in log {
            self.give(record, now);
        }
        self.reader.is_at_view()
    }

    /// The process is killed, and another one begins with what was written down.
    pub(crate) fn killed(self, roots: Roots, now: u64) -> Shower {
        let mut next = Shower::new(roots);
        if self.commit.is_empty() {
            return next;
        }
        let lines = std::iter::once(&self.keyring).chain(self.shown.values());
        for line in lines.chain([&self.commit]) {
            let read = next.reader.line(line, now);
            next.show(&read);
        }
        next.reader.restart();
        next
    }
}
