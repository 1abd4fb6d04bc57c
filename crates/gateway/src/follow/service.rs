//! The thread that follows a feed, whatever carries it; it is told of floors that changed and of the end.

use super::beginning::Beginning;
use super::carrier::Carrier;
use super::flowing::flow_on;
use super::follower::{Follower, Sink};
use super::looking::look_on;
use super::standing::Follow;
use crate::configuration;
use crate::upstream::Resolve;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc as sync;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// Queries to the system's resolver under way.
const BLOCKING_THREADS_MAX: usize = 2;

/// What the thread is told.
pub(super) enum Told {
    /// A floor took the place of the former one; to be told when it was read.
    Floor(Vec<u8>, sync::Sender<()>),
    End,
}

/// Where the thread is told.
#[derive(Debug)]
pub(super) struct Inbox(mpsc::UnboundedReceiver<Told>);

impl Inbox {
    /// May be dropped and called again. Whoever is gone wants it to end.
    pub(super) async fn next(&mut self) -> Told {
        self.0.recv().await.unwrap_or(Told::End)
    }
}

/// What it is built from.
#[derive(Debug)]
pub struct Parts {
    /// What is shown until the feed says more.
    pub beginning: Beginning,
    /// What brings the feed.
    pub carrier: configuration::Carrier,
    /// Where what is shown outlives a restart; nowhere where absent.
    pub state_dir: Option<PathBuf>,
    /// Told where it stands.
    pub follow: Arc<Follow>,
    /// Names to addresses.
    pub resolver: Arc<dyn Resolve>,
}

/// How a running thread is told of floors.
#[derive(Debug, Clone)]
pub(crate) struct Floors(mpsc::UnboundedSender<Told>);

impl Floors {
    /// The floor is another one now; returns once it was read.
    pub(crate) fn changed(&self, bytes: Vec<u8>) {
        let (done, read) = sync::channel();
        // One that has ended follows nothing any more.
        if self.0.send(Told::Floor(bytes, done)).is_ok() {
            let _ = read.recv();
        }
    }
}

/// A thread that is not running yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    floors: Floors,
    inbox: Inbox,
}

/// The running thread that follows. It ends when this is dropped.
#[derive(Debug)]
pub struct Following {
    floors: Floors,
    thread: Option<JoinHandle<()>>,
}

impl Prepared {
    pub(crate) fn new() -> Prepared {
        let (sender, told) = mpsc::unbounded_channel();
        Prepared {
            floors: Floors(sender),
            inbox: Inbox(told),
        }
    }

    pub(crate) fn floors(&self) -> Floors {
        self.floors.clone()
    }

    /// Writes down what it begins with, starts to follow, and waits at most `wait` until the carrier is at its end or has failed.
    pub(crate) fn start(self, parts: Parts, sink: Box<dyn Sink>, wait: Duration) -> io::Result<Following> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .build()?;
        let Prepared { floors, inbox } = self;
        let (told, first) = sync::channel();
        let Parts {
            beginning,
            carrier,
            state_dir,
            follow,
            resolver,
        } = parts;
        let feed = beginning.roots.feed().to_owned();
        let mut follower = Follower::new(beginning, state_dir.as_deref(), follow, sink);
        follower.tell_state();
        let thread = std::thread::Builder::new()
            .name("policy".to_owned())
            .spawn(move || {
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, async {
                    match Carrier::new(&carrier, &feed, resolver) {
                        Carrier::Looked(bundle) => look_on(follower, bundle, inbox, told).await,
                        Carrier::Flowing(flow) => flow_on(follower, flow, inbox, told).await,
                    }
                });
                drop(local);
                runtime.shutdown_background();
            })?;
        // Too late, it serves by what it has.
        let _ = first.recv_timeout(wait);
        Ok(Following {
            floors,
            thread: Some(thread),
        })
    }
}

impl Following {
    /// Writes down what it begins with, starts to follow, and gives the sink what the feed says from then on. Waits at most `wait` until the carrier
    /// is at its end or has failed.
    ///
    /// # Errors
    /// Where no thread can be made.
    pub fn start(parts: Parts, sink: Box<dyn Sink>, wait: Duration) -> io::Result<Following> {
        Prepared::new().start(parts, sink, wait)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.floors.0.send(Told::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
