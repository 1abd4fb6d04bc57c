//! Where lines end up: standard output or a file, without a buffer in between.
//!
//! It knows how far a write came, so that after a failure within a line the next one begins on a line of its own.

use crate::configuration;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Lines hold addresses of clients: not for everyone on the machine.
const FILE_MODE: u32 = 0o640;
/// Between tries where somebody has set standard output to not block.
const FULL_PAUSE: Duration = Duration::from_millis(5);

/// An open destination.
#[derive(Debug)]
pub(super) struct Sink<W = File> {
    out: W,
    path: Option<PathBuf>,
    /// The last write ended within a line.
    torn: bool,
}

/// What could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{lines} lines of the access log are lost")]
pub(super) struct Lost {
    pub(super) lines: u64,
    pub(super) source: io::Error,
}

impl Sink {
    /// Opens it; `None` where nothing is to be logged.
    pub(super) fn open(settings: &configuration::AccessLog) -> io::Result<Option<Sink>> {
        let (out, path) = match settings {
            configuration::AccessLog::Off => return Ok(None),
            configuration::AccessLog::Stdout => {
                (File::from(io::stdout().as_fd().try_clone_to_owned()?), None)
            }
            configuration::AccessLog::File(path) => (append(path)?, Some(path.clone())),
        };
        Ok(Some(Sink {
            out,
            path,
            torn: false,
        }))
    }

    /// Opens a file anew, after it was moved away; the old one stays in use where that fails.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Some(path) = &self.path {
            self.out = append(path)?;
            self.torn = false;
        }
        Ok(())
    }
}

impl<W: io::Write> Sink<W> {
    /// Writes whole lines.
    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Lost> {
        let lost = |left: &[u8], source| Lost {
            lines: memchr::memchr_iter(b'\n', left).count() as u64,
            source,
        };
        if self.torn {
            self.write_some(b"\n").map_err(|source| lost(lines, source))?;
            self.torn = false;
        }
        let mut left = lines;
        while !left.is_empty() {
            match self.write_some(left) {
                Ok(written) => {
                    let (front, back) = left.split_at(written.min(left.len()));
                    self.torn = front.last().is_some_and(|&last| last != b'\n');
                    left = back;
                }
                Err(source) => return Err(lost(left, source)),
            }
        }
        Ok(())
    }

    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.out.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(FULL_PAUSE),
                done => return done,
            }
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .open(path)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    impl<W> Sink<W> {
        /// To anything.
        pub(in super::super) fn to(out: W) -> Sink<W> {
            Sink {
                out,
                path: None,
                torn: false,
            }
        }
    }

    /// Takes so many bytes at a time, and fails where it says 0.
    struct Moody {
        moods: Vec<usize>,
        taken: Vec<u8>,
    }

    impl io::Write for &mut Moody {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.moods.pop() {
                Some(0) => Err(io::ErrorKind::StorageFull.into()),
                mood => {
                    let count = mood.unwrap_or(usize::MAX).min(bytes.len());
                    self.taken.extend_from_slice(&bytes[..count]);
                    Ok(count)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes each of `batches`; `moods` are used from the last to the first.
    fn check(moods: &[usize], batches: &[&str], taken: &str, lost: &[u64]) {
        let mut moody = Moody {
            moods: moods.to_vec(),
            taken: Vec::new(),
        };
        let mut sink = Sink::to(&mut moody);
        let outcomes: Vec<_> = batches
            .iter()
            .map(|batch| sink.write(batch.as_bytes()).err().map_or(0, |lost| lost.lines))
            .collect();
        assert_eq!(outcomes, lost);
        assert_eq!(String::from_utf8(moody.taken).unwrap(), taken);
    }

    #[test]
    fn a_failure_within_a_line_does_not_spoil_the_next_one() {
        check(&[3, 3, 3], &["one\ntwo\n"], "one\ntwo\n", &[0]);
        check(&[0, 6], &["one\ntwo\n", "three\n"], "one\ntw\nthree\n", &[1, 0]);
        check(&[0, 4], &["one\ntwo\n", "three\n"], "one\nthree\n", &[1, 0]);
        check(&[0], &["one\ntwo\n", "three\n"], "three\n", &[2, 0]);
        check(
            &[0, 0, 2],
            &["one\n", "two\n", "three\n"],
            "on\nthree\n",
            &[1, 1, 0],
        );
    }
}
