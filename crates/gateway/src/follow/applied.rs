//! Which revisions were put in force lately, and when: propagation is measured by these times (portal.md §3).
//!
//! Bounded: whoever reports less often than revisions come loses the oldest.

use std::collections::VecDeque;

/// Revisions that are remembered.
pub(super) const APPLIED_MAX: usize = 256;

/// A revision that was put in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Its epoch.
    pub epoch: u64,
    /// The revision.
    pub revision: u64,
    /// When it was in force everywhere in this process, Unix milliseconds.
    pub at_ms: u64,
    /// Counts from 1 on, so that a report goes on behind the last.
    pub number: u64,
}

/// The last of them.
#[derive(Debug, Default)]
pub(super) struct Ring {
    last: VecDeque<Applied>,
    count: u64,
}

impl Ring {
    pub(super) fn put(&mut self, epoch: u64, revision: u64, at_ms: u64) {
        self.count += 1;
        if self.last.len() >= APPLIED_MAX {
            self.last.pop_front();
        }
        self.last.push_back(Applied {
            epoch,
            revision,
            at_ms,
            number: self.count,
        });
    }

    /// Those behind this number, oldest first.
    pub(super) fn behind(&self, number: u64) -> Vec<Applied> {
        let behind = self.last.iter().filter(|applied| applied.number > number);
        behind.copied().collect()
    }

    pub(super) fn last(&self) -> Option<&Applied> {
        self.last.back()
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_remembered_and_a_report_goes_on_behind_the_former() {
        let mut ring = Ring::default();
        for revision in 1..=300 {
            ring.put(1, revision, revision * 10);
        }
        let all = ring.behind(0);
        assert_eq!(all.len(), APPLIED_MAX);
        assert_eq!((all[0].revision, all[0].at_ms), (45, 450));
        let revisions = |number| -> Vec<u64> {
            let behind = ring.behind(number).into_iter();
            behind.map(|applied| applied.revision).collect()
        };
        assert_eq!(revisions(298), [299, 300]);
        assert_eq!(revisions(300), [] as [u64; 0]);
        assert_eq!(ring.last().map(|applied| applied.revision), Some(300));
    }
}
