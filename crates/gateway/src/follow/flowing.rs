//! Following a stream or a log: it is opened behind what is shown, or at its start, and gives until it fails.
//!
//! Where its end is not what is shown, it is read again from its start after a pause, into an empty state (feed.md §2, rule 2). It is listened to
//! meanwhile: a log that was behind goes on by itself, and what it says next may hold.

use super::LOOK_EVERY;
use super::carrier::{Failure, Flow, Given, Opened};
use super::follower::Follower;
use super::pace::{Looked, Pace};
use super::service::{Inbox, Told};
use feed::{Ignored, Read};
use std::sync::mpsc as sync;
use std::time::Instant;
use tokio::time::{Interval, MissedTickBehavior};

/// What is said of an end that is not what is shown.
const OTHERWISE: &str =
    "the end of the feed is not what is shown: it is older, incomplete, or not this feed's";

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
    Again,
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
        // Its end was not what is shown: from when on it is read again.
        let mut again_at = None;
        loop {
            let step = tokio::select! {
                biased;
                told = self.inbox.next() => Step::Told(told),
                () = reached(again_at) => Step::Again,
                given = self.flow.next() => Step::Given(given),
                _ = self.tick.tick() => Step::Tick,
            };
            let end = match step {
                Step::Told(told) => return self.told(told),
                Step::Tick => {
                    self.follower.tell_state();
                    if self.follower.wants_whole(Instant::now()) {
                        self.flow.close();
                        return Over::Again;
                    }
                    continue;
                }
                Step::Again => {
                    self.flow.close();
                    return Over::Again;
                }
                Step::Given(Err(failure)) => return self.failed(&failure),
                Step::Given(Ok(Given::Stalled(why))) => {
                    self.follower.stalled(why);
                    // It is of no use to wait for one that knows that it brings nothing.
                    let _ = self.first.send(());
                    continue;
                }
                Step::Given(Ok(Given::End)) => Some(End::Seen),
                Step::Given(Ok(Given::Record(key, value))) => {
                    end_of(&self.follower.record(key, value), false)
                }
                Step::Given(Ok(Given::Line(line))) => end_of(&self.follower.line(line), true),
            };
            let Some(end) = end else { continue };
            let is_view = end == End::Seen && self.follower.reader.is_at_view();
            if !is_view && again_at.is_some() && end != End::Full {
                continue;
            }
            let looked = self.follower.ended(is_view, OTHERWISE);
            let _ = self.first.send(());
            self.from_start = !is_view;
            if end == End::Full {
                self.flow.close();
                return Over::Failed(looked);
            }
            // Where all is well, what goes wrong from here on begins anew.
            let pause = self.pause(looked);
            again_at = (!is_view).then(|| Instant::now() + pause);
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

/// The end of what a carrier has, as it seems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// All was read.
    Seen,
    /// What no publisher of this feed sends was there.
    Foreign,
    /// Nothing more is taken until it begins again.
    Full,
}

/// Whether what was read is the end.
fn end_of(read: &Read, behind_commits: bool) -> Option<End> {
    match read {
        Read::Ignored(Ignored::Full) => Some(End::Full),
        // A log may have been written to by a stranger, and its publisher writes on; a stream is of one who knows what counts.
        Read::Ignored(Ignored::Commit(_)) if behind_commits => Some(End::Foreign),
        read if behind_commits && read.is_end() => Some(End::Seen),
        _ => None,
    }
}

async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
