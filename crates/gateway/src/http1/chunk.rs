//! The line before a chunk: its size, and extensions that are read only to be refused when they are not well-formed.
//!
//! Byte by byte, since the line may be split anywhere. Stricter than RFC 9112 §7.1.1: no blanks, no quoted values,
//! since both are where readers have differed. Extensions are dropped, as a recipient may.

use super::BodyFault;

/// Fifteen hex digits are an exbibyte, and no reader's integer overflows at them; leading zeros count.
const SIZE_DIGITS_MAX: u32 = 15;
/// Of one line, without its CRLF.
const SIZE_LINE_BYTES_MAX: u32 = 256;

/// How far a size line is in.
#[derive(Debug, Default)]
pub(super) struct SizeLine {
    size: u64,
    digits: u32,
    bytes: u32,
    at: At,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    FirstDigit,
    Size,
    NameStart,
    Name,
    ValueStart,
    Value,
    LineFeed,
}

impl SizeLine {
    /// Takes one byte; the chunk's size once the line has ended.
    pub(super) fn push(&mut self, byte: u8) -> Result<Option<u64>, BodyFault> {
        if self.at == At::LineFeed {
            return match byte {
                b'\n' => Ok(Some(self.size)),
                _ => Err(BodyFault("a chunk's size line has a CR without LF")),
            };
        }
        self.at = match (self.at, byte) {
            (At::Size | At::Name | At::Value, b'\r') => {
                self.at = At::LineFeed;
                return Ok(None);
            }
            (_, b'\n') => return Err(BodyFault("a chunk's size line ends in a bare LF")),
            (At::FirstDigit | At::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(byte)?,
            (At::FirstDigit | At::Size, b'\t' | b' ') => {
                return Err(BodyFault("a blank stands before or behind a chunk's size"));
            }
            (At::Size | At::Name | At::Value, b';') => At::NameStart,
            (At::FirstDigit | At::Size, _) => return Err(BodyFault("a chunk's size is not plain hex")),
            (At::Name, b'=') => At::ValueStart,
            (At::NameStart | At::Name, _) if is_token(byte) => At::Name,
            (At::ValueStart | At::Value, _) if is_token(byte) => At::Value,
            _ => return Err(BodyFault("a chunk extension is not made of tokens")),
        };
        self.bytes += 1;
        if self.bytes > SIZE_LINE_BYTES_MAX {
            return Err(BodyFault("a chunk's size line is too long"));
        }
        Ok(None)
    }

    /// Bytes that are not digits of the size: what a sender can add for nothing.
    pub(super) fn extension_bytes(&self) -> u32 {
        self.bytes - self.digits
    }

    fn digit(&mut self, byte: u8) -> Result<At, BodyFault> {
        self.digits += 1;
        if self.digits > SIZE_DIGITS_MAX {
            return Err(BodyFault("a chunk's size has too many digits"));
        }
        let digit = char::from(byte).to_digit(16).unwrap_or_default();
        self.size = self.size << 4 | u64::from(digit);
        Ok(At::Size)
    }
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
