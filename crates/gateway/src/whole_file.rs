//! A file of the state directory, written whole or not at all, for this user alone.
//!
//! Whoever may write there can sign tokens or say what policy is; what it holds is others' business.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Writes beside it, syncs, and renames over it.
pub(crate) fn write(directory: &Path, file: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut unfinished = Unfinished::begin(directory, file)?;
    for part in parts {
        unfinished.write(part)?;
    }
    unfinished.finish().map(drop)
}

/// A file beside the one whose place it is to take; dropped, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Unfinished {
    out: BufWriter<File>,
    bytes: u64,
    directory: PathBuf,
    file: PathBuf,
    new: PathBuf,
    is_finished: bool,
}

impl Unfinished {
    /// Makes the directory too.
    pub(crate) fn begin(directory: &Path, file: &Path) -> io::Result<Unfinished> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let new = file.with_extension(format!("{}.new", std::process::id()));
        let out = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        Ok(Unfinished {
            out: BufWriter::new(out),
            bytes: 0,
            directory: directory.into(),
            file: file.into(),
            new,
            is_finished: false,
        })
    }

    pub(crate) fn write(&mut self, part: &[u8]) -> io::Result<()> {
        self.bytes += part.len() as u64;
        self.out.write_all(part)
    }

    /// Syncs, and renames over the former file; how many bytes it has.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        fs::rename(&self.new, &self.file)?;
        self.is_finished = true;
        // The name is on the disk only when its directory is.
        File::open(&self.directory)?.sync_all()?;
        Ok(self.bytes)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // What is left of it is of no use; where it cannot be removed either, the next one truncates it.
            let _ = fs::remove_file(&self.new);
        }
    }
}
