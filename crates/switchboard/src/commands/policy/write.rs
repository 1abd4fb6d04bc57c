//! Files that are replaced whole or not at all: whoever reads one meanwhile sees the old one or the new one, also after a
//! crash. Of several files either all are replaced or none, for every fault that is known before the first is.

use anyhow::{Context as _, bail};
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::NamedTempFile;

/// Less what the umask takes, as with any file that a command writes: a floor holds no secret.
const MODE: u32 = 0o666;

/// Where, and what.
pub(super) type File<'a> = (&'a Path, &'a [u8]);

/// Replaces all of them, in this order.
///
/// Everything that takes room or permission is done before the first rename. A crash between two renames leaves one file
/// new and one old: no file system renames two at once.
pub(super) fn write_all(files: &[File<'_>]) -> anyhow::Result<()> {
    let cannot = |file: &Path| format!("cannot write {}; nothing is written", file.display());
    let mut prepared = Vec::new();
    for (file, bytes) in files {
        if file.is_dir() {
            bail!("{}: it is a directory", cannot(file));
        }
        prepared.push(prepare(file, bytes).with_context(|| cannot(file))?);
    }
    for ((file, _), new) in files.iter().zip(prepared) {
        new.persist(file)
            .with_context(|| format!("cannot replace {}", file.display()))?;
        // The name is on the disk only when its directory is.
        std::fs::File::open(directory(file))
            .and_then(|directory| directory.sync_all())
            .with_context(|| format!("cannot tell whether {} is on the disk", file.display()))?;
    }
    Ok(())
}

/// The content on the disk, under another name in the same directory.
fn prepare(file: &Path, bytes: &[u8]) -> std::io::Result<NamedTempFile> {
    let mut new = tempfile::Builder::new()
        .prefix(".switchboard-floor-")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(directory(file))?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    Ok(new)
}

fn directory(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
