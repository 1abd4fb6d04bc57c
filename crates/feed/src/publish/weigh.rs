//! The topic is read, at the start or as a check of it: go on, send the whole, or wait for somebody to decide.
//!
//! What may be done is decided in `decide.rs`; here it is begun.

use super::automaton::{CHECK_MS, LOOK_AGAIN_MS, Position, Publisher, Step, WholeStep};
use super::decide::{Facts, Refusal, Verdict, judge};
use super::source::{Mark, Sent, Standing};
use super::topic::Topic;
use super::whole::{Next, Whole};

const HIDDEN: &str = "an open transaction of somebody else hides the end of the topic: end it (`kafka-transactions.sh abort`), and let nobody else write";

impl Publisher {
    /// The topic is read, on the way to leading or as the check of it: what may be done?
    pub(super) fn weigh(
        &mut self,
        topic: Topic,
        standing: Standing,
        known: Vec<(u64, Option<Mark>)>,
        now_ms: u64,
    ) {
        if !standing.holds_lease {
            return self.stand_by(now_ms);
        }
        self.status.heard(standing.mark, self.fleet);
        if topic.is_hidden() && !topic.asked.is_check {
            // What this publisher's predecessor sent last may be behind it: to go on would send it twice, or over what a restored database lacks.
            self.rest(HIDDEN.to_owned(), now_ms);
            self.status.is_visible = false;
            return;
        }
        self.keyring = self.keyring.max(topic.keyring_version());
        let verdict = judge(&Facts {
            topic: &topic,
            standing: &standing,
            known: &known,
            remembered: self.remembered,
            seen: topic.asked.seen,
            fleet: self.fleet,
        });
        #[cfg(test)]
        let verdict = self.loosen(verdict);
        if matches!(verdict, Verdict::GoOn { .. } | Verdict::Whole) {
            let signs = self.signer.follow(&standing);
            let signs = signs.and_then(|()| self.signer.version(self.keyring));
            if let Err(refusal) = signs {
                return self.refuse(refusal, now_ms);
            }
        }
        match verdict {
            Verdict::NeedsMark(revision) => {
                self.step = Step::WeighingMark {
                    topic,
                    standing,
                    revision,
                    known,
                }
            }
            Verdict::Refuse(refusal) => self.refuse(refusal, now_ms),
            // Which keys there are has to be known as of now.
            Verdict::Whole if topic.asked.is_check => {
                self.drop_check();
                self.read();
            }
            Verdict::GoOn { .. } if self.whole_wanted => self.send_whole(topic),
            Verdict::Whole => self.send_whole(topic),
            // A check: the topic was right when it was read, and more was sent since.
            Verdict::GoOn { .. } if self.position.is_some() => self.lead(now_ms),
            Verdict::GoOn { mark, at } => {
                self.remember(mark);
                self.position = Some(Position {
                    mark,
                    at,
                    keyring: topic.keyring_version(),
                });
                self.heartbeat_ms = now_ms;
                self.check_ms = now_ms + CHECK_MS;
                self.status.leads(mark);
                self.lead(now_ms);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn loosen(&self, verdict: Verdict) -> Verdict {
        use super::Loosened;
        match (self.loosened, verdict) {
            (Some(Loosened::Lost), Verdict::Refuse(Refusal::Lost { .. } | Refusal::FleetAhead { .. })) => {
                Verdict::Whole
            }
            (Some(Loosened::Restored), Verdict::Refuse(Refusal::Ahead { .. } | Refusal::Differs { .. })) => {
                Verdict::Whole
            }
            (_, verdict) => verdict,
        }
    }

    pub(super) fn send_whole(&mut self, topic: Topic) {
        self.whole_wanted = true;
        let held = topic.highest().map(|(mark, at)| Position {
            mark,
            at,
            keyring: topic.keyring_version(),
        });
        // A check is of a topic as it was; what was sent since is known better.
        self.position = self.position.or(held);
        self.step = Step::Opening { topic };
    }

    pub(super) fn opened(&mut self, topic: Topic, mark: Mark, now_ms: u64) {
        if self.signer.keyring_epoch() != Some(mark.epoch) {
            return self.rest("the database changed its epoch meanwhile".to_owned(), now_ms);
        }
        let mut whole = Box::new(Whole::new(topic.into_keys(), mark, self.batch_records_max));
        #[cfg(test)]
        {
            whole.without_tombstones = self.loosened == Some(super::Loosened::Tombstones);
        }
        let next = whole.next();
        self.go_on_whole(whole, next, now_ms);
    }

    pub(super) fn go_on_whole(&mut self, whole: Box<Whole>, next: Next, now_ms: u64) {
        let step = match next {
            Next::Page => WholeStep::Paging,
            Next::Rewind => WholeStep::Rewinding,
            Next::Send(records) => WholeStep::Sending(Some(records)),
            Next::End(records, mark) => {
                self.step = Step::Confirming { records, mark };
                return;
            }
            Next::Broken(mark) => {
                let revision = mark.revision;
                return self.refuse(Refusal::Broken { revision }, now_ms);
            }
        };
        self.step = Step::Whole(whole, step);
    }

    /// The whole takes its time: the database may have been put back meanwhile, or given to another epoch.
    pub(super) fn confirm(&mut self, standing: &Standing, records: Vec<Sent>, mark: Mark, now_ms: u64) {
        let own = standing.mark;
        let is_further = own.epoch == mark.epoch && own.revision > mark.revision;
        if !standing.holds_lease || (own != mark && !is_further) {
            return self.rest(
                "the database is not what was sent of it any more".to_owned(),
                now_ms,
            );
        }
        if let Some(position) = &mut self.position {
            // The whole is for whoever has nothing: with the keyring, whatever the topic has of it.
            position.keyring = None;
        }
        self.send(mark, records, now_ms);
    }

    pub(super) fn remember(&mut self, mark: Mark) {
        let place = |mark: &Mark| (mark.epoch, mark.revision);
        if self.remembered.as_ref().map(place) < Some(place(&mark)) {
            self.remembered = Some(mark);
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal, now_ms: u64) {
        self.forget();
        self.status.refused(refusal);
        self.refused_ms = now_ms;
        self.step = Step::Refused {
            until_ms: now_ms + LOOK_AGAIN_MS,
        };
    }
}
