//! The access log as a whole: started, shared by the workers, opened anew, drained.

use super::sink::Sink;
use super::worker::WorkerLog;
use super::writer::{Batch, Control, Message, Writer};
use crate::configuration::{self, LogField};
use crate::usage::Metrics;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Batches between the workers and the writer: at 32 KiB each, 4 MiB of lines.
const QUEUE_BATCHES_MAX: usize = 128;
/// How long the end waits for a slow disk or pipe.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// The access log. Clones are the same log.
#[derive(Debug, Clone)]
pub struct AccessLog(Option<Arc<Shared>>);

/// What workers and the log's owner share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) fields: Arc<[LogField]>,
    pub(super) queue: SyncSender<Message>,
    pub(super) metrics: Arc<Metrics>,
    control: Arc<Control>,
    /// Hangs up when the writer has ended.
    ended: Mutex<Receiver<()>>,
}

impl AccessLog {
    /// Opens the destination and starts the writer. When the last clone and the last worker's log are gone, the
    /// writer ends by itself behind the last line.
    ///
    /// # Errors
    /// Where the file cannot be opened or the thread not be made.
    pub fn start(
        settings: &configuration::AccessLog,
        fields: &Arc<[LogField]>,
        metrics: &Arc<Metrics>,
    ) -> io::Result<AccessLog> {
        match Sink::open(settings)? {
            Some(sink) => AccessLog::to(sink, fields, metrics),
            None => Ok(AccessLog(None)),
        }
    }

    pub(super) fn to(sink: Sink, fields: &Arc<[LogField]>, metrics: &Arc<Metrics>) -> io::Result<AccessLog> {
        let (queue, batches) = sync_channel(QUEUE_BATCHES_MAX);
        let (running, ended) = sync_channel(0);
        let control = Arc::new(Control::default());
        let writer = Writer {
            sink,
            queue: batches,
            control: Arc::clone(&control),
            metrics: Arc::clone(metrics),
            complained: None,
        };
        std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || {
                let _running = running;
                writer.run();
            })?;
        Ok(AccessLog(Some(Arc::new(Shared {
            fields: Arc::clone(fields),
            queue,
            metrics: Arc::clone(metrics),
            control,
            ended: Mutex::new(ended),
        }))))
    }

    /// A worker's own end of it.
    pub fn worker(&self) -> WorkerLog {
        WorkerLog::new(self.0.as_ref())
    }

    /// Opens a file anew, after it was moved away. Lines that are in the queue already go to the new file.
    pub fn reopen(&self) {
        if let Some(shared) = &self.0 {
            shared.control.ask_reopen();
            shared.wake();
        }
    }

    /// Waits until everything that workers have let go of is written, at most five seconds, and ends the writer.
    /// To be called when every `WorkerLog` is dropped: what comes later is counted as dropped.
    pub fn drain(&self) {
        let Some(shared) = &self.0 else {
            return;
        };
        shared.control.ask_end();
        shared.wake();
        let ended = shared.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(DRAIN_MAX) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the access log could not be written out in time; its last lines are lost");
        }
    }
}

impl Shared {
    /// Makes an idle writer look at the control; a busy one will without it.
    fn wake(&self) {
        let _ = self.queue.try_send(Message::Wake);
    }

    /// Sends the last lines of a worker past a full queue; gives them back where nobody writes any more.
    pub(super) fn send_last(&self, batch: Batch) -> Result<(), Batch> {
        match self.queue.try_send(Message::Batch(batch)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Message::Batch(batch))) => self.control.leave(batch),
            Err(TrySendError::Disconnected(Message::Batch(batch))) => Err(batch),
            Err(TrySendError::Full(Message::Wake) | TrySendError::Disconnected(Message::Wake)) => Ok(()),
        }
    }
}
