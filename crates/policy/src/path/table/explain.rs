//! Why an entry was chosen, and why each other one was not: what `switchboard explain` prints.
//!
//! Looks at every entry one by one, so it may be slow and must not run for a request. The choice itself is taken
//! from `find`, never made a second time here.

use super::{Entry, Table};
use crate::path::{CanonicalPath, Host};
use std::fmt;

/// One entry and what became of it.
#[derive(Debug)]
pub struct Explained<'t, T> {
    /// The entry.
    pub entry: Entry<'t, T>,
    /// Chosen, or why not.
    pub verdict: Verdict,
}

/// Chosen, or the first reason why not. Segments are counted from 1, as people do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// What `find` answers.
    Chosen,
    /// It fits in the same host tier, but from this segment on the chosen one says more.
    LessSpecific {
        /// The segment that decided.
        segment: usize,
    },
    /// It fits, but the chosen one names the host more closely.
    LowerHostTier,
    /// The path does not fit.
    PathDiffers {
        /// The first segment that does not fit.
        segment: usize,
        /// What the pattern has there, as written; `None`: it has ended.
        wanted: Option<String>,
        /// What the path has there; `None`: it has ended. Empty: a trailing slash.
        found: Option<String>,
    },
    /// The host does not fit.
    HostDiffers,
}

impl<T> Table<T> {
    /// Every entry with its verdict: the chosen one first, then those that came closest; otherwise in the order in
    /// which they were added. Slow: for people, not for requests.
    pub fn explain(&self, host: &Host<'_>, path: &CanonicalPath<'_>) -> Vec<Explained<'_, T>> {
        let winner = self.winner(host, path);
        let mut all: Vec<_> = (0..self.len())
            .map(|index| Explained {
                entry: self.entry(index),
                verdict: self.verdict(index, winner, host, path),
            })
            .collect();
        all.sort_by_key(|explained| explained.verdict.distance());
        all
    }

    fn verdict(
        &self,
        index: usize,
        winner: Option<usize>,
        host: &Host<'_>,
        path: &CanonicalPath<'_>,
    ) -> Verdict {
        if winner == Some(index) {
            return Verdict::Chosen;
        }
        let entry = self.entry(index);
        if entry.host.is_some_and(|pattern| !pattern.matches(host)) {
            return Verdict::HostDiffers;
        }
        let pattern = entry.pattern();
        if let Some((segment, wanted, found)) = pattern.mismatch(path) {
            return Verdict::PathDiffers {
                segment: segment + 1,
                wanted: wanted.map(|segment| segment.to_string()),
                found: found.map(str::to_owned),
            };
        }
        let chosen = self.entry(winner.expect("an entry that fits is found, or a better one"));
        match chosen.pattern().decided_by(&pattern) {
            // Hosts that fit the same request and differ are of different tiers.
            Some((segment, _)) if chosen.host == entry.host => Verdict::LessSpecific { segment: segment + 1 },
            _ => Verdict::LowerHostTier,
        }
    }
}

impl Verdict {
    /// How far from being chosen.
    fn distance(&self) -> u8 {
        match self {
            Verdict::Chosen => 0,
            Verdict::LessSpecific { .. } => 1,
            Verdict::LowerHostTier => 2,
            Verdict::PathDiffers { .. } => 3,
            Verdict::HostDiffers => 4,
        }
    }
}

/// A clause for people, without a full stop: `segment 2 is `a`, not `b``.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Chosen => f.write_str("chosen"),
            Verdict::LessSpecific { segment } => write!(f, "less specific from segment {segment} on"),
            Verdict::LowerHostTier => f.write_str("names the host less closely"),
            Verdict::HostDiffers => f.write_str("another host"),
            Verdict::PathDiffers {
                segment,
                wanted,
                found,
            } => match (wanted.as_deref(), found.as_deref()) {
                (None, Some("")) => f.write_str("has no trailing slash"),
                (None, _) => write!(f, "ends before segment {segment} of the path"),
                (Some(""), None) => f.write_str("has a trailing slash"),
                (Some(wanted), None) => write!(f, "goes on with segment {segment}, `{wanted}`"),
                (Some(wanted), Some("")) => write!(
                    f,
                    "segment {segment} is empty in the path, `{wanted}` in the pattern"
                ),
                (Some(""), Some(found)) => write!(f, "ends with a slash before segment {segment}, `{found}`"),
                (Some(wanted), Some(found)) => write!(f, "segment {segment} is `{found}`, not `{wanted}`"),
            },
        }
    }
}
