//! What everything on AWS asks for: who one is there (`credentials`), and an exchange over HTTP with a limit (`fetch`).

mod credentials;
mod fetch;

pub(crate) use credentials::{Credentials, CredentialsError, find};
#[cfg(feature = "kafka")]
pub(crate) use fetch::fetch;
pub(crate) use fetch::{Answer, Client, FetchError, Limits};

use std::fmt::Write as _;

/// As a form has it: all but unreserved characters (RFC 3986 §2.3) as `%XX`.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            // Writing to a string never fails.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}
