//! A whole gateway in this process: data plane, admin port and reload, wired together.

use ::gateway::admin::{Admin, Facts, Phase, PolicyView, Readiness, Surface};
use ::gateway::configuration::{self, Checked, Severity, masked};
use ::gateway::fleet::Reports;
use ::gateway::reload::{self, Outcomes, Watch};
use ::gateway::usage::Metrics;
use ::gateway::{Bound, Controls, Gateway, Parts};
use anyhow::Context as _;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What serves until it is drained.
pub(crate) struct Serving {
    gateway: Gateway,
    facts: Arc<Facts>,
    addresses: Vec<SocketAddr>,
    admin_address: Option<SocketAddr>,
    watch: Option<Watch>,
    policy_watch: Arc<PolicyWatch>,
    _reports: Option<Reports>,
    // Ends last: `/ready` says that the gateway drains while it does.
    _admin: Option<Admin>,
}

impl Serving {
    /// Binds, starts and watches `file`, where there is one.
    pub(crate) fn start(checked: Checked, file: Option<PathBuf>) -> anyhow::Result<Serving> {
        let configuration = checked
            .configuration
            .context("a configuration with errors is not served")?;
        let token = configuration.admin_token.clone();
        let mut bound = Bound::bind(&configuration)?;
        let (admin, health) = (bound.admin.take(), bound.health.take());
        let admin_address = admin.as_ref().map(|(_, address)| *address);
        let health_address = health.as_ref().map(|(_, address)| *address);
        let addresses = bound.addresses.clone();
        let metrics = Arc::new(Metrics::default());
        let gateway = Gateway::start(bound, configuration, Parts::new(Arc::clone(&metrics)))?;

        let controls = gateway.controls();
        let outcomes = Outcomes::started(&checked.hash, SystemTime::now(), show(&controls));
        let facts = Arc::new(Facts {
            readiness: Readiness::default(),
            outcomes,
            policy: policy_view(&controls),
            metrics,
        });
        let ports = [(admin, Surface::Admin), (health, Surface::Health)];
        let ports = ports
            .into_iter()
            .filter_map(|(port, surface)| Some((port?.0, surface)))
            .collect::<Vec<_>>();
        let admin = if ports.is_empty() {
            None
        } else {
            Some(
                Admin::start(ports, Arc::clone(&facts), token.as_deref())
                    .context("cannot start the admin port")?,
            )
        };
        let policy_watch = Arc::new(PolicyWatch {
            controls: Arc::clone(&controls),
            facts: Arc::clone(&facts),
            watching: Mutex::default(),
        });
        policy_watch.follow();
        let watch = file
            .map(|file| watch(&file, &checked.hash, controls, Arc::clone(&facts), &policy_watch))
            .transpose()?;
        let told = Arc::clone(&facts);
        let reports = gateway
            .controls()
            .report_to_fleet(move || told.outcomes.latest().hash.to_string());
        let reports = reports.context("cannot start to report")?;
        facts.readiness.enter(Phase::Serving);
        tracing::info!(policy = %facts.policy.shown(), "who may call");
        announce(&addresses, admin_address, health_address);
        Ok(Serving {
            gateway,
            facts,
            addresses,
            admin_address,
            watch,
            policy_watch,
            _reports: reports,
            _admin: admin,
        })
    }

    /// The real addresses of the listeners.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The real address of the admin port, where there is one.
    pub(crate) fn admin(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// SIGHUP: read the file anew, and open the log anew.
    pub(crate) fn hang_up(&self) {
        self.gateway.controls().reopen_access_log();
        if let Some(watch) = &self.watch {
            watch.trigger();
        }
    }

    /// Ends; whether every request was finished.
    pub(crate) fn drain(self) -> bool {
        let Serving {
            gateway,
            facts,
            watch,
            policy_watch,
            _admin,
            ..
        } = self;
        facts.readiness.enter(Phase::Draining);
        tracing::info!("draining: finishing what is in flight");
        // A reload has no business in a gateway that ends.
        drop(watch);
        policy_watch.end();
        let whole = gateway.drain();
        if whole {
            tracing::info!("drained");
        } else {
            tracing::warn!("the drain deadline (drain_ms) cut requests that were in flight");
        }
        whole
    }
}

/// One line with each real address, as port 0 may have been asked for.
fn announce(addresses: &[SocketAddr], admin: Option<SocketAddr>, health: Option<SocketAddr>) {
    let listen = addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let text = |address: Option<SocketAddr>| address.map(|address| address.to_string());
    tracing::info!(listen, admin = text(admin), health = text(health), "listening");
}

/// The configuration in force, without its secrets.
fn show(controls: &Arc<Controls>) -> impl Fn() -> Value + Send + Sync + 'static {
    let controls = Arc::clone(controls);
    move || masked(&controls.configuration())
}

/// Which policy is in force.
fn policy_view(controls: &Arc<Controls>) -> PolicyView {
    let controls = Arc::clone(controls);
    PolicyView::new(move || controls.policy())
}

/// The watch of the policy's own file, whichever the configuration in force names.
struct PolicyWatch {
    controls: Arc<Controls>,
    facts: Arc<Facts>,
    watching: Mutex<Option<(PathBuf, Watch)>>,
}

impl PolicyWatch {
    /// Watches the file that is named now.
    fn follow(&self) {
        let named = self.controls.policy_file();
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if watching.as_ref().map(|(path, _)| path) == named.as_ref().map(|(path, _)| path) {
            return;
        }
        let watch = named.and_then(|(path, known)| {
            let (controls, facts) = (Arc::clone(&self.controls), Arc::clone(&self.facts));
            let watch = reload::watch(&path, &known, move |_| reload_policy(&controls, &facts));
            match watch {
                Ok(watch) => Some((path, watch)),
                Err(error) => {
                    tracing::error!(%error, file = %path.display(), "the policy cannot be watched; SIGHUP reloads it");
                    None
                }
            }
        });
        let former = std::mem::replace(&mut *watching, watch);
        // Ending one waits for what it is at.
        drop(watching);
        drop(former);
    }

    /// Watches nothing any more.
    fn end(&self) {
        let former = self
            .watching
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(former);
    }
}

fn reload_policy(controls: &Controls, facts: &Facts) {
    let now = SystemTime::now();
    match controls.reload_policy() {
        Ok(()) => {
            let revision = facts.outcomes.policy_applied(now);
            facts.metrics.reloaded(true, now);
            tracing::info!(revision, "the changed policy is in force");
        }
        Err(error) => {
            tracing::error!("the former policy stays in force: {error}");
            facts
                .outcomes
                .policy_failed(error.to_string(), error.problems(), now);
            facts.metrics.reloaded(false, now);
        }
    }
}

fn watch(
    file: &Path,
    known: &str,
    controls: Arc<Controls>,
    facts: Arc<Facts>,
    policy_watch: &Arc<PolicyWatch>,
) -> anyhow::Result<Watch> {
    let path = file.to_owned();
    let policy_watch = Arc::clone(policy_watch);
    let on_change = move |_| {
        let now = SystemTime::now();
        match reload(&path, &controls) {
            Ok(hash) => {
                let revision = facts.outcomes.applied(&hash, now, show(&controls));
                facts.metrics.reloaded(true, now);
                policy_watch.follow();
                tracing::info!(revision, hash, "the changed configuration is in force");
            }
            Err(Refused { message, problems }) => {
                tracing::error!("the former configuration stays in force: {message}");
                facts.outcomes.failed(message, problems, now);
                facts.metrics.reloaded(false, now);
            }
        }
    };
    reload::watch(file, known, on_change).with_context(|| format!("cannot watch {}", file.display()))
}

/// Why a changed file was not taken over.
struct Refused {
    message: String,
    problems: Value,
}

/// Reads, checks and swaps; the same checks as at the start. Returns the hash of what is in force now.
fn reload(file: &Path, controls: &Controls) -> Result<String, Refused> {
    let refused = |message: String| Refused {
        message,
        problems: Value::Null,
    };
    let mut checked =
        configuration::load(file).map_err(|error| refused(format!("{:#}", anyhow::Error::new(error))))?;
    let Some(configuration) = checked.configuration.take() else {
        let errors = checked
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .count();
        let plural = if errors == 1 { "" } else { "s" };
        let message = format!(
            "{} has {errors} error{plural}:\n{}",
            file.display(),
            checked.render_plain().trim_end()
        );
        return Err(Refused {
            message,
            problems: checked.to_json(),
        });
    };
    controls.reload(configuration).map_err(|error| Refused {
        problems: error.problems(),
        message: error.to_string(),
    })?;
    Ok(checked.hash)
}
