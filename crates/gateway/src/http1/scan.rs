//! Where does a head end, and is there a byte in it that no head may have?
//!
//! The first step of both heads: it runs over the bytes as they arrive, looks at each once, and stops at the
//! first line end that is not CRLF, the first control byte and the first limit. What it says depends on the
//! bytes alone, never on how they were split. It knows nothing of names and values.

use std::ops::Range;

use super::HeadLimits;
use super::fault::HeadFault;

/// Offsets are kept as `u32`, so no head may be longer, whatever the configuration says.
const HEAD_BYTES_CEILING: usize = u32::MAX as usize;

/// How far the scan is in.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// Bytes before this one need no further look.
    checked: usize,
    line_start: usize,
    /// Lines that ended, the request or status line included.
    lines: usize,
    /// The one CRLF was skipped that RFC 9112 §2.2 wants tolerated before a request line.
    blank_skipped: bool,
}

/// What the scan met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scanned {
    /// More bytes are needed.
    Partial,
    /// The request or status line, without its CRLF; the scan goes on when called again.
    FirstLine(Range<usize>),
    /// The head ends after this many bytes.
    End(usize),
}

impl HeadScan {
    /// Field lines seen so far.
    pub(super) fn field_lines(&self) -> usize {
        self.lines.saturating_sub(1)
    }

    /// Goes on from where the last call stopped. `blank_first`: whether one empty line may come first.
    pub(super) fn advance(
        &mut self,
        bytes: &[u8],
        limits: &HeadLimits,
        blank_first: bool,
    ) -> Result<Scanned, HeadFault> {
        let bytes_max = limits.head_bytes_max.min(HEAD_BYTES_CEILING);
        let window = bytes.get(..bytes_max).unwrap_or(bytes);
        loop {
            let unseen = window.get(self.checked..).unwrap_or_default();
            let Some(ahead) = find_control(unseen) else {
                self.checked = window.len();
                return self.needs_more(window, bytes_max);
            };
            self.checked += ahead;
            match unseen.get(ahead..).unwrap_or_default() {
                [b'\r', b'\n', ..] => {}
                // The CR is looked at again, together with what comes behind it.
                [b'\r'] => return self.needs_more(window, bytes_max),
                [b'\r', ..] => return Err(HeadFault::Malformed("a CR without LF stands in the head")),
                [b'\n', ..] => return Err(HeadFault::Malformed("a line of the head ends in a bare LF")),
                _ => return Err(HeadFault::Malformed("a control byte stands in the head")),
            }
            if let Some(scanned) = self.line_end(limits, blank_first)? {
                return Ok(scanned);
            }
        }
    }

    /// Acts on the CRLF at `checked`.
    fn line_end(&mut self, limits: &HeadLimits, blank_first: bool) -> Result<Option<Scanned>, HeadFault> {
        let line = self.line_start..self.checked;
        self.checked += 2;
        self.line_start = self.checked;
        if !line.is_empty() {
            self.lines += 1;
            if self.lines == 1 {
                return Ok(Some(Scanned::FirstLine(line)));
            }
            if self.field_lines() > limits.header_count_max {
                return Err(HeadFault::TooLarge("the head has too many fields"));
            }
            return Ok(None);
        }
        if self.lines > 0 {
            return Ok(Some(Scanned::End(self.checked)));
        }
        if blank_first && !self.blank_skipped {
            self.blank_skipped = true;
            return Ok(None);
        }
        Err(HeadFault::Malformed(
            "an empty line stands where the first line of the head should",
        ))
    }

    /// All of `window` was looked at, and the head goes on.
    fn needs_more(&self, window: &[u8], bytes_max: usize) -> Result<Scanned, HeadFault> {
        if window.len() < bytes_max {
            Ok(Scanned::Partial)
        } else if self.lines == 0 {
            Err(HeadFault::FirstLineTooLong)
        } else {
            Err(HeadFault::TooLarge("the head is too long"))
        }
    }
}

/// Position of the first control byte other than HTAB.
pub(super) fn find_control(bytes: &[u8]) -> Option<usize> {
    let (words, tail) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let marks = control_marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(at * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let within = tail.iter().position(|&byte| is_control(byte))?;
    Some(words.len() * 8 + within)
}

/// The high bit of each byte that is a control byte other than HTAB. Every sum stays within its byte, so that one
/// byte's answer never depends on another's.
fn control_marks(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES * 0x80;
    let low_bits = word & !HIGHS;
    let below_blank = !(low_bits + ONES * (0x80 - 0x20));
    let delete = low_bits + ONES;
    let not_tab = (low_bits ^ (ONES * 0x09)) + ONES * 0x7f;
    ((below_blank & not_tab) | delete) & !word & HIGHS
}

/// A byte that may stand nowhere in a head but in a line end.
pub(super) fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

#[cfg(test)]
mod tests;
