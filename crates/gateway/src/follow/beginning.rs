//! What whoever follows a feed begins with: a signed floor, or what was kept before a restart, whichever is higher.
//!
//! Reads both, and writes nothing: whoever explains a decision begins in the same way.

use super::{kept, unix_s};
use crate::enforcement::{PolicyError, check_environment, read_file};
use feed::{Changes, FLOOR_BYTES_MAX, Floor, Reader, Roots, View, read_floor};
use std::path::Path;

/// What is begun with.
#[derive(Debug)]
pub struct Beginning {
    /// What it shows.
    pub view: View,
    /// All live records of it, by key.
    pub changes: Changes,
    /// The line of the keyring under which it counts.
    pub keyring: Box<[u8]>,
    /// The line of its newest commit.
    pub commit: Box<[u8]>,
    /// Who may sign the feed's keyrings.
    pub roots: Roots,
    /// The floor's bytes.
    pub floor: Vec<u8>,
    pub(super) reader: Reader,
    /// As `feed::kept::Begun` has it.
    pub(super) kept_whole: Option<usize>,
    /// Bytes of all that is live.
    pub(super) live: u64,
}

/// Begins with the floor in this file, of this environment, where one is named, and with what `state_dir` has.
///
/// # Errors
/// Where the floor cannot be read, does not hold, has no roots, or is of another environment.
pub fn begin(
    file: &Path,
    environment: Option<&str>,
    state_dir: Option<&Path>,
) -> Result<Beginning, PolicyError> {
    let bytes = read_file(file, FLOOR_BYTES_MAX as u64)?;
    let (floor, roots) = signed(&bytes, file, environment)?;
    let kept = state_dir.map(kept::read).unwrap_or_default();
    let begun = feed::kept::begin(&floor, &bytes, &kept, unix_s());
    let not_followed = || PolicyError::NotFollowed { file: file.into() };
    let begun = begun.ok_or_else(not_followed)?;
    let view = begun.reader.view().cloned().ok_or_else(not_followed)?;
    drop(floor);
    let values = begun.changes.iter().filter_map(|(_, value)| value.as_deref());
    let live = values.map(|value| value.len() as u64 + 1).sum();
    Ok(Beginning {
        view,
        changes: begun.changes,
        keyring: begun.reader.keyring_line().into(),
        commit: begun.commit,
        roots,
        floor: bytes,
        reader: begun.reader,
        kept_whole: begun.kept_whole,
        live,
    })
}

/// The floor that stands in its file now, where it is of the roots that are followed.
pub(crate) fn read_signed_floor(
    file: &Path,
    environment: Option<&str>,
    followed: &Roots,
) -> Result<Vec<u8>, PolicyError> {
    let bytes = read_file(file, FLOOR_BYTES_MAX as u64)?;
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
