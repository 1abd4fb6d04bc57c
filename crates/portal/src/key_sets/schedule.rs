//! When each issuer is asked for its keys. Pure: the time is passed in, chance too.
//!
//! What is known of an issuer is in the database, so that a portal that takes over goes on where another one was; here is only when.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// After the first failure. Doubled with each, up to `BACKOFF_MAX`.
const BACKOFF: Duration = Duration::from_secs(5);
/// The longest pause after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// After an attempt of which nothing could be written down.
const AGAIN: Duration = Duration::from_secs(5);

/// A key set that is followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Followed {
    pub(crate) environment: String,
    /// The issuer's id.
    pub(crate) issuer: String,
    pub(crate) jwks_uri: String,
}

/// How asking went so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Attempts of which the end was written down.
    pub(crate) attempts: i64,
    /// Failures since the last success.
    pub(crate) failures: i64,
    /// When the last attempt ended, in Unix seconds.
    pub(crate) ended_at: i64,
}

/// All that are followed, and when.
#[derive(Debug)]
pub(super) struct Schedule {
    refresh: Duration,
    turns: HashMap<Followed, Turn>,
}

#[derive(Debug)]
struct Turn {
    attempts: i64,
    due: Instant,
    is_under_way: bool,
}

impl Schedule {
    pub(super) fn new(refresh: Duration) -> Schedule {
        Schedule {
            refresh,
            turns: HashMap::new(),
        }
    }

    /// Follows exactly these from now on. `now_s`: Unix seconds; `chance`: 0 to 1, another one each time.
    pub(super) fn follow(
        &mut self,
        all: Vec<(Followed, Standing)>,
        now: Instant,
        now_s: i64,
        mut chance: impl FnMut() -> f64,
    ) {
        let mut before = std::mem::take(&mut self.turns);
        for (followed, standing) in all {
            let known = before.remove(&followed);
            let turn = match known {
                Some(turn) if turn.attempts == standing.attempts => turn,
                // New, or asked meanwhile: by this portal or another one, or because somebody wanted it.
                other => Turn {
                    attempts: standing.attempts,
                    due: now + left(standing, self.refresh, now_s, chance()),
                    is_under_way: other.is_some_and(|turn| turn.is_under_way),
                },
            };
            self.turns.insert(followed, turn);
        }
    }

    /// At most so many whose turn it is, the longest due first. They are under way from now on.
    pub(super) fn begin(&mut self, now: Instant, at_most: usize) -> Vec<(Followed, i64)> {
        let turns = self.turns.iter_mut();
        let mut due: Vec<_> = turns
            .filter(|(_, turn)| !turn.is_under_way && turn.due <= now)
            .collect();
        due.sort_by(|(a, one), (b, other)| (one.due, a).cmp(&(other.due, b)));
        due.truncate(at_most);
        let begun = due.into_iter().map(|(followed, turn)| {
            turn.is_under_way = true;
            (followed.clone(), turn.attempts)
        });
        begun.collect()
    }

    /// An attempt is over. Where its end was written down, the next [`Schedule::follow`] says when the next one is.
    pub(super) fn end(&mut self, followed: &Followed, now: Instant) {
        if let Some(turn) = self.turns.get_mut(followed) {
            turn.is_under_way = false;
            turn.due = now + AGAIN;
        }
    }
}

/// How long it is until the next attempt.
fn left(standing: Standing, refresh: Duration, now_s: i64, chance: f64) -> Duration {
    if standing.attempts == 0 {
        return Duration::ZERO;
    }
    let pause = match u32::try_from(standing.failures) {
        // A tenth more or less, so that issuers that came together are not asked together for ever.
        Ok(0) | Err(_) => refresh.mul_f64(0.2_f64.mul_add(chance, 0.9)),
        Ok(failures) => {
            let doubled = BACKOFF.saturating_mul(1 << (failures - 1).min(8));
            doubled
                .min(BACKOFF_MAX)
                .min(refresh)
                .mul_f64(0.1_f64.mul_add(chance, 1.0))
        }
    };
    // A clock that was set back does not put it off, and one that was set forward brings it at once and once.
    let since = u64::try_from(now_s - standing.ended_at).unwrap_or(0);
    pause.saturating_sub(Duration::from_secs(since))
}

#[cfg(test)]
mod tests {
    //! A schedule, and a clock in seconds.

    use super::*;

    const REFRESH: Duration = Duration::from_secs(300);

    struct Scene {
        schedule: Schedule,
        start: Instant,
    }

    impl Scene {
        fn new() -> Scene {
            Scene {
                schedule: Schedule::new(REFRESH),
                start: Instant::now(),
            }
        }

        fn at(&self, s: u64) -> Instant {
            self.start + Duration::from_secs(s)
        }

        /// The database says this at this second; the clock on the wall says the same.
        fn follow(&mut self, all: &[(&str, i64, i64, i64)], s: u64) {
            let all = all.iter().map(|(issuer, attempts, failures, ended_at)| {
                let standing = Standing {
                    attempts: *attempts,
                    failures: *failures,
                    ended_at: *ended_at,
                };
                (followed(issuer), standing)
            });
            let (all, now) = (all.collect(), self.at(s));
            self.schedule.follow(all, now, i64::try_from(s).unwrap(), || 0.5);
        }

        fn begin(&mut self, s: u64) -> Vec<String> {
            let now = self.at(s);
            let begun = self.schedule.begin(now, 8).into_iter();
            begun.map(|(followed, _)| followed.issuer).collect()
        }

        fn end(&mut self, issuer: &str, s: u64) {
            let now = self.at(s);
            self.schedule.end(&followed(issuer), now);
        }
    }

    fn followed(issuer: &str) -> Followed {
        Followed {
            environment: "prod".to_owned(),
            issuer: issuer.to_owned(),
            jwks_uri: "https://i.example/keys".to_owned(),
        }
    }

    #[test]
    fn a_new_one_is_asked_at_once_and_then_regularly() {
        let mut scene = Scene::new();
        scene.follow(&[("a", 0, 0, 0)], 1_000);
        assert_eq!(scene.begin(1_000), ["a"]);
        assert!(scene.begin(1_001).is_empty(), "it is under way");
        scene.end("a", 1_001);
        scene.follow(&[("a", 1, 0, 1_001)], 1_002);
        assert!(scene.begin(1_300).is_empty());
        assert_eq!(scene.begin(1_301), ["a"]);
    }

    #[test]
    fn one_that_somebody_else_asked_waits_from_then_on() {
        let mut scene = Scene::new();
        scene.follow(&[("a", 7, 0, 900)], 1_000);
        assert!(scene.begin(1_199).is_empty());
        scene.follow(&[("a", 8, 0, 1_199)], 1_200);
        assert!(scene.begin(1_498).is_empty());
        assert_eq!(scene.begin(1_499), ["a"]);
    }

    #[test]
    fn failures_are_tried_again_ever_more_rarely() {
        let pauses: Vec<u64> = (1..=8)
            .map(|failures| {
                let standing = Standing {
                    attempts: failures,
                    failures,
                    ended_at: 0,
                };
                left(standing, REFRESH, 0, 0.0).as_secs()
            })
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60, 60, 60]);
        let often = Standing {
            attempts: 1,
            failures: 5,
            ended_at: 0,
        };
        assert_eq!(
            left(often, BACKOFF, 0, 0.0),
            BACKOFF,
            "never more rarely than otherwise"
        );
    }

    #[test]
    fn what_could_not_be_written_down_is_tried_again() {
        let mut scene = Scene::new();
        scene.follow(&[("a", 3, 0, 0)], 1_000);
        assert_eq!(scene.begin(1_000), ["a"]);
        scene.end("a", 1_001);
        scene.follow(&[("a", 3, 0, 0)], 1_002);
        assert!(scene.begin(1_005).is_empty());
        assert_eq!(scene.begin(1_006), ["a"]);
    }

    #[test]
    fn a_clock_that_jumps_neither_floods_nor_forgets() {
        let standing = |ended_at| Standing {
            attempts: 1,
            failures: 0,
            ended_at,
        };
        assert_eq!(left(standing(1_000_000), REFRESH, 0, 0.5), REFRESH);
        assert_eq!(left(standing(0), REFRESH, 1_000_000, 0.5), Duration::ZERO);
    }

    #[test]
    fn few_at_a_time_and_none_that_is_not_followed_any_more() {
        let mut scene = Scene::new();
        scene.follow(&[("a", 0, 0, 0), ("b", 0, 0, 0), ("c", 0, 0, 0)], 10);
        assert_eq!(scene.schedule.begin(scene.at(10), 2).len(), 2);
        scene.follow(&[("c", 0, 0, 0)], 11);
        assert_eq!(scene.begin(11), ["c"]);
        scene.end("a", 12);
        assert!(scene.begin(1_000).is_empty());
    }
}
