//! Where a bundle is looked for: a server, or a file. The commit first, then all of it, or the rest of it.
//!
//! A server has the commit as a resource of its own, beside the bundle. A file's commit is its last line.

use super::fault::Failure;
use super::http::{Body, Server};
use feed::{FLOOR_BYTES_MAX, RECORD_BYTES_MAX};
use hyper::body::Bytes;
use hyper::header::{CONTENT_RANGE, ETAG};
use hyper::{Response, StatusCode};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// What is read of a file at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A server, or a file.
pub(super) enum Carrier {
    Http(Server),
    File(PathBuf),
}

/// A bundle under way.
pub(super) struct Coming {
    /// It is the rest of what was asked for, and not all of it.
    pub(super) is_rest: bool,
    /// What the server calls it.
    pub(super) tag: Option<Box<str>>,
    source: Source,
    bytes: u64,
}

enum Source {
    Http(Body),
    File(File),
}

impl Carrier {
    /// Another one like it, without a connection.
    pub(super) fn anew(&self) -> Carrier {
        match self {
            Carrier::Http(server) => Carrier::Http(server.anew()),
            Carrier::File(path) => Carrier::File(path.clone()),
        }
    }

    /// Whether what is under way goes over a connection that was there before.
    pub(super) fn is_reusing(&self) -> bool {
        matches!(self, Carrier::Http(server) if server.is_reusing())
    }

    /// The line of the newest commit.
    pub(super) async fn commit(&mut self) -> Result<Vec<u8>, Failure> {
        match self {
            Carrier::Http(server) => {
                let path = server.url().beside("commit");
                let (head, body) = server.get(&path, &[]).await?;
                match head.status() {
                    StatusCode::OK => server.whole(body, RECORD_BYTES_MAX + 1).await,
                    status => Err(Failure::Status(status.as_u16())),
                }
            }
            Carrier::File(path) => last_line(path).map_err(|error| Failure::File(error.kind())),
        }
    }

    /// The bundle; from `rest` on, where the server still has what this is the rest of.
    pub(super) async fn bundle(&mut self, rest: Option<(u64, String)>) -> Result<Coming, Failure> {
        match self {
            Carrier::Http(server) => {
                let path = server.url().path.to_string();
                let mut rest = rest;
                loop {
                    let fields = rest
                        .as_ref()
                        .map(|(from, tag)| [("Range", format!("bytes={from}-")), ("If-Range", tag.clone())]);
                    let fields = fields.as_ref().map_or(&[][..], |fields| &fields[..]);
                    let (head, body) = server.get(&path, fields).await?;
                    let is_rest = match (head.status(), &rest) {
                        (StatusCode::OK, _) => false,
                        (StatusCode::PARTIAL_CONTENT, Some((from, tag))) if is_rest_of(&head, *from, tag) => {
                            true
                        }
                        // Object storage may know ranges and not If-Range: it has another one by now, and all of that is asked for.
                        (StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE, Some(_)) => {
                            rest = None;
                            continue;
                        }
                        (status, _) => return Err(Failure::Status(status.as_u16())),
                    };
                    return Ok(Coming {
                        is_rest,
                        tag: tag_of(&head),
                        source: Source::Http(body),
                        bytes: rest.filter(|_| is_rest).map_or(0, |(from, _)| from),
                    });
                }
            }
            Carrier::File(path) => {
                let file = opened(path).map_err(|error| Failure::File(error.kind()))?;
                Ok(Coming {
                    is_rest: false,
                    tag: None,
                    source: Source::File(file),
                    bytes: 0,
                })
            }
        }
    }

    /// A bundle was read to its end.
    pub(super) fn end(&mut self, coming: Coming) {
        if let (Carrier::Http(server), Source::Http(body)) = (self, coming.source) {
            server.end(body);
        }
    }
}

impl Coming {
    /// Some more; `None`: it is at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let piece = match &mut self.source {
            Source::Http(body) => body.next().await?,
            Source::File(file) => {
                let mut piece = vec![0; PIECE_BYTES];
                let read = file
                    .read(&mut piece)
                    .map_err(|error| Failure::File(error.kind()))?;
                piece.truncate(read);
                (read > 0).then(|| Bytes::from(piece))
            }
        };
        self.bytes += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        match self.bytes > FLOOR_BYTES_MAX as u64 {
            true => Err(Failure::TooLarge(FLOOR_BYTES_MAX as u64)),
            false => Ok(piece),
        }
    }
}

/// A strong tag: of a weak one a rest may be another one's (RFC 9110 §13.1.5).
fn tag_of(head: &Response<()>) -> Option<Box<str>> {
    let tag = head.headers().get(ETAG)?.to_str().ok()?;
    tag.starts_with('"').then(|| tag.into())
}

/// Whether this is what is behind so many bytes of what has this tag (RFC 9110 §14.4, `bytes FIRST-LAST/ALL`; §15.3.7, the tag).
fn is_rest_of(head: &Response<()>, from: u64, tag: &str) -> bool {
    let range = head
        .headers()
        .get(CONTENT_RANGE)
        .and_then(|range| range.to_str().ok());
    let first = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next());
    first.is_some_and(|first| first == from.to_string()) && tag_of(head).as_deref() == Some(tag)
}

/// A regular file alone: a pipe without a writer would be waited for.
fn opened(path: &Path) -> io::Result<File> {
    match std::fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn last_line(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = opened(path)?;
    // A longer line is none.
    let tail = RECORD_BYTES_MAX as u64 + 2;
    let bytes = file.metadata()?.len();
    file.seek(SeekFrom::Start(bytes.saturating_sub(tail)))?;
    let mut end = Vec::new();
    file.take(tail).read_to_end(&mut end)?;
    if end.last() == Some(&b'\n') {
        end.pop();
    }
    let start = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Ok(end.split_off(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let name = format!(
            "switchboard-carrier-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        );
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let found = last_line(&path).unwrap();
        assert_eq!(String::from_utf8_lossy(&found[..found.len().min(9)]), expected);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn the_last_line_of_a_file() {
        let long = "x".repeat(2 * RECORD_BYTES_MAX);
        for (text, expected) in [
            ("a\nb\n", "b"),
            ("a\nb", "b"),
            ("a", "a"),
            ("", ""),
            ("a\n\n", ""),
        ] {
            check(text, expected);
            check(
                &format!("{long}\n.\n{text}"),
                if text.is_empty() { "." } else { expected },
            );
        }
        assert!(
            last_line(&std::env::temp_dir()).is_err(),
            "a directory is no file"
        );
    }
}
