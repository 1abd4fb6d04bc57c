//! A request head: is it one, and what does it ask for?
//!
//! The first thing that happens to a request, and where most of the strictness of `docs/life-of-a-request.md`
//! §receive lies. Answers with offsets into the driver's buffer and owns no byte of it. The request line is judged
//! as soon as it ends, the fields when the head does.

use std::ops::Range;

use httparse::Status;
use policy::method::Method;
use policy::path::Host;

use super::block::{FieldBlock, Span};
use super::fault::RequestFault;
use super::scan::{HeadScan, Scanned};
use super::target::{self, Target};
use super::{FieldRef, Framing, HeadLimits, Known, Progress, Version};

/// Longer than any registered method's token (`UPDATEREDIRECTREF`, 17 bytes).
const METHOD_BYTES_MAX: usize = 32;

/// A request head as offsets into the bytes it was parsed from: reused from request to request, it allocates nothing.
#[derive(Debug, Default)]
pub struct RequestHead {
    scan: HeadScan,
    block: FieldBlock,
    line: RequestLine,
    host: Span,
    framing: Framing,
    expect: Expect,
    len: usize,
}

/// The request line, as offsets.
#[derive(Debug, Default)]
struct RequestLine {
    method: Option<Method>,
    token: Span,
    form: TargetForm,
    authority: Span,
    path: Span,
    query: Option<Span>,
    version: Version,
    /// Where the field lines begin.
    end: usize,
}

/// RFC 9112 §3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TargetForm {
    /// `/path?query`.
    #[default]
    Origin,
    /// `http://host/path?query`, with an authority equal to Host.
    Absolute,
    /// `*`, with OPTIONS alone.
    Asterisk,
}

/// What `Expect` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expect {
    /// Nothing.
    #[default]
    Nothing,
    /// `100-continue`.
    Continue,
}

impl RequestHead {
    /// An empty one, ready for `parse`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the last head (keeps its allocations); call before the first `parse` of the next message.
    pub fn reset(&mut self) {
        self.scan = HeadScan::default();
        self.block.clear();
        self.line = RequestLine::default();
        self.len = 0;
    }

    /// `bytes`: everything received since the end of the last message; on a further call, the same and more.
    /// Work over all calls is linear in the bytes, and the result does not depend on how they were split.
    /// All other methods are meaningful only after `Complete`, and take the same bytes.
    ///
    /// HTTP/1.2 and later get `VersionUnsupported`, like 2.0: RFC 9110 §2.5 would let them pass as 1.1, but nobody
    /// sends them, and a peer on the way may read them differently. After a fault or `Complete`, `reset` comes first.
    pub fn parse(&mut self, bytes: &[u8], limits: &HeadLimits) -> Result<Progress, RequestFault> {
        loop {
            match self.scan.advance(bytes, limits, true)? {
                Scanned::Partial => return Ok(Progress::Partial),
                Scanned::FirstLine(line) => self.line = RequestLine::parse(bytes, line)?,
                Scanned::End(end) => {
                    self.len = end;
                    self.read_fields(bytes)?;
                    return Ok(Progress::Complete(end));
                }
            }
        }
    }

    fn read_fields(&mut self, bytes: &[u8]) -> Result<(), RequestFault> {
        self.block
            .parse(bytes, self.line.end..self.len, self.scan.field_lines())?;
        self.host = self.one_host(bytes)?;
        self.framing = self.decide_framing()?;
        self.expect = Expect::Nothing;
        for value in self.block.spans(Known::Expect) {
            if !value.of_bytes(bytes).eq_ignore_ascii_case(b"100-continue") {
                return Err(RequestFault::ExpectationUnknown);
            }
            // RFC 9110 §10.1.1: an HTTP/1.0 client cannot mean it.
            if self.line.version == Version::Http11 {
                self.expect = Expect::Continue;
            }
        }
        Ok(())
    }

    /// RFC 9112 §3.2, and stricter: HTTP/1.0 needs Host too, since routes hang on it, and an absolute target may
    /// not contradict it.
    fn one_host(&self, bytes: &[u8]) -> Result<Span, RequestFault> {
        let mut hosts = self.block.spans(Known::Host);
        let span = hosts.next().ok_or(RequestFault::Malformed("Host is missing"))?;
        if hosts.next().is_some() {
            return Err(RequestFault::Malformed("Host is repeated"));
        }
        let host = Host::parse_with_port(span.of_bytes(bytes))
            .map_err(|_| RequestFault::Malformed("Host is malformed"))?;
        if self.line.form == TargetForm::Absolute {
            let authority = Host::parse_with_port(self.line.authority.of_bytes(bytes))
                .map_err(|_| RequestFault::Malformed("the authority of the target is malformed"))?;
            if authority != host {
                return Err(RequestFault::Malformed(
                    "the target and Host name different hosts",
                ));
            }
        }
        Ok(span)
    }

    /// RFC 9112 §6.3 without its repairs: what is ambiguous is refused.
    fn decide_framing(&self) -> Result<Framing, RequestFault> {
        let facts = self.block.facts();
        match (facts.chunked, facts.length) {
            (true, Some(_)) => Err(RequestFault::Malformed(
                "Transfer-Encoding and Content-Length are both there",
            )),
            (true, None) if self.line.version == Version::Http10 => {
                Err(RequestFault::Malformed("Transfer-Encoding is not in HTTP/1.0"))
            }
            (true, None) => Ok(Framing::Chunked),
            (false, None | Some(0)) => Ok(Framing::Empty),
            (false, Some(length)) => Ok(Framing::Length(length)),
        }
    }

    /// Length of the head in bytes, with an empty line before it that was tolerated.
    #[allow(clippy::len_without_is_empty, reason = "no head is empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// `None`: a token that the registry does not have.
    pub fn method(&self) -> Option<Method> {
        self.line.method
    }

    /// The method's token.
    pub fn method_bytes<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.line.token.of_bytes(bytes)
    }

    /// RFC 9112 §3.2.
    pub fn form(&self) -> TargetForm {
        self.line.form
    }

    /// The raw path: begins with `/`; for absolute-form without a path, `/`; for asterisk-form, `*`.
    pub fn path<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        match self.line.path.of_bytes(bytes) {
            b"" => b"/",
            path => path,
        }
    }

    /// What stands behind the first `?`, byte for byte; `None` where there is no `?`.
    pub fn query<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        self.line.query.map(|query| query.of_bytes(bytes))
    }

    /// The one Host field's value, which `policy::path::Host::parse` accepts.
    pub fn host<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.host.of_bytes(bytes)
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// How the body is delimited; never `Close`.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the connection may carry another request after this one (RFC 9112 §9.3).
    pub fn keep_alive(&self) -> bool {
        self.block.facts().persists(self.line.version)
    }

    /// What `Expect` asks for; in HTTP/1.0, nothing.
    pub fn expect(&self) -> Expect {
        self.expect
    }

    /// Whether `Connection` names anything but `close` and `keep-alive`, so that fields must be compared with `connection_names`.
    pub fn has_connection_names(&self) -> bool {
        self.block.facts().names_fields
    }

    /// Whether `Connection` names this field. It never names Host, Content-Type or a framing field: such a head is refused.
    pub fn connection_names(&self, bytes: &[u8], name: &[u8]) -> bool {
        self.block.connection_names(bytes, name)
    }

    /// The field lines in order.
    pub fn fields<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = FieldRef<'a>> {
        self.block.fields(bytes)
    }
}

impl RequestLine {
    /// `line`: where in `bytes` it lies, without its CRLF, which is there.
    fn parse(bytes: &[u8], line: Range<usize>) -> Result<RequestLine, RequestFault> {
        let (start, end) = (line.start, line.end + 2);
        let mut parsed = httparse::Request::new(&mut []);
        // Partial, since the fields are left out; each part of the line is there if it is good.
        let result = parsed.parse(&bytes[start..end]);
        let (Ok(Status::Partial), Some(method), Some(target), Some(version)) =
            (result, parsed.method, parsed.path, parsed.version)
        else {
            return Err(line_fault(&bytes[line]));
        };
        if method.len() > METHOD_BYTES_MAX {
            return Err(RequestFault::MethodTooLong);
        }
        if matches!(method, "CONNECT" | "TRACE") {
            return Err(RequestFault::MethodRefused);
        }
        let Target {
            form,
            authority,
            path,
            query,
        } = target::parse(method.as_bytes(), target.as_bytes())?;
        let base = start + method.len() + 1;
        let within = |part: Range<usize>| Span::new(base + part.start..base + part.end);
        Ok(RequestLine {
            method: Method::parse(method.as_bytes()),
            token: Span::new(start..start + method.len()),
            form,
            authority: authority.map(within).unwrap_or_default(),
            path: within(path),
            query: query.map(within),
            version: if version == 0 {
                Version::Http10
            } else {
                Version::Http11
            },
            end,
        })
    }
}

/// Why httparse refused the line: only a version that it does not know has an answer of its own.
fn line_fault(line: &[u8]) -> RequestFault {
    let mut words = line.split(|&byte| byte == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let whole = words.next().is_none()
        && [method, target]
            .iter()
            .all(|word| word.is_some_and(|w| !w.is_empty()));
    match version {
        Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor])
            if whole
                && major.is_ascii_digit()
                && minor.is_ascii_digit()
                && (*major, *minor) > (b'1', b'1') =>
        {
            RequestFault::VersionUnsupported
        }
        _ => RequestFault::Malformed("the request line is malformed"),
    }
}

#[cfg(test)]
mod tests;
