//! The load: keep-alive connections that send the next request when the last is answered (closed loop), or when a
//! clock says so (open loop). Every answer is checked to its last byte; the first wrong one is reported.
//!
//! At a fixed rate a latency counts from the moment at which the request was due, not from when it could be sent: a proxy
//! that stalls cannot hide the requests that it kept from being made.

use super::poller::{Interest, Poller, Ready};
use super::tokens::{Shown, Tokens};
use crate::measure::Histogram;
use crate::wire::{Answer, JSON, pattern};
use anyhow::{Context, Result};
use clap::Args;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use serde_json::json;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

const END: usize = usize::MAX;
const TICK: usize = usize::MAX - 1;
const MARK: usize = usize::MAX - 2;
const READ_BYTES: usize = 256 * 1024;
/// How long answers may take to come in after the end.
const LINGER: Duration = Duration::from_secs(2);

/// Arguments of the role.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// The proxy.
    #[arg(long)]
    target: SocketAddr,
    /// How many connections.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// For how long requests are sent.
    #[arg(long)]
    seconds: f64,
    /// Requests a second over all connections; without it, as many as are answered.
    #[arg(long)]
    rate: Option<f64>,
    /// The path; `{}` becomes a random number below `--paths`.
    #[arg(long)]
    path: String,
    /// How many different paths.
    #[arg(long, default_value_t = 1)]
    paths: u64,
    /// Expect this many bytes of the pattern instead of the JSON.
    #[arg(long)]
    download: Option<usize>,
    /// POST this many bytes of the pattern.
    #[arg(long)]
    upload: Option<usize>,
    #[command(flatten)]
    shown: Shown,
}

impl Load {
    /// Prints one JSON object: `requests`, `seconds`, `wrong` (null or the first wrong answer), and `segments`, a histogram
    /// for each part between two lines of standard input.
    pub(crate) fn run(self) -> Result<()> {
        let mut running = Running::new(&self)?;
        running.drive()?;
        let segments: Vec<_> = running.segments.iter().map(Histogram::to_json).collect();
        let report = json!({
            "requests": running.answered,
            "seconds": running.took.as_secs_f64(),
            "wrong": running.wrong,
            "segments": segments,
        });
        writeln!(io::stdout(), "{report}")?;
        Ok(())
    }
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    waits_for: Interest,
    answer: Answer,
    /// Of the request that is out; `None` while the connection is free.
    due: Option<Instant>,
    /// The request, head and body in one, and how much of it has gone out.
    request: Vec<u8>,
    sent: usize,
}

#[derive(Debug)]
struct Running<'a> {
    load: &'a Load,
    poller: Poller,
    connections: Vec<Connection>,
    free: Vec<usize>,
    /// Moments at which requests are or were due and could not be sent yet.
    overdue: VecDeque<Instant>,
    expected: Vec<u8>,
    upload: Vec<u8>,
    random: u64,
    tokens: Option<Tokens>,
    request: Vec<u8>,
    /// Until the end of the time, or of the tokens.
    sending: bool,
    /// The time is over; what is out may still be answered.
    lingering: bool,
    answered: u64,
    took: Duration,
    wrong: Option<String>,
    segments: Vec<Histogram>,
}

impl<'a> Running<'a> {
    fn new(load: &'a Load) -> Result<Self> {
        let poller = Poller::new()?;
        let mut connections = Vec::new();
        for token in 0..load.connections {
            let stream = TcpStream::connect(load.target).context("cannot reach the proxy")?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            poller.add(&stream, token, Interest::Read)?;
            let (waits_for, answer) = (Interest::Read, Answer::default());
            connections.push(Connection {
                stream,
                waits_for,
                answer,
                due: None,
                request: Vec::new(),
                sent: 0,
            });
        }
        Ok(Self {
            load,
            poller,
            free: (0..connections.len()).collect(),
            connections,
            overdue: VecDeque::new(),
            expected: load.download.map_or(JSON.to_vec(), pattern),
            upload: load.upload.map(pattern).unwrap_or_default(),
            random: 0x9E37_79B9_7F4A_7C15,
            tokens: Tokens::read(&load.shown)?,
            request: Vec::new(),
            sending: true,
            lingering: false,
            answered: 0,
            took: Duration::ZERO,
            wrong: None,
            segments: vec![Histogram::default()],
        })
    }

    fn drive(&mut self) -> Result<()> {
        let length = Duration::from_secs_f64(self.load.seconds);
        let end = timer(length, Duration::ZERO)?;
        self.poller.add(&end, END, Interest::Read)?;
        let interval = self.load.rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
        let tick = interval.map(|interval| timer(interval, interval)).transpose()?;
        if let Some(tick) = &tick {
            self.poller.add(tick, TICK, Interest::Read)?;
        }
        // A file or /dev/null as standard input cannot be polled, and says nothing either.
        let _ = self.poller.add(io::stdin(), MARK, Interest::Read);

        let begun = Instant::now();
        let mut ticks = 0;
        if tick.is_none() {
            for token in std::mem::take(&mut self.free) {
                self.send(token, begun);
            }
        }
        let (mut ready, mut buffer) = (Vec::new(), vec![0; READ_BYTES]);
        while self.wrong.is_none() && (self.sending || self.free.len() < self.connections.len()) {
            self.poller.wait(&mut ready)?;
            for Ready { token, read, write } in ready.drain(..) {
                match (token, interval, &tick) {
                    (END, _, _) if !self.lingering => {
                        (self.sending, self.lingering) = (false, true);
                        self.overdue.clear();
                        set(&end, LINGER, Duration::ZERO)?;
                    }
                    (END, _, _) => self.wrong = Some(format!("no answer within {LINGER:?} of the end")),
                    (MARK, _, _) => self.mark()?,
                    (TICK, Some(interval), Some(tick)) => {
                        for _ in 0..expirations(tick)? {
                            ticks += 1;
                            self.due(begun + interval * ticks);
                        }
                    }
                    _ => self.turn(token, read, write, &mut buffer),
                }
            }
        }
        self.took = begun.elapsed();
        Ok(())
    }

    /// A line on standard input begins a new histogram; its end means that there will be no more.
    fn mark(&mut self) -> Result<()> {
        let mut bytes = [0; 64];
        // Not through `Stdin`, whose buffer could swallow a line that epoll then never announces.
        let count = rustix::io::read(io::stdin(), &mut bytes)?;
        if count == 0 {
            self.poller.remove(io::stdin())?;
        }
        let lines = bytes.iter().take(count).filter(|byte| **byte == b'\n').count();
        self.segments.extend((0..lines).map(|_| Histogram::default()));
        Ok(())
    }

    fn due(&mut self, moment: Instant) {
        if !self.sending {
            return;
        }
        match self.free.pop() {
            Some(token) => self.send(token, moment),
            None => self.overdue.push_back(moment),
        }
    }

    /// Sends a request that was due at this moment; none where all tokens were used.
    fn send(&mut self, token: usize, due: Instant) {
        if !self.write_request() {
            self.sending = false;
            self.overdue.clear();
            return self.free.push(token);
        }
        let Some(connection) = self.connections.get_mut(token) else {
            return;
        };
        connection.due = Some(due);
        connection.request.clone_from(&self.request);
        connection.sent = 0;
        self.flush(token);
    }

    fn flush(&mut self, token: usize) {
        let Some(connection) = self.connections.get_mut(token) else {
            return;
        };
        match connection
            .stream
            .write(connection.request.get(connection.sent..).unwrap_or_default())
        {
            Ok(sent) => connection.sent += sent,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.wrong = Some(format!("cannot send: {error}")),
        }
        let interest = Interest::of(true, connection.sent < connection.request.len());
        if interest != connection.waits_for {
            connection.waits_for = interest;
            if let Err(error) = self.poller.modify(&connection.stream, token, interest) {
                self.wrong = Some(error.to_string());
            }
        }
    }

    fn turn(&mut self, token: usize, read: bool, write: bool, buffer: &mut [u8]) {
        if write {
            self.flush(token);
        }
        let Some(connection) = self.connections.get_mut(token).filter(|_| read) else {
            return;
        };
        let count = match connection.stream.read(buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => return self.wrong = Some(format!("cannot receive: {error}")),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        let Some(due) = connection.due else {
            return self.wrong = Some(format!("{count} bytes or an end without a request"));
        };
        if count == 0 {
            return self.wrong = Some("closed before the answer's end".to_owned());
        }
        match connection.answer.feed(bytes, &self.expected) {
            Err(message) => self.wrong = Some(message),
            Ok(false) => {}
            Ok(true) => {
                connection.due = None;
                let now = Instant::now();
                self.answered += 1;
                if let Some(segment) = self.segments.last_mut() {
                    segment.record(now.saturating_duration_since(due));
                }
                match self.overdue.pop_front() {
                    Some(moment) => self.send(token, moment),
                    None if self.sending && self.load.rate.is_none() => self.send(token, now),
                    None => self.free.push(token),
                }
            }
        }
    }

    /// xorshift64: uniform enough to touch every route, and next to free.
    fn draw(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// `false` if there is no token left for it.
    fn write_request(&mut self) -> bool {
        self.request.clear();
        let load = self.load;
        let method = if load.upload.is_some() { "POST" } else { "GET" };
        let (before, after) = load.path.split_once("{}").unwrap_or((&load.path, ""));
        // Writing to a Vec cannot fail.
        let _ = write!(self.request, "{method} {before}");
        if load.paths > 1 {
            let number = self.draw() % load.paths;
            let _ = write!(self.request, "{number}");
        } else if before.len() < load.path.len() {
            self.request.push(b'0');
        }
        let _ = write!(
            self.request,
            "{after} HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n"
        );
        let random = self.draw();
        if let Some(tokens) = &mut self.tokens {
            let Some(token) = tokens.next(random) else {
                return false;
            };
            let _ = write!(self.request, "Authorization: Bearer {token}\r\n");
        }
        if let Some(length) = load.upload {
            let _ = write!(
                self.request,
                "Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n"
            );
        }
        self.request.extend_from_slice(b"\r\n");
        self.request.extend_from_slice(&self.upload);
        true
    }
}

/// A timer that expires after `first`, and then, unless that is zero, again every `interval`.
fn timer(first: Duration, interval: Duration) -> Result<OwnedFd> {
    let timer = timerfd_create(
        TimerfdClockId::Monotonic,
        TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
    )?;
    set(&timer, first, interval)?;
    Ok(timer)
}

fn set(timer: &OwnedFd, first: Duration, interval: Duration) -> Result<()> {
    let setting = Itimerspec {
        it_interval: Timespec::try_from(interval)?,
        it_value: Timespec::try_from(first)?,
    };
    timerfd_settime(timer, TimerfdTimerFlags::empty(), &setting)?;
    Ok(())
}

/// How often the timer has expired since it was last asked.
fn expirations(timer: &OwnedFd) -> Result<u64> {
    let mut count = [0; 8];
    match rustix::io::read(timer, &mut count) {
        Ok(_) => Ok(u64::from_ne_bytes(count)),
        Err(rustix::io::Errno::AGAIN) => Ok(0),
        Err(error) => Err(error.into()),
    }
}
