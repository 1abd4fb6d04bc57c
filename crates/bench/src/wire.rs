//! The little HTTP/1 that backend and load speak with each other through a proxy, and the bodies that both know by heart,
//! so that every byte of every answer can be checked. It is lenient towards nobody: what it does not expect is wrong.

use memchr::memmem;

/// What the backend answers to everything but `/bytes/N`: 250 bytes.
pub(crate) const JSON: &[u8; 250] = br#"{"id":7,"customer":{"id":41,"name":"Ada Lovelace","tier":"gold"},"status":"shipped","placed_at":"2026-01-15T09:30:00Z","currency":"EUR","total_cents":12980,"items":[{"sku":"A-100","quantity":2,"cents":4990},{"sku":"B-207","quantity":1,"cents":3000}]}"#;

/// A period that divides no power of two, so that no shifted or repeated buffer looks right.
const PERIOD: usize = 251;

/// The body of this length that both sides expect.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let period: Vec<u8> = (0..=u8::MAX).take(PERIOD).collect();
    period.into_iter().cycle().take(length).collect()
}

/// Where the head ends, its empty line included.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// The value of Content-Length, if the head has one.
pub(crate) fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut rest = head;
    while let Some(at) = memchr::memchr(b'\n', rest) {
        rest = rest.get(at + 1..)?;
        if rest
            .get(..NAME.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
        {
            let end = memchr::memchr(b'\r', rest)?;
            return std::str::from_utf8(rest.get(NAME.len()..end)?)
                .ok()?
                .trim()
                .parse()
                .ok();
        }
    }
    None
}

/// How far the answer on one connection is in.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The head so far, where it came in more than one read.
    head: Vec<u8>,
    /// Body bytes seen so far, once the head is through.
    body: Option<usize>,
}

impl Answer {
    /// Takes what was read; `true` when the answer is complete. An error says what is wrong with it.
    pub(crate) fn feed(&mut self, bytes: &[u8], expected: &[u8]) -> Result<bool, String> {
        if let Some(seen) = self.body {
            return self.feed_body(bytes, seen, expected);
        }
        if self.head.is_empty()
            && let Some(end) = head_end(bytes)
        {
            let (head, body) = bytes.split_at(end);
            check_head(head, expected)?;
            return self.feed_body(body, 0, expected);
        }
        let before = self.head.len();
        self.head.extend_from_slice(bytes);
        let Some(end) = head_end(&self.head) else {
            return Ok(false);
        };
        check_head(self.head.get(..end).unwrap_or_default(), expected)?;
        self.head.clear();
        self.feed_body(bytes.get(end - before..).unwrap_or_default(), 0, expected)
    }

    fn feed_body(&mut self, bytes: &[u8], seen: usize, expected: &[u8]) -> Result<bool, String> {
        let now = seen + bytes.len();
        if expected.get(seen..now) != Some(bytes) {
            return Err(format!(
                "the body differs within bytes {seen} to {now} of {}",
                expected.len()
            ));
        }
        let complete = now == expected.len();
        self.body = (!complete).then_some(now);
        Ok(complete)
    }
}

fn check_head(head: &[u8], expected: &[u8]) -> Result<(), String> {
    if !head.starts_with(b"HTTP/1.1 200 ") {
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        return Err(format!("status line {:?}", String::from_utf8_lossy(line)));
    }
    match content_length(head) {
        Some(length) if length == expected.len() => Ok(()),
        other => Err(format!("Content-Length {other:?} instead of {}", expected.len())),
    }
}

#[cfg(test)]
mod tests {
    //! A right answer is right in any split; any wrong byte, length or status is told.

    use super::*;

    fn check(answer: &[u8], expected: &[u8], verdict: Result<bool, &str>) {
        for split in 0..=answer.len() {
            let mut reading = Answer::default();
            let (first, second) = answer.split_at(split);
            let mut result = reading.feed(first, expected);
            if result == Ok(false) && !second.is_empty() {
                result = reading.feed(second, expected);
            }
            match verdict {
                Ok(complete) => assert_eq!(result, Ok(complete), "split at {split}"),
                Err(part) => assert!(
                    result.as_ref().is_err_and(|e| e.contains(part)),
                    "split at {split}: {result:?}"
                ),
            }
        }
    }

    fn answer(status: &str, length: usize, body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {status}\r\nServer: x\r\nCONTENT-LENGTH: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    }

    #[test]
    fn the_expected_answer_is_complete_and_not_before() {
        check(&answer("200 OK", 250, JSON), JSON, Ok(true));
        check(&answer("200 OK", 250, &JSON[..249]), JSON, Ok(false));
        check(b"HTTP/1.1 200 OK\r\nContent-Length: 250\r\n", JSON, Ok(false));
    }

    #[test]
    fn anything_else_is_wrong() {
        check(&answer("502 Bad Gateway", 250, JSON), JSON, Err("502"));
        check(&answer("200 OK", 249, JSON), JSON, Err("Content-Length"));
        check(b"HTTP/1.1 200 OK\r\n\r\n", JSON, Err("Content-Length"));
        let mut changed = *JSON;
        changed[249] = b' ';
        check(&answer("200 OK", 250, &changed), JSON, Err("differs"));
        let long = [JSON.as_slice(), b"x"].concat();
        let mut reading = Answer::default();
        assert!(reading.feed(&answer("200 OK", 250, &long), JSON).is_err());
    }

    #[test]
    fn the_pattern_has_its_length_and_no_short_period() {
        let pattern = pattern(1_000);
        assert_eq!(pattern.len(), 1_000);
        assert_ne!(pattern[..256], pattern[256..512]);
    }
}
