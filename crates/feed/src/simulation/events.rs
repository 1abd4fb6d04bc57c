//! What happens to a history from outside: people change and revoke, databases are backed up and put back, topics are hurt, strangers write, clocks
//! go wrong.

use super::database::{CLIENTS, write};
use super::follower::Follower;
use super::history::History;
use super::lies;
use super::log::Record;
use std::rc::Rc;

impl History {
    pub(super) fn change(&mut self) {
        let mut changes: Vec<(String, Option<String>)> = Vec::new();
        for _ in 0..=self.chance.below(3) {
            let key = *self
                .chance
                .pick(&["client/a", "client/b", "client/c", "client/d", "api/o", "plan/g"]);
            let is_revoked = key
                .strip_prefix("client/")
                .is_some_and(|client| self.database.revoked.contains(client));
            if is_revoked || changes.iter().any(|(earlier, _)| earlier == key) {
                continue;
            }
            let body = format!("{{\"n\":{}}}", self.chance.below(4));
            // Who was deleted stays so: ids of clients are not used again.
            let is_deleted = self.chance.one_in(4) && !key.starts_with("client/");
            changes.push((key.to_owned(), (!is_deleted).then_some(body)));
        }
        self.database.change(&changes);
        self.truth.is(&self.database);
        if self.chance.one_in(8) {
            self.database.forget_records();
        }
        let at = self.chance.below(2);
        if let Some(portal) = &mut self.portals[at] {
            portal.publisher.changed();
        }
    }

    pub(super) fn revoke(&mut self) {
        let client = *self.chance.pick(&CLIENTS);
        if self.database.revoked.contains(client) {
            return;
        }
        // Who is not there cannot be deleted.
        let is_there = self.database.live.contains_key(&format!("client/{client}"));
        let how = if is_there { self.chance.below(3) } else { 2 };
        self.database.revoke(client, how);
        self.truth.is(&self.database);
    }

    pub(super) fn back_up_or_restore(&mut self) {
        match self.backup.take() {
            // What neither the topic nor any gateway has any more, nobody can bring in again.
            Some(backup) if self.chance.one_in(2) && self.known() >= self.truth.highest() => {
                self.database = backup;
                // Under a portal that is stopped, or that waits and is to notice; not in the middle of what it sends.
                for portal in &mut self.portals {
                    portal.take_if(|portal| !portal.publisher.is_idle());
                }
                let mark = self.database.mark;
                self.restored = self
                    .restored
                    .min(Some((mark.epoch, mark.revision)))
                    .or(Some((mark.epoch, mark.revision)));
                // Whoever restores, and knows that the topic is hurt too, does not wait to be told.
                if self.cut {
                    self.new_epoch();
                }
            }
            // A backup of what went another way would be restored without anybody knowing.
            _ if self.restored.is_some() => {}
            // Nor one that says a topic may be filled without asking: restored beside a lost topic, nothing but gateways that report tells.
            _ if self.database.published.is_none() => {}
            _ => self.backup = Some(self.database.clone()),
        }
    }

    /// The highest place that the topic or a gateway has.
    pub(super) fn known(&self) -> Option<(u64, u64)> {
        let topic = self.reading_all().ok();
        self.followers
            .iter()
            .chain(&topic)
            .filter_map(Follower::place)
            .max()
    }

    pub(super) fn hurt_topic(&mut self) {
        if self.restored.is_some() {
            return;
        }
        match self.chance.below(4) {
            0 => {
                self.log.truncate(&mut self.chance);
                self.cut = true;
            }
            1 => self.log.replace(Vec::new()),
            2 => {
                let foreign = lies::elsewhere(&mut self.chance);
                self.log.replace(foreign);
            }
            _ => {
                // Made anew from a copy that lacks the end.
                let records = self.log.visible();
                let keep = self.chance.below(records.len() + 1);
                self.log.replace(records[..keep].to_vec());
                self.cut = true;
            }
        }
        self.truth.topic_changed(&self.log);
        for follower in &mut self.followers {
            follower.mislead();
        }
    }

    /// Somebody who may not writes into the topic.
    pub(super) fn intrude(&mut self) {
        if self.restored.is_some() {
            return;
        }
        let epoch = self.database.epoch;
        let revision = self.database.mark.revision + self.chance.below(3) as u64;
        let bytes = |key: &str| write(epoch, revision, key, r#"{"mine":true}"#);
        let (key, value): (&[u8], Option<Vec<u8>>) = match self.chance.below(6) {
            0 => (b"client/z", Some(bytes("client/z"))),
            1 => (b"client/a", Some(bytes("client/a"))),
            2 => (b"client/b", None),
            3 => (b"\xff\xfe", Some(b"{}".to_vec())),
            4 => (b"keyring", Some(b"{}".to_vec())),
            _ => (b"plan/g", Some(b"nothing".to_vec())),
        };
        let record = Record {
            key: key.into(),
            value: value.map(Rc::from),
        };
        self.log.intrude(record, self.now_ms);
        self.truth.damages += 1;
        if self.chance.one_in(2) {
            self.log.end_strangers(true);
        }
    }

    pub(super) fn clock_error(&mut self) -> i64 {
        let far = if self.chance.one_in(3) { 1_800_000 } else { 40_000 };
        self.chance.below(2 * far) as i64 - far as i64
    }

    pub(super) fn set_clocks(&mut self) {
        if self.has_good_clocks {
            return;
        }
        let (one, other) = (self.clock_error(), self.clock_error());
        if let Some(portal) = &mut self.portals[self.chance.below(2)] {
            portal.clock_ms = one;
        }
        let at = self.chance.below(self.followers.len());
        self.followers[at].clock_ms = other % 60_000;
    }
}
