//! One listening socket per address; every connection goes to the least loaded worker.
//!
//! The kernel's own spreading (one socket per worker) leaves long-lived connections wherever chance put them.

use super::worker::{Message, Shared, WorkerHandle};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 4096;
/// Connections beyond the limit that are told so at the same time; further ones are closed without a word.
const REFUSALS_MAX: usize = 256;
/// How long accepting rests when the process is out of file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// Binds an address; port 0 takes a free one.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = if address.is_ipv4() {
        socket2::Domain::IPV4
    } else {
        socket2::Domain::IPV6
    };
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    // A restart must not wait for connections in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `[::]` serves IPv4 clients too, whatever the system's default is.
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Spreads connections.
#[derive(Debug)]
pub(crate) struct Acceptor {
    pub(crate) shared: Arc<Shared>,
    pub(crate) workers: Arc<[WorkerHandle]>,
    /// Turns true when accepting ends.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Acceptor {
    /// Accepts on one socket until told to stop, then takes in what the kernel has queued and closes the socket.
    pub(crate) async fn run(mut self, listener: TcpListener) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let accepted = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.hand_over(stream, peer),
                Err(error) => self.pause_after(&error).await,
            }
        }
        let listener = listener.into_std()?;
        while let Ok((stream, peer)) = listener.accept() {
            stream.set_nonblocking(true)?;
            self.give(stream, peer);
        }
        Ok(())
    }

    fn hand_over(&self, stream: tokio::net::TcpStream, peer: SocketAddr) {
        // A stream that cannot leave this event loop is broken; its peer sees it closed.
        if let Ok(stream) = stream.into_std() {
            self.give(stream, peer);
        }
    }

    fn give(&self, stream: std::net::TcpStream, peer: SocketAddr) {
        let limit = self.shared.snapshot.load().configuration.connections_max;
        let before = self.shared.connections.fetch_add(1, Ordering::Relaxed);
        if before >= limit + REFUSALS_MAX {
            // So many are being refused that even the answers would be a load.
            self.shared.connections.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let over_limit = before >= limit;
        self.shared.metrics.client_opened();
        let Some(worker) = self
            .workers
            .iter()
            .min_by_key(|worker| worker.load.load(Ordering::Relaxed))
        else {
            return;
        };
        worker.load.fetch_add(1, Ordering::Relaxed);
        // A worker that is gone has drained; the stream is closed by being dropped.
        let _ = worker.sender.send(Message::Serve {
            stream,
            peer,
            over_limit,
        });
    }

    /// Out of descriptors or memory: the queue waits in the kernel. Anything else concerned one connection only.
    async fn pause_after(&self, error: &io::Error) {
        let passing = matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
        );
        if !passing {
            tracing::warn!(%error, "cannot accept a connection; raise the limit of open files if this goes on");
            tokio::time::sleep(EXHAUSTED_PAUSE).await;
        }
    }
}
