//! The thread that writes what is handed on, wherever that is: the bundle first, then its commit, and what failed again after a pause.
//!
//! Who reads in between finds an older commit beside a newer bundle, which holds by itself. A commit never names a bundle that was not written yet.
//! What somebody deletes is written again: a bucket's bundle with the next commit where the commit is gone too, else when its turn comes.

use super::bucket::{Outcome, Store, StoreError};
use super::directory::Directory;
use super::publication::{Next, Publication};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A file that could not be written is tried again after this long.
const DIRECTORY_PAUSE: Duration = Duration::from_secs(5);
/// So is an object, doubling up to the next: a store that is down for many is asked by many.
const BUCKET_PAUSE: Duration = Duration::from_secs(1);
const BUCKET_PAUSE_MAX: Duration = Duration::from_secs(60);
/// How long the end waits for what is being written. What is broken off leaves what was there before.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Where it is written.
pub(super) enum Out {
    Directory(Directory),
    Bucket(Box<Store>),
}

/// Why it was not.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutError {
    #[error(transparent)]
    Directory(#[from] io::Error),
    #[error(transparent)]
    Bucket(#[from] StoreError),
    #[error("there is no thread")]
    Thread(#[source] io::Error),
}

/// The thread that writes. It ends when this is dropped.
pub(super) struct Writer {
    publication: Arc<Publication>,
    /// Closed by the thread's end.
    ended: Receiver<()>,
}

impl Writer {
    /// Writes what is there already before it returns. A store that is not there is waited for behind it; what no waiting mends is an error.
    pub(super) fn start(publication: Arc<Publication>, mut out: Out) -> Result<Writer, OutError> {
        if let Err(error) = write_next(&publication, &mut out) {
            if error.is_lasting() {
                return Err(error);
            }
            failed(&publication, &out, &error);
        }
        let own = Arc::clone(&publication);
        let (alive, ended) = channel();
        std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                run(&own, &mut out);
                drop(alive);
            })
            .map_err(OutError::Thread)?;
        Ok(Writer { publication, ended })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.publication.end();
        // Nothing is ever sent: closed is what is waited for.
        let _ = self.ended.recv_timeout(END_WITHIN);
    }
}

impl OutError {
    fn is_lasting(&self) -> bool {
        match self {
            OutError::Directory(_) | OutError::Thread(_) => true,
            OutError::Bucket(error) => error.is_lasting(),
        }
    }
}

impl Out {
    fn told(&self) -> String {
        match self {
            Out::Directory(directory) => directory.told(),
            Out::Bucket(store) => store.told(),
        }
    }

    /// After so many failures one behind the other.
    fn pause(&self, failures: u32) -> Duration {
        match self {
            Out::Directory(_) => DIRECTORY_PAUSE,
            Out::Bucket(_) => {
                let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
                BUCKET_PAUSE.saturating_mul(doubled).min(BUCKET_PAUSE_MAX)
            }
        }
    }

    /// Writes it; what stands there then.
    fn write(&mut self, next: &Next) -> Result<Outcome, OutError> {
        match (self, next) {
            (_, Next::End) => Ok(Outcome::Written),
            (Out::Directory(directory), Next::Bundle(written)) => {
                Ok(directory.bundle(written).map(|()| Outcome::Written)?)
            }
            (Out::Directory(directory), Next::Commit(written)) => {
                Ok(directory.commit(written).map(|()| Outcome::Written)?)
            }
            (Out::Bucket(store), Next::Bundle(written)) => Ok(store.bundle(written)?),
            (Out::Bucket(store), Next::Commit(written)) => Ok(store.commit(written)?),
        }
    }
}

fn run(publication: &Publication, out: &mut Out) {
    let mut failures = 0;
    loop {
        match write_next(publication, out) {
            Ok(true) => {
                if failures > 0 {
                    tracing::info!(out = out.told(), "what could not be written is written");
                }
                failures = 0;
            }
            Ok(false) => return,
            Err(error) => {
                failures += 1;
                failed(publication, out, &error);
                publication.rest(out.pause(failures));
            }
        }
    }
}

fn failed(publication: &Publication, out: &Out, error: &OutError) {
    tracing::error!(%error, out = out.told(), "the bundle cannot be written; what was written before stays");
    publication.failed(error.to_string());
}

/// Whether there may be more.
fn write_next(publication: &Publication, out: &mut Out) -> Result<bool, OutError> {
    let next = publication.next();
    let outcome = out.write(&next)?;
    let (written, is_bundle) = match next {
        Next::End => return Ok(false),
        Next::Bundle(written) => (written, true),
        Next::Commit(written) => (written, false),
    };
    let ahead = match outcome {
        Outcome::Written => None,
        Outcome::Ahead(ahead) => Some(ahead),
        Outcome::Gone => {
            tracing::warn!(
                out = out.told(),
                "somebody has deleted the commit; the bundle is written again, and then its commit"
            );
            publication.want_bundle();
            return Ok(true);
        }
    };
    match ahead {
        None if is_bundle => tracing::info!(
            revision = written.position.revision,
            bytes = written.bundle.len(),
            "the bundle is written"
        ),
        Some(ahead) if publication.ahead() != Some(ahead.revision) => tracing::warn!(
            revision = written.position.revision,
            ahead = ahead.revision,
            out = out.told(),
            "another relay has written a newer revision, which stays: this one writes again when it has come as far"
        ),
        _ => {}
    }
    publication.done(written, ahead);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let place = feed::bucket::Place::new("s3://acme/prod", None, Some("eu-west-1"));
        let bucket = feed::bucket::Bucket::new(place.expect("it is one")).expect("there are certificates");
        let out = Out::Bucket(Box::new(Store::new(bucket, "prod")));
        for (failures, seconds) in [(1, 1), (2, 2), (6, 32), (7, 60), (40, 60)] {
            assert_eq!(out.pause(failures), Duration::from_secs(seconds), "{failures}");
        }
    }
}
