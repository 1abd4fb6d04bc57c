//! When a carrier is looked at next. Pure: chance is passed in.

use super::{FAILURE_PAUSE_MAX, LOOK_EVERY, MISMATCH_PAUSE, MISMATCH_PAUSE_MAX};
use std::time::Duration;

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// Its end is the view, or it is as it was.
    Good,
    /// Nobody answers, or there is no file. Asking costs little.
    Unreachable,
    /// What was answered is none.
    Failed,
    /// It was read, and its end is not the view.
    Mismatch,
}

/// How often in a row it went wrong.
#[derive(Debug, Default)]
pub(super) struct Pace {
    failures: u32,
    mismatches: u32,
}

impl Pace {
    /// The pause until the next look.
    pub(super) fn after(&mut self, looked: Looked, random: &mut fastrand::Rng) -> Duration {
        let pause = match looked {
            Looked::Good => {
                *self = Pace::default();
                LOOK_EVERY
            }
            Looked::Unreachable => LOOK_EVERY,
            Looked::Failed => doubled(LOOK_EVERY, &mut self.failures, FAILURE_PAUSE_MAX),
            Looked::Mismatch => doubled(MISMATCH_PAUSE, &mut self.mismatches, MISMATCH_PAUSE_MAX),
        };
        // By chance up to a fifth longer, so that a fleet does not look in step.
        pause.mul_f64(1.0 + random.f64() / 5.0)
    }
}

fn doubled(first: Duration, times: &mut u32, most: Duration) -> Duration {
    let pause = first.saturating_mul(1 << (*times).min(16)).min(most);
    *times = times.saturating_add(1);
    pause
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pace: &mut Pace, looked: Looked, seconds: u64) {
        let pause = pace.after(looked, &mut fastrand::Rng::with_seed(1));
        let least = Duration::from_secs(seconds);
        assert!(
            pause >= least && pause <= least.mul_f64(1.2),
            "{looked:?}: {pause:?}"
        );
    }

    #[test]
    fn what_goes_wrong_is_tried_again_later_and_later_and_good_begins_anew() {
        let mut pace = Pace::default();
        for seconds in [5, 10, 20, 40, 80, 160, 300, 300] {
            check(&mut pace, Looked::Mismatch, seconds);
        }
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            check(&mut pace, Looked::Failed, seconds);
        }
        check(&mut pace, Looked::Unreachable, 1);
        check(&mut pace, Looked::Mismatch, 300);
        check(&mut pace, Looked::Good, 1);
        check(&mut pace, Looked::Mismatch, 5);
    }
}
