//! The floor: what forwarding costs when nothing is understood. One epoll loop, one read and one write per side, one
//! search for the end of a head; no proxy on this kernel can take less without leaving sockets behind.

use super::poller::{Interest, Poller, Ready};
use crate::wire;
use anyhow::{Context, Result};
use clap::Args;
use std::hint::black_box;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

const LISTENER: usize = usize::MAX;
const READ_BYTES: usize = 64 * 1024;

/// Arguments of the role.
#[derive(Debug, Args)]
pub(crate) struct Floor {
    /// Where everything is forwarded.
    #[arg(long)]
    backend: SocketAddr,
}

impl Floor {
    /// Serves until it is killed.
    pub(crate) fn run(self) -> Result<()> {
        let listener = super::listen()?;
        listener.set_nonblocking(true)?;
        let mut poller = Poller::new()?;
        poller.add(&listener, LISTENER, Interest::Read)?;
        let mut pairs: Vec<Option<Pair>> = Vec::new();
        let (mut ready, mut buffer) = (Vec::new(), vec![0; READ_BYTES]);
        loop {
            poller.wait(&mut ready)?;
            for Ready { token, read, write } in ready.drain(..) {
                if token == LISTENER {
                    accept(&listener, self.backend, &poller, &mut pairs)?;
                } else if let Some(slot) = pairs.get_mut(token / 2)
                    && let Some(pair) = slot
                    && pair.turn(token, read, write, &mut buffer, &poller).is_err()
                {
                    *slot = None;
                }
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    backend: SocketAddr,
    poller: &Poller,
    pairs: &mut Vec<Option<Pair>>,
) -> Result<()> {
    loop {
        let client = match listener.accept() {
            Ok((client, _)) => client,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("cannot accept"),
        };
        let upstream = TcpStream::connect(backend).context("cannot reach the backend")?;
        let free = pairs.iter().position(Option::is_none).unwrap_or(pairs.len());
        let side = |stream: TcpStream, token| -> Result<Side> {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            poller.add(&stream, token, Interest::Read)?;
            Ok(Side {
                stream,
                token,
                waits_for: Interest::Read,
                pending: Vec::new(),
            })
        };
        let pair = Pair {
            client: side(client, free * 2)?,
            upstream: side(upstream, free * 2 + 1)?,
        };
        match pairs.get_mut(free) {
            Some(slot) => *slot = Some(pair),
            None => pairs.push(Some(pair)),
        }
    }
}

#[derive(Debug)]
struct Side {
    stream: TcpStream,
    token: usize,
    waits_for: Interest,
    /// Read from the other side, and not yet taken by this one.
    pending: Vec<u8>,
}

impl Side {
    fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.write(&pending)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = match self.stream.write(bytes) {
            Ok(sent) => sent,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        self.pending
            .extend_from_slice(bytes.get(sent..).unwrap_or_default());
        Ok(())
    }

    fn wait_for(&mut self, interest: Interest, poller: &Poller) -> io::Result<()> {
        if interest != self.waits_for {
            poller.modify(&self.stream, self.token, interest)?;
            self.waits_for = interest;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Pair {
    client: Side,
    upstream: Side,
}

impl Pair {
    fn turn(
        &mut self,
        token: usize,
        read: bool,
        write: bool,
        buffer: &mut [u8],
        poller: &Poller,
    ) -> io::Result<()> {
        let (own, other) = match token % 2 {
            0 => (&mut self.client, &mut self.upstream),
            _ => (&mut self.upstream, &mut self.client),
        };
        if write {
            own.flush()?;
        }
        // While the other side has not taken the last bytes, no more are read: that is all the back-pressure there is.
        if read && other.pending.is_empty() {
            match own.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    black_box(wire::head_end(bytes));
                    other.write(bytes)?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        let (own_blocked, other_blocked) = (!own.pending.is_empty(), !other.pending.is_empty());
        own.wait_for(Interest::of(!other_blocked, own_blocked), poller)?;
        other.wait_for(Interest::of(!own_blocked, other_blocked), poller)
    }
}
