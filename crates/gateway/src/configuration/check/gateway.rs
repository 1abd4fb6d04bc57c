//! The top of the file: every section in turn, and defaults for what is not there.

use super::Checker;
use super::reach::Reach;
use crate::configuration::decode::{At, Int, Slot, Text};
use crate::configuration::model::{Configuration, Timeouts};
use crate::configuration::source::Span;
use crate::configuration::wire;
use crate::http1::HeadLimits;
use std::sync::Arc;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(1);
const HEAD: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(60);
const DRAIN: Duration = Duration::from_secs(30);
const DRAIN_IDLE: Duration = Duration::from_secs(1);
const HEAD_BYTES_MAX: usize = 65_536;
const HEADER_COUNT_MAX: usize = 100;
const CONNECTIONS_MAX: usize = 65_536;
const WORKERS_MAX: usize = 256;
/// Most bytes of an id (contract §2).
const ID_BYTES_MAX: usize = 128;
/// Names the cell where the file does not.
const CELL_VARIABLE: &str = "SWITCHBOARD_CELL";

/// The internal form. It is complete only where no error was reported.
pub(in crate::configuration) fn check(checker: &mut Checker<'_>, gateway: &wire::Gateway) -> Configuration {
    let listeners = checker.listeners(gateway);
    checker.allowed_targets(&gateway.allow_targets, listeners.own());
    let trusted_edges = checker.trusted_edges(&gateway.trusted_edges);
    let timeouts = checker.timeouts(&gateway.timeouts, defaults());
    let routes = checker.routes(&gateway.routes, timeouts);
    let aggregations = checker.aggregations(gateway, &routes);
    let reach = Reach::of(gateway, &routes, &aggregations);
    let auth = checker.auth(gateway, reach.as_ref());
    checker.rate_limiting(gateway, reach.as_ref());
    checker.transformations(gateway, reach.as_ref());
    let policy = checker.policy_source(gateway, auth);
    checker.federated(gateway);
    let (access_log, access_log_fields) = checker.access_log(&gateway.access_log);
    let drain = milliseconds(&gateway.drain_ms).unwrap_or(DRAIN);
    let drain_idle = milliseconds(&gateway.drain_idle_ms).unwrap_or(DRAIN_IDLE.min(drain));
    checker.drain(gateway, drain, drain_idle);
    Configuration {
        listen: listeners.listen,
        admin: listeners.admin,
        health: listeners.health,
        admin_token: listeners.admin_token,
        access_log,
        access_log_fields,
        targets: Arc::new(std::mem::take(&mut checker.targets)),
        trusted_edges,
        timeouts,
        head_limits: HeadLimits {
            head_bytes_max: count(&gateway.head_bytes_max).unwrap_or(HEAD_BYTES_MAX),
            header_count_max: count(&gateway.header_count_max).unwrap_or(HEADER_COUNT_MAX),
        },
        connections_max: count(&gateway.connections_max).unwrap_or(CONNECTIONS_MAX),
        workers: count(&gateway.workers).unwrap_or_else(cores),
        drain,
        drain_idle,
        cell: checker.cell(&gateway.cell),
        fleet: checker.fleet(gateway, &policy),
        policy,
        environment: gateway.environment.get().map(|at| (*at.value).into()),
        failed_credentials: checker.failed_credentials(gateway),
        state_dir: checker.state_directory(gateway),
        routes,
        written: Arc::default(),
    }
}

fn defaults() -> Timeouts {
    Timeouts {
        connect: CONNECT,
        head: HEAD,
        idle: IDLE,
        total: None,
    }
}

fn cores() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(WORKERS_MAX)
}

/// A number of things in memory; its bound is far below what `usize` holds.
fn count<const MIN: u64, const MAX: u64>(slot: &Slot<Int<MIN, MAX>>) -> Option<usize> {
    slot.get().and_then(|at| usize::try_from(at.value.0).ok())
}

fn milliseconds<const MIN: u64, const MAX: u64>(slot: &Slot<Int<MIN, MAX>>) -> Option<Duration> {
    slot.get().map(|at| Duration::from_millis(at.value.0))
}

impl Checker<'_> {
    /// Time limits, with `defaults` laid under them.
    pub(super) fn timeouts(&mut self, slot: &Slot<wire::Timeouts>, defaults: Timeouts) -> Timeouts {
        let Some(At { value: given, .. }) = slot.get() else {
            return defaults;
        };
        let timeouts = Timeouts {
            connect: milliseconds(&given.connect_ms).unwrap_or(defaults.connect),
            head: milliseconds(&given.head_ms).unwrap_or(defaults.head),
            idle: milliseconds(&given.idle_ms).unwrap_or(defaults.idle),
            total: match given.total_ms.get() {
                Some(total) => total.value.0.map(Duration::from_millis),
                None => defaults.total,
            },
        };
        self.total_is_longest(given, timeouts);
        timeouts
    }

    /// A limit that another one always ends first has no effect.
    fn total_is_longest(&mut self, given: &wire::Timeouts, timeouts: Timeouts) {
        let Some(total) = timeouts.total else { return };
        let mut warn = |key: Option<Span>, name: &str, limit: Duration| {
            if let Some(key) = key.filter(|_| limit > total) {
                let message = format!("`{name}` has no effect: `total_ms` ends the exchange before it");
                self.problems
                    .warning(key, message)
                    .help(format!("write at most {}", total.as_millis()));
            }
        };
        warn(given.connect_ms.key(), "connect_ms", timeouts.connect);
        warn(given.head_ms.key(), "head_ms", timeouts.head);
        warn(given.idle_ms.key(), "idle_ms", timeouts.idle);
    }

    fn drain(&mut self, gateway: &wire::Gateway, drain: Duration, idle: Duration) {
        if idle <= drain {
            return;
        }
        if let Some(key) = gateway.drain_idle_ms.key() {
            let message = format!("`drain_idle_ms` ({}) is longer than `drain_ms`", idle.as_millis());
            self.problems
                .error(key, message)
                .help(format!("write at most {}", drain.as_millis()));
        }
    }

    fn cell(&mut self, slot: &Slot<Text>) -> Option<Arc<str>> {
        let Some(cell) = slot.get() else {
            return self.cell_of_process();
        };
        self.id(cell, "a cell");
        Some((*cell.value).into())
    }

    /// A cell is where a process runs, and the same file may be deployed into each.
    fn cell_of_process(&mut self) -> Option<Arc<str>> {
        let cell = self.environment.variable(CELL_VARIABLE)?;
        let named = cell.to_str().filter(|cell| is_id(cell));
        if named.is_none() {
            let message = format!("the variable {CELL_VARIABLE} is not the name of a cell");
            self.problems
                .error(Span::default(), message)
                .help("use letters, digits, `.` and `-`, or unset it");
        }
        named.map(Arc::from)
    }

    /// Ids are what can stand in a header, a path and a file name alike (policy: `[A-Za-z0-9.-]+`).
    pub(super) fn id(&mut self, id: &At<Text>, what: &str) {
        if !is_id(&id.value) {
            let message = format!("{} is not the name of {what}", id.value.shown());
            self.problems
                .error(id.span, message)
                .help("use letters, digits, `.` and `-`");
        }
    }
}

fn is_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits)
}
