//! The operator's port: is it alive, is it ready, which configuration is in force, what was counted.
//!
//! A small server on a thread of its own, so that it answers while workers are busy, and workers never wait for it.

mod guard;
mod pages;
mod readiness;
mod server;

pub use readiness::{Phase, Readiness};
pub use server::{Admin, Surface};

use crate::reload::Outcomes;
use crate::usage::Metrics;
use std::sync::Arc;

/// What the pages are made of.
#[derive(Debug)]
pub struct Facts {
    /// Whether requests are served.
    pub readiness: Readiness,
    /// Which configuration is in force, and how the last reload went.
    pub outcomes: Outcomes,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

#[cfg(test)]
mod tests;
