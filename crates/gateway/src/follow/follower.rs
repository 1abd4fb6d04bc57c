//! What a carrier brought, line by line, to what is shown: written down, then put in force (feed.md §2).
//!
//! Synchronous: it has a thread of its own. What cannot be believed changes nothing. `looking` and `flowing` say what an end of their carriers
//! means.

use super::beginning::Beginning;
use super::carrier::Failure;
use super::kept::{Kept, Whole};
use super::pace::Looked;
use super::standing::Follow;
use super::{unix_ms, unix_s};
use feed::{Read, Reader, Shown, State};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A file that could not be written is tried again with all that a carrier has at most once in this time.
const MEND_EVERY: Duration = Duration::from_secs(60);

/// Who shows what a feed says. Called by one thread, which waits for it.
pub trait Sink: Send {
    /// A view, and what it changes. It is shown, everywhere, when this returns.
    fn show(&mut self, shown: &Shown);

    /// What is shown is known to be the newest at a later time, by this commit, which counts under this keyring.
    fn renew(&mut self, _keyring: &[u8], _commit: &[u8]) {}
}

/// Reads, keeps and shows.
pub(super) struct Follower {
    pub(super) reader: Reader,
    pub(super) follow: Arc<Follow>,
    /// The carrier is connected and at the end that it captured.
    pub(super) at_end: bool,
    kept: Kept,
    sink: Box<dyn Sink>,
    told: Option<State>,
    told_failure: Option<String>,
    /// What the carrier has given since its start, to take the place of a file that is broken.
    mending: Option<Whole>,
    mended: Option<Instant>,
}

impl Follower {
    /// Writes down what it begins with.
    pub(super) fn new(
        beginning: Beginning,
        state_dir: Option<&Path>,
        follow: Arc<Follow>,
        sink: Box<dyn Sink>,
    ) -> Follower {
        let Beginning {
            reader,
            roots,
            floor,
            kept_whole,
            live,
            ..
        } = beginning;
        Follower {
            reader,
            kept: Kept::begin(state_dir, roots, kept_whole, live, &floor),
            follow,
            sink,
            at_end: false,
            told: None,
            told_failure: None,
            mending: None,
            mended: None,
        }
    }

    /// Whether the carrier has to give all that it has, so that a file that could not be written is made good.
    pub(super) fn wants_whole(&self, now: Instant) -> bool {
        let is_soon = |last| now.saturating_duration_since(last) < MEND_EVERY;
        self.mending.is_none() && self.kept.is_broken() && !self.mended.is_some_and(is_soon)
    }

    /// As if a minute had gone by.
    #[cfg(test)]
    pub(super) fn forget_mending(&mut self) {
        self.mended = None;
    }

    /// The carrier begins at its start.
    pub(super) fn begin(&mut self) {
        // One in the making is left where it is.
        self.mending = None;
        let mends = self.wants_whole(Instant::now());
        self.reader.restart();
        self.mending = if mends { self.kept.begin_whole() } else { None };
        if mends {
            self.mended = Some(Instant::now());
        }
    }

    /// The carrier goes on behind what is shown.
    pub(super) fn resume(&mut self) {
        self.reader.resume();
        self.mending = None;
    }

    /// A line, without its end.
    pub(super) fn line(&mut self, line: &[u8]) -> Read {
        if let Some(whole) = &mut self.mending {
            whole.line(line);
        }
        let read = self.reader.line(line, unix_s());
        self.take(&read, line);
        read
    }

    /// A record of a log: its key, and its value, unless it is deleted.
    pub(super) fn record(&mut self, key: &str, value: Option<&[u8]>) -> Read {
        let read = self.reader.record(key, value, unix_s());
        // What is under another's key is none, and would be one in a file.
        if let (Some(whole), false) = (
            &mut self.mending,
            matches!(read, Read::Ignored(_)) && key != "commit",
        ) {
            match value {
                Some(value) => whole.line(value),
                None => whole.deletion(key),
            }
        }
        self.take(&read, value.unwrap_or_default());
        read
    }

    fn take(&mut self, read: &Read, line: &[u8]) {
        match read {
            Read::Shown(shown) => self.show(shown),
            Read::Renewed => {
                let keyring = self.reader.keyring_line();
                self.sink.renew(keyring, line);
                self.kept.renew(keyring, line, Instant::now(), unix_s());
            }
            // What means nothing is told once, by the mismatch at the end.
            Read::Kept | Read::Keyring | Read::Ignored(_) => {}
        }
    }

    /// First the disk: what was decided by once is never taken back by a kill.
    fn show(&mut self, shown: &Shown) {
        if !self.kept.show(shown) {
            self.follow.not_kept();
        }
        self.sink.show(shown);
        // The moment that it is in force is told, not only the end of what the carrier brings.
        self.follow.applied(&shown.view, unix_ms());
        self.follow.note(&self.reader, self.at_end, None);
        self.kept.shorten(unix_s());
        let view = &shown.view;
        tracing::info!(
            epoch = view.epoch,
            revision = view.revision,
            changes = shown.changes.len(),
            "a revision of the policy is in force"
        );
    }

    /// The carrier is at its end. `is_view`: that is what is shown.
    pub(super) fn ended(&mut self, is_view: bool, otherwise: &str) -> Looked {
        if let (Some(whole), true) = (self.mending.take(), is_view) {
            self.kept.finish_whole(whole);
            if !self.kept.is_broken() {
                tracing::info!("what is shown of the policy is kept over a restart again");
            }
        }
        match is_view {
            true => self.came(Looked::Good, None),
            false => self.came(Looked::Mismatch, Some(otherwise.to_owned())),
        }
    }

    /// Nothing was brought, or it broke off.
    pub(super) fn failed(&mut self, failure: &Failure) -> Looked {
        let looked = match failure {
            Failure::Unreachable(_) => Looked::Unreachable,
            Failure::Failed(_) => Looked::Failed,
            Failure::Gone(_) => Looked::Mismatch,
        };
        self.came(looked, Some(failure.message().to_owned()))
    }

    /// What came of a look, or of an end.
    fn came(&mut self, looked: Looked, failure: Option<String>) -> Looked {
        self.at_end = match looked {
            Looked::Good => true,
            // What the reader believed before it met what does not count is not the end.
            Looked::Mismatch => !self.reader.is_at_view(),
            Looked::Unreachable | Looked::Failed => false,
        };
        self.tell_failure(failure.as_deref());
        self.follow.note(&self.reader, self.at_end, failure);
        // Counted once it is told, so that whoever sees the count finds the reason.
        if looked == Looked::Mismatch {
            self.follow.mismatched();
        }
        self.tell_state();
        looked
    }

    /// The carrier brings nothing for now, and keeps its position.
    pub(super) fn stalled(&mut self, message: String) {
        self.at_end = false;
        self.tell_failure(Some(&message));
        self.follow.note(&self.reader, false, Some(message));
        self.tell_state();
    }

    /// A floor that took the place of the former one, and is of the same roots. The carrier begins again after it.
    pub(super) fn floor(&mut self, bytes: &[u8]) {
        match feed::kept::read_floor_anew(&mut self.reader, bytes, unix_s()) {
            Some(shown) => self.show(&shown),
            None => tracing::info!("the floor is not above what is in force, which stays"),
        }
        (self.at_end, self.mending) = (false, None);
        self.follow.note(&self.reader, false, None);
        self.tell_state();
    }

    /// One line for each change.
    pub(super) fn tell_state(&mut self) {
        let reading = self.follow.reading(unix_s());
        if self.told.replace(reading.state) == Some(reading.state) {
            return;
        }
        let (state, age_s, revision) = (reading.state.word(), reading.age_s, reading.revision);
        match reading.state {
            State::Floor | State::CatchingUp | State::Live => {
                tracing::info!(state, revision, age_s, "the policy's state");
            }
            State::Stale => tracing::warn!(
                state,
                revision,
                age_s,
                "the policy is older than `max_staleness_s`"
            ),
            State::Forked => {
                tracing::error!(
                    state,
                    revision,
                    age_s,
                    "the feed has the revision in force with other content"
                );
            }
        }
    }

    fn tell_failure(&mut self, failure: Option<&str>) {
        if self.told_failure.as_deref() == failure {
            return;
        }
        if let Some(error) = failure {
            tracing::warn!(error, "nothing is taken from the feed; the policy stays as it is");
        }
        self.told_failure = failure.map(str::to_owned);
    }
}
