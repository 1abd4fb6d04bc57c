//! A feed's topic in Kafka as a carrier: read by a thread of its own, which blocks, and given on through a short queue.
//!
//! A log cannot be resumed behind a view: it is read from its start, into an empty state. Nothing here judges what records say.

use super::carrier::{Failure, Given};
use feed::kafka::{Next, Reader, Settings};
use std::time::Duration;
use tokio::sync::mpsc;

/// Records that wait to be taken.
const WAITING_MAX: usize = 64;
/// How soon a thread that nobody listens to any more ends, unless a broker lets it wait.
const STEP: Duration = Duration::from_millis(200);
/// What is said of a position that is gone.
const GONE: &str =
    "the topic was cut off or made anew behind where it was read: it is read again from its start";

/// The log of one feed.
pub(super) struct Log {
    settings: Settings,
    feed: Box<str>,
    open: Option<mpsc::Receiver<Message>>,
    /// What was given last.
    current: Message,
}

enum Message {
    Record(String, Option<Vec<u8>>),
    End,
    Stalled(String),
    Gone,
}

impl Log {
    pub(super) fn new(settings: &Settings, feed: &str) -> Log {
        Log {
            settings: settings.clone(),
            feed: feed.into(),
            open: None,
            current: Message::End,
        }
    }

    pub(super) fn told(&self) -> String {
        format!(
            "{} at {}",
            self.settings.topic(&self.feed),
            self.settings.brokers().join(",")
        )
    }

    /// From its start. That nobody is there is said by `next`: the reader goes on trying by itself.
    pub(super) fn open(&mut self) -> Result<(), Failure> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let reader = Reader::new(&self.settings, &self.feed);
        let thread = std::thread::Builder::new().name("kafka".to_owned());
        thread
            .spawn(move || read(reader, &sender))
            .map_err(|error| Failure::Failed(format!("there is no thread to read Kafka with: {error}")))?;
        self.open = Some(receiver);
        Ok(())
    }

    /// May be dropped and called again.
    pub(super) async fn next(&mut self) -> Result<Given<'_>, Failure> {
        let message = match &mut self.open {
            Some(open) => open.recv().await,
            None => None,
        };
        // It ends by itself only behind what it said last.
        self.current = message.unwrap_or(Message::Gone);
        match &self.current {
            Message::Record(key, value) => Ok(Given::Record(key, value.as_deref())),
            Message::End => Ok(Given::End),
            Message::Stalled(why) => Ok(Given::Stalled(why.clone())),
            Message::Gone => Err(Failure::Gone(GONE.to_owned())),
        }
    }

    pub(super) fn close(&mut self) {
        self.open = None;
    }
}

/// Until nobody listens, or the position is gone.
fn read(mut reader: Reader, sender: &mpsc::Sender<Message>) {
    while !sender.is_closed() {
        let message = match reader.next(STEP) {
            Ok(Next::Idle) => continue,
            Ok(Next::Record { key, value }) => Message::Record(key, value),
            Ok(Next::AtEnd) => Message::End,
            Ok(Next::Lost) => Message::Gone,
            Err(error) => Message::Stalled(error.to_string()),
        };
        let is_gone = matches!(message, Message::Gone);
        if sender.blocking_send(message).is_err() || is_gone {
            return;
        }
    }
}
