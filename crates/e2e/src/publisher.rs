//! Whoever publishes policy: keys of its own, entities that a scenario changes, and the floor and the bundle that come of them; and a server
//! that serves a bundle with an entity tag.
//!
//! Written from feed.md and contract §7, over `feed`'s signatures alone; nothing here reads what a gateway reads.

use crate::issuer::seconds_from_now;
use crate::kafka::Written;
use crate::upstream::Upstream;
use feed::{Commit, Digest, SigningKey, roots_line};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What is published, or what somebody says that it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The line of the keyring.
    pub keyring: String,
    /// The lines of the records, by key.
    pub records: BTreeMap<String, String>,
    /// The line of the commit.
    pub commit: String,
}

impl Content {
    /// As one file.
    pub fn bundle(&self) -> String {
        let lines = std::iter::once(&self.keyring).chain(self.records.values());
        let lines = lines.chain([&self.commit]);
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// The lines that make it of `former`: a keyring that is new, records that changed, deletions, the commit.
    pub fn behind(&self, former: &Content) -> Vec<String> {
        let mut lines = Vec::new();
        if self.keyring != former.keyring {
            lines.push(self.keyring.clone());
        }
        let changed = self.records.iter();
        let changed = changed.filter(|(key, line)| former.records.get(*key) != Some(line));
        lines.extend(changed.map(|(_, line)| line.clone()));
        let gone = former
            .records
            .keys()
            .filter(|key| !self.records.contains_key(*key));
        lines.extend(gone.map(|key| format!(r#"{{"key":"{key}","deleted":true}}"#)));
        lines.push(self.commit.clone());
        lines
    }
}

/// A feed's publisher; a copy knows the same keys, as one that was restored does.
#[derive(Debug, Clone)]
pub struct Publisher {
    feed: String,
    root: Arc<SigningKey>,
    key: Arc<SigningKey>,
    epoch: u64,
    keyring_version: u64,
    revision: u64,
    /// The records as they were written, by key.
    records: BTreeMap<String, String>,
    bodies: BTreeMap<String, Value>,
    /// The keys that the last revision changed.
    changed: Vec<String>,
    /// What stands in the keyring.
    keyring: String,
    commit: String,
}

fn key(id: &str, seed: u8) -> Arc<SigningKey> {
    Arc::new(SigningKey::from_seed(id, &[seed; 32]).expect("32 bytes are a key"))
}

fn now() -> u64 {
    u64::try_from(seconds_from_now(0)).expect("it is after 1970")
}

impl Publisher {
    /// Of this feed, with revision 0, which is empty.
    pub fn new(feed: &str) -> Publisher {
        Publisher::with_seed(feed, 1)
    }

    /// Of a feed with the same name and other keys.
    pub fn stranger(feed: &str) -> Publisher {
        Publisher::with_seed(feed, 101)
    }

    fn with_seed(feed: &str, seed: u8) -> Publisher {
        let mut publisher = Publisher {
            feed: feed.to_owned(),
            root: key("r1", seed),
            key: key("2026-a", seed + 1),
            epoch: 1_763_900_000,
            keyring_version: 1_763_900_000,
            revision: 0,
            records: BTreeMap::new(),
            bodies: BTreeMap::new(),
            changed: Vec::new(),
            keyring: String::new(),
            commit: String::new(),
        };
        publisher.sign_keyring();
        publisher.beat();
        publisher
    }

    fn sign_keyring(&mut self) {
        let keys = [self.key.public(None)];
        self.keyring = self
            .root
            .keyring_line(&self.feed, self.keyring_version, self.epoch, &keys);
    }

    fn write(&mut self, key: &str) {
        let (kind, id) = key.split_once('/').expect("a key has a slash");
        let Publisher {
            feed,
            epoch,
            revision,
            ..
        } = &*self;
        let body = &self.bodies[key];
        let record = format!(
            r#"{{"feed":"{feed}","epoch":{epoch},"revision":{revision},"kind":"{kind}","id":"{id}","body":{body}}}"#
        );
        self.records.insert(key.to_owned(), record);
    }

    /// The next revision: each of these (`kind/id`) has this body, or is deleted.
    pub fn publish(&mut self, changes: &[(&str, Option<Value>)]) {
        self.revision += 1;
        self.changed = changes.iter().map(|(key, _)| (*key).to_owned()).collect();
        for (key, body) in changes {
            match body {
                Some(body) => {
                    self.bodies.insert((*key).to_owned(), body.clone());
                    self.write(key);
                }
                None => {
                    self.bodies.remove(*key);
                    self.records.remove(*key);
                }
            }
        }
        self.beat();
    }

    /// The same revision again, with a commit of now.
    pub fn beat(&mut self) {
        self.beat_aged(0);
    }

    /// The same revision again, with a commit that was made so many seconds ago.
    pub fn beat_aged(&mut self, seconds: u64) {
        let mut digest = Digest::default();
        for (key, record) in &self.records {
            let (kind, id) = key.split_once('/').expect("a key has a slash");
            digest.add(kind, id, record.as_bytes());
        }
        let commit = Commit {
            feed: Cow::Borrowed(&self.feed),
            epoch: self.epoch,
            revision: self.revision,
            entities: u64::try_from(self.records.len()).expect("they are in memory"),
            digest: digest.finish(),
            at: now() - seconds,
            signed: None,
        };
        self.commit = self.key.commit_line(&commit);
    }

    /// Another key signs from now on, of which a new keyring tells; the former one ends with it.
    pub fn rotate(&mut self) {
        let former = std::mem::replace(&mut self.key, key("2026-c", 77));
        self.keyring_version += 1;
        let keys = [self.key.public(None), former.public(Some(now()))];
        self.keyring = self
            .root
            .keyring_line(&self.feed, self.keyring_version, self.epoch, &keys);
        self.beat();
    }

    /// Everything anew in another epoch, with another key, of which a new keyring tells.
    pub fn new_epoch(&mut self) {
        self.epoch += 1;
        self.keyring_version += 1;
        self.revision = 1;
        self.key = key("2026-b", 99);
        self.sign_keyring();
        let keys: Vec<String> = self.bodies.keys().cloned().collect();
        for key in keys {
            self.write(&key);
        }
        self.beat();
    }

    /// Its epoch and revision.
    pub fn place(&self) -> (u64, u64) {
        (self.epoch, self.revision)
    }

    /// The commit as it is.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// The live records, by key.
    pub fn records(&self) -> BTreeMap<String, String> {
        self.records.clone()
    }

    /// What the last revision changed, and its commit, as a log has them: keys, and values unless they are tombstones.
    pub fn transaction(&self) -> Vec<Written> {
        let changed = self.changed.iter();
        let changed = changed.map(|key| (key.clone(), self.records.get(key).cloned()));
        changed.chain([self.heartbeat()]).collect()
    }

    /// The commit alone.
    pub fn heartbeat(&self) -> Written {
        ("commit".to_owned(), Some(self.commit.clone()))
    }

    /// All that it has published, as a log has it.
    pub fn log(&self) -> Vec<Written> {
        let records = self.records.iter();
        let records = records.map(|(key, record)| (key.clone(), Some(record.clone())));
        std::iter::once(("keyring".to_owned(), Some(self.keyring.clone())))
            .chain(records)
            .chain([self.heartbeat()])
            .collect()
    }

    /// What it has published.
    pub fn content(&self) -> Content {
        Content {
            keyring: self.keyring.clone(),
            records: self.records.clone(),
            commit: self.commit.clone(),
        }
    }

    /// The same as one file.
    pub fn bundle(&self) -> String {
        self.content().bundle()
    }

    /// The same with its roots.
    pub fn floor(&self) -> String {
        self.floor_of(&self.content())
    }

    /// This in place of what it has published, with its roots.
    pub fn floor_of(&self, content: &Content) -> String {
        let roots = roots_line(&self.feed, &[self.root.public(None)]);
        format!("{roots}\n{}", content.bundle())
    }
}

/// A server of one bundle.
#[derive(Debug)]
pub struct BundleServer {
    upstream: Upstream,
    served: Arc<Mutex<Served>>,
}

#[derive(Debug, Default)]
struct Served {
    bundle: Vec<u8>,
    tag: u64,
    whole: usize,
    unchanged: usize,
}

impl BundleServer {
    /// Serves this.
    pub fn start(bundle: impl Into<Vec<u8>>) -> BundleServer {
        let served = Arc::new(Mutex::new(Served {
            bundle: bundle.into(),
            ..Served::default()
        }));
        let current = Arc::clone(&served);
        let upstream = Upstream::answering(move |request| {
            let mut served = current.lock().expect("nobody panics with it");
            let tag = format!("\"{}\"", served.tag);
            if request.field("If-None-Match") == Some(tag.as_str()) {
                served.unchanged += 1;
                return format!("HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n").into_bytes();
            }
            served.whole += 1;
            let length = served.bundle.len();
            let head = format!("HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {length}\r\n\r\n");
            [head.as_bytes(), &served.bundle].concat()
        });
        BundleServer { upstream, served }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("{}/prod.bundle", self.upstream.url())
    }

    /// From now on: this.
    pub fn serve(&self, bundle: impl Into<Vec<u8>>) {
        let mut served = self.served.lock().expect("nobody panics with it");
        served.bundle = bundle.into();
        served.tag += 1;
    }

    /// From now on this, under the tag that it had: as a server does whose tag tells revisions apart, and no commits.
    pub fn serve_as_unchanged(&self, bundle: impl Into<Vec<u8>>) {
        let mut served = self.served.lock().expect("nobody panics with it");
        served.bundle = bundle.into();
    }

    /// How often it answered with all of it, and how often with 304.
    pub fn answers(&self) -> (usize, usize) {
        let served = self.served.lock().expect("nobody panics with it");
        (served.whole, served.unchanged)
    }

    /// Listens no more.
    pub fn stop(&self) {
        self.upstream.stop();
    }

    /// Listens again, at the same address.
    pub fn go_on(&self) {
        self.upstream.go_on();
    }
}
