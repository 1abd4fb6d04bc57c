//! What comes of a look, line by line: what is believed, how far a bundle was read, and what is applied of it.
//!
//! Pure: bytes and time are passed in. What cannot be believed changes nothing.

use feed::{Changes, Ignored, RECORD_BYTES_MAX, Read, Reader, View};
use std::collections::VecDeque;

/// Revisions that are told to the portal in one report.
pub(super) const APPLIED_MAX: usize = 256;

/// A feed that is read, and a bundle that may be under way.
pub(super) struct Reading {
    reader: Reader,
    /// The last look found the view.
    is_at_end: bool,
    download: Option<Download>,
    applied: VecDeque<Applied>,
}

/// A revision that was put in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) epoch: u64,
    pub(super) revision: u64,
    /// Since 1970, in milliseconds.
    pub(super) at_ms: u64,
}

/// A bundle that was read in part.
#[derive(Debug)]
struct Download {
    /// What the server calls it.
    tag: Option<Box<str>>,
    /// Bytes that were taken.
    taken: u64,
    /// Of the line that has not ended yet.
    line: Vec<u8>,
    /// What was shown when it began, though a commit said something else.
    before: View,
}

/// What is to be done with a commit that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// It is the view's.
    View,
    /// It is another one: the bundle has to be read.
    Other,
}

impl Reading {
    pub(super) fn new(reader: Reader) -> Reading {
        Reading {
            reader,
            is_at_end: false,
            download: None,
            applied: VecDeque::new(),
        }
    }

    pub(super) fn reader(&self) -> &Reader {
        &self.reader
    }

    pub(super) fn view(&self) -> &View {
        self.reader
            .view()
            .expect("it begins with a floor's view, which stays")
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// A look brought nothing.
    pub(super) fn failed(&mut self) {
        self.is_at_end = false;
    }

    /// The commit alone, looked at first. What it shows, where nothing but it has changed.
    pub(super) fn commit(&mut self, bytes: &[u8], unix_ms: u64) -> (Looked, Option<Changes>) {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let (changes, counts) = self.line(line, unix_ms);
        // One that does not count says nothing of the last one that did.
        self.is_at_end = counts && self.reader.is_at_view();
        match self.is_at_end {
            true => {
                self.download = None;
                (Looked::View, changes)
            }
            false => (Looked::Other, changes),
        }
    }

    /// What a request for the rest of the bundle names: from which byte on, and of which it is the rest.
    pub(super) fn rest(&self) -> Option<(u64, &str)> {
        let download = self.download.as_ref()?;
        let tag = download.tag.as_deref()?;
        (download.taken > 0).then_some((download.taken, tag))
    }

    /// A bundle comes, from its start.
    pub(super) fn begin(&mut self, tag: Option<&str>) {
        self.reader.restart();
        self.download = Some(Download {
            tag: tag.map(Into::into),
            taken: 0,
            line: Vec::new(),
            before: self.view().clone(),
        });
    }

    /// More of the bundle; what each commit in it shows.
    pub(super) fn take(&mut self, bytes: &[u8], unix_ms: u64) -> Vec<Changes> {
        let mut shown = Vec::new();
        let Some(mut download) = self.download.take() else {
            return shown;
        };
        download.taken += bytes.len() as u64;
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, behind) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
            if download.line.is_empty() {
                shown.extend(self.line(line, unix_ms).0);
            } else {
                download.append(line);
                shown.extend(self.line(&download.line, unix_ms).0);
                download.line.clear();
            }
            rest = behind;
        }
        download.append(rest);
        self.download = Some(download);
        shown
    }

    /// The bundle is at its end; whether that is a newer view, as the commit had promised, and what its last line shows, where it has no end.
    pub(super) fn end(&mut self, unix_ms: u64) -> (bool, Option<Changes>) {
        let Some(download) = self.download.take() else {
            return (false, None);
        };
        let changes = match download.line.is_empty() {
            true => None,
            false => self.line(&download.line, unix_ms).0,
        };
        self.is_at_end = self.reader.is_at_view() && *self.view() != download.before;
        (self.is_at_end, changes)
    }

    /// Revisions that the portal was not told of yet.
    pub(super) fn applied(&self) -> Vec<Applied> {
        self.applied.iter().copied().collect()
    }

    /// The portal was told up to this one.
    pub(super) fn told(&mut self, applied: &[Applied]) {
        let told = applied.last().copied();
        while self.applied.front().is_some_and(|_| told.is_some()) {
            if self.applied.pop_front() == told {
                break;
            }
        }
    }

    /// What a line shows, and whether it is a commit that counts.
    fn line(&mut self, line: &[u8], unix_ms: u64) -> (Option<Changes>, bool) {
        let read = self.reader.line(line, unix_ms / 1_000);
        self.shown(read, unix_ms)
    }

    fn shown(&mut self, read: Read, unix_ms: u64) -> (Option<Changes>, bool) {
        let shown = match read {
            Read::Shown(shown) => shown,
            Read::Renewed | Read::Ignored(Ignored::Behind | Ignored::NotWhole | Ignored::Forked) => {
                return (None, true);
            }
            Read::Kept | Read::Keyring | Read::Ignored(_) => return (None, false),
        };
        if self.applied.len() == APPLIED_MAX {
            self.applied.pop_front();
        }
        self.applied.push_back(Applied {
            epoch: shown.view.epoch,
            revision: shown.view.revision,
            at_ms: unix_ms,
        });
        (Some(shown.changes), true)
    }
}

#[cfg(feature = "kafka")]
impl Reading {
    /// A log comes, from its start.
    pub(super) fn begin_log(&mut self) {
        self.reader.restart();
        self.is_at_end = false;
    }

    /// What a record of a log shows, and whether no more of them is kept.
    pub(super) fn record(
        &mut self,
        key: &str,
        value: Option<&[u8]>,
        unix_ms: u64,
    ) -> (Option<Changes>, bool) {
        let read = self.reader.record(key, value, unix_ms / 1_000);
        let is_full = read == Read::Ignored(Ignored::Full);
        (self.shown(read, unix_ms).0, is_full)
    }

    /// A log is read to its end; whether that is what is shown.
    pub(super) fn end_log(&mut self) -> bool {
        self.is_at_end = self.reader.is_at_view();
        self.is_at_end
    }
}

impl Download {
    /// One byte more than a record may have is enough to see that it is none.
    fn append(&mut self, bytes: &[u8]) {
        let room = (RECORD_BYTES_MAX + 1).saturating_sub(self.line.len());
        self.line.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}
