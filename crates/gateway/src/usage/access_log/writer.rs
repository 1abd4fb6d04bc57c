//! The one thread that writes lines. It sleeps until a batch comes, and its slowness is nobody else's.

use super::sink::{Lost, Sink};
use crate::usage::Metrics;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A failing disk is told of at most this often.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);
/// A buffer that had to grow beyond is not used again.
const KEPT_BYTES_MAX: usize = 128 * 1024;
/// Batches of workers that have ended while the queue was full.
const LEFTOVERS_MAX: usize = 1024;

/// Lines on their way from a worker.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) lines: u64,
    /// Where the empty buffer goes back to.
    pub(super) home: SyncSender<Vec<u8>>,
}

/// What comes through the queue.
#[derive(Debug)]
pub(super) enum Message {
    Batch(Batch),
    /// Look at the control.
    Wake,
}

/// What is told to the writer beside the queue, as the queue may be full.
#[derive(Debug, Default)]
pub(super) struct Control {
    reopen: AtomicBool,
    end: AtomicBool,
    leftovers: Mutex<Vec<Batch>>,
}

impl Control {
    pub(super) fn ask_reopen(&self) {
        self.reopen.store(true, Ordering::Release);
    }

    pub(super) fn ask_end(&self) {
        self.end.store(true, Ordering::Release);
    }

    /// Takes over the last lines of a worker that ends; gives them back where even here is no room.
    pub(super) fn leave(&self, batch: Batch) -> Result<(), Batch> {
        let mut leftovers = self.leftovers.lock().unwrap_or_else(PoisonError::into_inner);
        if leftovers.len() >= LEFTOVERS_MAX {
            return Err(batch);
        }
        leftovers.push(batch);
        Ok(())
    }

    fn take_leftovers(&self) -> Vec<Batch> {
        std::mem::take(&mut *self.leftovers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The writer's own things.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) sink: Sink,
    pub(super) queue: Receiver<Message>,
    pub(super) control: Arc<Control>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) complained: Option<Instant>,
}

impl Writer {
    /// Writes until everybody who could send is gone, or the end is asked for and the queue is empty.
    pub(super) fn run(mut self) {
        while let Ok(message) = self.queue.recv() {
            self.take(message);
            self.write_leftovers();
            if self.control.end.load(Ordering::Acquire) {
                break;
            }
        }
        while let Ok(message) = self.queue.try_recv() {
            self.take(message);
        }
        self.write_leftovers();
    }

    fn take(&mut self, message: Message) {
        if self.control.reopen.swap(false, Ordering::AcqRel)
            && let Err(error) = self.sink.reopen()
        {
            tracing::error!(%error, "the access log cannot be opened anew; the old file stays in use");
        }
        if let Message::Batch(batch) = message {
            self.write(batch);
        }
    }

    fn write_leftovers(&mut self) {
        for batch in self.control.take_leftovers() {
            self.write(batch);
        }
    }

    fn write(&mut self, batch: Batch) {
        let Batch {
            mut bytes,
            lines: _,
            home,
        } = batch;
        if let Err(lost) = self.sink.write(&bytes) {
            self.complain(&lost);
        }
        if bytes.capacity() <= KEPT_BYTES_MAX {
            bytes.clear();
            // A worker that is gone, or has enough of them, does without.
            let _ = home.try_send(bytes);
        }
    }

    fn complain(&mut self, lost: &Lost) {
        self.metrics.access_log_failed(lost.lines);
        let now = Instant::now();
        let quiet = self
            .complained
            .is_some_and(|last| now.saturating_duration_since(last) < COMPLAIN_EVERY);
        if !quiet {
            self.complained = Some(now);
            tracing::error!(error = %lost.source, lines = lost.lines, "the access log cannot be written; lines are lost");
        }
    }
}
