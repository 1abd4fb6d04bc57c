//! Many clients that were here once and keep their connections: one request on each, checked, then silence.

use crate::wire::{Answer, JSON};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Arguments of the role.
#[derive(Debug, Args)]
pub(crate) struct Idle {
    /// The proxy.
    #[arg(long)]
    target: SocketAddr,
    /// How many.
    #[arg(long)]
    connections: usize,
    /// The path of each request.
    #[arg(long)]
    path: String,
}

/// How long one answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

impl Idle {
    /// Prints a line when all connections are open and answered; returns at the end of its input.
    pub(crate) fn run(self) -> Result<()> {
        let mut open = Vec::with_capacity(self.connections);
        for number in 0..self.connections {
            open.push(self.open().with_context(|| format!("connection {number}"))?);
        }
        super::announce(&self.target)?;
        std::io::stdin().read_to_end(&mut Vec::new())?;
        // One that was closed meanwhile was not held idle.
        for mut connection in open {
            connection.set_nonblocking(true)?;
            if let Ok(count) = connection.read(&mut [0; 1]) {
                bail!(
                    "an idle connection {}",
                    if count == 0 {
                        "was closed"
                    } else {
                        "was written to"
                    }
                );
            }
        }
        Ok(())
    }

    fn open(&self) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(self.target)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        write!(stream, "GET {} HTTP/1.1\r\nHost: bench\r\n\r\n", self.path)?;
        let (mut answer, mut buffer) = (Answer::default(), [0; 4096]);
        loop {
            let count = stream.read(&mut buffer)?;
            let bytes = buffer.get(..count).unwrap_or_default();
            if count == 0 {
                bail!("closed before the answer");
            }
            if answer.feed(bytes, JSON).map_err(anyhow::Error::msg)? {
                return Ok(stream);
            }
        }
    }
}
