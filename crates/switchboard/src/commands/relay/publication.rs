//! What a relay hands on: every live record, the keyring and the newest commit, as they were verified.
//!
//! The thread that follows changes it and goes on; the one that writes takes what is newest, so that many changes cost one writing. Bytes are
//! handed on as they came: nothing is written anew.

use ::gateway::follow::{Beginning, Sink};
use feed::{Line, Scratch, Shown};
use hyper::body::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A bundle is written anew for the sake of its commit alone after this long, or longer where it is large.
const BEAT_EVERY: Duration = Duration::from_secs(10);
/// Bytes that may be written in a second for that.
const BEAT_BYTES_PER_S: u64 = 4 << 20;

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
    /// What is in the files, and is served.
    written: Option<Written>,
    bundle_at: Option<Instant>,
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
    /// The revision.
    pub(super) revision: u64,
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
    pub(super) fn new(beginning: &Beginning) -> Arc<Publication> {
        let values = beginning.changes.iter();
        let live = values.filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        Arc::new(Publication {
            state: Mutex::new(State {
                live: live.collect(),
                keyring: beginning.keyring.clone(),
                commit: beginning.commit.clone(),
                wanted: Wanted::Bundle,
                written: None,
                bundle_at: None,
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

    /// Nothing is written any more.
    pub(super) fn end(&self) {
        self.state().ends = true;
        self.changed.notify_all();
    }

    /// Waits until there is something to write.
    pub(super) fn next(&self) -> Next {
        let waited = self.changed.wait_while(self.state(), |state| {
            state.wanted == Wanted::Nothing && !state.ends
        });
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.ends {
            return Next::End;
        }
        let wanted = std::mem::replace(&mut state.wanted, Wanted::Nothing);
        match (&state.written, wanted) {
            (Some(written), Wanted::Commit) if !state.is_beat_due(written) => {
                let mut written = written.clone();
                written.commit = line(&state.commit);
                written.commit_tag = tags(&state.commit).1;
                Next::Commit(written)
            }
            _ => {
                state.bundle_at = Some(Instant::now());
                Next::Bundle(state.bundle())
            }
        }
    }

    /// What was to be written is written, and served from here on.
    pub(super) fn done(&self, written: Written) {
        let mut state = self.state();
        state.written = Some(written);
        state.failure = None;
    }

    /// It was not written: it is wanted still, and what was written before is served on.
    pub(super) fn failed(&self, failure: String) {
        let mut state = self.state();
        state.wanted = Wanted::Bundle;
        state.failure = Some(failure);
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
    /// Whether those who look at the bundle alone should see a newer commit.
    fn is_beat_due(&self, written: &Written) -> bool {
        let bytes = written.bundle.len() as u64;
        let every = BEAT_EVERY.max(Duration::from_secs(bytes / BEAT_BYTES_PER_S));
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
        let (tag, commit_tag, revision) = tags(&self.commit);
        Written {
            bundle: bundle.into(),
            commit: line(&self.commit),
            tag,
            commit_tag,
            revision,
        }
    }
}

fn line(bytes: &[u8]) -> Bytes {
    [bytes, b"\n"].concat().into()
}

/// The entity tags of bundle and commit, and the revision.
fn tags(commit: &[u8]) -> (Box<str>, Box<str>, u64) {
    match Line::parse(commit, &mut Scratch::default()) {
        Some(Line::Commit(commit)) => {
            let of_bundle = format!("{}-{}-{}", commit.epoch, commit.revision, commit.digest);
            let tag = format!("\"{of_bundle}\"").into();
            (
                tag,
                format!("\"{of_bundle}-{}\"", commit.at).into(),
                commit.revision,
            )
        }
        // A reader that counted it has read it.
        _ => ("\"\"".into(), "\"\"".into(), 0),
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
