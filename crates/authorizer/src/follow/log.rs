//! A feed's topic in Kafka, read by a thread of its own for as long as the process runs: for a function that runs continuously.
//!
//! A process that is frozen reads nothing; behind it the thread goes on where it was, and asks for the end anew. What records say is judged by
//! `feed::Reader`, as everywhere.

use super::fault::FollowFault;
use super::pace::Moment;
use super::shared::{Shared, locked};
use crate::settings::{Bundle, Settings};
use feed::kafka::{self, Next, Reader};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How soon a thread ends whose function is gone, unless a broker lets it wait.
const STEP: Duration = Duration::from_millis(200);
/// What is said of a position that is gone.
const GONE: &str =
    "the topic was cut off or made anew behind where it was read: it is read again from its start";

/// The thread that reads. It ends by itself once its function is gone.
pub(super) struct Log {
    moved: Arc<Notify>,
}

impl Log {
    /// `None` where something else is followed, or nothing.
    pub(super) fn start(
        settings: &Settings,
        feed: &str,
        shared: &Arc<Mutex<Shared>>,
        origin: Instant,
    ) -> Result<Option<Log>, FollowFault> {
        let Some(Bundle::Topic(file)) = settings.following.as_ref().map(|following| &following.bundle) else {
            return Ok(None);
        };
        let place = kafka::Settings::load(file).map_err(FollowFault::Kafka)?;
        let reader = Reader::new(&place, feed);
        let (shared, moved) = (Arc::downgrade(shared), Arc::new(Notify::new()));
        let tells = Arc::clone(&moved);
        std::thread::Builder::new()
            .name("kafka".to_owned())
            .spawn(move || read_on(reader, &shared, &tells, origin))
            .map_err(FollowFault::Thread)?;
        Ok(Some(Log { moved }))
    }

    /// Once something came since the last call.
    pub(super) async fn moved(&self) {
        self.moved.notified().await;
    }
}

/// Until the function is gone.
fn read_on(mut reader: Reader, shared: &Weak<Mutex<Shared>>, moved: &Notify, origin: Instant) {
    while begin(shared, origin) {
        reader.restart();
        loop {
            let asked = Moment::now(origin);
            let next = reader.next(STEP);
            let Some(shared) = shared.upgrade() else { return };
            let mut shared = locked(&shared);
            let now = Moment::now(origin);
            let goes_on = match next {
                Ok(Next::Idle) => continue,
                Ok(Next::Record { key, value }) => shared.record(&key, value.as_deref(), now),
                Ok(Next::AtEnd) => shared.log_ended(asked, now),
                Ok(Next::Lost) => {
                    shared.log_pauses(GONE, now);
                    false
                }
                // It goes on trying by itself.
                Err(error) => {
                    shared.log_failed(error.to_string());
                    continue;
                }
            };
            moved.notify_one();
            if !goes_on {
                break;
            }
        }
    }
}

/// Begins with an empty state, once its pause is over; whether somebody still wants it.
fn begin(shared: &Weak<Mutex<Shared>>, origin: Instant) -> bool {
    loop {
        let Some(shared) = shared.upgrade() else {
            return false;
        };
        if locked(&shared).pace.may_fetch(Moment::now(origin)) {
            locked(&shared).begin_log();
            return true;
        }
        drop(shared);
        std::thread::sleep(STEP);
    }
}
