//! One request by hand: whether a proxy answers, what it refuses, what it says of itself.

use crate::wire::{Answer, JSON, content_length, head_end};
use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long one answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// Whether one request, with this token or none, is answered with the JSON.
pub(crate) fn answers(address: SocketAddr, path: &str, token: Option<&str>) -> bool {
    let ask = || -> Result<bool> {
        let answer = ask(address, path, token)?;
        Answer::default().feed(&answer, JSON).map_err(anyhow::Error::msg)
    };
    ask().unwrap_or(false)
}

/// The status of the answer to one request.
pub(crate) fn status(address: SocketAddr, path: &str, token: Option<&str>) -> Result<u16> {
    let answer = ask(address, path, token)?;
    let line = String::from_utf8_lossy(answer.get(..12).unwrap_or_default()).into_owned();
    let code = line.strip_prefix("HTTP/1.1 ").and_then(|code| code.parse().ok());
    code.with_context(|| format!("status line {line:?}"))
}

/// The whole answer, head and body, to one request on a connection of its own.
pub(crate) fn ask(address: SocketAddr, path: &str, token: Option<&str>) -> Result<Vec<u8>> {
    let shown = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    ask_with(address, path, &shown.unwrap_or_default())
}

/// The same with these field lines, each with its end.
pub(crate) fn ask_with(address: SocketAddr, path: &str, lines: &str) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n{lines}\r\n"
    )?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    // Not to the connection's end where the answer's is known: Envoy closes a second later.
    while !is_whole(&answer) {
        match stream.read(&mut buffer)? {
            0 => break,
            count => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
    Ok(answer)
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = head_end(answer) else {
        return false;
    };
    let length = content_length(answer.get(..end).unwrap_or_default());
    length.is_some_and(|length| answer.len() >= end + length)
}
