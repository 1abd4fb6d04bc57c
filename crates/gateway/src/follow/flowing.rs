//! Following a stream or a log: it is opened behind what is shown, or at its start, and gives until it fails.
//!
//! Where its end is not what is shown, it is read again from its start after a pause, into an empty state (feed.md §2, rule 2).

use super::LOOK_EVERY;
use super::carrier::{Failure, Flow, Given, Opened};
use super::follower::Follower;
use super::pace::{Looked, Pace};
use super::service::{Inbox, Told};
use feed::{Ignored, Read};
use std::sync::mpsc as sync;
use std::time::Instant;
use tokio::time::{Interval, MissedTickBehavior};

/// Follows until the end; `first` is told of the first end, or of the first failure.
pub(super) async fn flow_on(
    mut follower: Follower,
    mut flow: Flow,
    mut inbox: Inbox,
    first: sync::Sender<()>,
) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = Round {
        follower: &mut follower,
        flow: &mut flow,
        inbox: &mut inbox,
        tick,
        first,
        pace: Pace::default(),
        random: fastrand::Rng::new(),
        from_start: false,
    };
    let mut due = Instant::now();
    tracing::info!(from = round.flow.told(), "following a feed");
    loop {
        match round.follow(due).await {
            Over::End => return,
            Over::Failed(looked) => due = Instant::now() + round.pause(looked),
            Over::Again => due = Instant::now(),
        }
    }
}

/// Why a carrier is opened again, or not.
enum Over {
    /// After a pause.
    Failed(Looked),
    /// At once.
    Again,
    /// Never.
    End,
}

/// What interrupts a carrier.
enum Step<'f> {
    Told(Told),
    Given(Result<Given<'f>, Failure>),
    Tick,
}

struct Round<'r> {
    follower: &'r mut Follower,
    flow: &'r mut Flow,
    inbox: &'r mut Inbox,
    tick: Interval,
    first: sync::Sender<()>,
    pace: Pace,
    random: fastrand::Rng,
    /// What is shown is not to be gone on from.
    from_start: bool,
}

impl Round<'_> {
    /// Opens the carrier when it is due, and takes what it gives until it is over.
    async fn follow(&mut self, due: Instant) -> Over {
        let opened = match self.open(due).await {
            Ok(opened) => opened,
            Err(over) => return over,
        };
        match opened {
            Ok(Opened::Start) => self.follower.begin(),
            Ok(Opened::Resumed) => self.follower.resume(),
            Err(failure) => return self.failed(&failure),
        }
        let resumed = opened == Ok(Opened::Resumed);
        tracing::info!(resumed, "the feed is open");
        loop {
            let step = tokio::select! {
                biased;
                told = self.inbox.next() => Step::Told(told),
                given = self.flow.next() => Step::Given(given),
                _ = self.tick.tick() => Step::Tick,
            };
            let ended = match step {
                Step::Told(told) => return self.told(told),
                Step::Tick => {
                    self.follower.tell_state();
                    if self.follower.wants_whole(Instant::now()) {
                        self.flow.close();
                        return Over::Again;
                    }
                    continue;
                }
                Step::Given(Err(failure)) => return self.failed(&failure),
                Step::Given(Ok(Given::Stalled(why))) => {
                    self.follower.stalled(why);
                    // It is of no use to wait for one that knows that it brings nothing.
                    let _ = self.first.send(());
                    continue;
                }
                Step::Given(Ok(Given::End)) => Some(self.follower.flow_ended(true)),
                Step::Given(Ok(Given::Record(key, value))) => {
                    let read = self.follower.record(key, value);
                    self.follower.ended_by(&read, false)
                }
                Step::Given(Ok(Given::Line(line))) => {
                    let read = self.follower.line(line);
                    self.follower.ended_by(&read, true)
                }
            };
            if let Some(looked) = ended {
                let _ = self.first.send(());
                self.from_start = looked == Looked::Mismatch;
                if self.from_start {
                    self.flow.close();
                    return Over::Failed(looked);
                }
                // All is well: what goes wrong from here on begins anew.
                self.pause(looked);
            }
        }
    }

    /// `Err`: something else came first.
    async fn open(&mut self, due: Instant) -> Result<Result<Opened, Failure>, Over> {
        let whole = self.from_start || self.follower.wants_whole(Instant::now());
        let view = self.follower.reader.view().cloned().filter(|_| !whole);
        let told = {
            let open = async {
                tokio::time::sleep_until(due.into()).await;
                self.flow.open(view.as_ref()).await
            };
            tokio::pin!(open);
            loop {
                tokio::select! {
                    biased;
                    told = self.inbox.next() => break told,
                    opened = &mut open => return Ok(opened),
                    _ = self.tick.tick() => self.follower.tell_state(),
                }
            }
        };
        Err(self.told(told))
    }

    fn told(&mut self, told: Told) -> Over {
        match told {
            Told::End => Over::End,
            Told::Floor(bytes, done) => {
                // What was given is forgotten by the reader too.
                self.flow.close();
                self.follower.floor(&bytes);
                let _ = done.send(());
                Over::Again
            }
        }
    }

    fn failed(&mut self, failure: &Failure) -> Over {
        self.flow.close();
        self.from_start |= matches!(failure, Failure::Gone(_));
        let looked = self.follower.failed(failure);
        let _ = self.first.send(());
        Over::Failed(looked)
    }

    fn pause(&mut self, looked: Looked) -> std::time::Duration {
        self.pace.after(looked, &mut self.random)
    }
}

impl Follower {
    /// Whether what was read is the end of what the carrier has.
    fn ended_by(&mut self, read: &Read, behind_commits: bool) -> Option<Looked> {
        match read {
            // It would take nothing more until it begins again.
            Read::Ignored(Ignored::Full) => Some(self.flow_ended(false)),
            // A log may have been written to by a stranger, and its publisher writes on; a stream is of one who knows what counts.
            Read::Ignored(Ignored::Commit(_)) if behind_commits => Some(self.flow_ended(false)),
            read if behind_commits && read.is_end() => Some(self.flow_ended(true)),
            _ => None,
        }
    }

    /// `counts`: nothing was there that no publisher of this feed sends.
    fn flow_ended(&mut self, counts: bool) -> Looked {
        const OTHERWISE: &str =
            "the end of the feed is not what is shown: it is older, incomplete, or not this feed's";
        let is_view = counts && self.reader.is_at_view();
        self.ended(is_view, OTHERWISE)
    }
}
