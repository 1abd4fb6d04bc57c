//! The service behind every proxy, as cheap as it can be made, since it shares a core with the load.
//!
//! `GET /bytes/N` is answered with N bytes of the pattern; `POST /sink` checks that its body is the pattern and answers
//! the JSON, or 500; everything else is answered with the JSON. It trusts its callers' framing: proxies are its only ones.

use super::poller::{Interest, Poller, Ready};
use crate::wire;
use anyhow::{Context, Result};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};

const LISTENER: usize = usize::MAX;
const READ_BYTES: usize = 256 * 1024;
/// The largest body, either way.
const BODY_BYTES_MAX: usize = 16_000_000;
const WRONG: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";

/// Serves until it is killed.
pub(crate) fn run() -> Result<()> {
    let listener = super::listen()?;
    listener.set_nonblocking(true)?;
    let mut poller = Poller::new()?;
    poller.add(&listener, LISTENER, Interest::Read)?;
    let replies = Replies::new();
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let (mut ready, mut buffer) = (Vec::new(), vec![0; READ_BYTES]);
    loop {
        poller.wait(&mut ready)?;
        for Ready { token, read, .. } in ready.drain(..) {
            if token == LISTENER {
                accept(&listener, &poller, &mut connections)?;
            } else if let Some(slot) = connections.get_mut(token)
                && let Some(connection) = slot
            {
                let going = connection.turn(read, &mut buffer, &replies);
                // An error ends this connection and nothing else: the proxy may close whenever it likes.
                match going.and_then(|interest| connection.wait_for(interest, token, &poller)) {
                    Ok(()) => {}
                    Err(_) => *slot = None,
                }
            }
        }
    }
}

fn accept(listener: &TcpListener, poller: &Poller, connections: &mut Vec<Option<Connection>>) -> Result<()> {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("cannot accept"),
        };
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let free = connections
            .iter()
            .position(Option::is_none)
            .unwrap_or(connections.len());
        poller.add(&stream, free, Interest::Read)?;
        let connection = Connection {
            stream,
            waits_for: Interest::Read,
            input: Vec::new(),
            upload: None,
            output: None,
        };
        match connections.get_mut(free) {
            Some(slot) => *slot = Some(connection),
            None => connections.push(Some(connection)),
        }
    }
}

/// Everything that may be answered, made once.
#[derive(Debug)]
struct Replies {
    json: Vec<u8>,
    pattern: Vec<u8>,
}

impl Replies {
    fn new() -> Self {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            wire::JSON.len()
        );
        Self {
            json: [head.as_bytes(), wire::JSON].concat(),
            pattern: wire::pattern(BODY_BYTES_MAX),
        }
    }
}

/// A request body that is coming in.
#[derive(Debug)]
struct Upload {
    seen: usize,
    length: usize,
    right: bool,
}

/// An answer that is going out: a head, and so many bytes of the pattern.
#[derive(Debug)]
struct Output {
    head: Vec<u8>,
    body: usize,
    sent: usize,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    waits_for: Interest,
    /// The beginning of a head that has not ended yet, or requests that wait for `output`.
    input: Vec<u8>,
    upload: Option<Upload>,
    output: Option<Output>,
}

impl Connection {
    /// Does what can be done now; what to wait for next.
    fn turn(&mut self, read: bool, buffer: &mut [u8], replies: &Replies) -> io::Result<Interest> {
        if self.output.is_some() {
            self.send(replies)?;
            if self.output.is_some() {
                return Ok(Interest::Write);
            }
        }
        if read {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Interest::Read),
                Err(error) => return Err(error),
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            if self.input.is_empty() {
                let used = self.take(bytes, replies)?;
                self.input
                    .extend_from_slice(bytes.get(used..).unwrap_or_default());
                return Ok(self.next());
            }
            self.input.extend_from_slice(bytes);
        }
        let input = std::mem::take(&mut self.input);
        let used = self.take(&input, replies)?;
        self.input
            .extend_from_slice(input.get(used..).unwrap_or_default());
        Ok(self.next())
    }

    fn next(&self) -> Interest {
        if self.output.is_some() {
            Interest::Write
        } else {
            Interest::Read
        }
    }

    fn wait_for(&mut self, interest: Interest, token: usize, poller: &Poller) -> io::Result<()> {
        if interest != self.waits_for {
            poller.modify(&self.stream, token, interest)?;
            self.waits_for = interest;
        }
        Ok(())
    }

    /// Answers what these bytes complete; how many were used.
    fn take(&mut self, bytes: &[u8], replies: &Replies) -> io::Result<usize> {
        let mut used = 0;
        while self.output.is_none() {
            let rest = bytes.get(used..).unwrap_or_default();
            if let Some(upload) = &mut self.upload {
                let part = rest.get(..upload.length - upload.seen).unwrap_or(rest);
                let expected = replies.pattern.get(upload.seen..upload.seen + part.len());
                upload.right &= expected == Some(part);
                upload.seen += part.len();
                used += part.len();
                if upload.seen < upload.length {
                    return Ok(used);
                }
                let right = upload.right;
                self.upload = None;
                self.reply(if right { &replies.json } else { WRONG })?;
                continue;
            }
            let Some(end) = wire::head_end(rest) else {
                return Ok(used);
            };
            used += end;
            self.begin(rest.get(..end).unwrap_or_default(), replies)?;
        }
        Ok(used)
    }

    fn begin(&mut self, head: &[u8], replies: &Replies) -> io::Result<()> {
        if let Some(rest) = head.strip_prefix(b"GET /bytes/") {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
            let length = digits.fold(0_usize, |sum, digit| {
                sum.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
            });
            let body = length.min(BODY_BYTES_MAX);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {body}\r\n\r\n"
            );
            self.output = Some(Output {
                head: head.into_bytes(),
                body,
                sent: 0,
            });
            return self.send(replies);
        }
        if head.starts_with(b"POST ") {
            return match wire::content_length(head) {
                Some(length) if length <= BODY_BYTES_MAX => {
                    self.upload = Some(Upload {
                        seen: 0,
                        length,
                        right: true,
                    });
                    Ok(())
                }
                _ => self.reply(WRONG),
            };
        }
        self.reply(&replies.json)
    }

    fn reply(&mut self, answer: &[u8]) -> io::Result<()> {
        let sent = match self.stream.write(answer) {
            Ok(sent) => sent,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        if sent < answer.len() {
            self.output = Some(Output {
                head: answer.to_vec(),
                body: 0,
                sent,
            });
        }
        Ok(())
    }

    /// Sends as much of the output as goes.
    fn send(&mut self, replies: &Replies) -> io::Result<()> {
        while let Some(output) = &mut self.output {
            let head = output.head.get(output.sent..).unwrap_or_default();
            let begin = output.sent.saturating_sub(output.head.len());
            let body = replies.pattern.get(begin..output.body).unwrap_or_default();
            if head.is_empty() && body.is_empty() {
                self.output = None;
                break;
            }
            match self
                .stream
                .write_vectored(&[IoSlice::new(head), IoSlice::new(body)])
            {
                Ok(sent) => output.sent += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
