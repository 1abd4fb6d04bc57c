//! Writes a publication into a directory: the bundle first, then the commit, each whole or not at all.
//!
//! Who reads in between finds an older commit beside a newer bundle, which holds by itself. Everybody may read: what is in it is signed, and
//! not secret from those who may reach the directory.

use super::publication::{Next, Publication};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// A file that could not be written is tried again after this long.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// The thread that writes. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    publication: Arc<Publication>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Writes what is there already before it returns.
    pub(super) fn start(publication: Arc<Publication>, directory: &Path) -> io::Result<Writer> {
        fs::create_dir_all(directory)?;
        let directory = directory.to_owned();
        write_next(&publication, &directory)?;
        let own = Arc::clone(&publication);
        let thread = std::thread::Builder::new()
            .name("files".to_owned())
            .spawn(move || run(&own, &directory))?;
        Ok(Writer {
            publication,
            thread: Some(thread),
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.publication.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(publication: &Publication, directory: &Path) {
    loop {
        match write_next(publication, directory) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::error!(%error, directory = %directory.display(), "the bundle cannot be written; what was written before stays");
                publication.failed(error.to_string());
                publication.rest(FAILURE_PAUSE);
            }
        }
    }
}

/// Whether there may be more.
fn write_next(publication: &Publication, directory: &Path) -> io::Result<bool> {
    match publication.next() {
        Next::End => return Ok(false),
        Next::Bundle(written) => {
            replace(directory, "bundle", &written.bundle)?;
            replace(directory, "commit", &written.commit)?;
            tracing::info!(
                revision = written.revision,
                bytes = written.bundle.len(),
                "the bundle is written"
            );
            publication.done(written);
        }
        Next::Commit(written) => {
            replace(directory, "commit", &written.commit)?;
            publication.done(written);
        }
    }
    Ok(true)
}

/// Written beside it, synced, and renamed over it.
fn replace(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let new: PathBuf = directory.join(format!(".{name}.new"));
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, directory.join(name))?;
    // The new name too outlives a crash of the machine.
    File::open(directory)?.sync_all()
}
