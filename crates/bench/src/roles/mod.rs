//! The parts that run as processes of their own, so that each can be pinned to a core and its CPU time told apart.

pub(crate) mod backend;
pub(crate) mod crowd;
pub(crate) mod decide;
pub(crate) mod feed;
pub(crate) mod floor;
pub(crate) mod forwarder;
pub(crate) mod idle;
pub(crate) mod load;
pub(crate) mod pinned;
mod poller;
pub(crate) mod tokens;
pub(crate) mod verification;

use anyhow::{Context, Result};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};

/// A listening socket on a free port of loopback; its address goes to standard output, where the lab reads it.
fn listen() -> Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
    announce(&listener.local_addr()?)?;
    Ok(listener)
}

fn announce(address: &SocketAddr) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{address}")?;
    out.flush()?;
    Ok(())
}
