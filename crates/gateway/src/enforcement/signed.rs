//! The policy that a gateway with a feed begins with.

use super::enforced::Provenance;
use super::source::{PolicyError, hash, tell};
use crate::configuration::{Configuration, Feed};
use crate::follow::{self, Beginning};
use policy::Policy;

/// A policy, where it came from, and how it is followed.
pub(super) fn begin(
    configuration: &Configuration,
    feed: &Feed,
) -> Result<(Policy, Provenance, Beginning), PolicyError> {
    let environment = configuration.environment.as_deref();
    let mut beginning = follow::begin(&feed.floor, environment, configuration.state_dir.as_deref())?;
    // Once it is compiled nobody needs its bytes: of a large policy they are many.
    let changes = std::mem::take(&mut beginning.changes);
    let (policy, reports) = ::feed::apply(&Policy::default(), &changes);
    tell(&reports);
    let view = &beginning.view;
    let provenance = Provenance {
        source: "feed",
        file: Some((feed.floor.clone(), hash(&beginning.floor))),
        revision: Some(view.revision),
        digest: Some(view.digest.to_string()),
    };
    Ok((policy, provenance, beginning))
}
