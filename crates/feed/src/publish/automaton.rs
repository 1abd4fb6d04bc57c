//! Publishes a feed to a log: what is to be done next, given what came of the former (feed.md §3).
//!
//! Pure: no socket, no file, no clock. One thing at a time is asked of a driver ([`Publisher::next`]), which gives back what came of it
//! ([`Publisher::answer`]); only the check of the topic runs beside it ([`Publisher::begin_check`]), so that no revision waits for it. A killed
//! publisher leaves nothing behind that a new one has to know: it fences, reads the topic, and asks the database.

use super::action::{Action, Event};
use super::send::Sending;
use super::signer::Signer;
use super::source::{Fault, Mark, REVISION_RECORDS_MAX, Sent, Standing};
use super::status::Status;
use super::topic::{Asked, Topic};
use super::whole::Whole;
use crate::keys::Roots;
use crate::sign::SigningKey;

/// A commit is issued again after so long without one.
pub const HEARTBEAT_MS: u64 = 10_000;
/// The topic is checked so often.
pub const CHECK_MS: u64 = 60_000;
/// The database is asked so often whether it changed; whoever changes it in this process says so at once ([`Publisher::changed`]).
pub const POLL_MS: u64 = 200;
/// So long a commit is waited for until it is said not to be visible.
pub const VISIBLE_MS: u64 = 2_000;
/// And so long where the former was not visible either: nothing that follows should wait for it again.
const VISIBLE_AGAIN_MS: u64 = 200;
/// Who does not lead, or was refused, looks again after so long.
pub(super) const LOOK_AGAIN_MS: u64 = 2_000;
/// After a failure: so long, doubling.
pub(super) const BACKOFF_MS: u64 = 500;
/// Up to so long.
const BACKOFF_MS_MAX: u64 = 30_000;

/// Where it is between an action and what comes of it.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing is known, and nothing is done until then.
    Resting {
        until_ms: u64,
    },
    /// Does this process hold the lease?
    Asking,
    Fencing,
    Reading(Option<Topic>),
    /// The topic is read; where does the database stand?
    Weighing {
        topic: Topic,
    },
    /// And what was live at the topic's revision?
    WeighingMark {
        topic: Topic,
        standing: Standing,
        revision: u64,
        known: Vec<(u64, Option<Mark>)>,
    },
    /// It publishes, and waits for something to do.
    Leading,
    /// Did the database change?
    Polling,
    Fetching,
    Sending(Sending),
    Noting(Sending),
    Looking(Sending),
    Opening {
        topic: Topic,
    },
    Whole(Box<Whole>, WholeStep),
    /// All records of the whole but the last are sent: does the database still say so?
    Confirming {
        records: Vec<Sent>,
        mark: Mark,
    },
    /// Somebody has to decide.
    Refused {
        until_ms: u64,
    },
    /// Did somebody?
    AskingAgain,
}

#[derive(Debug)]
pub(super) enum WholeStep {
    Paging,
    Rewinding,
    /// `None`: it is on its way.
    Sending(Option<Vec<Sent>>),
}

/// The commit that was sent last, or that the topic had.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) mark: Mark,
    pub(super) at: u64,
    /// The version of the keyring that the topic has.
    pub(super) keyring: Option<u64>,
}

/// A publisher of one feed to one topic.
#[derive(Debug)]
pub struct Publisher {
    pub(super) signer: Signer,
    pub(super) step: Step,
    /// Its action is on its way.
    pub(super) given: bool,
    pub(super) position: Option<Position>,
    /// The highest that this process ever sent, or found in the topic.
    pub(super) remembered: Option<Mark>,
    /// The newest keyring's version, of those that it ever sent, or found in the topic: readers may have it, whatever became of the topic.
    pub(super) keyring: Option<u64>,
    /// The newest commit of ours that a reader saw, in this leadership.
    pub(super) seen: Option<(Mark, u64)>,
    pub(super) heartbeat_ms: u64,
    pub(super) poll_ms: u64,
    pub(super) check_ms: u64,
    pub(super) start: u64,
    pub(super) is_checking: bool,
    pub(super) checked: Option<Topic>,
    /// The records of a revision are gone from the database: the whole has to be sent.
    pub(super) whole_wanted: bool,
    pub(super) fleet: Option<(u64, u64)>,
    /// Where the database stood when it was asked last.
    pub(super) standing: Option<Standing>,
    pub(super) refused_ms: u64,
    /// When it was asked or answered last.
    pub(super) now_ms: u64,
    pub(super) noted: Option<(u64, u64)>,
    pub(super) backoff_ms: u64,
    pub(super) status: Status,
    /// Records of one transaction of the whole.
    pub(crate) batch_records_max: usize,
    #[cfg(test)]
    pub(crate) loosened: Option<super::Loosened>,
}

impl Publisher {
    /// Of the feed of these roots, with the private keys that the database's keyring names.
    pub fn new(roots: Roots, keys: Vec<SigningKey>) -> Publisher {
        Publisher {
            signer: Signer::new(roots, keys),
            step: Step::Resting { until_ms: 0 },
            given: false,
            position: None,
            remembered: None,
            keyring: None,
            seen: None,
            heartbeat_ms: 0,
            poll_ms: 0,
            check_ms: 0,
            start: 0,
            is_checking: false,
            checked: None,
            whole_wanted: false,
            fleet: None,
            standing: None,
            refused_ms: 0,
            now_ms: 0,
            noted: None,
            backoff_ms: BACKOFF_MS,
            status: Status::default(),
            batch_records_max: REVISION_RECORDS_MAX,
            #[cfg(test)]
            loosened: None,
        }
    }

    /// What is known of it.
    pub fn status(&self) -> &Status {
        &self.status
    }

    #[cfg(test)]
    pub(crate) fn is_sending_whole(&self) -> bool {
        self.whole_wanted
    }

    /// It waits, and nothing of it is on its way.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        matches!(
            self.step,
            Step::Leading | Step::Resting { .. } | Step::Refused { .. }
        )
    }

    /// Other private keys from here on.
    pub fn set_keys(&mut self, keys: Vec<SigningKey>) {
        self.signer.set_keys(keys);
    }

    /// The database changed: what waits, waits no longer.
    pub fn changed(&mut self) {
        self.poll_ms = 0;
    }

    /// The highest place that gateways report, of all of them.
    pub fn fleet(&mut self, epoch: u64, revision: u64) {
        self.fleet = self.fleet.max(Some((epoch, revision)));
    }

    /// What is to be done; the same is not said twice before it is answered.
    pub fn next(&mut self, now_ms: u64) -> Action {
        self.hear_time(now_ms);
        loop {
            let waits = Action::Wait {
                until_ms: now_ms + POLL_MS,
            };
            if self.given {
                return waits;
            }
            match &mut self.step {
                Step::Resting { until_ms } | Step::Refused { until_ms, .. } if *until_ms > now_ms => {
                    return Action::Wait { until_ms: *until_ms };
                }
                Step::Resting { .. } => self.step = Step::Asking,
                Step::Refused { .. } => self.step = Step::AskingAgain,
                Step::Leading => {
                    let until_ms = self.poll_ms.min(self.heartbeat_ms);
                    match self.checked.take() {
                        Some(topic) if topic.asked.start == self.start => {
                            self.step = Step::Weighing { topic }
                        }
                        _ if until_ms > now_ms => return Action::Wait { until_ms },
                        _ => self.step = Step::Polling,
                    }
                }
                _ => {
                    self.given = true;
                    return self.action();
                }
            }
        }
    }

    fn action(&mut self) -> Action {
        let within_ms = match self.status.is_visible {
            true => VISIBLE_MS,
            false => VISIBLE_AGAIN_MS,
        };
        match &mut self.step {
            Step::Fencing => Action::Fence,
            Step::Reading(topic) => {
                let empty = || Topic::new(self.signer.roots().clone());
                Action::Read(Box::new(topic.take().unwrap_or_else(empty)))
            }
            Step::WeighingMark { revision, .. } => Action::Mark(*revision),
            Step::Fetching => {
                Action::Revision(self.position.map_or(0, |position| position.mark.revision) + 1)
            }
            Step::Sending(sending) => Action::Transact(std::mem::take(&mut sending.records)),
            Step::Noting(sending) => Action::Note(sending.mark.epoch, sending.mark.revision),
            Step::Looking(sending) => Action::Look {
                commit: sending.commit.clone(),
                within_ms,
            },
            Step::Opening { .. } => Action::Open,
            Step::Whole(_, WholeStep::Paging) => Action::Page,
            Step::Whole(_, WholeStep::Rewinding) => Action::Rewind,
            Step::Whole(_, WholeStep::Sending(records)) => {
                Action::Transact(records.take().unwrap_or_default())
            }
            // All others ask the same; those that wait are not given an action.
            Step::Asking
            | Step::Weighing { .. }
            | Step::Polling
            | Step::Confirming { .. }
            | Step::AskingAgain
            | Step::Leading
            | Step::Resting { .. }
            | Step::Refused { .. } => Action::Standing,
        }
    }

    /// What came of the last action; `now_ms` in Unix milliseconds.
    pub fn answer(&mut self, event: Event, now_ms: u64) {
        self.hear_time(now_ms);
        if !std::mem::take(&mut self.given) {
            return;
        }
        let step = std::mem::replace(&mut self.step, Step::Resting { until_ms: now_ms });
        let before = match &event {
            Event::Standing(standing) => self.standing.replace(standing.clone()),
            _ => None,
        };
        match (step, event) {
            (_, Event::Failed(fault)) => self.fail(&fault, now_ms),
            (_, Event::Unanswered(error)) => self.retry_later(error, now_ms),
            (Step::Asking, Event::Standing(standing)) => self.ask_to_lead(&standing, now_ms),
            (Step::Fencing, Event::Fenced) => self.read(),
            (Step::Reading(_), Event::Read(topic)) => self.step = Step::Weighing { topic: *topic },
            (Step::Weighing { topic }, Event::Standing(standing)) => {
                self.weigh(topic, standing, Vec::new(), now_ms);
            }
            (
                Step::WeighingMark {
                    topic,
                    standing,
                    revision,
                    mut known,
                },
                Event::Mark(mark),
            ) => {
                known.push((revision, mark));
                self.weigh(topic, standing, known, now_ms);
            }
            (Step::Polling, Event::Standing(standing)) => self.poll(&standing, now_ms),
            (Step::Fetching, Event::Revision(revision)) => self.take_revision(revision, now_ms),
            (Step::Sending(sending), Event::Committed) => self.committed(sending, now_ms),
            (Step::Noting(sending), Event::Noted) => {
                self.noted = Some((sending.mark.epoch, sending.mark.revision));
                self.step = Step::Looking(sending);
            }
            (Step::Looking(sending), Event::Looked(is_seen)) => self.looked(&sending, is_seen, now_ms),
            (Step::Opening { topic }, Event::Opened(mark)) => self.opened(topic, mark, now_ms),
            (Step::Whole(mut whole, WholeStep::Paging), Event::Page(page)) => {
                let next = whole.page(page);
                self.go_on_whole(whole, next, now_ms);
            }
            (Step::Whole(mut whole, WholeStep::Rewinding), Event::Rewound) => {
                let next = whole.rewound();
                self.go_on_whole(whole, next, now_ms);
            }
            (Step::Whole(mut whole, WholeStep::Sending(_)), Event::Committed) => {
                let next = whole.sent();
                self.go_on_whole(whole, next, now_ms);
            }
            (Step::Confirming { records, mark }, Event::Standing(standing)) => {
                self.confirm(&standing, records, mark, now_ms);
            }
            (Step::AskingAgain, Event::Standing(standing)) => {
                self.ask_again(before.as_ref(), &standing, now_ms);
            }
            (step, event) => {
                let error = format!("{event:?} is no answer to {step:?}");
                self.rest(error, now_ms);
            }
        }
    }

    /// Nobody knows what became of it: all is asked anew, after a while.
    pub(super) fn fail(&mut self, fault: &Fault, now_ms: u64) {
        match fault {
            Fault::Aborted(_) => self.retry_later(fault.to_string(), now_ms),
            Fault::Fenced | Fault::Unknown(_) => self.rest(fault.to_string(), now_ms),
        }
    }

    /// Nothing happened: who leads goes on leading, after a while.
    pub(super) fn retry_later(&mut self, error: String, now_ms: u64) {
        if self.position.is_none() || self.whole_wanted {
            return self.rest(error, now_ms);
        }
        self.step = Step::Leading;
        self.is_checking = false;
        self.poll_ms = now_ms + self.backoff_ms;
        self.heartbeat_ms = self.heartbeat_ms.max(self.poll_ms);
        self.backoff_ms = (self.backoff_ms * 2).min(BACKOFF_MS_MAX);
        self.status.error = Some(error);
    }

    /// Gives up leadership.
    pub(super) fn rest(&mut self, error: String, now_ms: u64) {
        self.step = Step::Resting {
            until_ms: now_ms + self.backoff_ms,
        };
        self.backoff_ms = (self.backoff_ms * 2).min(BACKOFF_MS_MAX);
        self.forget();
        self.status.error = Some(error);
    }

    /// What was known of the topic is not known any more.
    pub(super) fn forget(&mut self) {
        self.position = None;
        self.seen = None;
        self.noted = None;
        self.whole_wanted = false;
        self.drop_check();
        self.status.starts();
    }

    pub(super) fn ask_to_lead(&mut self, standing: &Standing, now_ms: u64) {
        self.status.heard(standing.mark, self.fleet);
        match standing.holds_lease {
            true => self.step = Step::Fencing,
            false => self.stand_by(now_ms),
        }
        #[cfg(test)]
        if self.loosened == Some(super::Loosened::Fence) && standing.holds_lease {
            self.read();
        }
    }

    pub(super) fn stand_by(&mut self, now_ms: u64) {
        self.forget();
        self.status.stands_by();
        self.step = Step::Resting {
            until_ms: now_ms + LOOK_AGAIN_MS,
        };
    }

    pub(super) fn read(&mut self) {
        let mut topic = Topic::new(self.signer.roots().clone());
        topic.asked = Asked {
            start: self.start,
            is_check: false,
            seen: self.seen,
        };
        self.step = Step::Reading(Some(topic));
    }
}
