//! Writes a publication into a directory, each file whole or not at all.
//!
//! Everybody may read: what is in it is signed, and not secret from those who may reach the directory.

use super::publication::Written;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A directory that is written into.
#[derive(Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    /// Made where it is not there.
    pub(super) fn new(path: &Path) -> io::Result<Directory> {
        fs::create_dir_all(path)?;
        Ok(Directory(path.to_owned()))
    }

    pub(super) fn bundle(&self, written: &Written) -> io::Result<()> {
        self.replace("bundle", &written.bundle)?;
        self.commit(written)
    }

    pub(super) fn commit(&self, written: &Written) -> io::Result<()> {
        self.replace("commit", &written.commit)
    }

    pub(super) fn told(&self) -> String {
        self.0.display().to_string()
    }

    /// Written beside it, synced, and renamed over it.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = self.0.join(format!(".{name}.new"));
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.0.join(name))?;
        // The new name too outlives a crash of the machine.
        File::open(&self.0)?.sync_all()
    }
}
