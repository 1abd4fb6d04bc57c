//! A worker's own end of the access log: a buffer, and when it is let go.
//!
//! Nothing here waits, locks or, once buffers have come back from the writer, allocates.

use super::handle::Shared;
use super::line::LineFormat;
use super::writer::{Batch, Message};
use crate::usage::Record;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

/// A buffer this full is let go at once.
const FLUSH_BYTES: usize = 32 * 1024;
/// Room for the line that goes over.
const BUFFER_BYTES: usize = FLUSH_BYTES + 4 * 1024;
/// A line waits in a buffer at most about this long.
const FLUSH_AFTER: Duration = Duration::from_millis(50);
/// Buffers of one worker that are kept for it.
const SPARE_MAX: usize = 4;

/// Where one worker writes its lines. Dropped, it lets go of what it has.
#[derive(Debug)]
pub struct WorkerLog(Option<Rc<RefCell<Lane>>>);

#[derive(Debug)]
struct Lane {
    shared: Arc<Shared>,
    format: LineFormat,
    buffer: Vec<u8>,
    lines: u64,
    home: SyncSender<Vec<u8>>,
    spare: Receiver<Vec<u8>>,
    /// Who waits for the first line.
    waker: Option<Waker>,
}

impl WorkerLog {
    pub(super) fn new(shared: Option<&Arc<Shared>>) -> WorkerLog {
        WorkerLog(shared.map(|shared| {
            let (home, spare) = sync_channel(SPARE_MAX);
            Rc::new(RefCell::new(Lane {
                format: LineFormat::new(Arc::clone(&shared.fields)),
                shared: Arc::clone(shared),
                buffer: Vec::with_capacity(BUFFER_BYTES),
                lines: 0,
                home,
                spare,
                waker: None,
            }))
        }))
    }

    /// Writes a record down. `now`: the end of the request.
    pub fn write(&mut self, record: &Record<'_>, now: SystemTime) {
        let Some(lane) = &self.0 else {
            return;
        };
        let lane = &mut *lane.borrow_mut();
        lane.format.write(&mut lane.buffer, record, now);
        lane.lines += 1;
        if lane.buffer.len() >= FLUSH_BYTES {
            lane.flush();
        } else if let Some(waker) = lane.waker.take() {
            waker.wake();
        }
    }

    /// Lets lines go that have waited long enough; to be run beside the worker's requests, on a tokio runtime with
    /// a clock. It sleeps while there is no line, and ends when the log is dropped.
    pub fn flusher(&self) -> impl Future<Output = ()> + 'static {
        let lane = self.0.as_ref().map(Rc::downgrade).unwrap_or_default();
        async move {
            while has_lines(&lane).await {
                tokio::time::sleep(FLUSH_AFTER).await;
                if let Some(lane) = lane.upgrade() {
                    lane.borrow_mut().flush();
                }
            }
        }
    }
}

/// Waits for a line; false when there will be none.
async fn has_lines(lane: &Weak<RefCell<Lane>>) -> bool {
    poll_fn(|context| {
        let Some(lane) = lane.upgrade() else {
            return Poll::Ready(false);
        };
        let mut lane = lane.borrow_mut();
        if lane.lines > 0 {
            return Poll::Ready(true);
        }
        lane.waker = Some(context.waker().clone());
        Poll::Pending
    })
    .await
}

impl Lane {
    /// Hands the buffer over, or, where the writer is too far behind, drops its lines and counts them.
    fn flush(&mut self) {
        let Some(batch) = self.take_batch() else {
            return;
        };
        match self.shared.queue.try_send(Message::Batch(batch)) {
            Ok(()) => {
                self.buffer = self
                    .spare
                    .try_recv()
                    .unwrap_or_else(|_| Vec::with_capacity(BUFFER_BYTES));
            }
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => {
                if let Message::Batch(batch) = message {
                    self.shared.metrics.access_log_dropped(batch.lines);
                    self.buffer = batch.bytes;
                    self.buffer.clear();
                }
            }
        }
    }

    fn take_batch(&mut self) -> Option<Batch> {
        (self.lines > 0).then(|| Batch {
            bytes: std::mem::take(&mut self.buffer),
            lines: std::mem::take(&mut self.lines),
            home: self.home.clone(),
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(batch) = self.take_batch()
            && let Err(batch) = self.shared.send_last(batch)
        {
            self.shared.metrics.access_log_dropped(batch.lines);
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
