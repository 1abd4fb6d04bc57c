//! Zip files for AWS Lambda: the same entries give the same bytes, on any machine, at any time.
//!
//! So there are no times (all are 1980-01-01, the first that the format has), no owners, and no order but the caller's.
//! Each entry has its whole header in front of it and no extra field, so that where its bytes begin can be told from the
//! names alone; readers outside of this repository rely on that. Pure over bytes: files belong to whoever has them.
//! Not here: reading, directories, ZIP64, and names that not everyone reads alike.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Bytes of a header in front of an entry, without its name (APPNOTE 4.3.7).
const LOCAL_HEADER_BYTES: usize = 30;
/// 1980-01-01 as MS-DOS has it (APPNOTE 4.4.6): years from 1980 in the upper seven bits, then month and day.
const DATE: u16 = 1 << 5 | 1;
/// Version 2.0 of the format, made on Unix: only then are the upper 16 bits of the attributes a mode (APPNOTE 4.4.2).
const MADE_BY: u16 = 3 << 8 | 20;
/// The mode's bit of a regular file.
const REGULAR_FILE: u32 = 0o100_000;
/// Of zlib's levels the one that compresses best.
#[cfg(feature = "deflate")]
const LEVEL: u8 = 9;

/// A file in an archive.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its path: ASCII, relative, with `/`.
    pub name: &'a str,
    /// Permissions, such as `0o644`.
    pub mode: u32,
    /// What it holds.
    pub content: &'a [u8],
}

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// As they are.
    Stored,
    /// Compressed (RFC 1951).
    #[cfg(feature = "deflate")]
    Deflated,
}

impl Method {
    /// Its number, and the version of the format that a reader needs for it (APPNOTE 4.4.3, 4.4.5).
    fn numbers(self) -> (u16, u16) {
        match self {
            Method::Stored => (0, 10),
            #[cfg(feature = "deflate")]
            Method::Deflated => (8, 20),
        }
    }

    fn apply(self, content: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Method::Stored => Cow::Borrowed(content),
            #[cfg(feature = "deflate")]
            Method::Deflated => miniz_oxide::deflate::compress_to_vec(content, LEVEL).into(),
        }
    }
}

/// Why there is no archive.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArchiveError {
    /// A name that readers may take for another, or that leads out of the directory.
    #[error(
        "`{name}` is no name for an entry: give each its own relative path of visible ASCII, without `..` and `\\`"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// More than the format holds without ZIP64.
    #[error("an archive holds 65,535 entries and 4 GiB: put less into it")]
    TooLarge,
}

/// Where the content of the first entry begins.
#[must_use]
pub const fn content_offset(name: &str) -> usize {
    LOCAL_HEADER_BYTES + name.len()
}

/// The archive of these entries, in this order.
pub fn write(entries: &[Entry<'_>], method: Method) -> Result<Vec<u8>, ArchiveError> {
    let mut names = BTreeSet::new();
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        if !is_plain(entry.name) || !names.insert(entry.name) {
            return Err(ArchiveError::Name {
                name: entry.name.to_owned(),
            });
        }
        let offset = number::<u32>(out.len())?;
        let content = method.apply(entry.content);
        let fields = fields(entry, content.len(), method)?;
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(entry.name.as_bytes());
        out.extend(&*content);

        directory.extend(b"PK\x01\x02");
        directory.extend(MADE_BY.to_le_bytes());
        directory.extend(&fields);
        // No comment, the first disk, nothing said about text.
        directory.extend([0; 6]);
        directory.extend(((REGULAR_FILE | entry.mode) << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(entry.name.as_bytes());
    }
    let count = number::<u16>(entries.len())?;
    let (size, offset) = (number::<u32>(directory.len())?, number::<u32>(out.len())?);
    out.append(&mut directory);
    // This disk and that of the directory are the first.
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(offset.to_le_bytes());
    // No comment.
    out.extend([0; 2]);
    Ok(out)
}

/// What both headers of an entry have: from the version needed to the length of the extra field.
fn fields(entry: &Entry<'_>, compressed: usize, method: Method) -> Result<Vec<u8>, ArchiveError> {
    let (method, needed) = method.numbers();
    let mut fields = Vec::with_capacity(26);
    // No flags: neither encrypted nor with sizes behind the content. Time 0 is midnight.
    for number in [needed, 0, method, 0, DATE] {
        fields.extend(number.to_le_bytes());
    }
    fields.extend(crc32fast::hash(entry.content).to_le_bytes());
    fields.extend(number::<u32>(compressed)?.to_le_bytes());
    fields.extend(number::<u32>(entry.content.len())?.to_le_bytes());
    fields.extend(number::<u16>(entry.name.len())?.to_le_bytes());
    // No extra field.
    fields.extend([0; 2]);
    Ok(fields)
}

/// All ones stand for "see ZIP64", so that the largest number is none.
fn number<T: TryFrom<usize> + Largest>(value: usize) -> Result<T, ArchiveError> {
    let number = T::try_from(value).ok().filter(|number| *number != T::LARGEST);
    number.ok_or(ArchiveError::TooLarge)
}

trait Largest: PartialEq {
    const LARGEST: Self;
}

impl Largest for u16 {
    const LARGEST: Self = Self::MAX;
}

impl Largest for u32 {
    const LARGEST: Self = Self::MAX;
}

/// Whether every reader makes the same file of this name.
fn is_plain(name: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') && name.split('/').all(is_plain)
}

#[cfg(test)]
mod tests;
