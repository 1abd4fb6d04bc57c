//! Everything that is counted, and the calls that count it.

use super::routes::{RouteHandle, Routes, SERIES_MAX};
use super::shard::Sharded;
use crate::follow::{Counts, Reading};
use crate::response::Reject;
use crate::usage::{Broken, Record};
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The metrics of one gateway.
#[derive(Debug)]
pub struct Metrics {
    pub(super) routes: Routes,
    pub(super) rejects: [AtomicU64; Reject::COUNT],
    pub(super) broken: [AtomicU64; Broken::ALL.len()],
    pub(super) clients_opened: AtomicU64,
    pub(super) clients_open: AtomicI64,
    /// Client connections of each worker.
    pub(super) workers: Mutex<Vec<Arc<AtomicUsize>>>,
    pub(super) upstream_opened: AtomicU64,
    pub(super) upstream_reused: Sharded,
    pub(super) upstream_open: Arc<AtomicI64>,
    pub(in crate::usage) log_dropped: AtomicU64,
    pub(in crate::usage) log_failures: AtomicU64,
    pub(super) proofs_recalled: Sharded,
    pub(super) proofs_made: Sharded,
    pub(super) key_sets_fetched: AtomicU64,
    pub(super) key_sets_failed: AtomicU64,
    pub(super) credentials_exhausted: AtomicU64,
    /// What is said of the feed that is followed, where there is one.
    pub(super) policy: OnceLock<PolicyReading>,
    pub(super) reloads_ok: AtomicU64,
    pub(super) reloads_failed: AtomicU64,
    /// Unix milliseconds of the last configuration that was taken over; 0 before the first.
    pub(super) reloaded_ms: AtomicU64,
    pub(super) started: SystemTime,
}

/// Tells of the feed that is followed, when somebody asks.
pub(super) struct PolicyReading(pub(super) Box<dyn Fn() -> (Reading, Counts) + Send + Sync>);

impl fmt::Debug for PolicyReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyReading")
    }
}

/// An upstream connection that is open as long as this is held.
#[derive(Debug)]
#[must_use = "it counts an open connection for as long as it is held"]
pub struct OpenUpstream(Arc<AtomicI64>);

impl Drop for OpenUpstream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero; the process counts as started now.
    pub fn new() -> Metrics {
        Metrics::with_series_max(SERIES_MAX)
    }

    pub(super) fn with_series_max(series_max: usize) -> Metrics {
        Metrics {
            routes: Routes::new(series_max),
            rejects: [const { AtomicU64::new(0) }; Reject::COUNT],
            broken: [const { AtomicU64::new(0) }; Broken::ALL.len()],
            clients_opened: AtomicU64::new(0),
            clients_open: AtomicI64::new(0),
            workers: Mutex::default(),
            upstream_opened: AtomicU64::new(0),
            upstream_reused: Sharded::default(),
            upstream_open: Arc::default(),
            log_dropped: AtomicU64::new(0),
            log_failures: AtomicU64::new(0),
            proofs_recalled: Sharded::default(),
            proofs_made: Sharded::default(),
            key_sets_fetched: AtomicU64::new(0),
            key_sets_failed: AtomicU64::new(0),
            credentials_exhausted: AtomicU64::new(0),
            policy: OnceLock::new(),
            reloads_ok: AtomicU64::new(0),
            reloads_failed: AtomicU64::new(0),
            reloaded_ms: AtomicU64::new(0),
            started: SystemTime::now(),
        }
    }

    /// The handle of a route, to be resolved when its configuration compiles. Two with one name count together,
    /// also over a reload.
    pub fn route(&self, name: &Arc<str>) -> RouteHandle {
        self.routes.handle(name)
    }

    /// Counts a request that has ended; `route`: the one that was chosen, if any.
    pub fn record(&self, route: Option<&RouteHandle>, record: &Record<'_>) {
        self.routes.record(route, record);
        if let Some(reject) = record.reject
            && let Some(count) = self.rejects.get(reject.ordinal())
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(broken) = record.broken
            && let Some(count) = self.broken.get(broken as usize)
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A client connection was accepted.
    pub fn client_opened(&self) {
        self.clients_opened.fetch_add(1, Ordering::Relaxed);
        self.clients_open.fetch_add(1, Ordering::Relaxed);
    }

    /// A client connection has ended.
    pub fn client_closed(&self) {
        self.clients_open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Where each worker counts its client connections, by the worker's number.
    pub fn watch_workers(&self, loads: Vec<Arc<AtomicUsize>>) {
        *self.workers.lock().unwrap_or_else(PoisonError::into_inner) = loads;
    }

    /// An upstream connection was made; it is open until the guard is dropped.
    pub fn upstream_opened(&self) -> OpenUpstream {
        self.upstream_opened.fetch_add(1, Ordering::Relaxed);
        self.upstream_open.fetch_add(1, Ordering::Relaxed);
        OpenUpstream(Arc::clone(&self.upstream_open))
    }

    /// A request goes over an upstream connection that was used before.
    pub fn upstream_reused(&self) {
        self.upstream_reused.add(1);
    }

    /// A token's signature was to be known: whether it was verified before.
    pub fn proof(&self, is_recalled: bool) {
        if is_recalled {
            self.proofs_recalled.add(1);
        } else {
            self.proofs_made.add(1);
        }
    }

    /// An issuer was asked for its keys: whether a set came of it.
    pub fn key_set_fetched(&self, ok: bool) {
        let count = if ok {
            &self.key_sets_fetched
        } else {
            &self.key_sets_failed
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was refused because its address had used up its failed credentials.
    pub fn credentials_exhausted(&self) {
        self.credentials_exhausted.fetch_add(1, Ordering::Relaxed);
    }

    /// Where the feed that is followed is asked about.
    pub(crate) fn watch_policy(&self, read: impl Fn() -> (Reading, Counts) + Send + Sync + 'static) {
        // A gateway follows one feed from its start to its end.
        let _ = self.policy.set(PolicyReading(Box::new(read)));
    }

    /// A configuration was taken over or refused.
    pub fn reloaded(&self, ok: bool, now: SystemTime) {
        if ok {
            let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
            let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            self.reloaded_ms.store(ms, Ordering::Relaxed);
            self.reloads_ok.fetch_add(1, Ordering::Relaxed);
        } else {
            self.reloads_failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines of the access log were dropped, as the writer was too far behind.
    pub(crate) fn access_log_dropped(&self, lines: u64) {
        self.log_dropped.fetch_add(lines, Ordering::Relaxed);
    }

    /// A write of the access log failed, and so many lines were dropped.
    pub(crate) fn access_log_failed(&self, lines: u64) {
        self.log_failures.fetch_add(1, Ordering::Relaxed);
        self.access_log_dropped(lines);
    }
}
