//! The rules of feed.md §2, held against what a follower shows and says, after every step.
//!
//! Rules 1, 3, 4, 7 and 8 are of what is shown; 5 and 6 of what is said of it. Rule 2 shows in the end, where everybody has to be led to the newest.

use super::database::is_allowed;
use super::follower::{BOUNDS, Follower, Kind};
use super::truth::Truth;
use crate::reader::State;

impl Follower {
    /// Rules 1, 3, 4, 7 and 8, and that who lost everything gets nothing back.
    pub(super) fn check(&mut self, truth: &Truth) -> Result<(), String> {
        let view = self.reader.view().ok_or("a view was lost")?;
        let place = (view.epoch, view.revision, view.at);
        let published = truth.published((place.0, place.1));
        let published = published.filter(|state| state.live == self.shown);
        let state =
            published.ok_or_else(|| format!("what is shown under {place:?} was never published so"))?;
        let shown = (place.0, place.1);
        if self.highest.is_some_and(|highest| shown < (highest.0, highest.1)) {
            return Err(format!("{place:?} is below {:?}", self.highest));
        }
        self.highest = self.highest.max(Some(place));
        for client in &state.revoked {
            self.lost.entry(client).or_insert(shown);
        }
        match self
            .lost
            .iter()
            .find(|(client, _)| is_allowed(&self.shown, client))
        {
            Some((client, revoked)) => Err(format!(
                "client {client} was revoked at {revoked:?}, and is let in under {place:?}"
            )),
            None => Ok(()),
        }
    }

    /// Rules 5 and 6: who says `live` is it, and is not too old for it.
    pub(super) fn check_state(&self, now_ms: u64) -> Result<(), String> {
        if self.state(now_ms) != State::Live {
            return Ok(());
        }
        let view = self.reader.view().ok_or("live without a view")?;
        if !self.is_misled && self.kind == Kind::Topic && Some((view.epoch, view.revision)) < self.owed {
            return Err(format!("live with {view:?}, where the topic had {:?}", self.owed));
        }
        let Some(made) = self.basis else {
            return Ok(());
        };
        // A portal whose clock is ahead makes what it says look younger.
        let ahead_ms = made.ahead_ms;
        let behind_ms = u64::try_from(-self.clock_ms).unwrap_or(0);
        let age_ms = now_ms.saturating_sub(made.at_ms);
        match age_ms > BOUNDS.staleness_s_max * 1_000 + ahead_ms + 2 * behind_ms + 2_000 {
            true => Err(format!("live, and {} s old", age_ms / 1_000)),
            false => Ok(()),
        }
    }

    pub(super) fn state(&self, now_ms: u64) -> State {
        self.reader.state(self.at_end, BOUNDS, self.clock_s(now_ms))
    }

    /// What it shows.
    pub(super) fn place(&self) -> Option<(u64, u64)> {
        self.reader.view().map(|view| (view.epoch, view.revision))
    }
}
