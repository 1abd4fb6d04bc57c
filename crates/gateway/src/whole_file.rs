//! A file of the state directory, written whole or not at all, for this user alone.
//!
//! Whoever may write there can sign tokens or say what policy is; what it holds is others' business.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Writes beside it, syncs, and renames over it.
pub(crate) fn write(directory: &Path, file: &Path, parts: &[&[u8]]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let new = file.with_extension(format!("{}.new", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut out| {
            for part in parts {
                out.write_all(part)?;
            }
            out.sync_all()
        })
        .and_then(|()| fs::rename(&new, file))
        // The name is on the disk only when its directory is.
        .and_then(|()| File::open(directory)?.sync_all());
    if written.is_err() {
        // What is left of it is of no use; where it cannot be removed either, the next write truncates it.
        let _ = fs::remove_file(&new);
    }
    written
}
