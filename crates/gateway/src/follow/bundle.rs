//! Where a bundle is looked for: a file, or a server over HTTP. Whether it has changed, and its bytes.
//!
//! A setting of the operator: no target rule holds. Nothing here judges what the bytes say.

use super::carrier::Failure;
use super::{BUNDLE_BYTES_MAX, CONNECT_MAX, FETCH_MAX, SILENCE_MAX};
use crate::configuration;
use crate::upstream::{
    Fetched, Limits, Lookups, Place, Resolve, TargetRules, Upstreams, Wanted, fetch_within,
};
use feed::RECORD_BYTES_MAX;
use hyper::header::HeaderValue;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const LIMITS: Limits = Limits {
    connect: CONNECT_MAX,
    silence: SILENCE_MAX,
    within: FETCH_MAX,
    bytes_max: BUNDLE_BYTES_MAX,
};

/// Looks at a bundle, and remembers what it saw last.
pub(super) enum Bundle {
    File {
        path: PathBuf,
        seen: Option<Seen>,
    },
    Url {
        /// As it is told: without what stands behind a question mark, which may be a secret.
        told: String,
        url: Box<str>,
        lookups: Lookups,
        upstreams: Upstreams,
        /// Of what was sent last, and when that was.
        tag: Option<(HeaderValue, Instant)>,
    },
}

/// What tells a file from what it was. The digest of its last line, which is its commit, tells what no time stamp does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    last_line: [u8; 32],
}

/// A bundle that is not as it was.
pub(super) enum Content {
    /// Its last line was read.
    File(PathBuf, Vec<u8>),
    Bytes(Vec<u8>),
}

impl Bundle {
    pub(super) fn new(place: &configuration::Bundle, resolver: Arc<dyn Resolve>) -> Bundle {
        match place {
            configuration::Bundle::File(path) => Bundle::File {
                path: path.clone(),
                seen: None,
            },
            configuration::Bundle::Url(url) => Bundle::Url {
                told: url.split('?').next().unwrap_or_default().to_owned(),
                url: url.clone(),
                lookups: Lookups::new(resolver),
                upstreams: Upstreams::default(),
                tag: None,
            },
        }
    }

    /// Where it looks, for a log.
    pub(super) fn told(&self) -> String {
        match self {
            Bundle::File { path, .. } => path.display().to_string(),
            Bundle::Url { told, .. } => told.clone(),
        }
    }

    /// What it saw last counts for nothing: the next look brings all of it.
    pub(super) fn forget(&mut self) {
        match self {
            Bundle::File { seen, .. } => *seen = None,
            Bundle::Url { tag, .. } => *tag = None,
        }
    }

    /// When a server last sent all that it has, where it may say from then on that nothing has changed.
    pub(super) fn sent_at(&self) -> Option<Instant> {
        match self {
            Bundle::File { .. } => None,
            Bundle::Url { tag, .. } => tag.as_ref().map(|(_, at)| *at),
        }
    }

    /// `None`: it is as it was. Runs within a `LocalSet`.
    pub(super) async fn look(&mut self) -> Result<Option<Content>, Failure> {
        match self {
            Bundle::File { path, seen } => {
                let (now, last_line) = see(path).map_err(|error| Failure::of_file(&error))?;
                if seen.as_ref() == Some(&now) {
                    return Ok(None);
                }
                *seen = Some(now);
                Ok(Some(Content::File(path.clone(), last_line)))
            }
            Bundle::Url {
                url,
                lookups,
                upstreams,
                tag,
                ..
            } => {
                let wanted = Wanted {
                    unless: tag.as_ref().map(|(tag, _)| tag),
                    ..Wanted::of("*/*")
                };
                let place = Place::of(url, upstreams)?;
                let rules = TargetRules::of_operator();
                match fetch_within(&place, wanted, lookups, &rules, LIMITS).await? {
                    Fetched::Unchanged => Ok(None),
                    Fetched::Whole(bytes, new) => {
                        *tag = new.map(|new| (new, Instant::now()));
                        Ok(Some(Content::Bytes(bytes)))
                    }
                }
            }
        }
    }
}

impl Content {
    /// Its last line, which is the commit where it is a bundle.
    pub(super) fn last_line(&self) -> &[u8] {
        match self {
            Content::File(_, last_line) => last_line,
            Content::Bytes(bytes) => last_line_of(bytes),
        }
    }

    /// All of it.
    pub(super) fn whole(self) -> Result<Vec<u8>, Failure> {
        match self {
            Content::Bytes(bytes) => Ok(bytes),
            Content::File(path, _) => read(&path).map_err(|error| Failure::of_file(&error)),
        }
    }
}

impl Failure {
    fn of_file(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::NotFound => Failure::Unreachable(error.to_string()),
            _ => Failure::Failed(error.to_string()),
        }
    }
}

fn last_line_of(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let start = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    bytes.get(start..).unwrap_or_default()
}

/// A regular file alone: a pipe without a writer would be waited for.
fn opened(path: &Path) -> io::Result<(File, std::fs::Metadata)> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

fn see(path: &Path) -> io::Result<(Seen, Vec<u8>)> {
    let (mut file, metadata) = opened(path)?;
    // A longer line is none.
    let tail = RECORD_BYTES_MAX as u64 + 2;
    file.seek(SeekFrom::Start(metadata.len().saturating_sub(tail)))?;
    let mut bytes = Vec::new();
    file.take(tail).read_to_end(&mut bytes)?;
    let last_line = last_line_of(&bytes).to_vec();
    let seen = Seen {
        device: metadata.dev(),
        inode: metadata.ino(),
        bytes: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        last_line: Sha256::digest(&last_line).into(),
    };
    Ok((seen, last_line))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let (file, _) = opened(path)?;
    let mut bytes = Vec::new();
    file.take(BUNDLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() > BUNDLE_BYTES_MAX {
        true => Err(io::Error::other(format!(
            "it is larger than {BUNDLE_BYTES_MAX} bytes"
        ))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_line_ends_or_does_not() {
        let check =
            |bytes: &str, expected: &str| assert_eq!(last_line_of(bytes.as_bytes()), expected.as_bytes());
        check("a\nb\n", "b");
        check("a\nb", "b");
        check("a", "a");
        check("a\n\n", "");
        check("", "");
    }

    #[test]
    fn a_file_whose_commit_alone_is_another_was_changed() {
        let name = format!(
            "switchboard-bundle-{}-{:x}",
            std::process::id(),
            fastrand::u64(..)
        );
        let path = std::env::temp_dir().join(name);
        let long = "x".repeat(RECORD_BYTES_MAX + 9);
        let stamp = std::time::SystemTime::UNIX_EPOCH;
        let write = |text: &str| {
            std::fs::write(&path, text).unwrap();
            // As if the file system's clock stood still.
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(stamp)
                .unwrap();
            see(&path).unwrap()
        };
        let (first, line) = write(&format!("{long}\none\n"));
        assert_eq!(line, b"one");
        let (second, line) = write(&format!("{long}\ntwo\n"));
        assert_eq!(line, b"two");
        assert_ne!(first, second);
        assert_eq!(write(&format!("{long}\ntwo\n")).0, second);
        std::fs::remove_file(&path).unwrap();
        let missing = see(&path).unwrap_err();
        assert!(matches!(Failure::of_file(&missing), Failure::Unreachable(_)));
    }
}
