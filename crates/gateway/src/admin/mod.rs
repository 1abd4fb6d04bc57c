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
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// What the pages are made of.
#[derive(Debug)]
pub struct Facts {
    /// Whether requests are served.
    pub readiness: Readiness,
    /// Which configuration is in force, and how the last reload went.
    pub outcomes: Outcomes,
    /// Which policy is in force.
    pub policy: PolicyView,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// Says where the policy in force came from, and what it has, when somebody asks.
pub struct PolicyView(Box<dyn Fn() -> Value + Send + Sync>);

impl PolicyView {
    /// By asking this.
    pub fn new(show: impl Fn() -> Value + Send + Sync + 'static) -> PolicyView {
        PolicyView(Box::new(show))
    }

    /// As it is now.
    pub fn shown(&self) -> Value {
        (self.0)()
    }
}

impl fmt::Debug for PolicyView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyView")
    }
}

#[cfg(test)]
mod tests;
