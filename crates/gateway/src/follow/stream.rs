//! A portal's stream: one answer without an end, line by line, resumed behind what is shown (feed.md §4).
//!
//! A setting of the operator, for which no target rule holds but one: over plain HTTP a token is shown to nobody whom the operator did not name.
//! Nothing here judges what the lines say.

use super::carrier::{Failure, Opened};
use super::{CONNECT_MAX, SILENCE_MAX, STREAM_SILENCE_MAX};
use crate::configuration::Portal;
use crate::upstream::{
    FetchError, Limits, Lookups, Place, Resolve, Streamed, Upstreams, Wanted, stream_within,
};
use feed::{RECORD_BYTES_MAX, View};
use hyper::StatusCode;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// Says whether a stream begins behind the position that was asked for.
const HEADER: &str = "switchboard-stream";

const LIMITS: Limits = Limits {
    connect: CONNECT_MAX,
    silence: SILENCE_MAX,
    // A stream has neither an end nor a size.
    within: SILENCE_MAX,
    bytes_max: usize::MAX,
};

/// A stream of one feed.
pub(super) struct Stream {
    portal: Portal,
    /// Without a position.
    url: String,
    lookups: Lookups,
    upstreams: Upstreams,
    open: Option<Open>,
}

struct Open {
    answer: Streamed,
    lines: Lines,
    /// When it has been silent for too long. Only who waits hears silence: what is between two lines may take its time.
    silent_at: Option<Instant>,
}

impl Stream {
    pub(super) fn new(portal: &Portal, feed: &str, resolver: Arc<dyn Resolve>) -> Stream {
        Stream {
            url: format!("{}/v1/feeds/{feed}/stream", portal.base()),
            portal: portal.clone(),
            lookups: Lookups::new(resolver),
            upstreams: Upstreams::default(),
            open: None,
        }
    }

    pub(super) fn told(&self) -> String {
        self.url.clone()
    }

    pub(super) async fn open(&mut self, behind: Option<&View>) -> Result<Opened, Failure> {
        self.open = None;
        let mut url = self.url.clone();
        if let Some(view) = behind {
            let (epoch, revision, digest) = (view.epoch, view.revision, view.digest);
            // Writing to a string never fails.
            let _ = write!(url, "?epoch={epoch}&revision={revision}&digest={digest}");
        }
        let place = Place::of(&url, &self.upstreams)?;
        let credential = self.portal.token.bearer();
        let wanted = Wanted {
            credential: Some(&credential),
            ..Wanted::of("application/x-ndjson")
        };
        let rules = self.portal.rules();
        let answer = stream_within(&place, wanted, &self.lookups, &rules, LIMITS).await;
        let answer = answer.map_err(|error| told(error, "follow this feed"))?;
        let said = answer.headers.get(HEADER).map(|value| value.as_bytes());
        let opened = match (said, behind) {
            (Some(b"reset"), _) => Opened::Start,
            (Some(b"resumed"), Some(_)) => Opened::Resumed,
            _ => {
                let message = "the answer is no portal's stream: it does not say `Switchboard-Stream: reset`, or `resumed` where that was asked for";
                return Err(Failure::Failed(message.to_owned()));
            }
        };
        self.open = Some(Open {
            answer,
            lines: Lines::default(),
            silent_at: None,
        });
        Ok(opened)
    }

    /// The next line, without its end. May be dropped and called again.
    pub(super) async fn line(&mut self) -> Result<&[u8], Failure> {
        let failed = |message: &str| Failure::Failed(message.to_owned());
        let Some(open) = &mut self.open else {
            return Err(failed("the stream is not open"));
        };
        let line = loop {
            if let Some(line) = open.lines.next() {
                open.silent_at = None;
                break line;
            }
            if open.lines.is_too_long() {
                return Err(Failure::Failed(format!(
                    "a line of the stream has more than {RECORD_BYTES_MAX} bytes"
                )));
            }
            // Kept where this is dropped and called again.
            let silent_at = *open
                .silent_at
                .get_or_insert_with(|| Instant::now() + STREAM_SILENCE_MAX);
            match timeout_at(silent_at, open.answer.piece()).await {
                Ok(Some(Ok(piece))) => {
                    open.silent_at = None;
                    open.lines.push(&piece);
                }
                Ok(Some(Err(error))) => {
                    return Err(Failure::Failed(format!("the stream broke off: {error}")));
                }
                Ok(None) => return Err(failed("the portal ended the stream")),
                Err(_) => return Err(FetchError::Silent(STREAM_SILENCE_MAX).into()),
            }
        };
        Ok(open.lines.get(line))
    }

    pub(super) fn close(&mut self) {
        self.open = None;
    }
}

/// What a portal's refusal of a token means for whoever runs this; other failures tell themselves.
pub(crate) fn told(error: FetchError, to: &str) -> Failure {
    match error {
        FetchError::Status(status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) => {
            Failure::Failed(format!(
                "the portal answered {status}: `token` may not {to}. Make one for this environment with \
                 `switchboard portal gateways create`, put it where `token` is read from, and restart"
            ))
        }
        error => error.into(),
    }
}

/// Lines of bytes that come in pieces.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    /// What is before was given.
    begin: usize,
    /// Up to here there is no end of a line.
    scanned: usize,
}

impl Lines {
    fn push(&mut self, piece: &[u8]) {
        self.bytes.drain(..self.begin);
        self.scanned -= self.begin;
        self.begin = 0;
        self.bytes.extend_from_slice(piece);
    }

    /// Where the next line is, without its end, until the next piece comes.
    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.bytes.get(self.scanned..)?;
        match memchr::memchr(b'\n', rest) {
            Some(at) => {
                let end = self.scanned + at;
                let line = self.begin..end;
                (self.begin, self.scanned) = (end + 1, end + 1);
                Some(line)
            }
            None => {
                self.scanned = self.bytes.len();
                None
            }
        }
    }

    /// Whether what came of a line is more than a line may have.
    fn is_too_long(&self) -> bool {
        self.bytes.len() - self.begin > RECORD_BYTES_MAX
    }

    fn get(&self, line: Range<usize>) -> &[u8] {
        self.bytes.get(line).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let text = b"one\ntwo\n\nthree three\nunended";
        for size in 1..text.len() {
            let (mut lines, mut all) = (Lines::default(), Vec::new());
            for piece in text.chunks(size) {
                lines.push(piece);
                while let Some(line) = lines.next() {
                    all.push(String::from_utf8(lines.get(line).to_vec()).unwrap());
                }
            }
            assert_eq!(all, ["one", "two", "", "three three"], "{size}");
        }
    }

    #[test]
    fn a_line_that_does_not_end_is_given_up() {
        let mut lines = Lines::default();
        lines.push(b"x\n");
        lines.push(&vec![b'x'; RECORD_BYTES_MAX]);
        assert!(lines.next().is_some() && lines.next().is_none() && !lines.is_too_long());
        lines.push(b"x");
        assert!(lines.next().is_none() && lines.is_too_long());
    }
}
