//! A histogram over atomics, with bounds that are known when it is compiled.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds in microseconds; beyond the last one there is one more bucket.
pub(super) type Bounds<const N: usize> = [u64; N];

/// What the gateway itself takes: tens of microseconds, unless a client is slow to send or to read.
pub(super) const GATEWAY_BOUNDS_US: Bounds<12> = [
    25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 50_000, 250_000, 1_000_000, 10_000_000,
];

/// What services take.
pub(super) const UPSTREAM_BOUNDS_US: Bounds<14> = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000, 30_000_000,
];

/// How many durations fell below each bound, and their sum.
#[derive(Debug)]
pub(super) struct Histogram<const N: usize> {
    buckets: [AtomicU64; N],
    beyond: AtomicU64,
    sum_us: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    pub(super) fn new() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; N],
            beyond: AtomicU64::new(0),
            sum_us: AtomicU64::new(0),
        }
    }

    /// Counts a duration, rounded to the microsecond.
    pub(super) fn observe(&self, bounds: &Bounds<N>, duration: Duration) {
        let us = u64::try_from((duration.as_nanos() + 500) / 1_000).unwrap_or(u64::MAX);
        let bucket = bounds.iter().position(|bound| us <= *bound);
        bucket
            .and_then(|index| self.buckets.get(index))
            .unwrap_or(&self.beyond)
            .fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

/// Several histograms added up, to be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// Upper bound in seconds, and how many fell between it and the one before.
    pub(super) buckets: Vec<(f64, u64)>,
    pub(super) sum_us: u64,
}

impl Reading {
    pub(super) fn empty<const N: usize>(bounds: &Bounds<N>) -> Reading {
        let seconds = |us: &u64| Duration::from_micros(*us).as_secs_f64();
        let bounds = bounds.iter().map(seconds).chain([f64::INFINITY]);
        Reading {
            buckets: bounds.map(|bound| (bound, 0)).collect(),
            sum_us: 0,
        }
    }

    pub(super) fn add<const N: usize>(&mut self, histogram: &Histogram<N>) {
        let counts = histogram.buckets.iter().chain([&histogram.beyond]);
        for ((_, sum), count) in self.buckets.iter_mut().zip(counts) {
            *sum = sum.wrapping_add(count.load(Ordering::Relaxed));
        }
        self.sum_us = self.sum_us.wrapping_add(histogram.sum_us.load(Ordering::Relaxed));
    }

    pub(super) fn count(&self) -> u64 {
        self.buckets
            .iter()
            .fold(0, |sum, (_, count)| sum.wrapping_add(*count))
    }

    pub(super) fn sum_s(&self) -> f64 {
        Duration::from_micros(self.sum_us).as_secs_f64()
    }
}
