//! Series per route: made at a route's first request, bounded in number, kept over reloads under the route's name.
//!
//! A route without traffic costs its handle and nothing else, so that 100,000 of them are cheap.

use super::histogram::{GATEWAY_BOUNDS_US, Histogram, Reading, UPSTREAM_BOUNDS_US};
use super::shard::{self, SHARDS};
use crate::usage::Record;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Routes with series of their own; requests of further ones are counted under `OTHER`.
pub(super) const SERIES_MAX: usize = 10_000;
/// Stands for the routes beyond the limit. A route's name has a `/` in it, so neither this nor `NONE` is one.
pub(super) const OTHER: &str = "(other)";
/// Stands for requests that met no route.
pub(super) const NONE: &str = "(none)";

/// Labels of `status_class`: the first digit of the status, or that there was no answer.
pub(super) const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// A compiled route's way to its series.
#[derive(Debug, Clone)]
pub struct RouteHandle {
    name: Arc<str>,
    series: OnceLock<Arc<Series>>,
}

/// All series.
#[derive(Debug)]
pub(super) struct Routes {
    by_name: Mutex<HashMap<Arc<str>, Arc<Series>>>,
    series_max: usize,
    other: Arc<Series>,
    none: Arc<Series>,
}

/// What is counted for one route.
#[derive(Debug)]
pub(super) struct Series {
    name: Arc<str>,
    shards: [OnceLock<Box<Shard>>; SHARDS],
}

/// One thread's part of it.
#[derive(Debug)]
#[repr(align(64))]
struct Shard {
    by_class: [AtomicU64; CLASSES.len()],
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    gateway: Histogram<{ GATEWAY_BOUNDS_US.len() }>,
    upstream: Histogram<{ UPSTREAM_BOUNDS_US.len() }>,
}

/// A series added up over its parts.
#[derive(Debug)]
pub(super) struct Totals {
    pub(super) route: Arc<str>,
    pub(super) by_class: [u64; CLASSES.len()],
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) gateway: Reading,
    pub(super) upstream: Reading,
}

impl Routes {
    pub(super) fn new(series_max: usize) -> Routes {
        Routes {
            by_name: Mutex::default(),
            series_max,
            other: Arc::new(Series::new(OTHER.into())),
            none: Arc::new(Series::new(NONE.into())),
        }
    }

    /// The handle of a route; with its series already, where it has some from before a reload.
    pub(super) fn handle(&self, name: &Arc<str>) -> RouteHandle {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let series = OnceLock::new();
        if let Some(known) = by_name.get(name) {
            let _ = series.set(Arc::clone(known));
        }
        RouteHandle {
            name: Arc::clone(name),
            series,
        }
    }

    /// Counts a request.
    pub(super) fn record(&self, handle: Option<&RouteHandle>, record: &Record<'_>) {
        let series = match handle {
            Some(handle) => handle.series.get_or_init(|| self.series(&handle.name)),
            None => &self.none,
        };
        series.record(record);
    }

    /// Once per route: its series, new ones, or where there are too many, those of the rest.
    fn series(&self, name: &Arc<str>) -> Arc<Series> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_name.get(name) {
            return Arc::clone(known);
        }
        if by_name.len() >= self.series_max {
            // Whoever holds no handle is a route that a reload took away.
            by_name.retain(|_, series| Arc::strong_count(series) > 1);
        }
        if by_name.len() >= self.series_max {
            return Arc::clone(&self.other);
        }
        let series = Arc::new(Series::new(Arc::clone(name)));
        by_name.insert(Arc::clone(name), Arc::clone(&series));
        series
    }

    /// Everything that has been counted, by name.
    pub(super) fn totals(&self) -> Vec<Totals> {
        let mut all: Vec<_> = {
            let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
            by_name.values().cloned().collect()
        };
        all.extend([Arc::clone(&self.other), Arc::clone(&self.none)]);
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.iter().filter_map(|series| series.totals()).collect()
    }
}

impl Series {
    fn new(name: Arc<str>) -> Series {
        Series {
            name,
            shards: [const { OnceLock::new() }; SHARDS],
        }
    }

    fn record(&self, record: &Record<'_>) {
        if let Some(shard) = self.shards.get(shard::own()) {
            shard.get_or_init(Shard::new).record(record);
        }
    }

    /// `None` where nothing was counted yet.
    fn totals(&self) -> Option<Totals> {
        let mut shards = self.shards.iter().filter_map(OnceLock::get).peekable();
        shards.peek()?;
        let mut totals = Totals {
            route: Arc::clone(&self.name),
            by_class: [0; CLASSES.len()],
            bytes_in: 0,
            bytes_out: 0,
            gateway: Reading::empty(&GATEWAY_BOUNDS_US),
            upstream: Reading::empty(&UPSTREAM_BOUNDS_US),
        };
        for shard in shards {
            for (sum, count) in totals.by_class.iter_mut().zip(&shard.by_class) {
                *sum += count.load(Ordering::Relaxed);
            }
            totals.bytes_in += shard.bytes_in.load(Ordering::Relaxed);
            totals.bytes_out += shard.bytes_out.load(Ordering::Relaxed);
            totals.gateway.add(&shard.gateway);
            totals.upstream.add(&shard.upstream);
        }
        Some(totals)
    }
}

impl Shard {
    fn new() -> Box<Shard> {
        Box::new(Shard {
            by_class: [const { AtomicU64::new(0) }; CLASSES.len()],
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            gateway: Histogram::new(),
            upstream: Histogram::new(),
        })
    }

    fn record(&self, record: &Record<'_>) {
        let class = usize::from(record.status / 100);
        if let Some(count) = self.by_class.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if record.bytes_in > 0 {
            self.bytes_in.fetch_add(record.bytes_in, Ordering::Relaxed);
        }
        if record.bytes_out > 0 {
            self.bytes_out.fetch_add(record.bytes_out, Ordering::Relaxed);
        }
        let own = record.duration.saturating_sub(record.upstream);
        self.gateway.observe(&GATEWAY_BOUNDS_US, own);
        if record.tries > 0 || record.upstream > Duration::ZERO {
            self.upstream.observe(&UPSTREAM_BOUNDS_US, record.upstream);
        }
    }
}
