//! Which credentials let requests in, until the portal was told: each with the minute of its last use.
//!
//! Of this process alone, which may be frozen for good at any time: what was not told by then nobody knows.

use super::USES_MAX;
use std::collections::BTreeMap;

/// A credential's id, and the beginning of a minute in Unix seconds.
pub(super) type Use = (Box<str>, u64);

/// What is to be told.
#[derive(Debug, Default)]
pub(super) struct Uses(BTreeMap<Box<str>, u64>);

impl Uses {
    /// Notes a use. One for which there is no room is noted when it comes again.
    pub(super) fn note(&mut self, credential: &[u8], unix_s: u64) {
        // An id is ASCII.
        let credential = String::from_utf8_lossy(credential);
        let at = unix_s - unix_s % 60;
        if let Some(known) = self.0.get_mut(&*credential) {
            *known = at.max(*known);
        } else if self.0.len() < USES_MAX {
            self.0.insert((*credential).into(), at);
        }
    }

    /// What a report says.
    pub(super) fn all(&self) -> Vec<Use> {
        let all = self.0.iter();
        all.map(|(credential, at)| (credential.clone(), *at)).collect()
    }

    /// A report with these was taken: only what was used later is still to be told.
    pub(super) fn told(&mut self, told: &[Use]) {
        for (credential, at) in told {
            if self.0.get(credential).is_some_and(|used| used <= at) {
                self.0.remove(credential);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_told_until_it_was_taken_and_again_once_it_is_used_later() {
        let mut uses = Uses::default();
        uses.note(b"k1", 119);
        uses.note(b"k2", 60);
        let first = uses.all();
        assert_eq!(first, [("k1".into(), 60), ("k2".into(), 60)]);
        uses.note(b"k1", 120);
        assert_eq!(uses.all(), [("k1".into(), 120), ("k2".into(), 60)]);
        uses.told(&first);
        assert_eq!(uses.all(), [("k1".into(), 120)]);
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut uses = Uses::default();
        for number in 0..=USES_MAX {
            uses.note(format!("k{number}").as_bytes(), 60);
        }
        let all = uses.all();
        assert_eq!(all.len(), USES_MAX);
        uses.told(&all);
        assert_eq!(uses.all(), []);
    }
}
