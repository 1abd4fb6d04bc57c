//! A publisher's turn, where calls may block: all that is to be done now, and a look at the topic on another thread, so that no revision waits for
//! it. Whoever publishes has the loop around it, which knows what else there is to wait for.

use super::automaton::Publisher;
use super::drive;
use super::source::{Fault, Log, Source};
use super::topic::Topic;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// So soon it is seen that a check is done.
const CHECKING_MS: u64 = 100;

/// Does all that is to be done now; for how many milliseconds there is nothing more, unless something changes before. `checker` makes a log
/// that only reads, for the check's thread; `checking` is what one turn leaves to the next; `now_ms` is Unix time.
pub fn turn<S, L>(
    publisher: &mut Publisher,
    source: &mut S,
    log: &mut L,
    checker: impl Fn(&L) -> L,
    checking: &mut Checking,
    now_ms: impl Fn() -> u64,
) -> u64
where
    S: Source,
    L: Log + Send + 'static,
{
    loop {
        let pause_ms = drive::run(publisher, source, log, &now_ms);
        if checking.step(publisher, || checker(log), now_ms()) {
            continue;
        }
        return match checking.0 {
            Some(_) => pause_ms.min(CHECKING_MS),
            None => pause_ms,
        };
    }
}

/// A check of the topic on a thread of its own, so that no revision waits for it.
#[derive(Debug, Default)]
pub struct Checking(Option<Receiver<Result<Topic, Fault>>>);

impl Checking {
    /// Begins one where it is due, with a log that only reads, and gives the publisher what came of one; whether something did.
    fn step<L: Log + Send + 'static>(
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
