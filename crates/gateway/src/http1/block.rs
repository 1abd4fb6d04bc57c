//! The field lines of one head or trailer section, as offsets, with the rules that hold in both directions.
//!
//! Runs once, when `scan` has found the end. httparse takes the lines apart; what it lets through that a second
//! reader could understand differently is refused here. Decides no framing: that needs the version and the role.

use std::ops::Range;

use httparse::{EMPTY_HEADER, Header, Status};

use super::Version;
use super::fault::HeadFault;
use super::fields::{FieldRef, Known, resembles_framing, trim_blanks};

/// Members of all `Connection` fields together. Each costs a compare with every field name, so they are few.
const CONNECTION_MEMBERS_MAX: usize = 32;

/// Offsets of a slice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// These offsets.
    pub(super) fn new(range: Range<usize>) -> Span {
        let narrow = |offset| u32::try_from(offset).expect("the scan ends a head below 4 GiB");
        Span {
            start: narrow(range.start),
            end: narrow(range.end),
        }
    }

    /// Where `part` lies in `whole`, of which it is a slice.
    fn of(part: &[u8], whole: &[u8]) -> Span {
        let start = part.as_ptr().addr() - whole.as_ptr().addr();
        Span::new(start..start + part.len())
    }

    /// The bytes, out of those that the head was parsed from.
    pub(super) fn of_bytes(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..self.end as usize]
    }
}

#[derive(Debug)]
struct Line {
    name: Span,
    value: Span,
    known: Known,
}

/// The lines, and what they say about the connection and the body.
#[derive(Debug, Default)]
pub(super) struct FieldBlock {
    lines: Vec<Line>,
    facts: Facts,
}

/// What the lines say that both roles need.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Facts {
    /// The one `Content-Length`.
    pub(super) length: Option<u64>,
    /// `Transfer-Encoding: chunked`.
    pub(super) chunked: bool,
    /// `Connection: close`.
    close: bool,
    /// `Connection: keep-alive`.
    keep_alive: bool,
    /// `Connection` names anything else.
    pub(super) names_fields: bool,
    content_type: bool,
    connection_members: usize,
}

impl FieldBlock {
    /// Forgets the lines, keeps the allocation.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.facts = Facts::default();
    }

    /// What was found.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Reads the lines in `range` of `bytes`, `count` of them, with the empty line behind them.
    pub(super) fn parse(&mut self, bytes: &[u8], range: Range<usize>, count: usize) -> Result<(), HeadFault> {
        self.clear();
        let block = &bytes[range];
        // Few lines are the rule, and slots that are not there need not be cleared.
        match count {
            0..=12 => self.read(bytes, block, &mut [EMPTY_HEADER; 12]),
            13..=128 => self.read(bytes, block, &mut [EMPTY_HEADER; 128]),
            _ => self.read(bytes, block, &mut vec![EMPTY_HEADER; count]),
        }
    }

    fn read<'b>(&mut self, bytes: &[u8], block: &'b [u8], slots: &mut [Header<'b>]) -> Result<(), HeadFault> {
        match httparse::parse_headers(block, slots) {
            Ok(Status::Complete((used, fields))) if used == block.len() => {
                fields.iter().try_for_each(|field| self.push(bytes, field))
            }
            Err(httparse::Error::HeaderName) => Err(HeadFault::Malformed(
                "a field name is no token, or has a blank before it or before its colon, or none at all",
            )),
            _ => Err(HeadFault::Malformed("a field line is malformed")),
        }
    }

    fn push(&mut self, bytes: &[u8], field: &Header<'_>) -> Result<(), HeadFault> {
        let name = field.name.as_bytes();
        let known = Known::of(name);
        let facts = &mut self.facts;
        match known {
            Known::Other if resembles_framing(name) => {
                return Err(HeadFault::Malformed(
                    "a field name can be mistaken for Content-Length or Transfer-Encoding",
                ));
            }
            Known::ContentLength => {
                if facts.length.is_some() {
                    return Err(HeadFault::Malformed("Content-Length is repeated"));
                }
                facts.length = Some(content_length(field.value)?);
            }
            Known::TransferEncoding => {
                if facts.chunked {
                    return Err(HeadFault::Malformed("Transfer-Encoding is repeated"));
                }
                if !field.value.eq_ignore_ascii_case(b"chunked") {
                    return Err(HeadFault::Malformed("Transfer-Encoding is not just chunked"));
                }
                facts.chunked = true;
            }
            Known::ContentType => {
                if facts.content_type {
                    return Err(HeadFault::Malformed("Content-Type is repeated"));
                }
                facts.content_type = true;
            }
            Known::Connection => facts.connection(field.value)?,
            _ => {}
        }
        self.lines.push(Line {
            name: Span::of(name, bytes),
            value: Span::of(field.value, bytes),
            known,
        });
        Ok(())
    }

    /// The lines in order; `bytes` as in `parse`.
    pub(super) fn fields<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = FieldRef<'a>> {
        self.lines.iter().map(|line| FieldRef {
            name: line.name.of_bytes(bytes),
            value: line.value.of_bytes(bytes),
            known: line.known,
        })
    }

    /// Where the values of `known` lie, in order.
    pub(super) fn spans(&self, known: Known) -> impl Iterator<Item = Span> {
        self.lines
            .iter()
            .filter(move |line| line.known == known)
            .map(|line| line.value)
    }

    /// Whether `Connection` names this field.
    pub(super) fn connection_names(&self, bytes: &[u8], name: &[u8]) -> bool {
        self.facts.names_fields
            && self
                .spans(Known::Connection)
                .any(|value| members(value.of_bytes(bytes)).any(|member| member.eq_ignore_ascii_case(name)))
    }
}

impl Facts {
    /// RFC 9112 §9.3.
    pub(super) fn persists(&self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.keep_alive)
    }

    /// RFC 9110 §7.6.1. A member that is no token names no field and is left at that. One that names a field
    /// which everybody on the way must read the same way is an attempt to have a hop drop it.
    fn connection(&mut self, value: &[u8]) -> Result<(), HeadFault> {
        for member in members(value) {
            self.connection_members += 1;
            if self.connection_members > CONNECTION_MEMBERS_MAX {
                return Err(HeadFault::TooLarge("Connection names too much"));
            }
            if member.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
                continue;
            }
            if member.eq_ignore_ascii_case(b"close") {
                self.close = true;
                continue;
            }
            let known = Known::of(member);
            if matches!(known, Known::Host | Known::ContentType) || resembles_framing(member) {
                return Err(HeadFault::Malformed(
                    "Connection names a field that belongs to the message",
                ));
            }
            self.names_fields |= !member.is_empty();
        }
        Ok(())
    }
}

/// The members of a comma-separated list, without blanks; empty ones included, since they cost as much.
pub(super) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim_blanks)
}

/// Digits without sign, list or leading zero: what every reader understands as the same number.
fn content_length(value: &[u8]) -> Result<u64, HeadFault> {
    const FAULT: HeadFault = HeadFault::Malformed("Content-Length is not a plain number");
    if value.is_empty() || (value.len() > 1 && value.starts_with(b"0")) {
        return Err(FAULT);
    }
    value.iter().try_fold(0u64, |sum, &digit| {
        let digit = digit
            .is_ascii_digit()
            .then(|| u64::from(digit - b'0'))
            .ok_or(FAULT)?;
        sum.checked_mul(10)
            .and_then(|sum| sum.checked_add(digit))
            .ok_or(FAULT)
    })
}
