//! Bodies come out whole, in any split, or are refused.

use super::super::{BodyFault, Framing};
use super::{BodyDecoder, BodyPart};

/// What came out: content, trailers, and the bytes behind the body.
#[derive(Debug, PartialEq, Eq)]
struct Decoded {
    data: Vec<u8>,
    trailers: Vec<(String, String)>,
    rest: Vec<u8>,
}

/// Feeds `input` in reads of `read` bytes, then closes.
fn decode(framing: Framing, input: &[u8], read: usize) -> Result<Decoded, BodyFault> {
    let mut decoder = BodyDecoder::new(framing, 64, 2);
    let mut data = Vec::new();
    let (mut start, mut end) = (0, 0);
    loop {
        let (used, part) = decoder.next(&input[start..end])?;
        start += used;
        match part {
            BodyPart::Data(bytes) => {
                assert!(!bytes.is_empty());
                data.extend_from_slice(bytes);
            }
            BodyPart::End => break,
            BodyPart::More if end == input.len() => {
                assert_eq!(start, end, "unused bytes where more were asked for");
                decoder.finish()?;
                break;
            }
            BodyPart::More => end = (end + read).min(input.len()),
        }
    }
    assert!(decoder.is_ended());
    assert_eq!(decoder.remaining(), Some(0));
    assert_eq!(decoder.next(b"x"), Ok((0, BodyPart::End)));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let trailers = decoder
        .trailers()
        .map(|field| (text(field.name), text(field.value)))
        .collect();
    Ok(Decoded {
        data,
        trailers,
        rest: input[start..].to_vec(),
    })
}

/// The one helper of this area: in any reads, `input` gives these contents and leaves this.
#[track_caller]
fn check(framing: Framing, input: &str, data: &str, rest: &str) -> Vec<(String, String)> {
    let whole = decode(framing, input.as_bytes(), usize::MAX - input.len());
    let whole = whole.unwrap_or_else(|fault| panic!("{input:?}: {fault}"));
    assert_eq!(
        (whole.data.as_slice(), whole.rest.as_slice()),
        (data.as_bytes(), rest.as_bytes()),
        "{input:?}"
    );
    for read in 1..=input.len() {
        assert_eq!(
            decode(framing, input.as_bytes(), read).as_ref(),
            Ok(&whole),
            "{input:?} by {read}"
        );
    }
    whole.trailers
}

/// In any reads, this chunked body is refused with the same fault.
#[track_caller]
fn refused(input: &str) -> BodyFault {
    let whole = decode(Framing::Chunked, input.as_bytes(), input.len()).expect_err(input);
    for read in 1..=input.len() {
        assert_eq!(
            decode(Framing::Chunked, input.as_bytes(), read),
            Err(whole),
            "{input:?} by {read}"
        );
    }
    whole
}

#[test]
fn an_empty_body_has_ended() {
    check(Framing::Empty, "GET", "", "GET");
    check(Framing::Length(0), "GET", "", "GET");
}

#[test]
fn a_length_is_kept_to() {
    check(Framing::Length(5), "helloGET", "hello", "GET");
    let mut decoder = BodyDecoder::new(Framing::Length(5), 0, 0);
    assert_eq!(decoder.next(b""), Ok((0, BodyPart::More)));
    assert_eq!(decoder.next(b"hel"), Ok((3, BodyPart::Data(b"hel"))));
    assert_eq!((decoder.remaining(), decoder.is_ended()), (Some(2), false));
    assert!(decoder.finish().is_err());
    assert_eq!(decoder.next(b"lo!"), Ok((2, BodyPart::Data(b"lo"))));
    assert!(decoder.is_ended() && decoder.finish().is_ok());
}

#[test]
fn a_closed_body_is_all_there_is() {
    check(Framing::Close, "all of it", "all of it", "");
    check(Framing::Close, "", "", "");
}

#[test]
fn chunks_are_joined() {
    check(Framing::Chunked, "0\r\n\r\n", "", "");
    check(Framing::Chunked, "5\r\nhello\r\n0\r\n\r\nGET", "hello", "GET");
    check(
        Framing::Chunked,
        "1\r\na\r\n00002\r\nbc\r\n000000000000000\r\n\r\n",
        "abc",
        "",
    );
    check(
        Framing::Chunked,
        "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
        "01234567890123456789",
        "",
    );
    check(Framing::Chunked, "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", "");
}

#[test]
fn a_part_never_spans_two_chunks_and_takes_its_size_line_along() {
    let mut decoder = BodyDecoder::new(Framing::Chunked, 0, 0);
    let input = b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\nG";
    assert_eq!(decoder.next(input), Ok((4, BodyPart::Data(b"a"))));
    assert_eq!(decoder.next(&input[4..]), Ok((7, BodyPart::Data(b"bc"))));
    assert_eq!((decoder.remaining(), decoder.is_ended()), (None, false));
    assert_eq!(decoder.next(&input[11..]), Ok((7, BodyPart::End)));
}

#[test]
fn sizes_are_plain_hex() {
    for size in [
        "",
        "g",
        "0x5",
        "-5",
        "+5",
        " 5",
        "5 ",
        "5\t",
        "\t5",
        "5,5",
        "5.0",
        "\"5\"",
        "5\0",
        "\u{665}",
        "0000000000000005",
        "1000000000000000",
        "ffffffffffffffff",
        "5 ;a",
        "ffffffffffffffff0",
    ] {
        refused(&format!("{size}\r\nhello\r\n0\r\n\r\n"));
        refused(&format!("1\r\na\r\n{size}\r\nhello\r\n0\r\n\r\n"));
    }
    let mut decoder = BodyDecoder::new(Framing::Chunked, 0, 0);
    assert_eq!(
        decoder.next(b"fffffffffffffff\r\nab"),
        Ok((19, BodyPart::Data(b"ab")))
    );
    assert!(decoder.finish().is_err());
}

#[test]
fn extensions_are_tokens_and_dropped() {
    check(Framing::Chunked, "5;a\r\nhello\r\n0;b=c;d\r\n\r\n", "hello", "");
    for extension in [
        ";", ";;a", ";a;", ";=b", ";a=", ";a=;b", ";a b", "; a", ";a =b", ";a= b", ";a\t", ";a=\"b\"",
        ";a=b=c", ";a=b\"", ";\0", ";a\u{7f}", ";\u{e9}", ";a,b", "a;b\rc",
    ] {
        refused(&format!("5{extension}\r\nhello\r\n0\r\n\r\n"));
        refused(&format!("5\r\nhello\r\n0{extension}\r\n\r\n"));
    }
}

#[test]
fn size_lines_are_bounded_one_by_one_and_together() {
    let line = |len: usize| format!("1;{}\r\na\r\n", "x".repeat(len - 2));
    check(Framing::Chunked, &format!("{}0\r\n\r\n", line(256)), "a", "");
    assert_eq!(refused(&line(257)), BodyFault("a chunk's size line is too long"));
    let many = format!("{}0\r\n\r\n", line(256).repeat(65));
    let fault = BodyFault("the body has too many bytes of chunk extensions");
    assert_eq!(decode(Framing::Chunked, many.as_bytes(), many.len()), Err(fault));
    let fewer = format!("{}0\r\n\r\n", line(256).repeat(64));
    assert_eq!(
        decode(Framing::Chunked, fewer.as_bytes(), 7).map(|decoded| decoded.data.len()),
        Ok(64)
    );
}

#[test]
fn lines_end_in_crlf() {
    for input in [
        "5\nhello\r\n0\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5;a\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhell\r\n0\r\n\r\n",
        "0\n\r\n",
        "0\r\n\n",
        "0\r\n\r0",
        "0\r\nX: y\n\r\n",
        "0\r\nX: y\r\n\n",
        "0\r\nX: y\r\n\r0",
        "\r\n5\r\nhello\r\n0\r\n\r\n",
    ] {
        refused(input);
    }
}

#[test]
fn what_breaks_off_is_refused() {
    let body = "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n";
    check(Framing::Chunked, body, "hello", "");
    for len in 0..body.len() {
        let fault = decode(Framing::Chunked, &body.as_bytes()[..len], 3);
        assert_eq!(
            fault,
            Err(BodyFault("the connection closed before the body ended")),
            "after {len}"
        );
    }
}

#[test]
fn trailers_are_fields() {
    let trailers = check(
        Framing::Chunked,
        "0\r\nX-Sum:\t1 \r\nDate: 2\r\n\r\nGET",
        "",
        "GET",
    );
    assert_eq!(
        trailers,
        [("X-Sum".into(), "1".into()), ("Date".into(), "2".into())]
    );
    for line in [
        "X : y",
        " X: y",
        "X: y\r\n z",
        ": y",
        "X",
        "X: \0",
        "X: \u{7f}",
        "X: a\rb",
        "\u{e9}: y",
        "Content_Length: 5",
    ] {
        refused(&format!("0\r\n{line}\r\n\r\n"));
        refused(&format!("0\r\nA: b\r\n{line}\r\n\r\n"));
    }
}

#[test]
fn trailers_do_not_name_what_was_decided_before() {
    for name in [
        "Authorization",
        "Cache-Control",
        "Connection",
        "Content-Encoding",
        "content-length",
        "Content-Range",
        "Content-Type",
        "Cookie",
        "Expect",
        "Forwarded",
        "Host",
        "Keep-Alive",
        "Max-Forwards",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Set-Cookie",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "WWW-Authenticate",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Prefix",
        "X-Forwarded-Proto",
    ] {
        refused(&format!("0\r\n{name}: 0\r\n\r\n"));
        refused(&format!("0\r\n{name}: chunked\r\n\r\n"));
    }
}

#[test]
fn trailers_are_bounded() {
    let line = |len: usize| format!("X: {}\r\n", "y".repeat(len - 5));
    check(Framing::Chunked, &format!("0\r\n{}\r\n", line(64)), "", "");
    check(
        Framing::Chunked,
        &format!("0\r\n{}{}\r\n", line(32), line(32)),
        "",
        "",
    );
    for lines in [line(65), line(66), line(67), line(200), line(32) + &line(33)] {
        assert_eq!(
            refused(&format!("0\r\n{lines}\r\n")),
            BodyFault("the trailers are too long")
        );
    }
    assert_eq!(
        refused("0\r\na:\r\nb:\r\nc:\r\n\r\n"),
        BodyFault("there are too many trailers")
    );
    let mut none = BodyDecoder::new(Framing::Chunked, 0, 0);
    assert_eq!(none.next(b"0\r\n\r\n"), Ok((5, BodyPart::End)));
    let mut none = BodyDecoder::new(Framing::Chunked, 0, 0);
    assert!(none.next(b"0\r\na:\r\n\r\n").is_err());
}
