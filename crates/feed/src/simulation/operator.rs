//! People: who reads why a publisher was refused, and follows the runbook; who rotates keys; who hears what gateways report.

use super::Rule;
use super::database::{CLIENTS, Content, is_allowed};
use super::follower::{Follower, Kind};
use super::history::History;
use super::log::Log;
use crate::publish::{Refusal, Topic};
use std::rc::Rc;

impl History {
    /// Whoever is called because a publisher was refused.
    pub(super) fn operate(&mut self) -> Result<(), String> {
        match self.refusal() {
            // The database is sound: the same again.
            Some(Refusal::Lost { .. }) if self.restored.is_none() => self.database.published = None,
            Some(
                Refusal::Lost { .. }
                | Refusal::Ahead { .. }
                | Refusal::Differs { .. }
                | Refusal::FleetAhead { .. },
            ) => self.new_epoch(),
            Some(Refusal::Keyring(_) | Refusal::NoKeyring) => {
                // A backup may name a key that was taken away since: none of its keys is kept.
                let held = self.held_versions();
                self.database.rotate(self.now_ms / 1_000, self.keys, true, &held);
                self.keys += 1;
                self.set_keys();
            }
            Some(
                refusal @ (Refusal::Broken { .. }
                | Refusal::Record { .. }
                | Refusal::TooLarge { .. }
                | Refusal::Key(_)),
            ) => {
                return Err(format!("refused for no reason: {refusal}"));
            }
            None => {}
        }
        Ok(())
    }

    /// `portal new-epoch`: what the database lacks is brought in first, of the topic and of the gateway that is the furthest.
    pub(super) fn new_epoch(&mut self) {
        let topic = self.reading_all();
        let furthest = self.followers.iter().max_by_key(|follower| follower.place());
        let further: Vec<(Option<(u64, u64)>, Content)> = (topic.iter().chain(furthest))
            .map(|follower| (follower.place(), follower.shown.clone()))
            .collect();
        if self.rule != Some(Rule::NothingBroughtIn) {
            for (place, content) in further {
                self.bring_in(place, &content);
            }
        }
        let epochs: Vec<u64> = self
            .followers
            .iter()
            .filter_map(|follower| Some(follower.reader.view()?.epoch))
            .collect();
        let versions = self.held_versions();
        let epochs: Vec<u64> = epochs
            .into_iter()
            .chain(self.topic().highest().map(|(mark, _)| mark.epoch))
            .collect();
        self.database
            .new_epoch(self.now_ms / 1_000, self.keys - 1, &epochs, &versions);
        self.truth.is(&self.database);
        (self.restored, self.cut) = (None, false);
    }

    /// Who may do nothing there, which is later than the backup, may do nothing here.
    fn bring_in(&mut self, place: Option<(u64, u64)>, content: &Content) {
        if self.restored.is_none() || place <= self.restored {
            return;
        }
        for client in CLIENTS {
            // Also where the backup does not know it: the id must not be given again.
            if !self.database.revoked.contains(client) && !is_allowed(content, client) {
                self.database.revoke(client, 2);
                self.truth.is(&self.database);
            }
        }
    }

    fn topic(&self) -> Topic {
        read(&self.log, self.now_ms)
    }

    /// Versions of keyrings that the topic or any gateway has.
    pub(super) fn held_versions(&self) -> Vec<u64> {
        let gateways = self
            .followers
            .iter()
            .filter_map(|follower| follower.reader.keyring_version());
        gateways.chain(self.topic().keyring_version()).collect()
    }

    /// A reader that begins with nothing and reads all of the topic.
    pub(super) fn reading_all(&self) -> Result<Follower, String> {
        let mut follower = Follower::without_floor(Kind::Topic, super::database::roots());
        for record in self.log.visible() {
            follower.read_only(&record, self.now_ms);
        }
        follower
            .reader
            .view()
            .ok_or("the topic has no commit that counts")?;
        Ok(follower)
    }

    pub(super) fn rotate(&mut self) {
        let stolen = self.chance.one_in(2);
        let former = (
            self.keys - 1,
            self.database.standing(false).keyring,
            self.database.epoch,
        );
        let held = self.held_versions();
        if self.restored.is_some() || self.keys > 100 {
            return;
        }
        self.database
            .rotate(self.now_ms / 1_000, self.keys, stolen, &held);
        self.keys += 1;
        if stolen {
            let (key, keyring, epoch) = former;
            let without = self.database.keyring_version;
            self.stolen.push((key, without, Rc::from(keyring), epoch));
        }
        self.set_keys();
    }

    /// Gateways report to the portals.
    pub(super) fn report_fleet(&mut self) {
        let places = self
            .followers
            .iter()
            .filter_map(|follower| follower.reader.view());
        let highest = places.map(|view| (view.epoch, view.revision)).max();
        for portal in self.portals.iter_mut().flatten() {
            if let Some((epoch, revision)) = highest {
                portal.publisher.fleet(epoch, revision);
            }
        }
    }
}

fn read(log: &Log, now_ms: u64) -> Topic {
    let mut topic = Topic::new(super::database::roots());
    for record in log.visible() {
        topic.record(&record.key, record.value.as_deref(), now_ms / 1_000);
    }
    topic
}
