//! The thread that follows a feed: it looks when it is time to, and is told of floors that changed and of the end.

use super::LOOK_EVERY;
use super::carrier::{Carrier, Content, Failure};
use super::follower::{Beginning, Follower};
use super::pace::{Looked, Pace};
use super::standing::Follow;
use crate::configuration::Bundle;
use crate::upstream::Resolve;
use crate::usage::Metrics;
use feed::Shown;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc as sync;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Queries to the system's resolver under way.
const BLOCKING_THREADS_MAX: usize = 2;

/// Puts in force what changes, in every worker.
pub(crate) type Publish = Arc<dyn Fn(&Shown) + Send + Sync>;

enum Message {
    /// A floor that took the place of the former one; told when it was read.
    Floor(Vec<u8>, sync::Sender<()>),
    End,
}

/// What it is built from.
pub(crate) struct Parts {
    pub(crate) beginning: Beginning,
    pub(crate) bundle: Bundle,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) follow: Arc<Follow>,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) metrics: Arc<Metrics>,
}

/// How a running thread is told of floors.
#[derive(Debug, Clone)]
pub(crate) struct Floors(mpsc::UnboundedSender<Message>);

impl Floors {
    /// The floor is another one now; returns once it was read.
    pub(crate) fn changed(&self, bytes: Vec<u8>) {
        let (done, read) = sync::channel();
        // One that has ended follows nothing any more.
        if self.0.send(Message::Floor(bytes, done)).is_ok() {
            let _ = read.recv();
        }
    }
}

/// A thread that is not running yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    floors: Floors,
    messages: mpsc::UnboundedReceiver<Message>,
}

/// The running thread. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct FollowService {
    floors: Floors,
    thread: Option<JoinHandle<()>>,
}

impl Prepared {
    pub(crate) fn new() -> Prepared {
        let (sender, messages) = mpsc::unbounded_channel();
        Prepared {
            floors: Floors(sender),
            messages,
        }
    }

    pub(crate) fn floors(&self) -> Floors {
        self.floors.clone()
    }

    /// Writes down what it begins with, starts to look, and waits at most `wait` until the first look is over.
    pub(crate) fn start(self, parts: Parts, publish: Publish, wait: Duration) -> io::Result<FollowService> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .build()?;
        let Prepared { floors, messages } = self;
        let (told, first) = sync::channel();
        let Parts {
            beginning,
            bundle,
            state_dir,
            follow,
            resolver,
            metrics,
        } = parts;
        let mut follower = Follower::new(beginning, state_dir.as_deref(), follow, publish, metrics);
        follower.tell_state();
        let thread = std::thread::Builder::new()
            .name("policy".to_owned())
            .spawn(move || {
                let local = tokio::task::LocalSet::new();
                let carrier = Carrier::new(&bundle, resolver);
                local.block_on(&runtime, run(follower, carrier, messages, told));
                drop(local);
                runtime.shutdown_background();
            })?;
        // Too late, it serves by what it has.
        let _ = first.recv_timeout(wait);
        Ok(FollowService {
            floors,
            thread: Some(thread),
        })
    }
}

impl Drop for FollowService {
    fn drop(&mut self) {
        let _ = self.floors.0.send(Message::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What ends a wait.
enum Step {
    Looked(Result<Option<Content>, Failure>),
    Floor(Vec<u8>, sync::Sender<()>),
}

async fn run(
    mut follower: Follower,
    mut carrier: Carrier,
    mut messages: mpsc::UnboundedReceiver<Message>,
    first: sync::Sender<()>,
) {
    let (mut pace, mut random) = (Pace::default(), fastrand::Rng::new());
    let mut due = Instant::now();
    tracing::info!(bundle = carrier.told(), "following a feed");
    loop {
        let wants_commit = carrier
            .sent_at()
            .is_some_and(|at| follower.wants_commit(at.elapsed()));
        if wants_commit || follower.wants_whole(Instant::now()) {
            carrier.forget();
        }
        match step(&mut follower, &mut carrier, &mut messages, due).await {
            None => return,
            Some(Step::Looked(brought)) => {
                let looked = follower.looked(brought);
                if matches!(looked, Looked::Mismatch | Looked::Failed) {
                    carrier.forget();
                }
                due = Instant::now() + pace.after(looked, &mut random);
                // Nobody waits any more after the first.
                let _ = first.send(());
            }
            Some(Step::Floor(bytes, done)) => {
                follower.floor(&bytes);
                carrier.forget();
                due = Instant::now();
                let _ = done.send(());
            }
        }
    }
}

/// Waits until it is time to look, and looks; `None`: it is the end. Age makes a state another one meanwhile, so that is looked at too.
async fn step(
    follower: &mut Follower,
    carrier: &mut Carrier,
    messages: &mut mpsc::UnboundedReceiver<Message>,
    due: Instant,
) -> Option<Step> {
    let look = async {
        tokio::time::sleep_until(due.into()).await;
        carrier.look().await
    };
    tokio::pin!(look);
    loop {
        tokio::select! {
            biased;
            message = messages.recv() => return match message {
                Some(Message::Floor(bytes, done)) => Some(Step::Floor(bytes, done)),
                Some(Message::End) | None => None,
            },
            brought = &mut look => return Some(Step::Looked(brought)),
            () = tokio::time::sleep(LOOK_EVERY) => follower.tell_state(),
        }
    }
}
