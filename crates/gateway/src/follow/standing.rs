//! What may be said of the policy that is followed: where it stands, how old it is, and whether requests are still decided by it.
//!
//! Written by the follower; read by the operator's port, by metrics, by reports, and, where stale policy is denied, by each request.

use super::applied::{Applied, Ring};
use super::beginning::Beginning;
use crate::configuration::Feed;
use feed::{Bounds, Reader, State, View};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Age is reckoned when somebody asks.
const NEVER_OLD: Bounds = Bounds {
    staleness_s_max: u64::MAX,
};

/// Until when requests are decided by a policy that has an end, in Unix seconds.
#[derive(Debug)]
pub(crate) struct Gate(AtomicU64);

impl Gate {
    /// Whether the policy is too old to decide on.
    pub(crate) fn is_closed(&self, unix_s: u64) -> bool {
        unix_s > self.0.load(Ordering::Relaxed)
    }
}

/// A feed that is followed, as others see it.
#[derive(Debug)]
pub struct Follow {
    feed: Arc<Feed>,
    /// Where what is too old is denied.
    gate: Option<Arc<Gate>>,
    standing: Mutex<Standing>,
    applied: Mutex<Ring>,
    mismatches: AtomicU64,
    not_kept: AtomicU64,
    /// A view was put in force.
    put_in_force: Notify,
}

/// Where it stands.
#[derive(Debug, Clone)]
struct Standing {
    view: View,
    /// By its reader, were it never too old.
    state: State,
    /// A feed said it, at some time.
    is_heard: bool,
    /// A carrier brought it since the start.
    is_reached: bool,
    /// Why the last look brought nothing.
    failure: Option<String>,
}

/// What is told of it at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Seconds since the policy was known to be the newest.
    pub age_s: u64,
    /// Its epoch.
    pub epoch: u64,
    /// Its revision.
    pub revision: u64,
    /// Where it stands.
    pub state: State,
    /// Where it came from: `floor`, `last_known_good` or `feed`.
    pub source: &'static str,
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Revisions that were put in force.
    pub applied: u64,
    /// Times that a carrier's end was not what is shown.
    pub mismatches: u64,
    /// Revisions that could not be written down before they were in force.
    pub not_kept: u64,
}

impl Follow {
    /// Of what is begun with, by the bounds of `feed`.
    pub fn new(feed: Arc<Feed>, beginning: &Beginning) -> Follow {
        let reader = &beginning.reader;
        let standing = Standing {
            view: beginning.view.clone(),
            state: reader.state(false, NEVER_OLD, 0),
            is_heard: reader.is_heard(),
            is_reached: false,
            failure: None,
        };
        let gate = Gate(AtomicU64::new(standing.decides_until(&feed)));
        Follow {
            gate: feed.deny_floor_s_max.is_some().then(|| Arc::new(gate)),
            feed,
            standing: Mutex::new(standing),
            applied: Mutex::default(),
            mismatches: AtomicU64::new(0),
            not_kept: AtomicU64::new(0),
            put_in_force: Notify::new(),
        }
    }

    /// For requests.
    pub(crate) fn gate(&self) -> Option<Arc<Gate>> {
        self.gate.clone()
    }

    /// What the reader says now. `at_end`: the last look brought the end, or that nothing has changed.
    pub(super) fn note(&self, reader: &Reader, at_end: bool, failure: Option<String>) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = reader.view() {
            standing.view = view.clone();
        }
        standing.state = reader.state(at_end, NEVER_OLD, 0);
        standing.is_heard = reader.is_heard();
        standing.is_reached |= at_end && reader.is_at_view();
        standing.failure = failure;
        if let Some(gate) = &self.gate {
            gate.0
                .store(standing.decides_until(&self.feed), Ordering::Relaxed);
        }
    }

    /// How old what the feed said may get, in seconds.
    pub(super) fn staleness_s_max(&self) -> u64 {
        self.feed.staleness_s_max
    }

    /// As it is `now`, in Unix seconds.
    pub fn reading(&self, now: u64) -> Reading {
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        Reading {
            age_s: standing.view.age_s(now),
            epoch: standing.view.epoch,
            revision: standing.view.revision,
            state: standing.state(&self.feed, now),
            source: standing.source(),
        }
    }

    /// A view is in force everywhere in this process since `at_ms`.
    pub(super) fn applied(&self, view: &View, at_ms: u64) {
        self.ring().put(view.epoch, view.revision, at_ms);
        self.put_in_force.notify_one();
    }

    /// Waits until a view is put in force, or returns at once where one was since this was waited for last. One waits at a time.
    pub(crate) async fn put_in_force(&self) {
        self.put_in_force.notified().await;
    }

    pub(super) fn mismatched(&self) {
        self.mismatches.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn not_kept(&self) {
        self.not_kept.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        Counts {
            applied: self.ring().count(),
            mismatches: self.mismatches.load(Ordering::Relaxed),
            not_kept: self.not_kept.load(Ordering::Relaxed),
        }
    }

    /// The revisions that were put in force behind the one of this number (0: all), oldest first; at most the last 256.
    pub fn applied_behind(&self, number: u64) -> Vec<Applied> {
        self.ring().behind(number)
    }

    /// When the revision in force was put in force, Unix milliseconds; absent where it is the one that was begun with.
    pub fn applied_at_ms(&self) -> Option<u64> {
        self.ring().last().map(|applied| applied.at_ms)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to what `/ready` says of policy.
    pub fn show(&self, now: u64, shown: &mut Map<String, Value>) {
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let view = &standing.view;
        shown.insert("source".to_owned(), standing.source().into());
        shown.insert("state".to_owned(), standing.state(&self.feed, now).word().into());
        shown.insert("epoch".to_owned(), view.epoch.into());
        shown.insert("revision".to_owned(), view.revision.into());
        shown.insert("age_s".to_owned(), view.age_s(now).into());
        // Of what was begun with nobody knows.
        shown.insert("applied_at_ms".to_owned(), json!(self.applied_at_ms()));
        // What the publisher's clock is ahead by.
        if view.at > view.fresh_at {
            shown.insert("skew_s".to_owned(), (view.at - view.fresh_at).into());
        }
        shown.insert("denied".to_owned(), standing.is_denied(&self.feed, now).into());
        shown.insert("last_error".to_owned(), json!(standing.failure));
    }
}

impl Standing {
    fn source(&self) -> &'static str {
        match (self.is_heard, self.is_reached) {
            (false, _) => "floor",
            (true, false) => "last_known_good",
            (true, true) => "feed",
        }
    }

    fn state(&self, feed: &Feed, now: u64) -> State {
        let is_old = self.is_heard && self.view.age_s(now) > feed.staleness_s_max;
        match self.state {
            State::Forked => State::Forked,
            _ if is_old => State::Stale,
            state => state,
        }
    }

    /// What a feed said ages by one bound, what a floor alone said by the other.
    fn decides_until(&self, feed: &Feed) -> u64 {
        let bound = match (self.is_heard, feed.deny_floor_s_max) {
            (true, _) => feed.staleness_s_max,
            (false, floor_s_max) => floor_s_max.unwrap_or(u64::MAX),
        };
        self.view.fresh_at.saturating_add(bound)
    }

    fn is_denied(&self, feed: &Feed, now: u64) -> bool {
        feed.deny_floor_s_max.is_some() && now > self.decides_until(feed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::{Bundle, Carrier};
    use std::time::Duration;

    const AT: u64 = 1_000_000;

    fn check(is_heard: bool, state: State, age_s: u64, expected: (State, bool)) {
        let feed = Feed {
            floor: "f".into(),
            carrier: Carrier::Bundle(Bundle::File("b".into())),
            wait: Duration::ZERO,
            staleness_s_max: 60,
            deny_floor_s_max: Some(600),
        };
        let standing = Standing {
            view: View {
                epoch: 1,
                revision: 2,
                at: AT,
                digest: feed::FeedDigest::parse(&"0".repeat(64)).unwrap(),
                fresh_at: AT,
            },
            state,
            is_heard,
            is_reached: false,
            failure: None,
        };
        let now = AT + age_s;
        let gate = Gate(AtomicU64::new(standing.decides_until(&feed)));
        assert_eq!((standing.state(&feed, now), gate.is_closed(now)), expected);
        assert_eq!(standing.is_denied(&feed, now), gate.is_closed(now));
        let serving = Feed {
            deny_floor_s_max: None,
            ..feed
        };
        assert!(!standing.is_denied(&serving, now));
    }

    #[test]
    fn what_a_feed_said_and_what_a_floor_said_age_by_their_own_bounds() {
        check(true, State::Live, 60, (State::Live, false));
        check(true, State::Live, 61, (State::Stale, true));
        check(true, State::CatchingUp, 61, (State::Stale, true));
        check(true, State::Forked, 61, (State::Forked, true));
        check(false, State::Floor, 600, (State::Floor, false));
        check(false, State::Floor, 601, (State::Floor, true));
    }
}
