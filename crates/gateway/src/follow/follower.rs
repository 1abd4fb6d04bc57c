//! What a carrier brought, line by line, to what is shown: written down, then put in force (feed.md §2).
//!
//! Synchronous: it has a thread of its own. What cannot be believed changes nothing.

use super::carrier::{Content, Failure};
use super::kept::Kept;
use super::pace::Looked;
use super::service::Publish;
use super::standing::Follow;
use super::unix_s;
use crate::usage::Metrics;
use feed::{Read, Reader, Roots, Shown, State, View};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A file that could not be written is tried again with a whole bundle at most once in this time.
const MEND_EVERY: Duration = Duration::from_secs(60);

/// A server is asked for a whole bundle for its commit's sake at most once in this time.
const COMMIT_EVERY_MIN: Duration = Duration::from_secs(5);

/// What a gateway with a feed begins with.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) reader: Reader,
    /// What it shows.
    pub(crate) view: View,
    pub(crate) roots: Roots,
    /// The floor's bytes.
    pub(crate) floor: Vec<u8>,
    /// As `feed::kept::Begun` has it.
    pub(crate) kept_whole: Option<usize>,
    /// Bytes of all that is live.
    pub(crate) live: u64,
}

/// Reads, keeps and shows.
pub(super) struct Follower {
    reader: Reader,
    kept: Kept,
    follow: Arc<Follow>,
    publish: Publish,
    metrics: Arc<Metrics>,
    at_end: bool,
    told: Option<State>,
    told_failure: Option<String>,
    mended: Option<Instant>,
}

impl Follower {
    /// Writes down what it begins with.
    pub(super) fn new(
        beginning: Beginning,
        state_dir: Option<&Path>,
        follow: Arc<Follow>,
        publish: Publish,
        metrics: Arc<Metrics>,
    ) -> Follower {
        let Beginning {
            reader,
            view: _,
            roots,
            floor,
            kept_whole,
            live,
        } = beginning;
        Follower {
            reader,
            kept: Kept::begin(state_dir, roots, kept_whole, live, &floor),
            follow,
            publish,
            metrics,
            at_end: false,
            told: None,
            told_failure: None,
            mended: None,
        }
    }

    /// Whether the next look has to bring all, so that a file that could not be written is made good.
    pub(super) fn wants_whole(&self, now: Instant) -> bool {
        let is_soon = |last| now.saturating_duration_since(last) < MEND_EVERY;
        self.kept.is_broken() && !self.mended.is_some_and(is_soon)
    }

    /// Whether it is time to ask a server for all that it has, whatever it says has not changed: its tag may be the same as long as the revision is,
    /// and only a signed commit renews the age. `since`: when it last sent all.
    pub(super) fn wants_commit(&self, since: Duration) -> bool {
        let bound = self.follow.staleness_s_max();
        self.follow.reading(unix_s()).age_s > bound / 2
            && since >= Duration::from_secs(bound / 16).max(COMMIT_EVERY_MIN)
    }

    /// What came of a look.
    pub(super) fn looked(&mut self, brought: Result<Option<Content>, Failure>) -> Looked {
        let read = brought.and_then(|content| match content {
            None => Ok(true),
            Some(content) => self.read(content),
        });
        let (looked, failure) = match read {
            Ok(true) => (Looked::Good, None),
            Ok(false) => {
                let message =
                    "the bundle's end is not what is shown: it is older, cut off, or not this feed's";
                (Looked::Mismatch, Some(message.to_owned()))
            }
            Err(failure) => {
                let message = Some(failure.message().to_owned());
                match failure {
                    Failure::Unreachable(_) => (Looked::Unreachable, message),
                    Failure::Failed(_) => (Looked::Failed, message),
                }
            }
        };
        // A bundle that was read has its end, whatever stands there.
        self.at_end = matches!(looked, Looked::Good | Looked::Mismatch);
        self.tell_failure(failure.as_deref());
        self.follow.note(&self.reader, self.at_end, failure);
        // Counted once it is told, so that whoever sees the count finds the reason.
        if looked == Looked::Mismatch {
            self.metrics.policy_mismatched();
        }
        self.tell_state();
        looked
    }

    /// Whether its end is the view.
    fn read(&mut self, content: Content) -> Result<bool, Failure> {
        // The last line is the commit: where it only renews the view, nothing else has changed.
        if !self.wants_whole(Instant::now()) && self.renews(content.last_line()) {
            return Ok(true);
        }
        let bytes = content.whole()?;
        self.reader.restart();
        for line in bytes.split(|byte| *byte == b'\n') {
            self.renews(line);
        }
        let is_view = self.reader.is_at_view();
        if self.kept.is_broken() && is_view {
            self.mended = Some(Instant::now());
            self.kept.write_whole(&bytes);
            if !self.kept.is_broken() {
                tracing::info!("what is shown of the policy is kept over a restart again");
            }
        }
        Ok(is_view)
    }

    /// Reads a line; whether it only renews the age of what is shown.
    fn renews(&mut self, line: &[u8]) -> bool {
        let now = unix_s();
        match self.reader.line(line, now) {
            Read::Shown(shown) => self.show(&shown),
            Read::Renewed => {
                self.kept
                    .renew(self.reader.keyring_line(), line, Instant::now(), now);
                return true;
            }
            // What means nothing is told once for each bundle, by its mismatch.
            Read::Kept | Read::Keyring | Read::Ignored(_) => {}
        }
        false
    }

    /// First the disk: what was decided by once is never taken back by a kill.
    fn show(&mut self, shown: &Shown) {
        if !self.kept.show(shown, unix_s()) {
            self.metrics.policy_not_kept();
        }
        (self.publish)(shown);
        self.metrics.policy_applied();
        // The moment that it is in force is told, not only the end of the bundle.
        self.follow.note(&self.reader, self.at_end, None);
        let view = &shown.view;
        tracing::info!(
            epoch = view.epoch,
            revision = view.revision,
            changes = shown.changes.len(),
            "a revision of the policy is in force"
        );
    }

    /// A floor that took the place of the former one, and is of the same roots. The carrier begins again after it.
    pub(super) fn floor(&mut self, bytes: &[u8]) {
        match feed::kept::read_floor_anew(&mut self.reader, bytes, unix_s()) {
            Some(shown) => self.show(&shown),
            None => tracing::info!("the floor is not above what is in force, which stays"),
        }
        self.at_end = false;
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
            tracing::warn!(error, "the bundle is not taken; the policy stays as it is");
        }
        self.told_failure = failure.map(str::to_owned);
    }
}
