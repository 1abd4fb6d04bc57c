//! One worker: a thread with its own event loop, connections, upstream pool and log buffer. Workers share nothing on the hot path.

use super::connection;
use super::scratch::{Scratch, Scratches};
use crate::keys::KeySets;
use crate::request::{FailedCredentials, Proofs};
use crate::response::DateText;
use crate::snapshot::Snapshot;
use crate::upstream::{Lookups, Pool, Pooled, Resolve, TargetRules, Upstreams};
use crate::usage::{Account, Metrics, Noted, Used, WorkerLog};
use arc_swap::ArcSwap;
use std::cell::{Cell, Ref, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{Notify, mpsc};

/// How often a pool with idle connections is swept.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// How long the time of day is derived from the steady clock before the system is asked again.
const CLOCK_KEPT_MAX: Duration = Duration::from_secs(1);

/// What all workers see.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) upstreams: Upstreams,
    pub(crate) resolver: Arc<dyn Resolve>,
    /// Issuers' keys that are not there yet.
    pub(crate) keys: KeySets,
    /// Who failed how often.
    pub(crate) failed: FailedCredentials,
    /// Which credentials let requests in; `None` where nobody is told.
    pub(crate) used: Option<Arc<Used>>,
    /// This gateway's pseudonym in `Via`.
    pub(crate) via_id: Box<str>,
    /// Client connections, over all workers.
    pub(crate) connections: AtomicUsize,
    /// Whether the end has begun. It is said before the listeners close: whoever finds them closed gets no further
    /// promise that a connection stays open.
    pub(crate) draining: AtomicBool,
}

/// What a worker is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// Serve this connection; `over_limit`: only to say that there are too many.
    Serve {
        stream: std::net::TcpStream,
        peer: SocketAddr,
        over_limit: bool,
    },
    /// Serve by this from the next request on; the former one goes back, so that freeing a large one is not a worker's work.
    Swap {
        snapshot: Arc<Snapshot>,
        former: std::sync::mpsc::Sender<Arc<Snapshot>>,
    },
    /// Finish what is in flight; close idle connections at `idle_until`, and everything at `until`.
    Drain { idle_until: Instant, until: Instant },
}

/// The acceptor's end of a worker.
#[derive(Debug)]
pub(crate) struct WorkerHandle {
    pub(crate) sender: mpsc::UnboundedSender<Message>,
    /// Connections that it serves.
    pub(crate) load: Arc<AtomicUsize>,
}

/// One worker's own things.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    snapshot: RefCell<Arc<Snapshot>>,
    pub(crate) pool: Pool,
    sweeping: Cell<bool>,
    pub(crate) lookups: Lookups,
    pub(crate) scratches: Scratches,
    log: RefCell<WorkerLog>,
    pub(crate) random: RefCell<fastrand::Rng>,
    /// Tokens whose signature is known to be good.
    pub(crate) proofs: Proofs,
    /// Its part of `Shared::used`.
    pub(crate) noted: Option<Noted>,
    date: RefCell<DateText>,
    clock: Cell<(Instant, SystemTime)>,
    idle_until: Cell<Option<Instant>>,
    wakers: RefCell<HashMap<u64, Waker>>,
    next_connection: Cell<u64>,
    load: Arc<AtomicUsize>,
    ended: Notify,
    /// Whether the drain deadline cut a request.
    has_cut: Cell<bool>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, load: Arc<AtomicUsize>) -> Rc<Worker> {
        let snapshot = shared.snapshot.load_full();
        Rc::new(Worker {
            log: RefCell::new(snapshot.access_log.worker()),
            snapshot: RefCell::new(snapshot),
            pool: Pool::default(),
            sweeping: Cell::new(false),
            lookups: Lookups::new(Arc::clone(&shared.resolver)),
            scratches: Scratches::default(),
            random: RefCell::new(fastrand::Rng::new()),
            proofs: Proofs::default(),
            noted: shared.used.as_ref().map(|used| used.worker()),
            date: RefCell::new(DateText::default()),
            clock: Cell::new((Instant::now(), SystemTime::now())),
            idle_until: Cell::new(None),
            wakers: RefCell::default(),
            next_connection: Cell::new(0),
            load,
            ended: Notify::new(),
            has_cut: Cell::new(false),
            shared,
        })
    }

    /// The current snapshot. Borrowed, not counted: deciding waits for nothing.
    pub(crate) fn snapshot(&self) -> Ref<'_, Arc<Snapshot>> {
        self.snapshot.borrow()
    }

    fn swap(&self, snapshot: Arc<Snapshot>) -> Arc<Snapshot> {
        self.log.replace(snapshot.access_log.worker());
        self.start_flusher();
        self.snapshot.replace(snapshot)
    }

    /// Ends with the log that it flushes.
    fn start_flusher(&self) {
        tokio::task::spawn_local(self.log.borrow().flusher());
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    pub(crate) fn target_rules(&self) -> Arc<TargetRules> {
        Arc::clone(&self.snapshot().configuration.targets)
    }

    /// Keeps an upstream connection for the next request, and sees to it that it does not stay for ever.
    pub(crate) fn keep_idle(self: &Rc<Self>, upstream: u64, pooled: Pooled) {
        self.pool.put(upstream, pooled);
        self.start_sweeping();
    }

    /// The time of day at a moment. Asked of the system once a second, so that a request asks one clock, not two.
    pub(crate) fn system_time(&self, at: Instant) -> SystemTime {
        let (base, system) = self.clock.get();
        let since = at.saturating_duration_since(base);
        if since < CLOCK_KEPT_MAX {
            return system + since;
        }
        let now = (Instant::now(), SystemTime::now());
        self.clock.set(now);
        now.1 - now.0.saturating_duration_since(at)
    }

    /// Puts the current date into `scratch`, for an answer that has none.
    pub(crate) fn note_date(&self, scratch: &mut Scratch) {
        let now = self.system_time(scratch.account.started);
        self.date.borrow_mut().copy_to(&mut scratch.date, now);
    }

    /// Writes the one record of a request that has ended.
    pub(crate) fn record(&self, account: &mut Account) {
        account.open = false;
        let now = Instant::now();
        let record = account.record(now);
        self.metrics()
            .record(account.route.as_ref().map(|route| &route.metrics), &record);
        self.log.borrow_mut().write(&record, self.system_time(now));
    }

    /// Says that a request was cut.
    pub(crate) fn note_cut(&self) {
        self.has_cut.set(true);
    }

    /// Whether a request was cut.
    pub(crate) fn has_cut(&self) -> bool {
        self.has_cut.get()
    }

    /// Whether an answer given now is its connection's last.
    pub(crate) fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Acquire)
    }

    /// While draining: when idle connections are closed.
    pub(crate) fn idle_until(&self) -> Option<Instant> {
        self.idle_until.get()
    }

    /// Counts a connection in; it is woken when a drain begins, and counted out when the guard is dropped.
    pub(crate) fn enter(self: &Rc<Self>, waker: Waker) -> Presence {
        let id = self.next_connection.get();
        self.next_connection.set(id + 1);
        self.wakers.borrow_mut().insert(id, waker);
        Presence {
            worker: Rc::clone(self),
            id,
        }
    }

    fn begin_drain(&self, idle_until: Instant) {
        self.idle_until.set(Some(idle_until));
        for waker in self.wakers.borrow().values() {
            waker.wake_by_ref();
        }
    }

    async fn emptied(&self) {
        while !self.wakers.borrow().is_empty() {
            self.ended.notified().await;
        }
    }

    /// One task while there is something to sweep; an idle gateway has none, and is not woken.
    fn start_sweeping(self: &Rc<Self>) {
        if self.sweeping.replace(true) {
            return;
        }
        let worker = Rc::clone(self);
        tokio::task::spawn_local(async move {
            while !worker.pool.is_empty() {
                tokio::time::sleep(SWEEP_EVERY).await;
                worker.pool.sweep(Instant::now());
            }
            worker.sweeping.set(false);
        });
    }
}

/// One connection's being counted.
#[derive(Debug)]
pub(crate) struct Presence {
    worker: Rc<Worker>,
    id: u64,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.worker.wakers.borrow_mut().remove(&self.id);
        self.worker.load.fetch_sub(1, Ordering::Relaxed);
        self.worker.shared.connections.fetch_sub(1, Ordering::Relaxed);
        self.worker.metrics().client_closed();
        self.worker.ended.notify_one();
    }
}

/// Serves until a drain has ended: nobody is connected any more, or its deadline is reached.
pub(crate) async fn run(worker: Rc<Worker>, mut messages: mpsc::UnboundedReceiver<Message>) {
    worker.start_flusher();
    while let Some(message) = messages.recv().await {
        match message {
            Message::Serve {
                stream,
                peer,
                over_limit,
            } => connection::spawn(&worker, stream, peer, over_limit),
            Message::Swap { snapshot, former } => {
                // Whoever sent it may have stopped waiting; then it is freed here.
                let _ = former.send(worker.swap(snapshot));
            }
            Message::Drain { idle_until, until } => {
                worker.begin_drain(idle_until);
                // Connections that are left are dropped by the caller, and those at a request say so.
                let _ = tokio::time::timeout_at(until.into(), worker.emptied()).await;
                return;
            }
        }
    }
}
