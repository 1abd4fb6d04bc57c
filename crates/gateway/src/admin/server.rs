//! The operator's listeners: few connections, each with little time, on one thread.

use super::guard::Token;
use super::{Facts, pages};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};

/// Connections of one listener at a time; further ones wait in the kernel.
const CONNECTIONS_MAX: usize = 64;
/// For a head, and between two requests.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// For a connection as a whole, so that nobody who does not read holds one for good.
const CONNECTION_MAX: Duration = Duration::from_secs(120);
/// Bytes of a head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long accepting rests when the process is out of file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// What a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Everything.
    Admin,
    /// `/live` and `/ready`.
    Health,
}

/// The running port. It ends when it is dropped; answers under way are cut.
#[derive(Debug)]
pub struct Admin {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What every connection needs.
struct Site {
    facts: Arc<Facts>,
    token: Option<Token>,
}

impl Admin {
    /// Serves bound listeners. `token`: what opens guarded pages to peers that are not on loopback.
    ///
    /// # Errors
    /// Where a listener cannot be used or the thread not be made.
    pub fn start(
        listeners: Vec<(TcpListener, Surface)>,
        facts: Arc<Facts>,
        token: Option<&str>,
    ) -> io::Result<Admin> {
        for (listener, _) in &listeners {
            listener.set_nonblocking(true)?;
        }
        let token = token.map(Token::new);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("admin".to_owned())
            .spawn(move || {
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, async {
                    let site = Rc::new(Site { facts, token });
                    for (listener, surface) in listeners {
                        tokio::task::spawn_local(accept(listener, surface, Rc::clone(&site)));
                    }
                    // Told or hung up on, it is the end.
                    let _ = ended.await;
                });
            })?;
        Ok(Admin {
            end: Some(end),
            thread: Some(thread),
        })
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, surface: Surface, site: Rc<Site>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the admin port cannot be served");
            return;
        }
    };
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // The semaphore is never closed.
    while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let site = Rc::clone(&site);
                tokio::task::spawn_local(async move {
                    serve(stream, peer, surface, &site).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection on the admin port");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, surface: Surface, site: &Site) {
    let service = service_fn(|request| {
        let answer = pages::answer(&request, peer.ip(), surface, site.token.as_ref(), &site.facts);
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION_MAX, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, %peer, "a connection of the admin port broke off"),
        Err(_) => tracing::debug!(%peer, "a connection of the admin port was open for too long"),
    }
}
