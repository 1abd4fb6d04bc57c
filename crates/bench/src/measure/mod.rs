//! Pure measuring: numbers out of /proc, times into histograms, runs into medians. Nothing here starts or talks to
//! anything.

mod histogram;
mod procfs;
mod statistics;

pub(crate) use histogram::Histogram;
pub(crate) use procfs::{CpuTime, core_time, resident_bytes, tree, tree_cpu_time};
pub(crate) use statistics::{Spread, ratio};
