//! When a carrier is looked at. Pure: clocks and chance are passed in.
//!
//! Two clocks, because either may be wrong: one counts no time while the function is frozen, the other is set back.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The first pause after a look that brought nothing, doubling up to the next.
const FAILURE_PAUSE_MS: u64 = 1_000;
const FAILURE_PAUSE_MS_MAX: u64 = 30_000;
/// A bundle whose end is not the view is read again after this long, doubling up to the next (feed.md §2, rule 2).
const MISMATCH_PAUSE_MS: u64 = 5_000;
const MISMATCH_PAUSE_MS_MAX: u64 = 300_000;

/// A moment, by two clocks, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Since 1970.
    pub(super) wall: u64,
    /// Since any beginning.
    pub(super) steady: u64,
}

impl Moment {
    /// Now; `origin` is any moment of the process.
    pub(super) fn now(origin: Instant) -> Moment {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Moment {
            // A clock before 1970 permits nothing that ends.
            wall: wall.map_or(u64::MAX, |wall| millis(wall.as_millis())),
            steady: millis(origin.elapsed().as_millis()),
        }
    }

    /// By whichever clock says more.
    pub(super) fn since(self, earlier: Moment) -> u64 {
        let wall = self.wall.saturating_sub(earlier.wall);
        wall.max(self.steady.saturating_sub(earlier.steady))
    }

    /// Unix seconds.
    pub(super) fn unix_s(self) -> u64 {
        self.wall / 1_000
    }
}

fn millis(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// Nothing happens for a while.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pause {
    from: Moment,
    ms: u64,
}

impl Pause {
    pub(super) fn new(from: Moment, ms: u64) -> Pause {
        Pause { from, ms }
    }

    pub(super) fn is_over(self, now: Moment) -> bool {
        now.since(self.from) >= self.ms
    }
}

/// When to look, and when to fetch.
#[derive(Debug)]
pub(super) struct Pace {
    sync_after_ms: u64,
    look: Option<Pause>,
    fetch: Option<Pause>,
    failures: u32,
    mismatches: u32,
}

impl Pace {
    pub(super) fn new(sync_after_ms: u64) -> Pace {
        Pace {
            sync_after_ms,
            look: None,
            fetch: None,
            failures: 0,
            mismatches: 0,
        }
    }

    pub(super) fn may_look(&self, now: Moment) -> bool {
        self.look.is_none_or(|pause| pause.is_over(now))
    }

    pub(super) fn may_fetch(&self, now: Moment) -> bool {
        self.fetch.is_none_or(|pause| pause.is_over(now))
    }

    /// A look that began then was answered.
    pub(super) fn answered(&mut self, begun: Moment) {
        self.failures = 0;
        self.look = Some(Pause::new(begun, self.sync_after_ms));
    }

    /// A look brought nothing, or nothing within its budget.
    pub(super) fn failed(&mut self, now: Moment, chance: f64) {
        let pause = doubled(FAILURE_PAUSE_MS, &mut self.failures, FAILURE_PAUSE_MS_MAX);
        self.look = Some(Pause::new(now, longer(pause, chance)));
    }

    /// A bundle was read, and its end is the view.
    pub(super) fn whole(&mut self) {
        self.mismatches = 0;
        self.fetch = None;
    }

    /// A bundle was read, and its end is not the view.
    pub(super) fn mismatched(&mut self, now: Moment, chance: f64) {
        let pause = doubled(MISMATCH_PAUSE_MS, &mut self.mismatches, MISMATCH_PAUSE_MS_MAX);
        self.fetch = Some(Pause::new(now, longer(pause, chance)));
    }
}

fn doubled(first: u64, times: &mut u32, most: u64) -> u64 {
    let pause = first.saturating_mul(1 << (*times).min(16)).min(most);
    *times = times.saturating_add(1);
    pause
}

/// By chance (0 to 1) up to a fifth longer, so that many functions do not look in step.
fn longer(pause: u64, chance: f64) -> u64 {
    let fifth = pause / 5;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a fifth of minutes"
    )]
    let more = (fifth as f64 * chance.clamp(0.0, 1.0)) as u64;
    pause + more
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: u64, steady: u64) -> Moment {
        Moment { wall, steady }
    }

    #[test]
    fn a_pause_is_over_by_whichever_clock_says_so() {
        let pause = Pause::new(at(10_000, 100), 1_000);
        assert!(!pause.is_over(at(10_999, 1_099)));
        assert!(
            pause.is_over(at(11_000, 100)),
            "frozen: the steady clock stood still"
        );
        assert!(pause.is_over(at(3_000, 1_100)), "the wall clock was set back");
        assert!(!pause.is_over(at(3_000, 1_099)));
    }

    fn check_failures(sync_after_ms: u64, expected: [u64; 7]) {
        let mut pace = Pace::new(sync_after_ms);
        let mut now = at(0, 0);
        assert!(pace.may_look(now));
        for pause in expected {
            pace.failed(now, 0.0);
            now = at(now.wall + pause - 1, 0);
            assert!(!pace.may_look(now), "{pause}");
            now = at(now.wall + 1, 0);
            assert!(pace.may_look(now), "{pause}");
        }
        pace.answered(now);
        assert_eq!(pace.may_look(now), sync_after_ms == 0);
        assert!(pace.may_look(at(now.wall + sync_after_ms, 0)));
    }

    #[test]
    fn after_failures_it_is_looked_later_and_later_however_long_an_answer_is_good_for() {
        check_failures(1_000, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        check_failures(0, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        check_failures(600_000, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    }

    #[test]
    fn a_bundle_that_does_not_hold_is_fetched_later_and_later() {
        let mut pace = Pace::new(0);
        let mut now = at(0, 0);
        for pause in [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000] {
            pace.mismatched(now, 1.0);
            let longer = pause + pause / 5;
            now = at(now.wall + longer - 1, 0);
            assert!(!pace.may_fetch(now), "{pause}");
            now = at(now.wall + 1, 0);
            assert!(pace.may_fetch(now), "{pause}");
        }
        pace.whole();
        assert!(pace.may_fetch(now));
        pace.mismatched(now, 0.0);
        assert!(pace.may_fetch(at(now.wall + 5_000, 0)));
    }
}
