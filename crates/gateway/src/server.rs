//! A running gateway: sockets, threads, the swap of snapshots, and the drained end.
//!
//! It is given a checked configuration and gives back real addresses; it reads no file and no command line.

use crate::configuration::Configuration;
use crate::downstream::{self, Acceptor, Message, Shared, Worker, WorkerHandle, bind};
use crate::enforcement::{self, Enforced, PolicyError};
use crate::keys::{self, Fetched, KeyService, KeyStore};
use crate::request::FailedCredentials;
use crate::snapshot::{CompileError, Snapshot};
use crate::upstream::{Resolve, SystemResolver, TargetRules, Upstreams};
use crate::usage::Metrics;
use arc_swap::ArcSwap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Queries to the system's resolver that one worker may have under way; each takes a thread while it lasts.
const RESOLVER_THREADS_MAX: usize = 16;

/// How long a reload waits until every worker serves by the new snapshot; each swaps between two requests.
const SWAP_WAIT_MAX: Duration = Duration::from_secs(5);

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

/// What a changed file may not change in a running gateway.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// These keys need a restart.
    #[error("a changed {0} needs a restart; the configuration was not taken over")]
    NeedsRestart(String),
    /// An upstream, the access log or the policy.
    #[error("{0}")]
    Compile(#[from] CompileError),
}

impl ReloadError {
    /// A policy's problems as `check --format json` has them, or null.
    pub fn problems(&self) -> serde_json::Value {
        match self {
            ReloadError::Compile(CompileError::Policy(error)) => error.problems(),
            ReloadError::Compile(_) | ReloadError::NeedsRestart(_) => serde_json::Value::Null,
        }
    }
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
}

/// What may be asked of a gateway while it runs, from any thread.
#[derive(Debug)]
pub struct Controls {
    shared: Arc<Shared>,
    workers: Arc<[WorkerHandle]>,
    /// What stays the same until a restart, as configured.
    first: Configuration,
    /// The addresses that are never dialled.
    own: Vec<SocketAddr>,
    /// The last key sets.
    store: Arc<KeyStore>,
    /// Held from reading the snapshot in force to swapping in the one made of it.
    changing: Mutex<()>,
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
        let enforced = Enforced::load(&configuration, &store).map_err(CompileError::from)?;
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
            via_id: format!("sb-{:08x}", fastrand::u32(..)).into(),
            connections: AtomicUsize::new(0),
        });
        let (stop, stopped) = watch::channel(false);
        let mut workers = Vec::new();
        let mut threads = Vec::new();
        for index in 0..first.workers {
            let (handle, thread) = start_worker(index, Arc::clone(&shared))?;
            workers.push(handle);
            threads.push(thread);
        }
        let loads = workers
            .iter()
            .map(|worker: &WorkerHandle| Arc::clone(&worker.load));
        shared.metrics.watch_workers(loads.collect());
        let workers: Arc<[WorkerHandle]> = workers.into();
        let acceptor = start_acceptor(&shared, &workers, &stopped, bound.listeners)?;
        let controls = Arc::new(Controls {
            shared,
            workers,
            first,
            own,
            store,
            changing: Mutex::default(),
        });
        let keys = controls.start_keys(keys)?;
        controls.follow_issuers();
        Ok(Gateway {
            controls,
            threads,
            acceptor,
            stop,
            keys,
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
        let now = Instant::now();
        let (idle_until, until) = {
            let snapshot = shared.snapshot.load();
            (
                now + snapshot.configuration.drain_idle,
                now + snapshot.configuration.drain,
            )
        };
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

impl Controls {
    /// Compiles a configuration and swaps it in, or changes nothing. Connections stay.
    pub fn reload(&self, configuration: Configuration) -> Result<(), ReloadError> {
        let restart = needs_restart(&self.first, &configuration);
        if !restart.is_empty() {
            return Err(ReloadError::NeedsRestart(restart.join(", ")));
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.shared.snapshot.load_full();
        let enforced = Enforced::load(&configuration, &self.store).map_err(CompileError::from)?;
        let configuration = with_own(configuration, &self.own);
        let snapshot = Snapshot::compile(
            configuration,
            enforced,
            Some(&current),
            &self.shared.upstreams,
            &self.shared.metrics,
        )?;
        self.swap(&Arc::new(snapshot));
        self.follow_issuers();
        Ok(())
    }

    /// Reads the policy anew from where the configuration in force has it, and swaps it in, or changes nothing.
    pub fn reload_policy(&self) -> Result<(), PolicyError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.shared.snapshot.load_full();
        let enforced = Enforced::load(&current.configuration, &self.store)?;
        self.swap(&Arc::new(current.under(enforced)));
        self.follow_issuers();
        Ok(())
    }

    /// Where the policy in force came from, and what it has: the `policy` member of `/ready`.
    pub fn policy(&self) -> serde_json::Value {
        let snapshot = self.shared.snapshot.load();
        enforcement::to_json(snapshot.enforced.as_ref(), &self.store)
    }

    /// The SHA-256 of the policy's own file, and that file, where it has one.
    pub fn policy_file(&self) -> Option<(PathBuf, String)> {
        let snapshot = self.shared.snapshot.load();
        snapshot.enforced.as_ref().and_then(Enforced::file)
    }

    fn start_keys(self: &Arc<Self>, prepared: keys::Prepared) -> io::Result<KeyService> {
        let parts = keys::Parts {
            resolver: Arc::clone(&self.shared.resolver),
            store: Arc::clone(&self.store),
            metrics: Arc::clone(&self.shared.metrics),
        };
        // Weak: the service ends with the gateway, which does not wait for itself.
        let controls: Weak<Controls> = Arc::downgrade(self);
        let publish = move |fetched: &Fetched| match controls.upgrade() {
            Some(controls) => controls.put_keys_in_force(fetched),
            None => Err("the gateway has ended".to_owned()),
        };
        prepared.start(parts, Arc::new(publish))
    }

    fn follow_issuers(&self) {
        let snapshot = self.shared.snapshot.load();
        let followed = snapshot.enforced.as_ref().map(Enforced::followed);
        let rules = Arc::clone(&snapshot.configuration.targets);
        self.shared.keys.follow(followed.unwrap_or_default(), rules);
    }

    /// Adds a set to the policy in force, in every worker, and keeps it; all or nothing.
    fn put_keys_in_force(&self, fetched: &Fetched) -> Result<(), String> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.shared.snapshot.load_full();
        let of = &fetched.of;
        let enforced = current.enforced.as_ref().filter(|enforced| enforced.follows(of));
        let Some(enforced) = enforced else {
            return Err("the policy has changed meanwhile".to_owned());
        };
        // What is kept is in force: an unchanged set changes nothing.
        let is_new = self.store.last(&of.issuer, &of.jwks_uri).as_deref() != Some(&*fetched.key_set);
        let changed = is_new
            .then(|| enforced.with_keys(&of.id, &fetched.key_set))
            .transpose();
        let changed = changed.map_err(|error| error.to_string())?;
        // First the disk: whoever was let in by a key is let in after a restart too.
        self.store.keep(&of.issuer, &of.jwks_uri, &fetched.key_set);
        if let Some(enforced) = changed {
            self.swap(&Arc::new(current.under(Some(enforced))));
            tracing::info!(issuer = %of.id, "a new key set is in force");
        }
        Ok(())
    }

    /// Gives the snapshot to every worker, and frees the former one here once all have let go of it.
    fn swap(&self, snapshot: &Arc<Snapshot>) {
        self.shared.snapshot.store(Arc::clone(snapshot));
        let (former, returned) = std::sync::mpsc::channel();
        for worker in self.workers.iter() {
            // A worker that is gone serves nothing any more.
            let _ = worker.sender.send(Message::Swap {
                snapshot: Arc::clone(snapshot),
                former: former.clone(),
            });
        }
        drop(former);
        let until = Instant::now() + SWAP_WAIT_MAX;
        let next = || {
            returned
                .recv_timeout(until.saturating_duration_since(Instant::now()))
                .ok()
        };
        // All of them first, then the drop: the last one to go frees, and that is to be this thread.
        drop(std::iter::from_fn(next).collect::<Vec<_>>());
    }

    /// Opens a log file anew, after it was moved away.
    pub fn reopen_access_log(&self) {
        self.shared.snapshot.load().access_log.reopen();
    }

    /// How many client connections each worker serves.
    pub fn connections_per_worker(&self) -> Vec<usize> {
        self.workers
            .iter()
            .map(|worker| worker.load.load(Ordering::Relaxed))
            .collect()
    }

    /// The configuration in force, put together anew: it is asked for rarely, and kept once, compiled.
    pub fn configuration(&self) -> Configuration {
        let snapshot = self.shared.snapshot.load();
        let mut configuration = Configuration::clone(&snapshot.configuration);
        configuration.routes = snapshot.routes().cloned().collect();
        configuration.routes.sort_by_key(|route| route.line);
        configuration
    }
}

fn with_own(mut configuration: Configuration, own: &[SocketAddr]) -> Configuration {
    let rules = TargetRules {
        allowed: configuration.targets.allowed.clone(),
        own: own.to_vec(),
        named_only: false,
    };
    configuration.targets = Arc::new(rules);
    configuration
}

/// The keys that differ and cannot change while connections stay untouched.
fn needs_restart(first: &Configuration, new: &Configuration) -> Vec<&'static str> {
    let differs = [
        ("listen", first.listen != new.listen),
        (
            "admin",
            first.admin != new.admin || first.admin_token != new.admin_token,
        ),
        ("health", first.health != new.health),
        ("workers", first.workers != new.workers),
        ("environment", first.environment != new.environment),
        ("state_dir", first.state_dir != new.state_dir),
    ];
    differs
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect()
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
