//! One worker's idle upstream connections. Last in, first out, so that a burst's extra connections age and go.
//!
//! A connection comes back only after a complete answer with nothing behind it, and is used again only if the
//! upstream neither closed it nor wrote to it meanwhile.

use crate::http1::{FieldRef, Known};
use crate::io::Transport;
use crate::usage::OpenUpstream;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long an idle connection is kept. Below what common servers grant (nginx 75 s, Node 5 s says so in `Keep-Alive`).
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How many idle connections an upstream may have per worker.
const IDLE_COUNT_MAX: usize = 256;
/// What is taken off an upstream's own `Keep-Alive: timeout`, so that we are first to let go.
const MARGIN: Duration = Duration::from_secs(1);

/// A connection that may be used again.
#[derive(Debug)]
pub(crate) struct Pooled {
    pub(crate) transport: Transport,
    pub(crate) endpoint: SocketAddr,
    /// Not used from here on.
    pub(crate) until: Instant,
    /// Counts it as open.
    pub(crate) _open: OpenUpstream,
}

/// All idle connections of a worker, under their upstream's id.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: RefCell<HashMap<u64, Vec<Pooled>>>,
}

impl Pool {
    /// The freshest usable connection.
    pub(crate) fn take(&self, upstream: u64, now: Instant) -> Option<Pooled> {
        let mut idle = self.idle.borrow_mut();
        let connections = idle.get_mut(&upstream)?;
        while let Some(pooled) = connections.pop() {
            if pooled.until > now && !pooled.transport.is_disturbed() {
                return Some(pooled);
            }
        }
        None
    }

    /// Keeps a connection; over the limit, or out of time, it is closed instead.
    pub(crate) fn put(&self, upstream: u64, pooled: Pooled) {
        let mut idle = self.idle.borrow_mut();
        let connections = idle.entry(upstream).or_default();
        if connections.len() < IDLE_COUNT_MAX {
            connections.push(pooled);
        }
    }

    /// Closes what is out of time or disturbed.
    pub(crate) fn sweep(&self, now: Instant) {
        self.idle.borrow_mut().retain(|_, connections| {
            connections.retain(|pooled| pooled.until > now && !pooled.transport.is_disturbed());
            !connections.is_empty()
        });
    }

    /// Whether there is nothing to sweep.
    pub(crate) fn is_empty(&self) -> bool {
        self.idle.borrow().is_empty()
    }
}

/// How long this upstream lets a connection idle: our own limit, or less where its `Keep-Alive: timeout=N` says so.
pub(crate) fn idle_limit<'a>(fields: impl Iterator<Item = FieldRef<'a>>) -> Duration {
    let told = fields
        .filter(|field| field.known == Known::KeepAlive)
        .find_map(|field| timeout_s(field.value));
    told.map_or(IDLE_MAX, |seconds| {
        Duration::from_secs(seconds).saturating_sub(MARGIN).min(IDLE_MAX)
    })
}

fn timeout_s(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    text.split(',')
        .find_map(|part| part.trim().strip_prefix("timeout=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(value: &'static str) -> Duration {
        let field = FieldRef {
            name: b"Keep-Alive",
            value: value.as_bytes(),
            known: Known::KeepAlive,
        };
        idle_limit([field].into_iter())
    }

    #[test]
    fn an_upstreams_own_limit_is_kept_with_a_margin() {
        assert_eq!(limit("timeout=5, max=100"), Duration::from_secs(4));
        assert_eq!(limit("max=100, timeout=1"), Duration::ZERO);
        assert_eq!(limit("timeout=3600"), IDLE_MAX);
        assert_eq!(limit("nonsense"), IDLE_MAX);
        assert_eq!(idle_limit(std::iter::empty()), IDLE_MAX);
    }
}
