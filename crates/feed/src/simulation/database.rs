//! The source of truth in memory: entities with their versions, keyrings, revisions and the bytes of their records; clients that are revoked, and
//! stay so.

use crate::line::Record;
use crate::publish::{Change, Ledger, Mark, Revision, Standing, next_number};
use crate::{KeyLine, Line, Roots, Scratch, SigningKey, record_line, roots_line};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub(crate) const FEED: &str = "acme-prod";

/// By key, the bytes of a record's value.
pub(crate) type Content = BTreeMap<String, Vec<u8>>;

pub(crate) const CLIENTS: [&str; 4] = ["a", "b", "c", "d"];

/// The root key of all feeds here, and the keys that sign commits: as many as were ever made.
pub(crate) fn root() -> SigningKey {
    SigningKey::from_seed("r1", &[1; 32]).unwrap()
}

pub(crate) fn roots() -> Roots {
    let line = roots_line(FEED, &[root().public(None)]);
    match Line::parse(line.as_bytes(), &mut Scratch::default()) {
        Some(Line::Roots(Some(roots))) => Roots::pinned(&roots),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_seed(&format!("k{number}"), &[100 + number; 32]).unwrap()
}

/// The database.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) epoch: u64,
    pub(crate) live: Content,
    ledger: Ledger,
    pub(crate) mark: Mark,
    revisions: BTreeMap<u64, (Mark, Option<Vec<Change>>)>,
    keyring: Rc<[u8]>,
    pub(crate) keyring_version: u64,
    /// The numbers of the keys that the keyring has, and until when each may sign.
    keys: Vec<(u8, Option<u64>)>,
    pub(crate) published: Option<(u64, u64)>,
    pub(crate) revoked: BTreeSet<&'static str>,
}

impl Database {
    pub(crate) fn new(now: u64) -> Database {
        let mut ledger = Ledger::new(FEED, now);
        let mark = mark_of(&mut ledger);
        let mut database = Database {
            epoch: now,
            live: Content::new(),
            ledger,
            mark,
            revisions: BTreeMap::from([(0, (mark, None))]),
            keyring: Rc::from([]),
            keyring_version: now,
            keys: vec![(0, None)],
            published: None,
            revoked: BTreeSet::new(),
        };
        database.sign_keyring();
        database
    }

    fn sign_keyring(&mut self) {
        let line = |(number, not_after): &(u8, Option<u64>)| signing_key(*number).public(*not_after);
        let keys: Vec<KeyLine> = self.keys.iter().map(line).collect();
        let line = root().keyring_line(FEED, self.keyring_version, self.epoch, &keys);
        self.keyring = line.into_bytes().into();
    }

    pub(crate) fn standing(&self, holds_lease: bool) -> Standing {
        Standing {
            mark: self.mark,
            keyring: (*self.keyring).into(),
            published: self.published,
            holds_lease,
        }
    }

    pub(crate) fn mark_at(&self, revision: u64) -> Option<Mark> {
        self.revisions.get(&revision).map(|(mark, _)| *mark)
    }

    pub(crate) fn revision(&self, revision: u64) -> Option<Revision> {
        let (before, _) = self.revisions.get(&revision.checked_sub(1)?)?;
        let (after, changes) = self.revisions.get(&revision)?;
        Some(Revision {
            before: *before,
            after: *after,
            changes: changes.clone()?,
        })
    }

    /// One revision: each key gets a body, or is deleted.
    pub(crate) fn change(&mut self, changes: &[(String, Option<String>)]) {
        let revision = self.mark.revision + 1;
        let mut written = Vec::new();
        for (key, body) in changes {
            let value = body.as_deref().map(|body| write(self.epoch, revision, key, body));
            self.ledger.put(key, value.as_deref());
            match &value {
                Some(value) => drop(self.live.insert(key.clone(), value.clone())),
                None => drop(self.live.remove(key)),
            }
            written.push((key.as_str().into(), value.map(Vec::into_boxed_slice)));
        }
        self.ledger.advance(revision).unwrap();
        self.mark = mark_of(&mut self.ledger);
        self.revisions.insert(revision, (self.mark, Some(written)));
    }

    /// A client may do nothing from now on: it is deleted, suspended, or named in a revocation.
    pub(crate) fn revoke(&mut self, client: &'static str, how: usize) {
        self.revoked.insert(client);
        let change = match how % 3 {
            0 => (format!("client/{client}"), None),
            1 => (
                format!("client/{client}"),
                Some(r#"{"status":"suspended"}"#.to_owned()),
            ),
            _ => (format!("revocation/{client}"), Some("{}".to_owned())),
        };
        self.change(&[change]);
    }

    /// Another key (its number) signs from now on. Where the former was stolen, the new keyring does not have it.
    pub(crate) fn rotate(&mut self, now: u64, next: u8, stolen: bool, held: &[u64]) {
        match stolen {
            true => self.keys.clear(),
            false => {
                self.keys.retain(|(_, not_after)| not_after.is_none());
                for (_, not_after) in &mut self.keys {
                    *not_after = Some(now + 600);
                }
            }
        }
        self.keys.push((next, None));
        let held = held.iter().copied().chain([self.keyring_version]);
        self.keyring_version = next_number(now, held);
        self.sign_keyring();
    }

    /// Everything anew, above all that anybody holds: epochs, and versions of keyrings. Of keys only the one that signs from now on: no commit of before
    /// has to count, and a backup may name one that was stolen.
    pub(crate) fn new_epoch(&mut self, now: u64, key: u8, epochs: &[u64], versions: &[u64]) {
        self.epoch = next_number(now, epochs.iter().copied().chain([self.epoch]));
        self.keyring_version = next_number(now, versions.iter().copied().chain([self.keyring_version]));
        self.keys = vec![(key, None)];
        self.sign_keyring();
        let revision = self.mark.revision;
        self.ledger = Ledger::new(FEED, self.epoch);
        for (key, value) in &mut self.live {
            *value = write(self.epoch, revision, key, body_of(value));
            self.ledger.put(key, Some(value));
        }
        if revision > 0 {
            self.ledger.advance(revision).unwrap();
        }
        self.mark = mark_of(&mut self.ledger);
        self.revisions = BTreeMap::from([(revision, (self.mark, None))]);
    }

    /// Records of revisions are not kept for ever; marks are. A publisher that lags behind finds no revision to send.
    pub(crate) fn forget_records(&mut self) {
        for (_, changes) in self.revisions.values_mut() {
            *changes = None;
        }
    }
}

fn mark_of(ledger: &mut Ledger) -> Mark {
    Mark {
        epoch: ledger.epoch(),
        revision: ledger.revision(),
        entities: ledger.entities(),
        digest: ledger.digest(),
    }
}

/// The bytes of a record.
pub(crate) fn write(epoch: u64, revision: u64, key: &str, body: &str) -> Vec<u8> {
    write_of(FEED, epoch, revision, key, body)
}

pub(crate) fn write_of(feed: &str, epoch: u64, revision: u64, key: &str, body: &str) -> Vec<u8> {
    let (kind, id) = key.split_once('/').unwrap();
    let record = Record {
        feed: Cow::Borrowed(feed),
        epoch,
        revision,
        kind: Cow::Borrowed(kind),
        id: Cow::Borrowed(id),
        body,
        needs: Vec::new(),
    };
    record_line(&record).into_bytes()
}

pub(crate) fn body_of(value: &[u8]) -> &str {
    match Line::parse(value, &mut Scratch::default()) {
        Some(Line::Entity(record)) => record.body,
        other => panic!("{other:?}"),
    }
}

/// Whether a client would be let in by this.
pub(crate) fn is_allowed(content: &Content, client: &str) -> bool {
    let found = content.get(&format!("client/{client}"));
    found.is_some_and(|value| !body_of(value).contains("suspended"))
        && !content.contains_key(&format!("revocation/{client}"))
}
