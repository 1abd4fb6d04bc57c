//! When an issuer is asked for its keys, and which requests wait for the answer. Pure: the time is passed in, chance too.
//!
//! A request that waits is let go by the first fetch that began after it came: what that one does not find is not
//! there. An earlier one may have read the set just before the key was put into it.

use super::{BACKOFF_MAX, INTERVAL, JITTER_MAX, REFRESH, REFUTED_FOR, REFUTED_MAX};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The id of a key, as a token names it; `None`: it names none.
pub(super) type Kid = Option<Box<str>>;

/// One issuer's schedule. `W` is what lets a waiting request go when it is dropped or sent to.
#[derive(Debug)]
pub(super) struct Schedule<W> {
    /// Whether there are keys: inline, from the disk, or fetched.
    has_keys: bool,
    /// When the fetch under way began.
    under_way: Option<Instant>,
    /// The next one may not begin before this.
    not_before: Option<Instant>,
    /// When the next one begins though nobody asks.
    planned: Option<Instant>,
    /// Whether the fetch at start is still to come; it does not count.
    is_fresh: bool,
    failures: u32,
    refuted: HashMap<Kid, Instant>,
    waiters: Vec<Waiter<W>>,
}

#[derive(Debug)]
struct Waiter<W> {
    kid: Kid,
    asked: Instant,
    release: W,
}

impl<W> Schedule<W> {
    /// For an issuer with or without keys. `eager`: it is fetched at once.
    pub(super) fn new(has_keys: bool, eager: bool, now: Instant) -> Schedule<W> {
        Schedule {
            has_keys,
            under_way: None,
            not_before: None,
            planned: eager.then_some(now),
            is_fresh: eager,
            failures: 0,
            refuted: HashMap::new(),
            waiters: Vec::new(),
        }
    }

    /// A request wants this key. It waits, or comes back at once: the key was looked for just now and is not there, or
    /// the issuer, which has no keys at all, failed just now.
    pub(super) fn ask(&mut self, kid: Kid, release: W, now: Instant) -> Result<(), W> {
        if self.refuted.get(&kid).is_some_and(|until| *until > now) {
            return Err(release);
        }
        let failed_just_now = self.failures > 0 && self.under_way.is_none() && !self.may_begin(now);
        if !self.has_keys && failed_just_now {
            return Err(release);
        }
        self.waiters.push(Waiter {
            kid,
            asked: now,
            release,
        });
        Ok(())
    }

    /// Whether a fetch is to begin.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due_at(now).is_some_and(|at| at <= now)
    }

    /// When a fetch is to begin next, as far as is known.
    pub(super) fn due_at(&self, now: Instant) -> Option<Instant> {
        if self.under_way.is_some() {
            return None;
        }
        let wanted = if self.waiters.is_empty() {
            self.planned?
        } else {
            now
        };
        Some(
            self.not_before
                .map_or(wanted, |not_before| wanted.max(not_before)),
        )
    }

    fn may_begin(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|not_before| not_before <= now)
    }

    /// A fetch begins.
    pub(super) fn begin(&mut self, now: Instant, random: &mut fastrand::Rng) {
        self.under_way = Some(now);
        self.planned = None;
        if !std::mem::take(&mut self.is_fresh) {
            self.not_before = Some(now + INTERVAL + part_of(JITTER_MAX, random));
        }
    }

    /// The fetch ended, with these key ids where it succeeded; the new set holds by now. Gives back who waits no longer.
    pub(super) fn end(&mut self, kids: Option<&[Kid]>, now: Instant, random: &mut fastrand::Rng) -> Vec<W> {
        let began = self.under_way.take().unwrap_or(now);
        match kids {
            Some(_) => {
                self.has_keys = true;
                self.failures = 0;
                self.planned = Some(now + REFRESH.mul_f64(0.9) + part_of(REFRESH.mul_f64(0.2), random));
            }
            None => {
                self.failures = self.failures.saturating_add(1);
                let pause = INTERVAL.saturating_mul(1 << self.failures.saturating_sub(1).min(8));
                self.planned = Some(now + pause.min(BACKOFF_MAX) + part_of(JITTER_MAX, random));
            }
        }
        self.refuted
            .retain(|kid, until| *until > now && !is_in(kids, kid));
        let (done, waiting) = std::mem::take(&mut self.waiters)
            .into_iter()
            .partition(|waiter: &Waiter<W>| waiter.asked <= began || is_in(kids, &waiter.kid));
        self.waiters = waiting;
        let mut released = Vec::new();
        for Waiter { kid, release, .. } in done {
            if kids.is_some() && !is_in(kids, &kid) && self.refuted.len() < REFUTED_MAX {
                self.refuted.insert(kid, began + REFUTED_FOR);
            }
            released.push(release);
        }
        released
    }

    /// Forgets requests that are gone.
    pub(super) fn forget(&mut self, is_gone: impl Fn(&W) -> bool) {
        self.waiters.retain(|waiter| !is_gone(&waiter.release));
    }
}

fn is_in(kids: Option<&[Kid]>, kid: &Kid) -> bool {
    kids.is_some_and(|kids| kids.contains(kid))
}

fn part_of(most: Duration, random: &mut fastrand::Rng) -> Duration {
    most.mul_f64(random.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A schedule, a clock in milliseconds, and what is asked of both.
    struct Scene {
        schedule: Schedule<&'static str>,
        start: Instant,
        random: fastrand::Rng,
    }

    impl Scene {
        fn new(has_keys: bool, eager: bool) -> Scene {
            let start = Instant::now();
            Scene {
                schedule: Schedule::new(has_keys, eager, start),
                start,
                random: fastrand::Rng::with_seed(5),
            }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        fn ask(&mut self, kid: &'static str, ms: u64) -> bool {
            self.schedule.ask(Some(kid.into()), kid, self.at(ms)).is_ok()
        }

        fn is_due(&self, ms: u64) -> bool {
            self.schedule.is_due(self.at(ms))
        }

        fn begin(&mut self, ms: u64) {
            assert!(self.is_due(ms), "a fetch that is not due at {ms} ms");
            let now = self.at(ms);
            self.schedule.begin(now, &mut self.random);
        }

        fn end(&mut self, kids: Option<&[&str]>, ms: u64) -> Vec<&'static str> {
            let kids = kids.map(|kids| kids.iter().map(|kid| Some((*kid).into())).collect::<Vec<_>>());
            let now = self.at(ms);
            self.schedule.end(kids.as_deref(), now, &mut self.random)
        }
    }

    #[test]
    fn the_fetch_at_start_does_not_count_and_those_after_it_do() {
        let mut scene = Scene::new(false, true);
        scene.begin(0);
        assert!(scene.end(Some(&["a"]), 10).is_empty());
        assert!(scene.ask("b", 11));
        scene.begin(11);
        assert_eq!(scene.end(Some(&["a"]), 20), ["b"]);
        assert!(scene.ask("c", 21));
        assert!(!scene.is_due(5_000));
        assert!(scene.is_due(5_511), "interval and jitter are over");
    }

    #[test]
    fn a_fetch_that_began_earlier_refutes_nothing() {
        let mut scene = Scene::new(true, true);
        scene.begin(0);
        assert!(scene.ask("new", 5));
        assert!(
            scene.end(Some(&["old"]), 10).is_empty(),
            "the set may have been read before the rotation"
        );
        scene.begin(10);
        assert_eq!(scene.end(Some(&["old", "new"]), 20), ["new"]);
        assert!(scene.ask("other", 30));
    }

    #[test]
    fn a_key_that_comes_with_an_earlier_fetch_is_not_waited_for_any_longer() {
        let mut scene = Scene::new(true, true);
        scene.begin(0);
        assert!(scene.ask("new", 5));
        assert!(scene.ask("other", 5));
        assert_eq!(scene.end(Some(&["new"]), 10), ["new"]);
    }

    #[test]
    fn what_was_not_found_is_refused_at_once_for_a_while_and_then_asked_for_again() {
        let mut scene = Scene::new(true, false);
        assert!(!scene.is_due(0), "nobody asks");
        assert!(scene.ask("x", 0));
        scene.begin(0);
        assert_eq!(scene.end(Some(&["a"]), 10), ["x"]);
        assert!(!scene.ask("x", 4_999));
        assert!(scene.ask("x", 5_000));
        scene.begin(5_511);
        assert_eq!(scene.end(Some(&["a", "x"]), 5_520), ["x"]);
    }

    #[test]
    fn failures_keep_what_is_there_and_are_tried_again_ever_more_rarely() {
        let mut scene = Scene::new(true, true);
        scene.begin(0);
        assert!(scene.end(None, 10).is_empty());
        let mut now = 10;
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let due = scene.schedule.due_at(scene.at(now)).expect("it is tried again");
            let next = u64::try_from((due - scene.start).as_millis()).unwrap() + 1;
            pauses.push(next - now);
            scene.begin(next);
            scene.end(None, next);
            now = next;
        }
        assert!(pauses[0] >= 5_000 && pauses[0] < 5_600, "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= 60_600), "{pauses:?}");
        assert!(*pauses.last().unwrap() >= 60_000, "{pauses:?}");
    }

    #[test]
    fn nobody_waits_for_an_issuer_that_never_answered_and_failed_just_now() {
        let mut scene = Scene::new(false, true);
        assert!(scene.ask("a", 0), "the first fetch is still to come");
        scene.begin(0);
        assert!(scene.ask("b", 5), "and now under way");
        assert_eq!(scene.end(None, 10), ["a"]);
        scene.begin(10);
        assert_eq!(scene.end(None, 20), ["b"]);
        assert!(!scene.ask("c", 30));
        assert!(scene.ask("c", 5_600), "the next one may begin");
    }

    #[test]
    fn however_many_ask_fetches_stay_apart() {
        let mut scene = Scene::new(true, true);
        let kids: Vec<&'static str> = (0..20_000)
            .map(|number: u32| &*Box::leak(number.to_string().into_boxed_str()))
            .collect();
        let (mut fetches, mut ends) = (Vec::new(), None);
        for (ms, kid) in (0..).zip(kids) {
            scene.ask(kid, ms);
            if ends == Some(ms) {
                scene.end(Some(&["a"]), ms);
                ends = None;
            }
            if scene.is_due(ms) {
                scene.begin(ms);
                fetches.push(ms);
                ends = Some(ms + 3);
            }
        }
        assert!(fetches.len() <= 5, "{fetches:?}");
        assert!(
            fetches[1..].windows(2).all(|pair| pair[1] - pair[0] >= 5_000),
            "{fetches:?}"
        );
        assert!(scene.schedule.refuted.len() <= REFUTED_MAX);
    }
}
