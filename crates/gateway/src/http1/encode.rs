//! Serialisation into a caller's buffer: skeleton. Values come from the parser or from constants; debug builds assert that no CR, LF or NUL is in them.

use super::Version;

/// `METHOD target HTTP/1.1\r\n`, with the target given in parts that are written one behind the other.
pub fn begin_request(out: &mut Vec<u8>, method: &[u8], target: &[&[u8]]) {
    let _ = (out, method, target);
    todo!()
}
/// `HTTP/1.1 200 OK\r\n`; an empty `reason` becomes the standard phrase.
pub fn begin_response(out: &mut Vec<u8>, version: Version, status: u16, reason: &[u8]) {
    let _ = (out, version, status, reason);
    todo!()
}
/// `Name: value\r\n`.
pub fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let _ = (out, name, value);
    todo!()
}
/// The empty line.
pub fn finish_head(out: &mut Vec<u8>) {
    let _ = out;
    todo!()
}
/// A chunk's size line, for `len` ≥ 1 bytes that the caller writes next.
pub fn chunk_begin(out: &mut Vec<u8>, len: usize) {
    let _ = (out, len);
    todo!()
}
/// The CRLF behind a chunk's bytes.
pub fn chunk_end(out: &mut Vec<u8>) {
    let _ = out;
    todo!()
}
/// The last chunk, these trailers, and the end.
pub fn chunk_last<'a>(out: &mut Vec<u8>, trailers: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
    let _ = (out, trailers.count());
    todo!()
}
