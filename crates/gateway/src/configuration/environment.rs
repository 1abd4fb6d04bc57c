//! What a configuration may ask of the outside: variables and files. A trait, so that every check is a pure function.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Most bytes of a file that a configuration names (a secret, a CA, a token).
const NAMED_FILE_BYTES_MAX: u64 = 1 << 20;

/// Where references and named files are looked up.
pub trait Environment {
    /// A variable's value; `None` where it is not set.
    fn variable(&self, name: &str) -> Option<OsString>;
    /// A file's content. `path` was through [`Environment::locate`].
    ///
    /// # Errors
    /// As the system says, and where the file is larger than one MiB.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What a path of the configuration means: relative ones are relative to the configuration file.
    fn locate(&self, path: &Path) -> PathBuf;
}

/// The variables of this process, and the file system as seen from the configuration file's directory.
#[derive(Debug, Clone)]
pub struct Process {
    directory: PathBuf,
}

impl Process {
    /// For a configuration file at this path.
    pub fn beside(file: &Path) -> Process {
        Process {
            directory: file.parent().map(Path::to_path_buf).unwrap_or_default(),
        }
    }
}

impl Environment for Process {
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        read_at_most(path, NAMED_FILE_BYTES_MAX)
    }

    fn locate(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }
}

/// A regular file's content; never waits for a pipe or a device, which would stop a reload.
pub(super) fn read_at_most(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    // Looked at before it is opened: opening a pipe without a writer blocks.
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    let mut content = Vec::new();
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut content)?;
    if content.len() as u64 > bytes_max {
        let message = format!("it is larger than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(content)
}
