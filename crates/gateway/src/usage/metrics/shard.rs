//! Which part of a counter a thread adds to, so that workers do not fight over one cache line.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Parts of a counter. More threads than this share parts, which is slower and just as right.
pub(super) const SHARDS: usize = 8;

/// This thread's part, below `SHARDS`.
pub(super) fn own() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.with(|own| {
        own.get().unwrap_or_else(|| {
            let shard = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            own.set(Some(shard));
            shard
        })
    })
}

/// A counter that every request adds to.
#[derive(Debug, Default)]
pub(super) struct Sharded([Line; SHARDS]);

/// A cache line, on most machines.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line(AtomicU64);

impl Sharded {
    pub(super) fn add(&self, count: u64) {
        if let Some(line) = self.0.get(own()) {
            line.0.fetch_add(count, Ordering::Relaxed);
        }
    }

    pub(super) fn sum(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, line| sum.wrapping_add(line.0.load(Ordering::Relaxed)))
    }
}
