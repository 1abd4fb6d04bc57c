//! A portal's process: its publisher, and a driver that does one small thing at a time, so that it can be killed between any two.

use super::database::{Content, Database, signing_key};
use super::log::{Fenced, Log, Record};
use super::truth::Truth;
use crate::publish::{Action, Event, Fault, Loosened, Page, Publisher, Topic};
use crate::{Line, Roots, Scratch};
use std::rc::Rc;

/// No pause of a publisher is longer.
const PAUSE_MS_MAX: u64 = 30_000;

/// Records that are read of the topic at once.
const READ_AT_ONCE: usize = 16;

/// A portal.
pub(super) struct Portal {
    pub(super) publisher: Publisher,
    producer: u64,
    /// How far its clock is off.
    pub(super) clock_ms: i64,
    under_way: Option<UnderWay>,
    /// All live records as they were when it began to go through them, and how far it is.
    going_through: (Content, usize),
    check: Option<Reading>,
    /// How often the topic was damaged when it was read last; and when the reading began on which the whole is sent.
    read_damages: u64,
    whole_damages: u64,
    loosened: Option<Loosened>,
}

enum UnderWay {
    Action(Action),
    Transaction {
        records: Vec<Record>,
        sent: usize,
        whole: Option<u64>,
    },
    Reading(Box<Reading>),
    Looking {
        commit: Rc<[u8]>,
        until_ms: u64,
    },
}

struct Reading {
    damages: u64,
    topic: Topic,
    position: u64,
    end: u64,
    incarnation: u64,
}

/// Where a portal finds itself.
pub(super) struct Around<'a> {
    pub(super) database: &'a mut Database,
    pub(super) log: &'a mut Log,
    pub(super) truth: &'a mut Truth,
    pub(super) now_ms: u64,
    pub(super) holds_lease: bool,
    /// The broker answers.
    pub(super) broker: bool,
    /// And says what came of a transaction.
    pub(super) says: bool,
}

impl Portal {
    pub(super) fn new(
        roots: Roots,
        keys: u8,
        clock_ms: i64,
        batch: usize,
        loosened: Option<Loosened>,
    ) -> Portal {
        let mut publisher = Publisher::new(roots, (0..keys).map(signing_key).collect());
        publisher.loosened = loosened;
        publisher.batch_records_max = batch;
        Portal {
            publisher,
            producer: 0,
            clock_ms,
            under_way: None,
            going_through: Default::default(),
            check: None,
            read_damages: 0,
            whole_damages: 0,
            loosened,
        }
    }

    pub(super) fn clock(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add_signed(self.clock_ms)
    }

    /// One small thing. Whether there was something to do.
    pub(super) fn step(&mut self, around: &mut Around<'_>) -> Result<bool, String> {
        let clock = self.clock(around.now_ms);
        self.step_check(around);
        let under_way = match self.under_way.take() {
            Some(under_way) => under_way,
            None => match self.publisher.next(clock) {
                // Whatever becomes of its clock.
                Action::Wait { until_ms } if until_ms > clock + PAUSE_MS_MAX => {
                    return Err(format!("a portal waits for {} ms", until_ms - clock));
                }
                Action::Wait { .. } => return Ok(false),
                action => UnderWay::Action(action),
            },
        };
        let event = match under_way {
            UnderWay::Action(action) => self.begin(action, around)?,
            UnderWay::Transaction { records, sent, whole } => self.go_on(records, sent, whole, around)?,
            UnderWay::Reading(reading) => match self.go_on_reading(*reading, around, clock) {
                Ok(Ok(topic)) => Some(Event::Read(Box::new(topic))),
                Ok(Err(reading)) => {
                    self.under_way = Some(UnderWay::Reading(Box::new(reading)));
                    None
                }
                Err(fault) => Some(Event::Failed(fault)),
            },
            UnderWay::Looking { commit, until_ms } => {
                let is_seen = around.broker && is_seen(around.log, &commit);
                match is_seen || around.now_ms >= until_ms {
                    true => Some(Event::Looked(is_seen)),
                    false => {
                        self.under_way = Some(UnderWay::Looking { commit, until_ms });
                        // It waits, and the time goes on.
                        return Ok(false);
                    }
                }
            }
        };
        if let Some(event) = event {
            self.publisher.answer(event, clock);
        }
        Ok(true)
    }

    fn begin(&mut self, action: Action, around: &mut Around<'_>) -> Result<Option<Event>, String> {
        let down = || Event::Failed(Fault::Unknown("the broker does not answer".to_owned()));
        let database = &mut *around.database;
        Ok(Some(match action {
            Action::Standing => Event::Standing(database.standing(around.holds_lease)),
            Action::Mark(revision) => Event::Mark(database.mark_at(revision)),
            Action::Revision(revision) => Event::Revision(database.revision(revision)),
            Action::Open => {
                self.going_through = (database.live.clone(), 0);
                self.whole_damages = self.read_damages;
                Event::Opened(database.mark)
            }
            Action::Rewind => {
                self.going_through.1 = 0;
                Event::Rewound
            }
            Action::Page => Event::Page(self.page()),
            Action::Note(epoch, revision) => {
                database.published = Some((epoch, revision));
                Event::Noted
            }
            _ if !around.broker => down(),
            Action::Fence => {
                self.producer = around.log.fence();
                Event::Fenced
            }
            Action::Read(topic) => {
                self.under_way = Some(UnderWay::Reading(Box::new(Reading::new(*topic, around))));
                return Ok(None);
            }
            Action::Transact(records) => {
                if self.loosened == Some(Loosened::Fence) && self.producer == 0 {
                    self.producer = around.log.join();
                }
                let records: Vec<Record> = records
                    .into_iter()
                    .map(|(key, value)| Record {
                        key: Rc::from(key),
                        value: value.map(Rc::from),
                    })
                    .collect();
                around.truth.made(&records, around.now_ms);
                self.under_way = Some(UnderWay::Transaction {
                    records,
                    sent: 0,
                    whole: self.publisher.is_sending_whole().then_some(self.whole_damages),
                });
                return Ok(None);
            }
            Action::Look { commit, within_ms } => {
                self.under_way = Some(UnderWay::Looking {
                    commit: Rc::from(commit),
                    until_ms: around.now_ms + within_ms,
                });
                return Ok(None);
            }
            Action::Wait { .. } => return Ok(None),
        }))
    }

    fn page(&mut self) -> Page {
        let (live, at) = &mut self.going_through;
        let records: Vec<_> = live
            .iter()
            .skip(*at)
            .take(2)
            .map(|(key, value)| (key.as_str().into(), value.as_slice().into()))
            .collect();
        *at += records.len();
        Page {
            is_last: *at >= live.len(),
            records,
        }
    }

    /// One record of a transaction, or its end.
    fn go_on(
        &mut self,
        records: Vec<Record>,
        sent: usize,
        whole: Option<u64>,
        around: &mut Around<'_>,
    ) -> Result<Option<Event>, String> {
        if !around.broker {
            around.log.abort(self.producer);
            return Ok(Some(Event::Failed(Fault::Aborted(
                "the broker does not answer".to_owned(),
            ))));
        }
        if self.loosened == Some(Loosened::Fence) {
            self.producer = around.log.join();
        }
        let apart = match self.loosened {
            Some(Loosened::Apart) => true,
            Some(Loosened::KeyringApart) => records
                .get(sent.wrapping_sub(1))
                .is_some_and(|record| *record.key == *b"keyring"),
            _ => false,
        };
        if let Some(record) = records.get(sent) {
            if apart && sent > 0 {
                let _ = around.log.commit(self.producer);
                around.truth.visible(&records[..sent], whole.is_some())?;
            }
            if let Err(Fenced) = around.log.append(self.producer, record.clone(), around.now_ms) {
                return Ok(Some(Event::Failed(Fault::Fenced)));
            }
            self.under_way = Some(UnderWay::Transaction {
                sent: sent + 1,
                records,
                whole,
            });
            return Ok(None);
        }
        if let Err(Fenced) = around.log.commit(self.producer) {
            return Ok(Some(Event::Failed(Fault::Fenced)));
        }
        around.truth.visible(&records, whole.is_some())?;
        around
            .truth
            .committed(&records, whole, around.log, around.now_ms)?;
        Ok(Some(match around.says {
            true => Event::Committed,
            false => Event::Failed(Fault::Unknown("the answer was lost".to_owned())),
        }))
    }

    /// The topic at its end, or where the reading is now.
    #[allow(clippy::result_large_err, reason = "it is the same thing, further on")]
    fn go_on_reading(
        &mut self,
        mut reading: Reading,
        around: &Around<'_>,
        clock: u64,
    ) -> Result<Result<Topic, Reading>, Fault> {
        if !around.broker || reading.incarnation != around.log.incarnation || !around.log.has(reading.end) {
            return Err(Fault::Unknown("the topic is not there any more".to_owned()));
        }
        let (records, position) = around.log.fetch(reading.position, READ_AT_ONCE);
        for record in records {
            reading
                .topic
                .record(&record.key, record.value.as_deref(), clock / 1_000);
        }
        reading.position = position;
        Ok(match position >= reading.end {
            true => {
                self.read_damages = reading.damages;
                Ok(reading.topic)
            }
            false => Err(reading),
        })
    }

    fn step_check(&mut self, around: &mut Around<'_>) {
        let clock = self.clock(around.now_ms);
        match self.check.take() {
            None => {
                let topic = self.publisher.begin_check(clock);
                self.check = topic.map(|topic| Reading::new(topic, around));
            }
            Some(reading) => match self.go_on_reading(reading, around, clock) {
                Ok(Ok(topic)) => self.publisher.end_check(Ok(topic)),
                Ok(Err(reading)) => self.check = Some(reading),
                Err(fault) => self.publisher.end_check(Err(fault)),
            },
        }
    }
}

impl Reading {
    fn new(mut topic: Topic, around: &Around<'_>) -> Reading {
        let log = &around.log;
        if log.hides() {
            topic.set_hidden();
        }
        Reading {
            damages: around.truth.damages,
            topic,
            position: 0,
            end: log.stable_end(),
            incarnation: log.incarnation,
        }
    }
}

fn is_seen(log: &Log, commit: &[u8]) -> bool {
    log.visible()
        .iter()
        .rev()
        .any(|record| record.value.as_deref() == Some(commit))
}

/// The place of a commit.
pub(super) fn commit_place(line: &[u8]) -> Option<(u64, u64, u64)> {
    match Line::parse(line, &mut Scratch::default()) {
        Some(Line::Commit(commit)) => Some((commit.epoch, commit.revision, commit.at)),
        _ => None,
    }
}
