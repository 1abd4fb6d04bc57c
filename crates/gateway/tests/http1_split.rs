//! The same bytes give the same messages and the same fault, however they were split into reads.

mod http1_events;

use std::path::Path;

use http1_events::{End, requests, responses};
use proptest::prelude::*;

/// Pieces that messages are made of, good and bad; what comes out is mostly wrong somewhere, often far in.
const LINES: &[&str] = &[
    "GET / HTTP/1.1",
    "POST /api/a?b=c HTTP/1.1",
    "GET http://a/b HTTP/1.1",
    "OPTIONS * HTTP/1.0",
    "GET /a#b HTTP/1.1",
    "GET /  HTTP/1.1",
    "GET / HTTP/2.0",
    "TRACE / HTTP/1.1",
    "HTTP/1.1 200 OK",
    "HTTP/1.0 404 Not Found",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 103 Early Hints",
    "HTTP/1.1 304 Not Modified",
    "HTTP/1.1 999 x",
];
const FIELDS: &[&str] = &[
    "Host: a",
    "Host: a:80",
    "Host: ",
    "Content-Length: 5",
    "Content-Length: 0",
    "content-length:  12 ",
    "Content-Length: 05",
    "Content_Length: 5",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Connection: close",
    "Connection: keep-alive, X-A",
    "Expect: 100-continue",
    "Expect: nothing",
    "Content-Type: a/b",
    "X-A: b\tc",
    "X-A:",
    "X-A : b",
    " folded",
    "X-Nul: \0",
    "X-Cr: a\rb",
    "X-Lf: a\nb",
    "\u{e9}: b",
    "X-B: h\u{e9}",
];
const BODIES: &[&str] = &[
    "",
    "hello",
    "hello, world",
    "5\r\nhello\r\n0\r\n\r\n",
    "5;a=b\r\nhello\r\n00\r\nX-Sum: 1\r\n\r\n",
    "a\r\n0123456789\r\n0\r\nHost: a\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    "5\nhello\n0\n\n",
    "ffffffffffffffff0\r\n",
];

fn piece(pieces: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(pieces)
}

/// One message, well-formed as often as not.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let fields = prop::collection::vec(piece(FIELDS), 0..5);
    let end = prop_oneof![20 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r")];
    (
        prop::option::weighted(0.1, Just("\r\n")),
        piece(LINES),
        any::<bool>(),
        fields,
        end,
        piece(BODIES),
    )
        .prop_map(|(blank, line, host, fields, end, body)| {
            let mut lines = vec![line];
            lines.extend(host.then_some("Host: a"));
            lines.extend(fields);
            let head = lines.iter().map(|line| format!("{line}\r\n")).collect::<String>();
            format!("{}{head}{end}{body}", blank.unwrap_or_default()).into_bytes()
        })
}

/// A change of one place, with the bytes that parsers care about preferred.
fn mutation() -> impl Strategy<Value = (prop::sample::Index, u8, u8)> {
    let byte = prop_oneof![
        prop::sample::select(b"\r\n \t:;,=/?#%\0\x7f0af\"[]".to_vec()),
        any::<u8>(),
    ];
    (any::<prop::sample::Index>(), 0..3u8, byte)
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let messages = prop::collection::vec(message(), 1..4);
    let mutations = prop::collection::vec(mutation(), 0..3);
    (messages, mutations).prop_map(|(messages, mutations)| {
        let mut bytes = messages.concat();
        for (index, kind, byte) in mutations {
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => {}
            }
        }
        bytes
    })
}

/// The one helper of this file: `bytes` in these reads, and one by one, give what they give at once.
#[track_caller]
fn check(bytes: &[u8], reads: &[usize]) {
    let single = vec![1; bytes.len()];
    let whole = requests(bytes, &[]);
    for reads in [reads, &single] {
        assert_eq!(
            requests(bytes, reads),
            whole,
            "{} in {reads:?}",
            bytes.escape_ascii()
        );
    }
    for to_head in [false, true] {
        let whole = responses(bytes, to_head, &[]);
        for reads in [reads, &single] {
            assert_eq!(
                responses(bytes, to_head, reads),
                whole,
                "{} in {reads:?}",
                bytes.escape_ascii()
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn reads_do_not_matter(bytes in stream(), reads in prop::collection::vec(1..40usize, 0..20)) {
        check(&bytes, &reads);
    }

    #[test]
    fn bytes_behind_a_fault_do_not_matter(bytes in stream(), more in stream()) {
        let longer = [bytes.as_slice(), &more].concat();
        let (messages, end) = requests(&bytes, &[]);
        if let End::Fault(_) = end {
            prop_assert_eq!(requests(&longer, &[]), (messages, end));
        }
        let (messages, end) = responses(&bytes, false, &[]);
        if let End::Fault(_) = end {
            prop_assert_eq!(responses(&longer, false, &[]), (messages, end));
        }
    }
}

/// Every cut of every seed of the fuzz targets in two.
#[test]
fn every_cut_of_every_seed_gives_the_same() {
    for kind in ["http1_request", "http1_response"] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fuzz/seeds")
            .join(kind);
        let mut seeds = 0;
        for entry in std::fs::read_dir(dir).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            for cut in 1..bytes.len() {
                check(&bytes, &[cut]);
            }
            seeds += 1;
        }
        assert!(seeds >= 30, "the seeds of {kind} are gone");
    }
}
