//! What is shown, how old it is, and what may be said of it: `live` is said only where it is true.

use crate::digest::FeedDigest;

/// A commit that says to be made more than so many seconds from now renews no age.
pub const AHEAD_S_MAX: u64 = 60;

/// What is shown: the commit under which it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The epoch.
    pub epoch: u64,
    /// The revision.
    pub revision: u64,
    /// When its newest commit says that it was made, Unix seconds.
    pub at: u64,
    /// The digest of its records.
    pub digest: FeedDigest,
    /// From when its age counts: what the commit says, or when it came, whichever is earlier. Unix seconds.
    pub fresh_at: u64,
}

impl View {
    /// Seconds since it was known to be the newest; 0 where a clock is behind.
    pub fn age_s(&self, now: u64) -> u64 {
        now.saturating_sub(self.fresh_at)
    }
}

/// What is known of the view's being the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Only what was baked in is shown: no feed was heard.
    Floor,
    /// The feed is read, and its end is not the view.
    CatchingUp,
    /// At the end of the feed, the last commit is the view, and it is not too old.
    Live,
    /// It is older than is borne.
    Stale,
    /// The feed has the view's epoch and revision with other content: two publishers, or a liar.
    Forked,
}

impl State {
    /// All of them.
    pub const ALL: [State; 5] = [
        State::Floor,
        State::CatchingUp,
        State::Live,
        State::Stale,
        State::Forked,
    ];

    /// The word that operators read.
    pub fn word(self) -> &'static str {
        match self {
            State::Floor => "floor",
            State::CatchingUp => "catching_up",
            State::Live => "live",
            State::Stale => "stale",
            State::Forked => "forked",
        }
    }
}

/// How old a view may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Seconds beyond which a view from a feed is stale.
    pub staleness_s_max: u64,
}
