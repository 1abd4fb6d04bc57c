//! The immutable whole that one request sees: configuration compiled into a table of routes, ready to be swapped in.
//!
//! Compiled off the workers. Whatever can be looked up, resolved or written once is done here, not per request.

use crate::configuration::{Action, Configuration, Origin, Route};
use crate::enforcement::{Enforced, PolicyError};
use crate::upstream::{TlsError, Upstream, Upstreams};
use crate::usage::{AccessLog, Metrics, RouteHandle};
use policy::method::MethodSet;
use policy::path::{Table, TableBuilder};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Why a checked configuration cannot be put to use on this machine.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// TLS towards an upstream.
    #[error("an upstream cannot be set up: {0}")]
    Upstream(#[from] TlsError),
    /// The access log's file.
    #[error("the access log cannot be opened: {0}")]
    AccessLog(#[from] std::io::Error),
    /// The policy.
    #[error("{0}")]
    Policy(#[from] PolicyError),
}

/// What one request sees.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// What the file says, less its routes, which are in the table.
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) table: Arc<Table<PathGroup>>,
    pub(crate) access_log: AccessLog,
    /// Who may call; `None`: everybody.
    pub(crate) enforced: Option<Enforced>,
}

/// The routes of one (host, shape of pattern).
#[derive(Debug, Default)]
pub(crate) struct PathGroup {
    pub(crate) routes: Vec<Arc<CompiledRoute>>,
}

impl PathGroup {
    /// With room for one, which is what nearly all have.
    fn of_one() -> PathGroup {
        PathGroup {
            routes: Vec::with_capacity(1),
        }
    }

    /// The methods that the path has, for 405. Not kept: as text it would outweigh the route.
    pub(crate) fn methods(&self) -> MethodSet {
        let all = MethodSet::default();
        self.routes
            .iter()
            .fold(all, |all, route| all.union(route.route.methods))
    }
}

/// A route with everything resolved that a request would otherwise look up.
#[derive(Debug)]
pub(crate) struct CompiledRoute {
    pub(crate) route: Route,
    pub(crate) metrics: RouteHandle,
    /// Where to; `None` for fixed answers.
    pub(crate) upstream: Option<Arc<Upstream>>,
}

impl Snapshot {
    /// Compiles. Upstreams that are known already are used again, with their connections; so is the access log where
    /// its settings are those of `before`.
    pub(crate) fn compile(
        mut configuration: Configuration,
        enforced: Option<Enforced>,
        before: Option<&Snapshot>,
        upstreams: &Upstreams,
        metrics: &Arc<Metrics>,
    ) -> Result<Snapshot, CompileError> {
        let mut origins: HashMap<Arc<Origin>, Arc<Upstream>> = HashMap::new();
        let mut table = TableBuilder::<PathGroup>::new();
        for route in std::mem::take(&mut configuration.routes) {
            let upstream = match &route.action {
                Action::Forward(forward) => Some(match origins.entry(Arc::clone(&forward.origin)) {
                    Entry::Occupied(known) => Arc::clone(known.get()),
                    Entry::Vacant(new) => Arc::clone(new.insert(upstreams.intern(&forward.origin)?)),
                }),
                Action::Redirect(_) | Action::Respond(_) => None,
            };
            let group = table.entry(route.host.as_ref(), &route.pattern, PathGroup::of_one);
            let metrics = metrics.route(&route.name);
            group.routes.push(Arc::new(CompiledRoute {
                route,
                metrics,
                upstream,
            }));
        }
        upstreams.forget_unused();
        let access_log = match before {
            Some(before) if same_log(&before.configuration, &configuration) => before.access_log.clone(),
            _ => AccessLog::start(
                &configuration.access_log,
                &configuration.access_log_fields,
                metrics,
            )?,
        };
        Ok(Snapshot {
            configuration: Arc::new(configuration),
            table: Arc::new(table.build()),
            access_log,
            enforced,
        })
    }

    /// The same under another policy: routes are not compiled again.
    pub(crate) fn under(&self, enforced: Option<Enforced>) -> Snapshot {
        Snapshot {
            configuration: Arc::clone(&self.configuration),
            table: Arc::clone(&self.table),
            access_log: self.access_log.clone(),
            enforced,
        }
    }
}

impl Snapshot {
    /// All routes, in no order that means anything.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &Route> {
        self.table
            .entries()
            .flat_map(|entry| &entry.value.routes)
            .map(|compiled| &compiled.route)
    }
}

fn same_log(before: &Configuration, now: &Configuration) -> bool {
    before.access_log == now.access_log && before.access_log_fields == now.access_log_fields
}
