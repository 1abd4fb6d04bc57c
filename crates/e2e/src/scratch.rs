//! A directory of its own for every test, gone with the test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A temporary directory that is removed when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    directory: PathBuf,
}

impl Scratch {
    /// A new, empty one.
    pub fn new() -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("switchboard-e2e-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        // An earlier process with the same id may have been killed before it could tidy up.
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).expect("the temporary directory can be written to");
        Scratch { directory }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes a file in place: it is opened, truncated and written, as an editor does.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a scratch file can be written");
        path
    }

    /// Writes a file beside its place and renames it over, so that nobody reads half of it.
    pub fn replace(&self, name: &str, content: &str) {
        let beside = self.write(&format!("{name}.new"), content);
        std::fs::rename(beside, self.path(name)).expect("a scratch file can be renamed");
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left over in a temporary directory harms nobody.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
