//! A response head from an upstream: is it one, and what does it say about the body?
//!
//! As strict as the request head, since an upstream that is careless with framing could otherwise give one
//! client another's answer. Answers with offsets into the driver's buffer. A fault here is a 502.

use std::ops::Range;

use httparse::Status;

use super::block::{FieldBlock, Span};
use super::fault::ResponseFault;
use super::scan::{HeadScan, Scanned};
use super::{FieldRef, Framing, HeadLimits, Progress, Version};

/// A response head as offsets into the bytes it was parsed from: reused from response to response, it allocates nothing.
#[derive(Debug, Default)]
pub struct ResponseHead {
    scan: HeadScan,
    block: FieldBlock,
    line: StatusLine,
    framing: Framing,
    len: usize,
}

/// The status line, as offsets.
#[derive(Debug, Default)]
struct StatusLine {
    version: Version,
    status: u16,
    reason: Span,
    /// Where the field lines begin.
    end: usize,
}

impl ResponseHead {
    /// An empty one, ready for `parse`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the last head (keeps its allocations); call before the first `parse` of the next message.
    pub fn reset(&mut self) {
        self.scan = HeadScan::default();
        self.block.clear();
        self.line = StatusLine::default();
        self.len = 0;
    }

    /// As `RequestHead::parse`. `to_head`: the request was HEAD, so there is no body whatever the fields say.
    ///
    /// 101 is a fault: no request of the gateway asks for an upgrade.
    pub fn parse(
        &mut self,
        bytes: &[u8],
        to_head: bool,
        limits: &HeadLimits,
    ) -> Result<Progress, ResponseFault> {
        loop {
            match self.scan.advance(bytes, limits, false)? {
                Scanned::Partial => return Ok(Progress::Partial),
                Scanned::FirstLine(line) => self.line = StatusLine::parse(bytes, line)?,
                Scanned::End(end) => {
                    self.len = end;
                    self.block
                        .parse(bytes, self.line.end..end, self.scan.field_lines())?;
                    self.framing = self.decide_framing(to_head)?;
                    return Ok(Progress::Complete(end));
                }
            }
        }
    }

    /// RFC 9112 §6.3 without its repairs: what is ambiguous is refused, also where no body is to come.
    fn decide_framing(&self, to_head: bool) -> Result<Framing, ResponseFault> {
        let facts = self.block.facts();
        if facts.chunked && facts.length.is_some() {
            return Err(ResponseFault::Malformed(
                "Transfer-Encoding and Content-Length are both there",
            ));
        }
        if facts.chunked && self.line.version == Version::Http10 {
            return Err(ResponseFault::Malformed("Transfer-Encoding is not in HTTP/1.0"));
        }
        let bodiless = matches!(self.line.status, 100..=199 | 204);
        // RFC 9110 §8.6 and RFC 9112 §6.1 forbid both fields here. A length of 0 contradicts nothing and is
        // common with 204; anything else announces bytes that would be taken for the next answer.
        if bodiless && (facts.chunked || facts.length.is_some_and(|length| length > 0)) {
            return Err(ResponseFault::Malformed(
                "a body is announced with a status that has none",
            ));
        }
        Ok(match (facts.chunked, facts.length) {
            _ if bodiless || to_head || self.line.status == 304 => Framing::Empty,
            (true, _) => Framing::Chunked,
            (false, Some(0)) => Framing::Empty,
            (false, Some(length)) => Framing::Length(length),
            (false, None) => Framing::Close,
        })
    }

    /// Length of the head in bytes.
    #[allow(clippy::len_without_is_empty, reason = "no head is empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// 100 to 599.
    pub fn status(&self) -> u16 {
        self.line.status
    }

    /// 1xx other than 101: another head follows.
    pub fn is_interim(&self) -> bool {
        matches!(self.line.status, 100 | 102..=199)
    }

    /// The reason phrase; may be empty.
    pub fn reason<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.line.reason.of_bytes(bytes)
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// How the body is delimited, with HEAD, 1xx, 204 and 304 taken into account.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the connection may be used again once the body has ended.
    pub fn keep_alive(&self) -> bool {
        self.framing != Framing::Close && self.block.facts().persists(self.line.version)
    }

    /// As on `RequestHead`.
    pub fn has_connection_names(&self) -> bool {
        self.block.facts().names_fields
    }

    /// As on `RequestHead`.
    pub fn connection_names(&self, bytes: &[u8], name: &[u8]) -> bool {
        self.block.connection_names(bytes, name)
    }

    /// The field lines in order.
    pub fn fields<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = FieldRef<'a>> {
        self.block.fields(bytes)
    }
}

impl StatusLine {
    /// `line`: where in `bytes` it lies, without its CRLF, which is there.
    fn parse(bytes: &[u8], line: Range<usize>) -> Result<StatusLine, ResponseFault> {
        let end = line.end + 2;
        let mut parsed = httparse::Response::new(&mut []);
        // Partial, since the fields are left out; each part of the line is there if it is good.
        let result = parsed.parse(&bytes[line.start..end]);
        let (Ok(Status::Partial), Some(version), Some(status), Some(_)) =
            (result, parsed.version, parsed.code, parsed.reason)
        else {
            return Err(ResponseFault::Malformed("the status line is malformed"));
        };
        match status {
            101 => {
                return Err(ResponseFault::Malformed(
                    "the protocol was switched without being asked to",
                ));
            }
            100..=599 => {}
            _ => return Err(ResponseFault::Malformed("the status is not between 100 and 599")),
        }
        // httparse gives up a reason with bytes over 0x7F, which are allowed: it is what follows the status.
        let reason = (line.start + b"HTTP/1.1 200 ".len()).min(line.end);
        Ok(StatusLine {
            version: if version == 0 {
                Version::Http10
            } else {
                Version::Http11
            },
            status,
            reason: Span::new(reason..line.end),
            end,
        })
    }
}

#[cfg(test)]
mod tests;
