//! What `GET /v1/fleet` says, as far as commands look at it.

use crate::commands::portal_client::Position;
use serde::Deserialize;

/// All of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FleetAnswer {
    /// The portal's clock, Unix milliseconds, as all times here.
    pub(crate) at_ms: u64,
    /// `None`: nothing is published.
    pub(crate) published: Option<Published>,
    pub(crate) alarm: Option<Alarm>,
    pub(crate) versions: Versions,
    pub(crate) propagation: Propagation,
    pub(crate) instances: Vec<Instance>,
    pub(crate) next_cursor: Option<String>,
}

/// A place in the feed.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Published {
    pub(crate) epoch: u64,
    pub(crate) revision: u64,
}

impl Published {
    pub(crate) fn position(self) -> Position {
        Position {
            epoch: self.epoch,
            revision: self.revision,
        }
    }
}

/// Somebody reports more than the database holds.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Alarm {
    pub(crate) epoch: u64,
    pub(crate) revision: u64,
    pub(crate) name: String,
}

/// Which versions are to run.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Versions {
    pub(crate) wanted: Option<String>,
    pub(crate) lowest: Option<String>,
}

/// How long recent revisions took.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Propagation {
    pub(crate) revisions: u64,
    pub(crate) measured: u64,
    pub(crate) left_out: u64,
    pub(crate) p50_ms: Option<u64>,
    pub(crate) p99_ms: Option<u64>,
}

/// Who reports.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Instance {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) team: String,
    /// `live`, `unreachable`, or `replaced` by another process of the same name.
    pub(crate) state: String,
    pub(crate) reported_at_ms: u64,
    pub(crate) version: String,
    /// `fits`, `below_wanted` or `below_lowest`.
    pub(crate) standing: String,
    pub(crate) policy: Standing,
    /// Revisions behind what is published; `None`: of another epoch.
    pub(crate) behind: Option<u64>,
    /// The portal's clock minus the instance's, as far as it is known.
    pub(crate) skew_ms: Option<i64>,
    /// Services that are out of service there.
    pub(crate) quarantined: Vec<Quarantined>,
    /// How it stands to what was asked about.
    pub(crate) asked: Option<Asked>,
}

/// What it decides by.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Standing {
    pub(crate) state: String,
    pub(crate) epoch: u64,
    pub(crate) revision: u64,
    pub(crate) age_s: Option<u64>,
}

/// How an instance stands to a revision.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Asked {
    pub(crate) has: bool,
    /// How long after the change it was in force there; `None`: not known, or its clock is off.
    pub(crate) after_ms: Option<u64>,
}

impl Instance {
    pub(crate) fn is_gateway(&self) -> bool {
        self.kind == "gateway"
    }

    pub(crate) fn is_live(&self) -> bool {
        self.state == "live"
    }

    pub(crate) fn position(&self) -> Position {
        Position {
            epoch: self.policy.epoch,
            revision: self.policy.revision,
        }
    }
}

/// A service that is out of service.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Quarantined {
    pub(crate) service: String,
    pub(crate) reason: String,
}
