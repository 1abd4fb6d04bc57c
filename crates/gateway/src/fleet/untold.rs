//! Which uses of credentials the portal was not told yet, and which of them come next. Pure.
//!
//! What was told is remembered for the rest of its minute, so that several workers' notes of one credential are told once. A report that was not
//! taken changes nothing here: what it said is told again, as of the latest use.

use super::{UNTOLD_MAX, USED_BYTES_MAX, USED_MAX};
use crate::usage::Minutes;
use std::collections::HashMap;

/// A credential, by its id, and the minute in which it was used.
pub(super) type Told = (Box<str>, u32);

/// What is to be told.
#[derive(Debug, Default)]
pub(super) struct Untold {
    uses: HashMap<Box<str>, Use>,
    /// How many uses had to be told so far.
    turns: u64,
}

#[derive(Debug, Clone, Copy)]
struct Use {
    /// Minutes since 1970.
    used: u32,
    /// The same, as of the last report that was taken; 0 before it.
    told: u32,
    /// Whose turn it is: the lowest's.
    turn: u64,
}

impl Use {
    fn is_untold(&self) -> bool {
        self.used > self.told
    }
}

impl Untold {
    /// Adds what workers noted. How many were left out because there is no room for more; they are noted again when they are used in a later
    /// minute. What was noted by a clock that was ahead counts as of now, and is no reason not to tell what comes.
    pub(super) fn add(&mut self, noted: Vec<Minutes>, now_minute: u32) -> usize {
        self.uses
            .retain(|_, one| one.is_untold() || one.used == now_minute);
        for one in self.uses.values_mut().filter(|one| one.used > now_minute) {
            (one.used, one.told) = (now_minute, 0);
        }
        let coming: usize = noted.iter().map(HashMap::len).sum();
        if self.uses.len() + coming > UNTOLD_MAX {
            self.uses.retain(|_, one| one.is_untold());
        }
        let noted = noted.into_iter().flatten();
        noted
            .filter(|(credential, minute)| !self.take(credential, now_minute.min(*minute)))
            .count()
    }

    /// Whether there is room for it.
    fn take(&mut self, credential: &str, minute: u32) -> bool {
        self.turns += 1;
        let (turn, has_room) = (self.turns, self.uses.len() < UNTOLD_MAX);
        match self.uses.get_mut(credential) {
            Some(known) if known.used >= minute => {}
            // Who waits already keeps their turn.
            Some(known) if known.is_untold() => known.used = minute,
            Some(known) => {
                (known.used, known.turn) = (minute, turn);
            }
            None if !has_room => return false,
            None => {
                let used = Use {
                    used: minute,
                    told: 0,
                    turn,
                };
                self.uses.insert(credential.into(), used);
            }
        }
        true
    }

    /// What the next report says: those that wait the longest.
    pub(super) fn next(&self) -> Vec<Told> {
        let untold = self.uses.iter().filter(|(_, one)| one.is_untold());
        let mut untold: Vec<_> = untold
            .map(|(credential, one)| (one.turn, one.used, credential))
            .collect();
        if untold.len() > USED_MAX {
            untold.select_nth_unstable(USED_MAX);
            untold.truncate(USED_MAX);
        }
        let mut bytes = 0;
        let fits = untold.into_iter().take_while(|(_, _, credential)| {
            bytes += credential.len();
            bytes <= USED_BYTES_MAX
        });
        fits.map(|(_, used, credential)| (credential.clone(), used))
            .collect()
    }

    /// Whether there is anything to tell.
    pub(super) fn is_empty(&self) -> bool {
        !self.uses.values().any(Use::is_untold)
    }

    /// Takes down that a report with these was taken.
    pub(super) fn told(&mut self, told: &[Told]) {
        for (credential, minute) in told {
            if let Some(known) = self.uses.get_mut(credential) {
                known.told = known.told.max(*minute);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! What is told once, again and in turn, and what there is no room for.

    use super::*;

    fn noted(uses: &[(&str, u32)]) -> Vec<Minutes> {
        // Each by a worker of its own.
        let one = |(credential, minute): &(&str, u32)| Minutes::from([(Box::from(*credential), *minute)]);
        uses.iter().map(one).collect()
    }

    fn many(from: usize, to: usize, minute: u32) -> Vec<Minutes> {
        let ids = (from..to).map(|number| (format!("k{number}").into_boxed_str(), minute));
        vec![ids.collect()]
    }

    fn next(untold: &Untold) -> Vec<(String, u32)> {
        let mut next: Vec<_> = untold
            .next()
            .into_iter()
            .map(|(credential, minute)| (credential.into_string(), minute))
            .collect();
        next.sort();
        next
    }

    fn tell(untold: &mut Untold) -> usize {
        let part = untold.next();
        untold.told(&part);
        part.len()
    }

    #[test]
    fn what_several_workers_noted_is_told_once_a_minute() {
        let mut untold = Untold::default();
        untold.add(noted(&[("k1", 10), ("k1", 10), ("k2", 9)]), 10);
        assert_eq!(next(&untold), [("k1".to_owned(), 10), ("k2".to_owned(), 9)]);
        assert_eq!(tell(&mut untold), 2);
        untold.add(noted(&[("k1", 10)]), 10);
        assert!(untold.is_empty(), "{untold:?}");
        untold.add(noted(&[("k1", 11)]), 11);
        assert_eq!(next(&untold), [("k1".to_owned(), 11)]);
    }

    #[test]
    fn a_report_that_was_not_taken_is_told_again_as_of_the_latest_use() {
        let mut untold = Untold::default();
        untold.add(noted(&[("k1", 10), ("k2", 10)]), 10);
        let lost = untold.next();
        untold.add(noted(&[("k1", 12)]), 12);
        assert_eq!(next(&untold), [("k1".to_owned(), 12), ("k2".to_owned(), 10)]);
        // It was taken after all, and only its answer was lost.
        untold.told(&lost);
        assert_eq!(next(&untold), [("k1".to_owned(), 12)]);
    }

    #[test]
    fn what_does_not_fit_comes_in_turn_however_busy_the_others_are() {
        let mut untold = Untold::default();
        untold.add(many(0, USED_MAX * 2, 10), 10);
        let first = untold.next();
        assert_eq!(first.len(), USED_MAX);
        untold.told(&first);
        // All of them are used again before the others were told.
        untold.add(many(0, USED_MAX * 2, 11), 11);
        let second = untold.next();
        assert_eq!(second.len(), USED_MAX);
        let was_told = |credential: &str| first.iter().any(|(told, _)| **told == *credential);
        assert!(
            !second.iter().any(|(credential, _)| was_told(credential)),
            "{second:?}"
        );
        let long = |number: usize| format!("{}{number}", "x".repeat(120)).into_boxed_str();
        let mut untold = Untold::default();
        untold.add(vec![(0..USED_MAX).map(|number| (long(number), 10)).collect()], 10);
        let bytes: usize = untold.next().iter().map(|(credential, _)| credential.len()).sum();
        assert!(bytes <= USED_BYTES_MAX && bytes > USED_BYTES_MAX - 128, "{bytes}");
    }

    #[test]
    fn what_was_told_makes_room_and_what_was_not_stays() {
        let mut untold = Untold::default();
        assert_eq!(untold.add(many(0, UNTOLD_MAX, 10), 10), 0);
        assert_eq!(untold.add(noted(&[("late", 10), ("k0", 11)]), 11), 1);
        assert_eq!(untold.uses.len(), UNTOLD_MAX);
        let told = tell(&mut untold);
        assert_eq!(untold.add(noted(&[("late", 10)]), 10), 0);
        assert_eq!(untold.uses.len(), UNTOLD_MAX - told + 1);
    }

    #[test]
    fn a_clock_that_was_ahead_mutes_nothing() {
        let mut untold = Untold::default();
        untold.add(noted(&[("told", 500)]), 500);
        assert_eq!(tell(&mut untold), 1);
        untold.add(noted(&[("waits", 501)]), 501);
        // It is set back; a worker noted before that.
        untold.add(noted(&[("late", 501), ("told", 10)]), 10);
        let now = |credential: &str| (credential.to_owned(), 10);
        assert_eq!(next(&untold), [now("late"), now("told"), now("waits")]);
        assert_eq!(tell(&mut untold), 3);
        untold.add(noted(&[("waits", 11)]), 11);
        assert_eq!(next(&untold), [("waits".to_owned(), 11)]);
    }
}
