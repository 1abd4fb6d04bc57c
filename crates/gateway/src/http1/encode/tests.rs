//! What is written is what the parser takes.

use super::*;
use crate::http1::{BodyDecoder, BodyPart, Framing};

/// The one helper of this area: `write` gives these bytes behind what was there.
#[track_caller]
fn check(write: impl FnOnce(&mut Vec<u8>), expected: &str) {
    let mut out = b"|".to_vec();
    write(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), format!("|{expected}"));
}

#[test]
fn heads_are_written_line_by_line() {
    check(
        |out| begin_request(out, b"GET", &[b"/api", b"/a", b"?", b"q"]),
        "GET /api/a?q HTTP/1.1\r\n",
    );
    check(
        |out| begin_response(out, Version::Http11, 404, b""),
        "HTTP/1.1 404 Not Found\r\n",
    );
    check(
        |out| begin_response(out, Version::Http10, 200, b"Fine"),
        "HTTP/1.0 200 Fine\r\n",
    );
    check(
        |out| begin_response(out, Version::Http11, 599, b""),
        "HTTP/1.1 599 \r\n",
    );
    check(|out| field(out, b"X-Name", b"a value"), "X-Name: a value\r\n");
    check(
        |out| field_decimal(out, b"Content-Length", u64::MAX),
        "Content-Length: 18446744073709551615\r\n",
    );
    check(finish_head, "\r\n");
}

#[test]
fn chunk_sizes_are_hex() {
    for (len, line) in [
        (1, "1\r\n"),
        (15, "f\r\n"),
        (16, "10\r\n"),
        (0xabc, "abc\r\n"),
        (usize::MAX, "ffffffffffffffff\r\n"),
    ] {
        check(|out| chunk_begin(out, len), line);
    }
}

#[test]
fn chunks_come_back_as_they_went() {
    let mut out = Vec::new();
    for chunk in [b"a".as_slice(), &[b'b'; 300]] {
        chunk_begin(&mut out, chunk.len());
        out.extend_from_slice(chunk);
        chunk_end(&mut out);
    }
    chunk_last(&mut out, [(b"X-Sum".as_slice(), b"1".as_slice())].into_iter());
    let mut decoder = BodyDecoder::new(Framing::Chunked, 100, 1);
    let mut rest = out.as_slice();
    let mut lengths = Vec::new();
    while let (used, BodyPart::Data(data)) = decoder.next(rest).unwrap() {
        lengths.push(data.len());
        rest = &rest[used..];
    }
    assert_eq!(lengths, [1, 300]);
    assert!(decoder.is_ended());
    assert_eq!(
        decoder
            .trailers()
            .map(|field| field.name.to_vec())
            .collect::<Vec<_>>(),
        [b"X-Sum"]
    );
    check(|out| chunk_last(out, std::iter::empty()), "0\r\n\r\n");
}

#[test]
#[should_panic(expected = "ends its line")]
#[cfg(debug_assertions)]
fn a_value_that_ends_its_line_is_a_bug() {
    field(&mut Vec::new(), b"X", b"a\r\nb: c");
}
