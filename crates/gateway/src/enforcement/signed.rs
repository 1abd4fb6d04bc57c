//! What a gateway with a feed begins with: a signed floor, or what was kept before a restart, whichever is higher.
//!
//! Reads both, and writes nothing: whoever explains a decision begins in the same way.

use super::enforced::Provenance;
use super::source::{PolicyError, check_environment, hash, read, tell};
use crate::configuration::{Configuration, Feed};
use crate::follow::{Beginning, read_kept, unix_s};
use ::feed::{FLOOR_BYTES_MAX, Floor, Roots, read_floor};
use policy::Policy;
use std::path::Path;

/// A policy, where it came from, and how it is followed.
pub(super) fn begin(
    configuration: &Configuration,
    feed: &Feed,
) -> Result<(Policy, Provenance, Beginning), PolicyError> {
    let bytes = read(&feed.floor, FLOOR_BYTES_MAX as u64)?;
    let environment = configuration.environment.as_deref();
    let (floor, roots) = signed(&bytes, &feed.floor, environment)?;
    let kept = configuration.state_dir.as_deref().map(read_kept);
    let begun = ::feed::kept::begin(&floor, &bytes, &kept.unwrap_or_default(), unix_s());
    let not_followed = || PolicyError::NotFollowed {
        file: feed.floor.clone(),
    };
    let begun = begun.ok_or_else(not_followed)?;
    let view = begun.reader.view().cloned().ok_or_else(not_followed)?;
    let (policy, reports) = ::feed::apply(&Policy::default(), &begun.changes);
    tell(&reports);
    let provenance = Provenance {
        source: "feed",
        file: Some((feed.floor.clone(), hash(&bytes))),
        revision: Some(view.revision),
        digest: Some(view.digest.to_string()),
    };
    let sizes = begun.changes.iter().filter_map(|(_, value)| value.as_deref());
    let live = sizes.map(|value| value.len() as u64 + 1).sum();
    drop(floor);
    let beginning = Beginning {
        reader: begun.reader,
        view,
        roots,
        floor: bytes,
        kept_whole: begun.kept_whole,
        live,
    };
    Ok((policy, provenance, beginning))
}

/// The floor that stands in its file now, where it is of the roots that are followed.
pub(crate) fn read_signed_floor(
    file: &Path,
    environment: Option<&str>,
    followed: &Roots,
) -> Result<Vec<u8>, PolicyError> {
    let bytes = read(file, FLOOR_BYTES_MAX as u64)?;
    let (_, roots) = signed(&bytes, file, environment)?;
    match roots == *followed {
        true => Ok(bytes),
        false => Err(PolicyError::OtherRoots { file: file.into() }),
    }
}

fn signed<'b>(
    bytes: &'b [u8],
    file: &Path,
    environment: Option<&str>,
) -> Result<(Floor<'b>, Roots), PolicyError> {
    let floor = read_floor(bytes).map_err(|source| PolicyError::Floor {
        file: file.into(),
        source,
    })?;
    check_environment(floor.feed(), environment, file)?;
    let roots = floor.roots().cloned();
    let roots = roots.ok_or_else(|| PolicyError::NoRoots { file: file.into() })?;
    Ok((floor, roots))
}
