//! One question to a portal, and what it answered.

use super::failure::Failure;
use hyper::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Bytes of an answer, unless a call says otherwise.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// How long one try may take, unless a call says otherwise.
const WITHIN: Duration = Duration::from_secs(30);

/// A question.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Vec<u8>>,
    pub(super) is_json: bool,
    /// Nothing may be there yet.
    pub(super) is_new: bool,
    pub(super) within: Duration,
    pub(super) answer_bytes_max: usize,
}

impl Call {
    fn new(method: Method, path: impl Into<String>, body: Option<&Value>) -> Call {
        Call {
            method,
            path: path.into(),
            body: body.map(|body| body.to_string().into_bytes()),
            is_json: true,
            is_new: false,
            within: WITHIN,
            answer_bytes_max: ANSWER_BYTES_MAX,
        }
    }

    /// Reads.
    pub(crate) fn get(path: impl Into<String>) -> Call {
        Call::new(Method::GET, path, None)
    }

    /// Creates or replaces.
    pub(crate) fn put(path: impl Into<String>, body: &Value) -> Call {
        Call::new(Method::PUT, path, Some(body))
    }

    /// Creates or replaces what is no JSON, or whose exact bytes matter.
    pub(crate) fn put_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Call {
        Call {
            body: Some(bytes),
            is_json: false,
            ..Call::new(Method::PUT, path, None)
        }
    }

    /// Does something.
    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Call {
        Call::new(Method::POST, path, Some(body))
    }

    /// Deletes.
    pub(crate) fn delete(path: impl Into<String>) -> Call {
        Call::new(Method::DELETE, path, None)
    }

    /// Only where nothing is there yet.
    pub(crate) fn if_new(mut self) -> Call {
        self.is_new = true;
        self
    }

    /// One try may take this long.
    pub(crate) fn within(mut self, within: Duration) -> Call {
        self.within = within;
        self
    }

    /// The answer may be this large.
    pub(crate) fn answer_bytes_max(mut self, bytes: usize) -> Call {
        self.answer_bytes_max = bytes;
        self
    }

    /// With these in the query, in this order.
    pub(crate) fn query(mut self, members: &[(&str, Option<String>)]) -> Call {
        for (key, value) in members {
            if let Some(value) = value {
                let mark = if self.path.contains('?') { '&' } else { '?' };
                self.path = format!("{}{mark}{key}={}", self.path, escaped(value));
            }
        }
        self
    }

    /// With a flag in the query where it is set.
    pub(crate) fn flag(self, key: &str, is_set: bool) -> Call {
        self.query(&[(key, is_set.then(|| "true".to_owned()))])
    }

    /// Whether doing it twice is doing it once, without any key.
    pub(super) fn reads(&self) -> bool {
        self.method == Method::GET
    }
}

/// A part of a path or a query, in percent where it is none of the unreserved characters (RFC 3986).
pub(crate) fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            // Writing to a string never fails.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

/// A place in a feed's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) epoch: u64,
    pub(crate) revision: u64,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.epoch, self.revision)
    }
}

impl Position {
    /// Of `EPOCH:REVISION`.
    pub(crate) fn parse(text: &str) -> Option<Position> {
        let (epoch, revision) = text.split_once(':')?;
        Some(Position {
            epoch: epoch.parse().ok()?,
            revision: revision.parse().ok()?,
        })
    }
}

/// An answer that is a success.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Nothing was done yet: somebody else has to approve it (202).
    pub(super) is_waiting: bool,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) portal: String,
}

impl Answer {
    /// Whether nothing was done yet, because somebody else has to approve it.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// A field of its head.
    fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The revision that the change is in.
    pub(crate) fn position(&self) -> Option<Position> {
        Position::parse(self.field("switchboard-revision")?)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        self.read()
    }

    /// The body as a type. Members that are not known are ignored, because a portal may be newer.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| Failure::Unreachable {
            portal: self.portal.clone(),
            why: format!(
                "the answer is not what a portal says ({error}); is this one, and of a version that fits?"
            ),
            is_unknown: false,
        })
    }
}

#[cfg(test)]
mod tests {
    //! Queries, and places in a history.

    use super::*;

    #[test]
    fn a_query_is_written_so_that_nothing_ends_it() {
        let call = Call::get("/v1/x").query(&[
            ("a", Some("b&c=d /é".to_owned())),
            ("no", None),
            ("e", Some("1:2".to_owned())),
        ]);
        assert_eq!(call.path, "/v1/x?a=b%26c%3Dd%20%2F%C3%A9&e=1%3A2");
        assert_eq!(
            Call::get("/v1/x").flag("f", true).flag("g", false).path,
            "/v1/x?f=true"
        );
    }

    #[test]
    fn a_position_is_an_epoch_and_a_revision() {
        let read = |text: &str| Position::parse(text).map(|position| (position.epoch, position.revision));
        assert_eq!(read("1763900000:42"), Some((1_763_900_000, 42)));
        for none in ["42", ":42", "1:", "1:-2", "a:1", "1:2:3", ""] {
            assert_eq!(read(none), None, "{none}");
        }
        assert!(
            Position {
                epoch: 2,
                revision: 1
            } > Position {
                epoch: 1,
                revision: 9
            }
        );
    }
}
