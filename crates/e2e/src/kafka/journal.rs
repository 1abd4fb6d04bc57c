//! A source of truth in a directory, for a publisher that is a process: a journal of revisions, one a line; which epoch it is; what was published; who
//! may lead. A scenario writes, the process reads; both know the same keys.

use feed::publish::{Change, Ledger, Mark, Page, REVISION_RECORDS_MAX, Revision, Source, Standing};
use feed::{Line, Record, Roots, Scratch as LineScratch, SigningKey, record_line, roots_line};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// One revision: what each key becomes, a body or nothing.
pub type Bodies<'a> = Vec<(String, Option<&'a Value>)>;

/// The directory.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    feed: String,
    /// Who asks.
    name: String,
    epoch: u64,
    ledger: Ledger,
    /// Of each revision: what is live, and what changed.
    revisions: Vec<(Mark, Vec<Change>)>,
    live: BTreeMap<String, String>,
    /// Bytes of the journal that were taken.
    taken: usize,
    going_through: Vec<(String, String)>,
    at: usize,
}

fn key(id: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(id, &[seed; 32]).expect("32 bytes are a key")
}

impl Journal {
    /// The journal of this feed in this directory, as this process sees it.
    pub fn open(directory: &Path, feed: &str, name: &str) -> Journal {
        let mut journal = Journal {
            directory: directory.to_owned(),
            feed: feed.to_owned(),
            name: name.to_owned(),
            epoch: 0,
            ledger: Ledger::new(feed, 0),
            revisions: Vec::new(),
            live: BTreeMap::new(),
            taken: 0,
            going_through: Vec::new(),
            at: 0,
        };
        journal.refresh().expect("a journal can be read");
        journal
    }

    /// Begins one, in this epoch, with this process as the one that leads.
    pub fn begin(directory: &Path, epoch: u64, leader: &str) {
        fs::write(directory.join("journal"), "").expect("the directory can be written to");
        Journal::set_epoch(directory, epoch);
        Journal::set_leader(directory, leader);
    }

    /// Another epoch from here on.
    pub fn set_epoch(directory: &Path, epoch: u64) {
        replace(&directory.join("epoch"), &epoch.to_string());
    }

    /// This process may lead from here on.
    pub fn set_leader(directory: &Path, leader: &str) {
        replace(&directory.join("leader"), leader);
    }

    /// Nobody remembers what was published: `--republish`.
    pub fn forget_published(directory: &Path) {
        replace(&directory.join("published"), "");
    }

    /// One more revision; it is acknowledged when this returns.
    pub fn append(directory: &Path, bodies: &Bodies<'_>) {
        let mut line = json!(bodies).to_string();
        line.push('\n');
        let file = OpenOptions::new().append(true).open(directory.join("journal"));
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("a journal can be written");
    }

    /// Put back to so many revisions, as a backup is.
    pub fn restore(directory: &Path, revisions: usize) {
        let path = directory.join("journal");
        let text = fs::read_to_string(&path).expect("a journal can be read");
        let lines = text.split_inclusive('\n').take(revisions);
        replace(&path, &lines.collect::<String>());
    }

    /// The root key's public half, pinned.
    pub fn roots(&self) -> Roots {
        let line = roots_line(&self.feed, &[key("r1", 1).public(None)]);
        match Line::parse(line.as_bytes(), &mut LineScratch::default()) {
            Some(Line::Roots(Some(roots))) => Roots::pinned(&roots),
            other => panic!("{other:?}"),
        }
    }

    /// The key that signs commits.
    pub fn key() -> SigningKey {
        key("2026-a", 2)
    }

    /// The records as they are live, by key.
    pub fn live(&self) -> &BTreeMap<String, String> {
        &self.live
    }

    /// Where it is.
    pub fn place(&self) -> (u64, u64) {
        let mark = self.mark_now();
        (mark.epoch, mark.revision)
    }

    /// Takes what was written since.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn refresh(&mut self) -> io::Result<()> {
        let epoch = fs::read_to_string(self.directory.join("epoch"))?;
        let epoch = epoch.trim().parse().map_err(io::Error::other)?;
        let text = fs::read_to_string(self.directory.join("journal"))?;
        if epoch != self.epoch || text.len() < self.taken || self.revisions.is_empty() {
            self.epoch = epoch;
            self.ledger = Ledger::new(&self.feed, epoch);
            self.live.clear();
            self.taken = 0;
            self.revisions.clear();
            let mark = mark_of(&mut self.ledger);
            self.revisions.push((mark, Vec::new()));
        }
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text.get(self.taken..whole).unwrap_or_default().lines() {
            let bodies: Vec<(String, Option<Value>)> = serde_json::from_str(line)?;
            self.take(bodies);
        }
        self.taken = whole;
        Ok(())
    }

    fn take(&mut self, bodies: Vec<(String, Option<Value>)>) {
        let revision = self.revisions.len() as u64;
        let mut changes = Vec::new();
        for (key, body) in bodies {
            let value = body.map(|body| self.record(&key, revision, &body.to_string()));
            self.ledger.put(&key, value.as_deref().map(str::as_bytes));
            match &value {
                Some(value) => drop(self.live.insert(key.clone(), value.clone())),
                None => drop(self.live.remove(&key)),
            }
            changes.push((key.into(), value.map(|value| value.into_bytes().into())));
        }
        self.ledger.advance(revision).expect("revisions are counted");
        let mark = mark_of(&mut self.ledger);
        self.revisions.push((mark, changes));
    }

    fn record(&self, key: &str, revision: u64, body: &str) -> String {
        let (kind, id) = key.split_once('/').expect("a key is KIND/ID");
        record_line(&Record {
            feed: Cow::Borrowed(&self.feed),
            epoch: self.epoch,
            revision,
            kind: Cow::Borrowed(kind),
            id: Cow::Borrowed(id),
            body,
            needs: Vec::new(),
        })
    }

    fn mark_now(&self) -> Mark {
        let (mark, _) = self.revisions.last().expect("there is revision 0");
        *mark
    }

    fn published(&self) -> Option<(u64, u64)> {
        let text = fs::read_to_string(self.directory.join("published")).ok()?;
        let (epoch, revision) = text.trim().split_once(' ')?;
        Some((epoch.parse().ok()?, revision.parse().ok()?))
    }
}

impl Source for Journal {
    type Error = io::Error;

    fn standing(&mut self) -> io::Result<Standing> {
        self.refresh()?;
        let keys = [Journal::key().public(None)];
        let keyring = key("r1", 1).keyring_line(&self.feed, self.epoch, self.epoch, &keys);
        let leader = fs::read_to_string(self.directory.join("leader"))?;
        Ok(Standing {
            mark: self.mark_now(),
            keyring: keyring.into_bytes().into(),
            published: self.published(),
            holds_lease: leader.trim() == self.name,
        })
    }

    fn mark(&mut self, revision: u64) -> io::Result<Option<Mark>> {
        let revision = usize::try_from(revision).map_err(io::Error::other)?;
        Ok(self.revisions.get(revision).map(|(mark, _)| *mark))
    }

    fn revision(&mut self, revision: u64) -> io::Result<Option<Revision>> {
        let revision = usize::try_from(revision).map_err(io::Error::other)?;
        let before = revision
            .checked_sub(1)
            .and_then(|before| self.revisions.get(before));
        let found = before.zip(self.revisions.get(revision));
        Ok(found.map(|((before, _), (after, changes))| Revision {
            before: *before,
            after: *after,
            changes: changes.clone(),
        }))
    }

    fn open(&mut self) -> io::Result<Mark> {
        let live = self.live.iter();
        self.going_through = live.map(|(key, value)| (key.clone(), value.clone())).collect();
        self.at = 0;
        Ok(self.mark_now())
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.at = 0;
        Ok(())
    }

    fn page(&mut self) -> io::Result<Page> {
        let rest = self.going_through.get(self.at..).unwrap_or_default();
        let page = rest.iter().take(REVISION_RECORDS_MAX);
        let records: Vec<_> = page
            .map(|(key, value)| (key.as_str().into(), value.as_bytes().into()))
            .collect();
        self.at += records.len();
        Ok(Page {
            records,
            is_last: self.at >= self.going_through.len(),
        })
    }

    fn note(&mut self, epoch: u64, revision: u64) -> io::Result<()> {
        replace(&self.directory.join("published"), &format!("{epoch} {revision}"));
        Ok(())
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

/// Whole or not at all: a process may be killed while it writes, or read what another one writes.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, path))
        .expect("the directory can be written to");
}
