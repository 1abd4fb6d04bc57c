//! What a relay hands on: every live record, the keyring and the newest commit, as they were verified.
//!
//! The thread that follows changes it and goes on; the one that writes takes what is newest, so that many changes cost one writing. Bytes are
//! handed on as they came: nothing is written anew.

use ::gateway::follow::{Beginning, Sink};
use feed::{Commit, Line, Scratch, Shown};
use hyper::body::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that may be written in a second for a commit's sake.
const BEAT_BYTES_PER_S: u64 = 4 << 20;

/// How often something is written though the revision is the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beats {
    /// The bundle for the sake of its commit alone, for those who look at nothing else; less often where it is large.
    pub(super) bundle: Duration,
    /// A newer commit; zero for each that comes.
    pub(super) commit: Duration,
}

/// Shared by those who follow, write and serve.
#[derive(Debug)]
pub(super) struct Publication {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// By key: the value of its record.
    live: BTreeMap<Box<str>, Box<[u8]>>,
    keyring: Box<[u8]>,
    commit: Box<[u8]>,
    /// What is to be written.
    wanted: Wanted,
    /// What the writing that was begun last is of.
    taken: Wanted,
    /// What was written, and is served.
    written: Option<Written>,
    beats: Beats,
    bundle_at: Option<Instant>,
    /// When a commit was written last, with its bundle or alone.
    commit_at: Option<Instant>,
    /// What stands where it is written and is of a newer revision.
    ahead: Option<Position>,
    /// Why it could not be written last.
    failure: Option<String>,
    ends: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Nothing,
    /// The view is the same, and its commit is a newer one.
    Commit,
    Bundle,
}

/// What was written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// Keyring, live records, commit, each with its line's end.
    pub(super) bundle: Bytes,
    /// The newest commit, with its line's end.
    pub(super) commit: Bytes,
    /// Of the bundle: epoch, revision and digest (feed.md §4).
    pub(super) tag: Box<str>,
    /// Of the commit: when it was made too.
    pub(super) commit_tag: Box<str>,
    /// Of the commit.
    pub(super) position: Position,
}

/// What never goes back (feed.md §2, rule 3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) epoch: u64,
    pub(super) revision: u64,
    pub(super) at: u64,
}

impl Position {
    pub(super) fn of(commit: &Commit<'_>) -> Position {
        Position {
            epoch: commit.epoch,
            revision: commit.revision,
            at: commit.at,
        }
    }

    pub(super) fn is_of_newer_revision(self, than: Position) -> bool {
        (self.epoch, self.revision) > (than.epoch, than.revision)
    }
}

/// What is to be written next.
pub(super) enum Next {
    /// The bundle, and then its commit.
    Bundle(Written),
    /// The commit alone.
    Commit(Written),
    /// Nothing any more.
    End,
}

impl Publication {
    /// What is begun with is written first.
    pub(super) fn new(beginning: &Beginning, beats: Beats) -> Arc<Publication> {
        let values = beginning.changes.iter();
        let live = values.filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        Publication::of(
            live.collect(),
            beginning.keyring.clone(),
            beginning.commit.clone(),
            beats,
        )
    }

    fn of(
        live: BTreeMap<Box<str>, Box<[u8]>>,
        keyring: Box<[u8]>,
        commit: Box<[u8]>,
        beats: Beats,
    ) -> Arc<Publication> {
        Arc::new(Publication {
            state: Mutex::new(State {
                live,
                keyring,
                commit,
                wanted: Wanted::Bundle,
                taken: Wanted::Nothing,
                written: None,
                beats,
                bundle_at: None,
                commit_at: None,
                ahead: None,
                failure: None,
                ends: false,
            }),
            changed: Condvar::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is served; `None` before the first writing.
    pub(super) fn written(&self) -> Option<Written> {
        self.state().written.clone()
    }

    /// Why the last writing failed.
    pub(super) fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    /// The revision that stands where it is written, where that is newer than what was to be written.
    pub(super) fn ahead(&self) -> Option<u64> {
        self.state().ahead.map(|ahead| ahead.revision)
    }

    /// Nothing is written any more.
    pub(super) fn end(&self) {
        self.state().ends = true;
        self.changed.notify_all();
    }

    /// Waits until there is something to write.
    pub(super) fn next(&self) -> Next {
        let mut state = self.state();
        loop {
            if state.ends {
                return Next::End;
            }
            let wait = match state.wanted {
                Wanted::Nothing => None,
                Wanted::Bundle => Some(Duration::ZERO),
                Wanted::Commit => Some(state.until_commit()),
            };
            state = match wait {
                Some(Duration::ZERO) => return state.take(),
                Some(wait) => {
                    let waited = self.changed.wait_timeout(state, wait);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// What was to be written is written, or stays unwritten for the sake of what is `ahead`, and is served from here on.
    pub(super) fn done(&self, written: Written, ahead: Option<Position>) {
        let mut state = self.state();
        state.written = Some(written);
        state.ahead = ahead;
        state.failure = None;
    }

    /// It was not written: it is wanted still, without waiting for its turn, and what was written before is served on.
    pub(super) fn failed(&self, failure: String) {
        let mut state = self.state();
        state.wanted = state.wanted.max(state.taken);
        state.commit_at = None;
        state.failure = Some(failure);
    }

    /// Where it is written the bundle may be gone.
    pub(super) fn want_bundle(&self) {
        self.want(|_| Wanted::Bundle);
    }

    /// Waits so long, or until the end.
    pub(super) fn rest(&self, pause: Duration) {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), pause, |state| !state.ends);
        drop(waited);
    }

    fn want(&self, mut change: impl FnMut(&mut State) -> Wanted) {
        let mut state = self.state();
        let wanted = change(&mut state);
        state.wanted = state.wanted.max(wanted);
        self.changed.notify_all();
    }
}

impl State {
    /// How long a newer commit waits for its turn.
    fn until_commit(&self) -> Duration {
        let passed = self.commit_at.map(|at| at.elapsed());
        passed.map_or(Duration::ZERO, |passed| self.beats.commit.saturating_sub(passed))
    }

    /// What is to be written now.
    fn take(&mut self) -> Next {
        let wanted = std::mem::replace(&mut self.wanted, Wanted::Nothing);
        self.commit_at = Some(Instant::now());
        match &self.written {
            Some(written) if wanted == Wanted::Commit && !self.is_beat_due(written) => {
                let mut written = written.clone();
                written.commit = line(&self.commit);
                (_, written.commit_tag, written.position) = tags(&self.commit);
                self.taken = Wanted::Commit;
                Next::Commit(written)
            }
            _ => {
                self.taken = Wanted::Bundle;
                self.bundle_at = Some(Instant::now());
                Next::Bundle(self.bundle())
            }
        }
    }

    /// Whether those who look at the bundle alone should see a newer commit.
    fn is_beat_due(&self, written: &Written) -> bool {
        let bytes = written.bundle.len() as u64;
        let every = self
            .beats
            .bundle
            .max(Duration::from_secs(bytes / BEAT_BYTES_PER_S));
        self.bundle_at.is_none_or(|at| at.elapsed() >= every)
    }

    fn bundle(&self) -> Written {
        let lines = std::iter::once(&self.keyring)
            .chain(self.live.values())
            .chain([&self.commit]);
        let bytes: usize = lines.clone().map(|line| line.len() + 1).sum();
        let mut bundle = Vec::with_capacity(bytes);
        for line in lines {
            bundle.extend_from_slice(line);
            bundle.push(b'\n');
        }
        let (tag, commit_tag, position) = tags(&self.commit);
        Written {
            bundle: bundle.into(),
            commit: line(&self.commit),
            tag,
            commit_tag,
            position,
        }
    }
}

fn line(bytes: &[u8]) -> Bytes {
    [bytes, b"\n"].concat().into()
}

/// The entity tags of bundle and commit, and where the commit stands.
fn tags(commit: &[u8]) -> (Box<str>, Box<str>, Position) {
    match Line::parse(commit, &mut Scratch::default()) {
        Some(Line::Commit(commit)) => {
            let of_bundle = format!("{}-{}-{}", commit.epoch, commit.revision, commit.digest);
            let tag = format!("\"{of_bundle}\"").into();
            (
                tag,
                format!("\"{of_bundle}-{}\"", commit.at).into(),
                Position::of(&commit),
            )
        }
        // A reader that counted it has read it.
        _ => ("\"\"".into(), "\"\"".into(), Position::default()),
    }
}

/// Takes what a feed says.
pub(super) struct Publisher(Arc<Publication>);

impl Publisher {
    pub(super) fn new(publication: Arc<Publication>) -> Publisher {
        Publisher(publication)
    }
}

impl Sink for Publisher {
    fn show(&mut self, shown: &Shown) {
        self.0.want(|state| {
            for (key, value) in &shown.changes {
                match value {
                    Some(value) => state.live.insert(key.clone(), value.clone()),
                    None => state.live.remove(key),
                };
            }
            state.keyring.clone_from(&shown.keyring);
            state.commit.clone_from(&shown.commit);
            Wanted::Bundle
        });
    }

    fn renew(&mut self, keyring: &[u8], commit: &[u8]) {
        self.0.want(|state| {
            state.commit = commit.into();
            // Who reads a commit that an unknown key signed finds the keyring in the bundle.
            match *state.keyring == *keyring {
                true => Wanted::Commit,
                false => {
                    state.keyring = keyring.into();
                    Wanted::Bundle
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
