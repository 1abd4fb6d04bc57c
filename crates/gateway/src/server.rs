//! A running gateway: sockets, threads, and the drained end.
//!
//! It is given a checked configuration and gives back real addresses. It reads no command line and no file but the
//! policy's, which `enforcement` reads for it.

use crate::configuration::{Configuration, Feed, PolicySource};
use crate::controls::{Controls, FollowedFeed, with_own};
use crate::downstream::{self, Acceptor, Message, Shared, Worker, WorkerHandle, bind};
use crate::enforcement::{Enforced, PolicyError};
use crate::follow::{self, Beginning, Follow, Following};
use crate::keys::{self, KeyService, KeyStore};
use crate::request::FailedCredentials;
use crate::snapshot::{CompileError, Snapshot};
use crate::upstream::{Resolve, SystemResolver, Upstreams};
use crate::usage::Metrics;
use arc_swap::ArcSwap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// Queries to the system's resolver that one worker may have under way; each takes a thread while it lasts.
const RESOLVER_THREADS_MAX: usize = 16;

/// Why a gateway does not start or a configuration is not taken over.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A thread or an event loop cannot be made.
    #[error("cannot start a worker")]
    Worker(#[from] io::Error),
    /// An upstream or the access log.
    #[error("the configuration cannot be put to use")]
    Compile(#[from] CompileError),
}

/// Listening, not yet serving.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<TcpListener>,
    /// The real addresses, in the order of `listen`.
    pub addresses: Vec<SocketAddr>,
    /// The admin port's listener and its real address, where there is one.
    pub admin: Option<(TcpListener, SocketAddr)>,
    /// The health port's, likewise.
    pub health: Option<(TcpListener, SocketAddr)>,
    /// All of these addresses: none of them is ever dialled.
    own: Vec<SocketAddr>,
}

impl Bound {
    /// Binds every address of `listen`, `admin` and `health`.
    pub fn bind(configuration: &Configuration) -> Result<Bound, StartError> {
        let (listeners, addresses): (Vec<_>, Vec<_>) = configuration
            .listen
            .iter()
            .map(|address| bound(*address))
            .collect::<Result<_, StartError>>()?;
        let admin = configuration.admin.map(bound).transpose()?;
        let health = configuration.health.map(bound).transpose()?;
        let mut own: Vec<SocketAddr> = Vec::clone(&addresses);
        own.extend(admin.iter().chain(&health).map(|(_, address)| *address));
        Ok(Bound {
            listeners,
            addresses,
            admin,
            health,
            own,
        })
    }
}

fn bound(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = bind(address).map_err(failed)?;
    let real = listener.local_addr().map_err(failed)?;
    Ok((listener, real))
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    controls: Arc<Controls>,
    threads: Vec<JoinHandle<bool>>,
    acceptor: JoinHandle<io::Result<()>>,
    stop: watch::Sender<bool>,
    keys: KeyService,
    following: Option<Following>,
}

/// A feed, where it begins, and what is said of it.
struct BegunFeed {
    feed: Arc<Feed>,
    beginning: Beginning,
    follow: Arc<Follow>,
}

/// The policy that is served by first.
fn begin(
    configuration: &Configuration,
    store: &KeyStore,
) -> Result<(Option<Enforced>, Option<BegunFeed>), PolicyError> {
    let PolicySource::Feed(feed) = &configuration.policy else {
        return Ok((Enforced::load(configuration, store)?, None));
    };
    let (enforced, beginning) = Enforced::begin(configuration, feed, store)?;
    let follow = Arc::new(Follow::new(Arc::clone(feed), &beginning));
    let enforced = enforced.until(follow.gate());
    let begun = BegunFeed {
        feed: Arc::clone(feed),
        beginning,
        follow,
    };
    Ok((Some(enforced), Some(begun)))
}

/// What a gateway is built from beside its configuration.
#[derive(Debug)]
pub struct Parts {
    /// Shared with the admin port.
    pub metrics: Arc<Metrics>,
    /// Names to addresses.
    pub resolver: Arc<dyn Resolve>,
}

impl Parts {
    /// With the system's resolver.
    pub fn new(metrics: Arc<Metrics>) -> Parts {
        Parts {
            metrics,
            resolver: Arc::new(SystemResolver),
        }
    }
}

impl Gateway {
    /// Starts workers and acceptor.
    pub fn start(
        bound: Bound,
        mut configuration: Configuration,
        parts: Parts,
    ) -> Result<Gateway, StartError> {
        let Parts { metrics, resolver } = parts;
        let own = bound.own;
        let routes = std::mem::take(&mut configuration.routes);
        let first = configuration.clone();
        configuration.routes = routes;
        let upstreams = Upstreams::default();
        let store = Arc::new(KeyStore::new(configuration.state_dir.as_deref()));
        let (enforced, feed) = begin(&configuration, &store).map_err(CompileError::from)?;
        let configuration = with_own(configuration, &own);
        let snapshot = Snapshot::compile(configuration, enforced, None, &upstreams, &metrics)?;
        let keys = keys::Prepared::new();
        let shared = Arc::new(Shared {
            snapshot: ArcSwap::from_pointee(snapshot),
            metrics,
            upstreams,
            resolver,
            keys: keys.handle(),
            failed: FailedCredentials::default(),
            // Who follows no feed does not report.
            used: (first.fleet.is_some() && feed.is_some()).then(Arc::default),
            via_id: format!("sb-{:08x}", fastrand::u32(..)).into(),
            connections: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
        });
        let (stop, stopped) = watch::channel(false);
        let (workers, threads) = start_workers(first.workers, &shared)?;
        let prepared = follow::Prepared::new();
        let controls = Arc::new(Controls {
            shared: Arc::clone(&shared),
            workers: Arc::clone(&workers),
            first,
            own,
            store,
            followed: feed.as_ref().map(|begun| FollowedFeed {
                follow: Arc::clone(&begun.follow),
                roots: begun.beginning.roots.clone(),
                floors: prepared.floors(),
            }),
            changing: Mutex::default(),
        });
        let keys = controls.start_keys(keys)?;
        controls.follow_issuers();
        let following = match feed {
            Some(begun) => controls.start_following(prepared, &begun.feed, begun.beginning)?,
            None => None,
        };
        // Last: nobody is served by an older policy than can be had.
        let acceptor = start_acceptor(&shared, &workers, &stopped, bound.listeners)?;
        Ok(Gateway {
            controls,
            threads,
            acceptor,
            stop,
            keys,
            following,
        })
    }

    /// What may be asked of it while it runs.
    pub fn controls(&self) -> Arc<Controls> {
        Arc::clone(&self.controls)
    }

    /// Stops accepting, lets what is in flight finish, and ends. Returns whether every request was finished in time.
    pub fn drain(self) -> bool {
        let Controls { shared, workers, .. } = &*self.controls;
        // Whoever waits for keys is decided by those that there are.
        drop(self.keys);
        drop(self.following);
        let now = Instant::now();
        let (idle_until, until) = {
            let snapshot = shared.snapshot.load();
            (
                now + snapshot.configuration.drain_idle,
                now + snapshot.configuration.drain,
            )
        };
        shared.draining.store(true, Ordering::Release);
        // The receiver is the acceptor; it may have ended by itself.
        let _ = self.stop.send(true);
        let mut whole = self.acceptor.join().is_ok();
        for worker in workers.iter() {
            let _ = worker.sender.send(Message::Drain {
                idle_until: idle_until.min(until),
                until,
            });
        }
        for thread in self.threads {
            whole &= thread.join().unwrap_or(false);
        }
        shared.snapshot.load().access_log.drain();
        whole
    }
}

/// Workers, and their threads, each of which says at its end whether no request was cut.
type Workers = (Arc<[WorkerHandle]>, Vec<JoinHandle<bool>>);

/// All of them, each on a thread of its own.
fn start_workers(count: usize, shared: &Arc<Shared>) -> io::Result<Workers> {
    let mut workers = Vec::new();
    let mut threads = Vec::new();
    for index in 0..count {
        let (handle, thread) = start_worker(index, Arc::clone(shared))?;
        workers.push(handle);
        threads.push(thread);
    }
    let loads = workers.iter().map(|worker| Arc::clone(&worker.load));
    shared.metrics.watch_workers(loads.collect());
    Ok((workers.into(), threads))
}

fn start_worker(index: usize, shared: Arc<Shared>) -> io::Result<(WorkerHandle, JoinHandle<bool>)> {
    let (sender, messages) = mpsc::unbounded_channel();
    let load = Arc::new(AtomicUsize::new(0));
    let handle = WorkerHandle {
        sender,
        load: Arc::clone(&load),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(RESOLVER_THREADS_MAX)
        .event_interval(61)
        .build()?;
    let thread = std::thread::Builder::new()
        .name(format!("worker-{index}"))
        .spawn(move || {
            let local = tokio::task::LocalSet::new();
            let worker = Worker::new(shared, load);
            local.block_on(&runtime, downstream::run(Rc::clone(&worker), messages));
            // What is left is cut: connections at the deadline, and queries to a resolver that does not answer.
            drop(local);
            runtime.shutdown_background();
            !worker.has_cut()
        })?;
    Ok((handle, thread))
}

fn start_acceptor(
    shared: &Arc<Shared>,
    workers: &Arc<[WorkerHandle]>,
    stopped: &watch::Receiver<bool>,
    listeners: Vec<TcpListener>,
) -> io::Result<JoinHandle<io::Result<()>>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let acceptors = listeners
        .into_iter()
        .map(|listener| {
            let acceptor = Acceptor {
                shared: Arc::clone(shared),
                workers: Arc::clone(workers),
                stop: stopped.clone(),
            };
            acceptor.run(listener)
        })
        .collect::<Vec<_>>();
    std::thread::Builder::new()
        .name("acceptor".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                let mut tasks = tokio::task::JoinSet::new();
                for acceptor in acceptors {
                    tasks.spawn(acceptor);
                }
                tasks.join_all().await.into_iter().collect()
            })
        })
}
