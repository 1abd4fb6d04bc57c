//! Whether a balancer should send requests here, and why not.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicU8, Ordering};

/// Where in its life a gateway is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It does not listen yet.
    Starting,
    /// It serves.
    Serving,
    /// It finishes what is in flight, and ends.
    Draining,
}

/// The phase, shared by whoever changes it and whoever shows it.
#[derive(Debug)]
pub struct Readiness(AtomicU8);

impl Default for Readiness {
    fn default() -> Self {
        Readiness(AtomicU8::new(Phase::Starting as u8))
    }
}

impl Readiness {
    /// From here on it is in this phase.
    pub fn enter(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Release);
    }

    /// The phase now.
    pub fn phase(&self) -> Phase {
        let now = self.0.load(Ordering::Acquire);
        [Phase::Starting, Phase::Serving]
            .into_iter()
            .find(|phase| *phase as u8 == now)
            .unwrap_or(Phase::Draining)
    }
}

impl Phase {
    /// The status of `/ready`.
    pub(super) fn status(self) -> u16 {
        match self {
            Phase::Serving => 200,
            Phase::Starting | Phase::Draining => 503,
        }
    }

    /// The body of `/ready`. Where policy came from is part of the answer.
    pub(super) fn to_json(self, policy: &Value) -> Value {
        let (status, reason) = match self {
            Phase::Starting => ("starting", "the gateway does not listen yet"),
            Phase::Serving => ("ready", "the gateway serves"),
            Phase::Draining => ("draining", "the gateway finishes what is in flight, and ends"),
        };
        json!({ "status": status, "reason": reason, "policy": policy })
    }
}
