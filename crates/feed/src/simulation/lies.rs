//! Brokers that lie, each to one follower: they withhold, delay, replay, reorder, alter, mix in another environment's topic, or help a thief who has
//! a key that was taken away.

use super::chance::Chance;
use super::database::{FEED, root, signing_key, write_of};
use super::log::{Log, Record};
use crate::Commit;
use crate::publish::{Ledger, Mark};
use std::borrow::Cow;
use std::rc::Rc;

/// How a broker goes on lying.
#[derive(Debug, Clone)]
pub(super) enum Lie {
    /// Nothing new comes.
    Freeze(Log),
    /// Commits come, and records do not.
    Withhold(u64),
    /// All comes, much too late: up to here.
    Delay(u64),
    /// What was is said again and again.
    Replay(Log, Vec<Record>),
}

impl Lie {
    pub(super) fn new(log: &Log, chance: &mut Chance) -> Lie {
        match chance.below(4) {
            0 => Lie::Freeze(log.copy()),
            1 => Lie::Withhold(log.stable_end()),
            2 => Lie::Delay(log.stable_end()),
            _ => Lie::Replay(log.copy(), log.visible()),
        }
    }

    /// The topic, as it is shown by this broker.
    pub(super) fn shown(&mut self, log: &Log, chance: &mut Chance) -> Log {
        match self {
            Lie::Freeze(frozen) => frozen.clone(),
            Lie::Withhold(from) => log.without(|offset, record| offset >= *from && *record.key != *b"commit"),
            Lie::Delay(until) => {
                *until += chance.below(3) as u64;
                log.without(|offset, _| offset >= *until)
            }
            Lie::Replay(shown, records) => {
                let again: Vec<&Record> = records
                    .iter()
                    .filter(|record| *record.key == *b"commit")
                    .collect();
                if !again.is_empty() {
                    let record = (*chance.pick(&again)).clone();
                    shown.intrude(record, 0);
                    shown.end_strangers(true);
                }
                shown.clone()
            }
        }
    }
}

/// What is told once, instead of the topic: records left out, changed, moved, repeated, under another's key, of another environment.
pub(super) fn garbled(log: &Log, chance: &mut Chance) -> Vec<Record> {
    let mut records = log.visible();
    for _ in 0..=chance.below(4) {
        let (one, other) = (chance.below(records.len()), chance.below(records.len()));
        match chance.below(7) {
            _ if records.is_empty() => {}
            0 => drop(records.remove(one)),
            1 => records[one].value = None,
            2 => records.swap(one, other),
            3 => {
                let again = records[one].clone();
                records.push(again);
            }
            4 => records[one].key = Rc::clone(&records[other].key),
            5 => {
                for at in [one, other] {
                    let value = records[at].value.clone();
                    records[at].value = value.map(|value| altered(&value, chance));
                }
            }
            _ => {
                let foreign = elsewhere(chance);
                let from = chance.below(foreign.len());
                records.extend_from_slice(&foreign[from..]);
            }
        }
    }
    records
}

fn altered(value: &[u8], chance: &mut Chance) -> Rc<[u8]> {
    let mut value = value.to_vec();
    let at = chance.below(value.len());
    if let Some(byte) = value.get_mut(at) {
        *byte ^= 1 << chance.below(7);
    }
    value.into()
}

fn record(key: &str, value: impl Into<Vec<u8>>) -> Record {
    Record {
        key: key.as_bytes().into(),
        value: Some(value.into().into()),
    }
}

fn commit(mark: Mark, at: u64, feed: &str, key: u8) -> Record {
    let line = signing_key(key).commit_line(&Commit {
        feed: Cow::Borrowed(feed),
        epoch: mark.epoch,
        revision: mark.revision,
        entities: mark.entities,
        digest: mark.digest,
        at,
        signed: None,
    });
    record("commit", line)
}

/// The topic of another environment, whose keyrings the same root signs: above all that is here.
pub(super) fn elsewhere(chance: &mut Chance) -> Vec<Record> {
    const OTHER: &str = "acme-test";
    let epoch = 1_999_000_000 + chance.below(2) as u64;
    let keyring = root().keyring_line(OTHER, epoch, epoch, &[signing_key(0).public(None)]);
    whole(OTHER, epoch, 1, keyring, 0)
}

/// What a thief makes of a key that was taken away, with the keyring that still had it: one revision above all that is here.
pub(super) fn stolen(key: u8, keyring: &[u8], epoch: u64) -> Vec<Record> {
    whole(
        FEED,
        epoch,
        1_000,
        String::from_utf8(keyring.to_vec()).unwrap(),
        key,
    )
}

fn whole(feed: &str, epoch: u64, revision: u64, keyring: String, key: u8) -> Vec<Record> {
    let client = write_of(feed, epoch, revision, "client/a", r#"{"mine":true}"#);
    let mut ledger = Ledger::new(feed, epoch);
    ledger.put("client/a", Some(&client));
    ledger.advance(revision).unwrap();
    let mark = Mark {
        epoch,
        revision,
        entities: 1,
        digest: ledger.digest(),
    };
    vec![
        record("keyring", keyring),
        record("client/a", client),
        commit(mark, epoch, feed, key),
    ]
}
