//! Which credentials let requests in, to the minute: what a portal's "last used" is made of.
//!
//! Every permit asks `Noted`, which is one worker's own: a look into its table, and no more once the credential was noted in this minute. What is
//! new is kept until whoever reports takes it from `Used`. It is found by ids and never by where a policy has a credential, so that no change of
//! policy loses or repeats anything, and a client costs no memory for it. Must not know a portal.

use foldhash::quality::RandomState;
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// Places of a worker's table, 8 bytes each. Two credentials of one place displace each other, and then cost what a first use does.
const PLACES: usize = 1 << 14;
/// Credentials that a worker keeps until they are taken. One more is noted once there is room.
const KEPT_MAX: usize = 1 << 16;

/// Credentials by id, each with the minute since 1970 in which it was used last.
pub(crate) type Minutes = HashMap<Box<str>, u32>;

/// What all workers noted.
#[derive(Debug, Default)]
pub struct Used(Mutex<Vec<Arc<Kept>>>);

/// What one worker noted and nobody took yet. Locked by the worker at a credential's first use in a minute, and by who takes every few seconds.
#[derive(Debug, Default)]
struct Kept(Mutex<Minutes>);

/// One worker's own part.
#[derive(Debug)]
pub(crate) struct Noted {
    /// Seeded at random: nobody can choose ids that fall together.
    hasher: RandomState,
    /// Of each place the sum of hash and minute that was noted there last: one number says both that it is this credential and this minute.
    places: Box<[Cell<u64>; PLACES]>,
    kept: Arc<Kept>,
}

impl Used {
    /// The part of one more worker.
    pub(crate) fn worker(&self) -> Noted {
        let kept = Arc::new(Kept::default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::clone(&kept));
        Noted {
            hasher: RandomState::default(),
            places: Box::new([const { Cell::new(0) }; PLACES]),
            kept,
        }
    }

    /// What was noted since this was called before, worker by worker.
    pub(crate) fn take(&self) -> Vec<Minutes> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let take = |kept: &Arc<Kept>| mem::take(&mut *kept.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.iter().map(take).collect()
    }
}

impl Noted {
    /// Notes that a credential of this id lets a request in. `unix_s`: now.
    pub(crate) fn note(&self, credential: &[u8], unix_s: u64) {
        let minute = unix_s / 60;
        let mut hasher = self.hasher.build_hasher();
        hasher.write(credential);
        let hash = hasher.finish();
        let mark = hash.wrapping_add(minute);
        // The upper bits: the lower ones are those that the minute moves.
        let upper = hash >> (u64::BITS - PLACES.trailing_zeros());
        let place = &self.places[usize::try_from(upper).unwrap_or(0)];
        if place.get() != mark && self.keep(credential, minute) {
            place.set(mark);
        }
    }

    /// Whether there was room.
    #[cold]
    #[inline(never)]
    fn keep(&self, credential: &[u8], minute: u64) -> bool {
        // An id is ASCII.
        let credential = &*String::from_utf8_lossy(credential);
        let minute = u32::try_from(minute).unwrap_or(u32::MAX);
        let mut kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get_mut(credential) {
            *known = minute.max(*known);
            return true;
        }
        let has_room = kept.len() < KEPT_MAX;
        if has_room {
            kept.insert(credential.into(), minute);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    //! What is noted once a minute, by which worker, and where the limits are.

    use super::*;

    /// What was noted, whoever did, sorted.
    fn taken(used: &Used) -> Vec<(String, u32)> {
        let all = used.take().into_iter().flatten();
        let mut all: Vec<_> = all
            .map(|(credential, minute)| (credential.into_string(), minute))
            .collect();
        all.sort();
        all
    }

    fn is(credential: &str, minute: u32) -> (String, u32) {
        (credential.to_owned(), minute)
    }

    #[test]
    fn a_credential_is_noted_once_a_minute_and_once_more_in_the_next() {
        let used = Used::default();
        let noted = used.worker();
        for unix_s in [600, 601, 659] {
            noted.note(b"k1", unix_s);
        }
        noted.note(b"k2", 659);
        assert_eq!(taken(&used), [is("k1", 10), is("k2", 10)]);
        noted.note(b"k1", 659);
        assert_eq!(taken(&used), [], "it was told for this minute");
        noted.note(b"k1", 660);
        assert_eq!(taken(&used), [is("k1", 11)]);
        // A clock that is set back takes nothing back of what waits.
        noted.note(b"k1", 780);
        noted.note(b"k1", 600);
        assert_eq!(taken(&used), [is("k1", 13)]);
    }

    #[test]
    fn each_worker_notes_for_itself() {
        let used = Used::default();
        let (one, other) = (used.worker(), used.worker());
        one.note(b"k1", 60);
        other.note(b"k1", 120);
        assert_eq!(taken(&used), [is("k1", 1), is("k1", 2)]);
    }

    #[test]
    fn credentials_that_displace_each_other_are_all_noted() {
        let used = Used::default();
        let noted = used.worker();
        let ids: Vec<String> = (0..PLACES * 2).map(|number| format!("k{number}")).collect();
        for _ in 0..2 {
            ids.iter().for_each(|id| noted.note(id.as_bytes(), 60));
        }
        assert_eq!(taken(&used).len(), ids.len());
    }

    #[test]
    fn what_has_no_room_is_noted_once_there_is() {
        let used = Used::default();
        let noted = used.worker();
        for number in 0..KEPT_MAX {
            noted.note(number.to_string().as_bytes(), 60);
        }
        noted.note(b"late", 60);
        assert_eq!(taken(&used).len(), KEPT_MAX);
        noted.note(b"late", 60);
        assert_eq!(taken(&used), [is("late", 1)]);
    }
}
