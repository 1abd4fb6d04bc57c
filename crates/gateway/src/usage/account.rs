//! What is learned of a request on its way, in memory that is reused from request to request.
//!
//! Filled by every step, turned into exactly one `Record` when the request ends, however it ends.

use super::{Broken, Record};
use crate::http1::Version;
use crate::response::Reject;
use crate::snapshot::CompiledRoute;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How much of a field the account keeps, in bytes; a longer one is cut.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// The account of one request.
#[derive(Debug)]
pub(crate) struct Account {
    /// Whether a byte of the request was read and its record is still to be written.
    pub(crate) open: bool,
    pub(crate) started: Instant,
    pub(crate) upstream: Duration,
    pub(crate) client: IpAddr,
    pub(crate) version: Option<Version>,
    pub(crate) method: Vec<u8>,
    pub(crate) host: Vec<u8>,
    pub(crate) path: Vec<u8>,
    pub(crate) user_agent: Vec<u8>,
    pub(crate) request_id: String,
    pub(crate) trace_id: String,
    pub(crate) route: Option<Arc<CompiledRoute>>,
    pub(crate) api: Vec<u8>,
    pub(crate) client_id: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) reject: Option<Reject>,
    pub(crate) detail: Option<String>,
    pub(crate) broken: Option<Broken>,
    pub(crate) endpoint: Option<SocketAddr>,
    pub(crate) tries: u32,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl Account {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            open: false,
            started: Instant::now(),
            upstream: Duration::ZERO,
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            version: None,
            method: Vec::new(),
            host: Vec::new(),
            path: Vec::new(),
            user_agent: Vec::new(),
            request_id: String::new(),
            trace_id: String::new(),
            route: None,
            api: Vec::new(),
            client_id: Vec::new(),
            status: 0,
            reject: None,
            detail: None,
            broken: None,
            endpoint: None,
            tries: 0,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Forgets the last request; the first byte of the next was read at `started`.
    pub(crate) fn begin(&mut self, started: Instant, peer: IpAddr) {
        self.open = false;
        self.started = started;
        self.upstream = Duration::ZERO;
        self.client = peer;
        self.version = None;
        self.method.clear();
        self.host.clear();
        self.path.clear();
        self.user_agent.clear();
        self.request_id.clear();
        self.trace_id.clear();
        self.route = None;
        self.api.clear();
        self.client_id.clear();
        self.status = 0;
        self.reject = None;
        self.detail = None;
        self.broken = None;
        self.endpoint = None;
        self.tries = 0;
        self.bytes_in = 0;
        self.bytes_out = 0;
    }

    /// The record, as of `now`.
    pub(crate) fn record(&self, now: Instant) -> Record<'_> {
        let duration = now.saturating_duration_since(self.started);
        Record {
            started: self.started,
            duration,
            upstream: self.upstream.min(duration),
            client: self.client,
            version: self.version,
            method: &self.method,
            host: &self.host,
            path: &self.path,
            user_agent: &self.user_agent,
            request_id: &self.request_id,
            trace_id: &self.trace_id,
            route: self.route.as_ref().map(|route| &*route.route.name),
            api: &self.api,
            client_id: &self.client_id,
            status: self.status,
            reject: self.reject,
            detail: self.detail.as_deref(),
            broken: self.broken,
            endpoint: self.endpoint,
            tries: self.tries,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
        }
    }
}

/// Keeps a bounded copy of `value`.
pub(crate) fn keep(text: &mut Vec<u8>, value: &[u8]) {
    text.clear();
    text.extend_from_slice(&value[..value.len().min(TEXT_BYTES_MAX)]);
}
