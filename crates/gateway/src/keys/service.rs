//! The thread that follows all issuers with a `jwks_uri`: it fetches when a schedule says so, puts a good set in
//! force, and only then lets go who waited for it.

use super::fetch::fetch;
use super::handle::{KeySets, Wanted};
use super::schedule::{Kid, Schedule};
use super::{FETCHES_MAX, store::KeyStore};
use crate::upstream::{FetchError, Lookups, Place, Resolve, TargetRules, Upstreams};
use crate::usage::Metrics;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// Queries to the system's resolver under way, and sets being put in force.
const BLOCKING_THREADS_MAX: usize = 4;

/// An issuer that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Followed {
    /// Its id in the policy.
    pub(crate) id: Box<str>,
    /// Its `iss`.
    pub(crate) issuer: Box<str>,
    pub(crate) jwks_uri: Box<str>,
    /// Whether the policy has keys of its own for it; then nothing is fetched until a token needs it.
    pub(crate) has_inline_keys: bool,
}

/// A set that was fetched.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub(crate) of: Followed,
    pub(crate) key_set: Arc<[u8]>,
}

/// Puts a set in force in every worker and keeps it, or says why it is none.
pub(crate) type Publish = Arc<dyn Fn(&Fetched) -> Result<(), String> + Send + Sync>;

/// What the service is told.
pub(super) enum Message {
    /// A request wants a key.
    Ask {
        wanted: Wanted,
        release: oneshot::Sender<()>,
    },
    /// Follow these from now on, by these rules.
    Follow {
        issuers: Vec<Followed>,
        rules: Arc<TargetRules>,
    },
    End,
}

/// The running service. It ends when it is dropped; whoever waits is let go.
#[derive(Debug)]
pub(crate) struct KeyService {
    handle: KeySets,
    thread: Option<JoinHandle<()>>,
}

/// What it is built from.
pub(crate) struct Parts {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) store: Arc<KeyStore>,
    pub(crate) metrics: Arc<Metrics>,
}

/// A service that is not running yet: workers may ask already.
#[derive(Debug)]
pub(crate) struct Prepared {
    handle: KeySets,
    messages: mpsc::UnboundedReceiver<Message>,
}

impl Prepared {
    pub(crate) fn new() -> Prepared {
        let (sender, messages) = mpsc::unbounded_channel();
        Prepared {
            handle: KeySets::new(sender),
            messages,
        }
    }

    pub(crate) fn handle(&self) -> KeySets {
        self.handle.clone()
    }

    /// Starts the thread.
    pub(crate) fn start(self, parts: Parts, publish: Publish) -> io::Result<KeyService> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .build()?;
        let Prepared { handle, messages } = self;
        let thread = std::thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || {
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, Service::new(parts, publish).run(messages));
                drop(local);
                runtime.shutdown_background();
            })?;
        Ok(KeyService {
            handle,
            thread: Some(thread),
        })
    }
}

impl Drop for KeyService {
    fn drop(&mut self) {
        self.handle.send(Message::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Service {
    publish: Publish,
    store: Arc<KeyStore>,
    metrics: Arc<Metrics>,
    lookups: Rc<Lookups>,
    rules: Arc<TargetRules>,
    upstreams: Upstreams,
    issuers: HashMap<Box<str>, Issuer>,
    fetches: JoinSet<Ended>,
    random: fastrand::Rng,
}

struct Issuer {
    followed: Followed,
    schedule: Schedule<oneshot::Sender<()>>,
}

struct Ended {
    of: Followed,
    fetched: Result<Arc<[u8]>, String>,
}

impl Service {
    fn new(parts: Parts, publish: Publish) -> Service {
        Service {
            publish,
            store: parts.store,
            metrics: parts.metrics,
            lookups: Rc::new(Lookups::new(parts.resolver)),
            rules: Arc::default(),
            upstreams: Upstreams::default(),
            issuers: HashMap::new(),
            fetches: JoinSet::new(),
            random: fastrand::Rng::new(),
        }
    }

    async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        loop {
            self.begin_due();
            let due = self.next_due();
            tokio::select! {
                message = messages.recv() => match message {
                    Some(Message::Ask { wanted, release }) => self.ask(wanted, release),
                    Some(Message::Follow { issuers, rules }) => self.follow(issuers, rules),
                    Some(Message::End) | None => return,
                },
                Some(ended) = self.fetches.join_next() => match ended {
                    Ok(ended) => self.end(ended),
                    Err(error) => tracing::error!(%error, "a fetch of a key set broke off"),
                },
                () = sleep_until(due) => {}
            }
        }
    }

    fn ask(&mut self, wanted: Wanted, release: oneshot::Sender<()>) {
        if let Some(issuer) = self.issuers.get_mut(&wanted.issuer)
            && let Err(refused) = issuer.schedule.ask(wanted.kid, release, Instant::now())
        {
            // Nobody listening any more is fine, here and below.
            let _ = refused.send(());
        }
    }

    fn follow(&mut self, issuers: Vec<Followed>, rules: Arc<TargetRules>) {
        self.rules = rules;
        let mut before = std::mem::take(&mut self.issuers);
        for followed in issuers {
            let issuer = match before.remove(&followed.id) {
                Some(issuer) if issuer.followed == followed => issuer,
                _ => self.begin_to_follow(followed.clone()),
            };
            self.issuers.insert(followed.id, issuer);
        }
    }

    fn begin_to_follow(&self, followed: Followed) -> Issuer {
        let is_stored = self.store.last(&followed.issuer, &followed.jwks_uri).is_some();
        let has_keys = followed.has_inline_keys || is_stored;
        let schedule = Schedule::new(has_keys, !followed.has_inline_keys, Instant::now());
        Issuer { followed, schedule }
    }

    fn next_due(&mut self) -> Option<Instant> {
        if self.fetches.len() >= FETCHES_MAX {
            return None;
        }
        let now = Instant::now();
        let due = self
            .issuers
            .values()
            .filter_map(|issuer| issuer.schedule.due_at(now));
        due.min()
    }

    fn begin_due(&mut self) {
        let now = Instant::now();
        for issuer in self.issuers.values_mut() {
            issuer.schedule.forget(oneshot::Sender::is_closed);
            if self.fetches.len() >= FETCHES_MAX || !issuer.schedule.is_due(now) {
                continue;
            }
            issuer.schedule.begin(now, &mut self.random);
            let followed = issuer.followed.clone();
            match Place::of(&followed.jwks_uri, &self.upstreams) {
                Ok(place) => {
                    let (lookups, rules) = (Rc::clone(&self.lookups), Arc::clone(&self.rules));
                    let publish = Arc::clone(&self.publish);
                    self.fetches.spawn_local(async move {
                        let fetched = fetch(&place, &lookups, &rules).await;
                        put_in_force(followed, fetched, publish).await
                    });
                }
                Err(error) => {
                    let fetched = Err(error.to_string());
                    self.fetches.spawn_local(std::future::ready(Ended {
                        of: followed,
                        fetched,
                    }));
                }
            }
        }
    }

    fn end(&mut self, ended: Ended) {
        let Ended { of, fetched } = ended;
        self.metrics.key_set_fetched(fetched.is_ok());
        let kids = match &fetched {
            Ok(key_set) => Some(kids(key_set)),
            Err(reason) => {
                tracing::warn!(issuer = %of.id, reason, "the key set cannot be fetched; what was had before stays");
                None
            }
        };
        // One that was replaced meanwhile has a schedule of its own.
        if let Some(issuer) = self
            .issuers
            .get_mut(&of.id)
            .filter(|issuer| issuer.followed == of)
        {
            let now = Instant::now();
            for release in issuer.schedule.end(kids.as_deref(), now, &mut self.random) {
                let _ = release.send(());
            }
        }
    }
}

/// Swapping waits for the workers, and writing for the disk: neither is this thread's event loop's to wait for.
async fn put_in_force(of: Followed, fetched: Result<Vec<u8>, FetchError>, publish: Publish) -> Ended {
    let key_set: Arc<[u8]> = match fetched {
        Ok(bytes) => bytes.into(),
        Err(error) => {
            let fetched = Err(error.to_string());
            return Ended { of, fetched };
        }
    };
    let set = Fetched {
        of: of.clone(),
        key_set: Arc::clone(&key_set),
    };
    let published = match tokio::task::spawn_blocking(move || publish(&set)).await {
        Ok(published) => published,
        Err(error) => Err(error.to_string()),
    };
    Ended {
        of,
        fetched: published.map(|()| key_set),
    }
}

/// The ids of the set's keys; it was found to be a set by then.
fn kids(key_set: &[u8]) -> Vec<Kid> {
    let set: serde_json::Value = serde_json::from_slice(key_set).unwrap_or_default();
    let keys = set["keys"].as_array().map_or(&[][..], Vec::as_slice);
    let kids = keys.iter().map(|key| key["kid"].as_str().map(Box::from));
    kids.collect()
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
