//! A relay: it serves what a follower of the topic shows, as a bundle that is read whole, or as a stream that goes on from a named state.

use super::chance::Chance;
use super::database::Content;
use super::follower::{Follower, Kind};
use super::truth::Truth;

/// What a relay serves: a follower's view.
#[derive(Debug, Clone, Default)]
pub(super) struct Relay {
    keyring: Vec<u8>,
    shown: Content,
    commit: Vec<u8>,
}

impl Relay {
    pub(super) fn of(follower: &Follower) -> Relay {
        Relay {
            keyring: follower.keyring.clone(),
            shown: follower.shown.clone(),
            commit: follower.commit.clone(),
        }
    }
}

impl Relay {
    /// The bundle.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Vec<u8>> {
        std::iter::once(&self.keyring)
            .chain(self.shown.values())
            .chain([&self.commit])
    }
}

impl Follower {
    /// Reads what a relay serves.
    pub(super) fn read_relay(
        &mut self,
        relay: &Relay,
        truth: &Truth,
        now_ms: u64,
        chance: &mut Chance,
    ) -> Result<(), String> {
        let own = self
            .reader
            .view()
            .map(|view| (view.epoch, view.revision, self.shown.clone()));
        let resumes = self.kind == Kind::Stream && self.at_end;
        let mut lines = vec![relay.keyring.clone()];
        let is_same =
            |key: &String, value: &Vec<u8>| own.as_ref().is_some_and(|own| own.2.get(key) == Some(value));
        if !resumes {
            self.again(now_ms, 0);
        }
        let records = relay
            .shown
            .iter()
            .filter(|(key, value)| !resumes || !is_same(key, value));
        lines.extend(records.map(|(_, value)| value.clone()));
        if let (true, Some((_, _, shown))) = (resumes, &own) {
            let gone = shown.keys().filter(|key| !relay.shown.contains_key(*key));
            lines.extend(gone.map(|key| format!("{{\"key\":\"{key}\",\"deleted\":true}}").into_bytes()));
        }
        lines.push(relay.commit.clone());
        for line in lines {
            if !self.give_line(&line, truth, now_ms, chance)? {
                return Ok(());
            }
        }
        self.at_end = self.reader.is_at_view();
        Ok(())
    }
}
