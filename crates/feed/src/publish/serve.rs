//! Publishes until it is told to stop, on a thread of its own where calls may block: the automaton, a source of truth, a log, and what others have
//! to say to it. Checks of the topic run on another thread, so that no revision waits for them.

use super::automaton::Publisher;
use super::drive;
use super::source::{Fault, Log, Source};
use super::status::Status;
use super::topic::Topic;
use crate::sign::SigningKey;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::Duration;

/// So soon it is seen that a check is done.
const CHECKING: Duration = Duration::from_millis(100);

/// What others say to a publisher that runs.
#[derive(Debug)]
pub enum Order {
    /// The database changed.
    Changed,
    /// The highest place (epoch, revision) that gateways report.
    Fleet(u64, u64),
    /// Other private keys from here on.
    Keys(Vec<SigningKey>),
    /// End. So does an end of the channel.
    Stop,
}

/// Publishes. `checker` makes a log that only reads, for a thread of its own; `now_ms` is Unix milliseconds; `tell` is called with what is known
/// whenever there is nothing to do for a while.
pub fn serve<S, L>(
    publisher: &mut Publisher,
    source: &mut S,
    log: &mut L,
    checker: impl Fn(&L) -> L,
    now_ms: impl Fn() -> u64,
    orders: &Receiver<Order>,
    mut tell: impl FnMut(&Status),
) where
    S: Source,
    L: Log + Send + 'static,
{
    let mut checking = Checking::default();
    loop {
        let until_ms = drive::run(publisher, source, log, &now_ms);
        tell(publisher.status());
        if checking.step(publisher, || checker(log), now_ms()) {
            continue;
        }
        let wait = Duration::from_millis(until_ms.saturating_sub(now_ms()).max(1));
        let wait = if checking.is_under_way() {
            wait.min(CHECKING)
        } else {
            wait
        };
        match orders.recv_timeout(wait) {
            Ok(Order::Changed) => publisher.changed(),
            Ok(Order::Fleet(epoch, revision)) => publisher.fleet(epoch, revision),
            Ok(Order::Keys(keys)) => publisher.set_keys(keys),
            Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// A check of the topic on a thread of its own, so that no revision waits for it.
#[derive(Debug, Default)]
pub struct Checking(Option<Receiver<Result<Topic, Fault>>>);

impl Checking {
    /// Whether one runs.
    pub fn is_under_way(&self) -> bool {
        self.0.is_some()
    }

    /// Begins one where it is due, with a log that only reads, and gives the publisher what came of one; whether something did.
    pub fn step<L: Log + Send + 'static>(
        &mut self,
        publisher: &mut Publisher,
        checker: impl FnOnce() -> L,
        now_ms: u64,
    ) -> bool {
        let Some(done) = &self.0 else {
            self.0 = publisher
                .begin_check(now_ms)
                .map(|topic| begin_check(topic, checker()));
            return false;
        };
        let read = match done.try_recv() {
            Ok(read) => read,
            Err(TryRecvError::Disconnected) => Err(Fault::Unknown("the check broke off".to_owned())),
            Err(TryRecvError::Empty) => return false,
        };
        self.0 = None;
        publisher.end_check(read);
        true
    }
}

fn begin_check<L: Log + Send + 'static>(mut topic: Topic, mut log: L) -> Receiver<Result<Topic, Fault>> {
    let (sender, done) = channel();
    std::thread::spawn(move || {
        let read = log.read(&mut topic).map(|()| topic);
        // Whoever waited for it may be gone.
        let _ = sender.send(read);
    });
    done
}
