//! Heads and chunks into a caller's buffer.
//!
//! The last step before the socket, in both directions. Values come from the parser or from constants; debug builds
//! assert that no CR, LF or NUL is in them. Nothing here decides what is sent.

use hyper::StatusCode;

use super::Version;

/// `METHOD target HTTP/1.1\r\n`, with the target given in parts that are written one behind the other.
pub fn begin_request(out: &mut Vec<u8>, method: &[u8], target: &[&[u8]]) {
    put(out, method);
    out.push(b' ');
    for part in target {
        put(out, part);
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
}

/// `HTTP/1.1 200 OK\r\n`; an empty `reason` becomes the standard phrase.
pub fn begin_response(out: &mut Vec<u8>, version: Version, status: u16, reason: &[u8]) {
    out.extend_from_slice(match version {
        Version::Http10 => b"HTTP/1.0 ",
        Version::Http11 => b"HTTP/1.1 ",
    });
    decimal(out, u64::from(status));
    out.push(b' ');
    put(
        out,
        if reason.is_empty() {
            standard_reason(status)
        } else {
            reason
        },
    );
    out.extend_from_slice(b"\r\n");
}

/// `Name: value\r\n`.
pub fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    put(out, name);
    out.extend_from_slice(b": ");
    put(out, value);
    out.extend_from_slice(b"\r\n");
}

/// `Name: 42\r\n`.
pub fn field_decimal(out: &mut Vec<u8>, name: &[u8], value: u64) {
    put(out, name);
    out.extend_from_slice(b": ");
    decimal(out, value);
    out.extend_from_slice(b"\r\n");
}

/// The empty line.
pub fn finish_head(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// A chunk's size line, for `len` ≥ 1 bytes that the caller writes next.
pub fn chunk_begin(out: &mut Vec<u8>, len: usize) {
    debug_assert!(len > 0, "a chunk of no bytes would end the body");
    let digits = (usize::BITS - len.leading_zeros()).div_ceil(4);
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(len >> (digit * 4)) & 0xf]);
    }
    out.extend_from_slice(b"\r\n");
}

/// The CRLF behind a chunk's bytes.
pub fn chunk_end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// The last chunk, these trailers, and the end.
pub fn chunk_last<'a>(out: &mut Vec<u8>, trailers: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers {
        field(out, name, value);
    }
    out.extend_from_slice(b"\r\n");
}

fn put(out: &mut Vec<u8>, part: &[u8]) {
    debug_assert!(
        !part.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)),
        "a part of a head ends its line"
    );
    out.extend_from_slice(part);
}

fn decimal(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn standard_reason(status: u16) -> &'static [u8] {
    StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
        .as_bytes()
}

#[cfg(test)]
mod tests;
