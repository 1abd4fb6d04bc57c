//! What is in force and where it stands: changed by what a carrier brings, asked before each answer.
//!
//! Nothing here waits or opens anything.

#[cfg(feature = "kafka")]
use super::LOG_SILENCE_MS_MAX;
use super::carrier::Coming;
use super::fault::Failure;
use super::pace::{Moment, Pace};
use super::reading::{Looked, Reading};
use super::report::{Identity, Standing, Told};
use super::uses::Uses;
use crate::authorizer::Authorizer;
#[cfg(feature = "kafka")]
use crate::settings::Bundle;
use crate::settings::Following;
use feed::{Bounds, Changes, State};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is said of a topic that cannot be shown.
#[cfg(feature = "kafka")]
const OTHERWISE: &str =
    "the end of the topic is not what is shown: it is older, incomplete, or not this feed's";

/// What an exchange changes.
pub(super) struct Shared {
    pub(super) authorizer: Authorizer,
    pub(super) following: Option<(Following, Reading)>,
    pub(super) pace: Pace,
    /// What the portal was not told yet.
    pub(super) uses: Uses,
    /// Of a floor that nobody follows: epoch, revision and when it was made.
    pub(super) floor: (u64, u64, u64),
    /// When something came last, and how often something did.
    pub(super) progress: (Moment, u64),
    pub(super) say: Box<dyn Fn(&str) + Send>,
    pub(super) told_failure: Option<String>,
    pub(super) told_state: State,
}

/// For as long as one thing is read or changed.
pub(super) fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn came(&mut self, now: Moment) {
        self.progress = (now, self.progress.1 + 1);
    }

    /// The commit was looked at; what is wanted of the bundle, where it is another one: from which byte on.
    pub(super) fn commit(&mut self, commit: &[u8], now: Moment) -> Option<Option<(u64, String)>> {
        self.came(now);
        let (_, reading) = self.following.as_mut()?;
        let (looked, changes) = reading.commit(commit, now.wall);
        self.show(changes);
        let (_, reading) = self.following.as_mut()?;
        if looked == Looked::View {
            self.pace.whole();
            return None;
        }
        let rest = reading.rest().map(|(from, tag)| (from, tag.to_owned()));
        self.pace.may_fetch(now).then_some(rest)
    }

    pub(super) fn begin(&mut self, coming: &Coming, now: Moment) {
        self.came(now);
        if let Some((_, reading)) = &mut self.following
            && !coming.is_rest
        {
            reading.begin(coming.tag.as_deref());
        }
    }

    pub(super) fn take(&mut self, piece: &[u8], now: Moment) {
        self.came(now);
        let shown = match &mut self.following {
            Some((_, reading)) => reading.take(piece, now.wall),
            None => Vec::new(),
        };
        for changes in shown {
            self.show(Some(changes));
        }
    }

    pub(super) fn end(&mut self, now: Moment) {
        self.came(now);
        let Some((_, reading)) = &mut self.following else {
            return;
        };
        let (is_view, changes) = reading.end(now.wall);
        self.show(changes);
        if is_view {
            self.pace.whole();
            return;
        }
        self.pace.mismatched(now, fastrand::f64());
        self.tell_failure(Some(
            "the bundle's end is not what is shown: it is older, cut off, or not this feed's".to_owned(),
        ));
    }

    pub(super) fn answered(&mut self, begun: Moment) {
        self.pace.answered(begun);
        let is_view = |(_, reading): &(Following, Reading)| reading.reader().is_at_view();
        if self.following.as_ref().is_some_and(is_view) {
            self.tell_failure(None);
        }
    }

    pub(super) fn failed(&mut self, failure: &Failure, now: Moment) {
        self.pace.failed(now, fastrand::f64());
        if let Some((_, reading)) = &mut self.following {
            reading.failed();
        }
        self.tell_failure(Some(failure.to_string()));
    }

    /// In force from here on.
    pub(super) fn show(&mut self, changes: Option<Changes>) {
        let (Some(changes), Some((_, reading))) = (changes, &self.following) else {
            return;
        };
        let (epoch, revision) = (reading.view().epoch, reading.view().revision);
        let (policy, _) = feed::apply(self.authorizer.policy(), &changes);
        let fits = self.authorizer.follow(policy, revision);
        (self.say)(&format!("revision {revision} of epoch {epoch} is in force"));
        if let Err(error) = fits {
            (self.say)(&format!(
                "every request is refused with policy_unsupported: {error}"
            ));
        }
    }

    /// Whether it is older than it may get, whoever said it.
    pub(super) fn is_old(&self, now: Moment) -> bool {
        self.following.as_ref().is_some_and(|(following, reading)| {
            reading.view().age_s(now.unix_s()) > following.staleness_s_max
        })
    }

    /// What is said of the policy with the next answer.
    pub(super) fn stand(&mut self, now: Moment) {
        #[cfg(feature = "kafka")]
        self.look_at_log(now);
        let Some((following, reading)) = &self.following else {
            return;
        };
        let bounds = Bounds {
            staleness_s_max: following.staleness_s_max,
        };
        let state = reading.reader().state(reading.is_at_end(), bounds, now.unix_s());
        let age_s = reading.view().age_s(now.unix_s());
        let is_denied = following.deny_floor_s_max.is_some_and(|floor_s_max| {
            // What a feed said ages by one bound, what a floor alone said by the other.
            let bound = match reading.reader().is_heard() {
                true => following.staleness_s_max,
                false => floor_s_max,
            };
            age_s > bound
        });
        self.authorizer.stand(state, is_denied);
        if std::mem::replace(&mut self.told_state, state) != state {
            (self.say)(&format!("the policy is {}, {age_s} s old", state.word()));
        }
    }

    pub(super) fn tell_failure(&mut self, failure: Option<String>) {
        if self.told_failure == failure {
            return;
        }
        if let Some(failure) = &failure {
            let variable = match &self.following {
                Some((following, _)) => following.bundle.variable(),
                None => "",
            };
            (self.say)(&format!("{variable}: {failure}; the policy stays as it is"));
        }
        self.told_failure = failure;
    }

    pub(super) fn report(&self, identity: &Identity, now: Moment) -> (String, Told) {
        let (standing, applied) = match &self.following {
            Some((following, reading)) => {
                let bounds = Bounds {
                    staleness_s_max: following.staleness_s_max,
                };
                let (reader, view) = (reading.reader(), reading.view());
                let standing = Standing {
                    state: reader.state(reading.is_at_end(), bounds, now.unix_s()).word(),
                    source: if reader.is_heard() { "feed" } else { "floor" },
                    epoch: view.epoch,
                    revision: view.revision,
                    age_s: view.age_s(now.unix_s()),
                };
                (standing, reading.applied())
            }
            None => {
                let (epoch, revision, at) = self.floor;
                let standing = Standing {
                    state: State::Floor.word(),
                    source: "floor",
                    epoch,
                    revision,
                    age_s: now.unix_s().saturating_sub(at),
                };
                (standing, Vec::new())
            }
        };
        let told = Told {
            applied,
            uses: self.uses.all(),
        };
        (identity.report(standing, &told, now), told)
    }

    /// The portal has taken a report with these.
    pub(super) fn told(&mut self, told: &Told) {
        if let Some((_, reading)) = &mut self.following {
            reading.told(&told.applied);
        }
        self.uses.told(&told.uses);
    }
}

#[cfg(feature = "kafka")]
impl Shared {
    /// A log is read from its start.
    pub(super) fn begin_log(&mut self) {
        if let Some((_, reading)) = &mut self.following {
            reading.begin_log();
        }
    }

    /// One record of a log; whether it can be gone on with.
    pub(super) fn record(&mut self, key: &str, value: Option<&[u8]>, now: Moment) -> bool {
        let Some((_, reading)) = &mut self.following else {
            return true;
        };
        let (changes, is_full) = reading.record(key, value, now.wall);
        self.show(changes);
        if is_full {
            self.log_pauses(OTHERWISE, now);
        }
        !is_full
    }

    /// A log is read to an end that it had after `asked`; whether it can be gone on with.
    pub(super) fn log_ended(&mut self, asked: Moment, now: Moment) -> bool {
        self.came(asked);
        let is_view = self
            .following
            .as_mut()
            .is_some_and(|(_, reading)| reading.end_log());
        if is_view {
            self.pace.whole();
            self.tell_failure(None);
        } else {
            self.log_pauses(OTHERWISE, now);
        }
        is_view
    }

    /// A log is read from its start again, after a while.
    pub(super) fn log_pauses(&mut self, why: &str, now: Moment) {
        self.pace.mismatched(now, fastrand::f64());
        self.log_failed(why.to_owned());
    }

    /// A log cannot be read from for now.
    pub(super) fn log_failed(&mut self, why: String) {
        if let Some((_, reading)) = &mut self.following {
            reading.failed();
        }
        self.tell_failure(Some(why));
    }

    /// A process that was frozen does not know what it missed: its log is at its end once that was asked for anew.
    fn look_at_log(&mut self, now: Moment) {
        let is_silent = now.since(self.progress.0) > LOG_SILENCE_MS_MAX;
        if let Some((following, reading)) = &mut self.following
            && matches!(following.bundle, Bundle::Topic(_))
            && is_silent
        {
            reading.failed();
        }
    }
}
