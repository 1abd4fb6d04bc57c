//! What may be asked of a gateway while it runs: another configuration, another policy, other keys. Each is put together
//! beside the workers and swapped in whole, or nothing changes.

use crate::configuration::{Configuration, Feed, PolicySource};
use crate::downstream::{Message, Shared, WorkerHandle};
use crate::enforcement::{self, Enforced, PolicyError};
use crate::fleet::{About, Reports, host_name};
use crate::follow::{self, Beginning, Floors, Follow, Following, Sink, unix_s};
use crate::keys::{self, Fetched, KeyService, KeyStore};
use crate::snapshot::{CompileError, Snapshot};
use crate::upstream::TargetRules;
use ::feed::Shown;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long a reload waits until every worker serves by the new snapshot; each swaps between two requests.
const SWAP_WAIT_MAX: Duration = Duration::from_secs(5);

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

/// What may be asked of a gateway while it runs, from any thread.
#[derive(Debug)]
pub struct Controls {
    pub(crate) shared: Arc<Shared>,
    pub(crate) workers: Arc<[WorkerHandle]>,
    /// What stays the same until a restart, as configured.
    pub(crate) first: Configuration,
    /// The addresses that are never dialled.
    pub(crate) own: Vec<SocketAddr>,
    /// The last key sets.
    pub(crate) store: Arc<KeyStore>,
    /// The feed that is followed, where there is one.
    pub(crate) followed: Option<FollowedFeed>,
    /// Held from reading the snapshot in force to swapping in the one made of it.
    pub(crate) changing: Mutex<()>,
}

/// A feed that is followed.
#[derive(Debug)]
pub(crate) struct FollowedFeed {
    pub(crate) follow: Arc<Follow>,
    /// Who may sign its keyrings, as pinned at the start.
    pub(crate) roots: ::feed::Roots,
    pub(crate) floors: Floors,
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
        let enforced = match &self.followed {
            // The floor was only where it began.
            Some(_) => current.enforced.clone(),
            None => Enforced::load(&configuration, &self.store).map_err(CompileError::from)?,
        };
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
    ///
    /// A gateway that follows a feed reads its floor; that never takes back what the feed said.
    pub fn reload_policy(&self) -> Result<(), PolicyError> {
        if let (Some(followed), Some((file, _))) = (&self.followed, self.policy_file()) {
            let environment = self.first.environment.as_deref();
            let floor = follow::read_signed_floor(&file, environment, &followed.roots)?;
            followed.floors.changed(floor);
            return Ok(());
        }
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
        let follow = self.followed.as_ref().map(|followed| &*followed.follow);
        enforcement::to_json(snapshot.enforced.as_ref(), &self.store, follow)
    }

    /// The SHA-256 of the policy's own file, and that file, where it has one.
    pub fn policy_file(&self) -> Option<(PathBuf, String)> {
        let snapshot = self.shared.snapshot.load();
        snapshot.enforced.as_ref().and_then(Enforced::file)
    }

    /// Starts to follow issuers, by what `prepared` was asked meanwhile too.
    pub(crate) fn start_keys(self: &Arc<Self>, prepared: keys::Prepared) -> io::Result<KeyService> {
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

    /// Starts to follow the feed from where it begins, and waits for it where `Feed::wait` says so.
    pub(crate) fn start_following(
        self: &Arc<Self>,
        prepared: follow::Prepared,
        feed: &Feed,
        beginning: Beginning,
    ) -> io::Result<Option<Following>> {
        let Some(followed) = &self.followed else {
            return Ok(None);
        };
        let read = Arc::clone(&followed.follow);
        let metrics = &self.shared.metrics;
        metrics.watch_policy(move || (read.reading(unix_s()), read.counts()));
        let age = Duration::from_secs(followed.follow.reading(unix_s()).age_s);
        let wait = if age > feed.wait {
            feed.wait
        } else {
            Duration::ZERO
        };
        let parts = follow::Parts {
            beginning,
            carrier: feed.carrier.clone(),
            state_dir: self.first.state_dir.clone(),
            follow: Arc::clone(&followed.follow),
            resolver: Arc::clone(&self.shared.resolver),
        };
        // Weak, as for keys.
        let sink = Workers(Arc::downgrade(self));
        prepared.start(parts, Box::new(sink), wait).map(Some)
    }

    /// Starts to report where the configuration says so. `config`: the SHA-256 of the configuration in force.
    ///
    /// # Errors
    /// Where no thread can be made.
    pub fn report_to_fleet(
        &self,
        config: impl Fn() -> String + Send + 'static,
    ) -> io::Result<Option<Reports>> {
        let (Some(fleet), Some(followed)) = (&self.first.fleet, &self.followed) else {
            return Ok(None);
        };
        let about = About {
            kind: "gateway",
            name: fleet.name.clone().unwrap_or_else(host_name),
            environment: followed.roots.feed().into(),
            config: Box::new(config),
            follow: Arc::clone(&followed.follow),
            used: self.shared.used.clone(),
        };
        Reports::start(fleet.portal.clone(), about, Arc::clone(&self.shared.resolver)).map(Some)
    }

    /// Changes the policy in force by what a view of its feed changes, in every worker.
    fn put_view_in_force(&self, shown: &Shown) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.shared.snapshot.load_full();
        let Some(enforced) = &current.enforced else { return };
        let after = enforced.after(shown, &self.store);
        let is_followed_anew = after.followed() != enforced.followed();
        self.swap(&Arc::new(current.under(Some(after))));
        if is_followed_anew {
            self.follow_issuers();
        }
    }

    /// Follows the issuers of the policy in force.
    pub(crate) fn follow_issuers(&self) {
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

/// Every worker of a gateway.
struct Workers(Weak<Controls>);

impl Sink for Workers {
    fn show(&mut self, shown: &Shown) {
        if let Some(controls) = self.0.upgrade() {
            controls.put_view_in_force(shown);
        }
    }
}

/// With the real addresses of this gateway, which are never dialled.
pub(crate) fn with_own(mut configuration: Configuration, own: &[SocketAddr]) -> Configuration {
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
        ("policy", follows(first, new) && first.policy != new.policy),
        ("fleet", first.fleet != new.fleet),
    ];
    differs
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect()
}

/// What a feed said stays in force, whatever a file says: it is followed from a start on.
fn follows(first: &Configuration, new: &Configuration) -> bool {
    [first, new]
        .iter()
        .any(|configuration| matches!(configuration.policy, PolicySource::Feed(_)))
}
