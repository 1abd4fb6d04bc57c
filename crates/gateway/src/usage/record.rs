//! What is known of a request at its end. Borrowed from the exchange's buffers: writing it down copies, making it does not.

use crate::http1::Version;
use crate::response::Reject;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// One request, at its end.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When its first byte was read.
    pub started: Instant,
    /// From the first byte read to the last byte written.
    pub duration: Duration,
    /// The part of `duration` spent waiting for the upstream (connect, head, body).
    pub upstream: Duration,
    /// The client's address (from a trusted edge: the one that the edge names).
    pub client: IpAddr,
    /// The client's version; `None` where the head was refused before it was known.
    pub version: Option<Version>,
    /// The method's token; empty where the head was refused before it was read.
    pub method: &'a [u8],
    /// The Host field; empty where unknown.
    pub host: &'a [u8],
    /// The canonical path where there is one, else the raw one; without query, which may hold secrets.
    pub path: &'a [u8],
    /// The User-Agent field; empty where there is none.
    pub user_agent: &'a [u8],
    /// The request id.
    pub request_id: &'a str,
    /// The trace id, 32 hex digits; empty where there is none.
    pub trace_id: &'a str,
    /// The route's name; `None` where none was chosen.
    pub route: Option<&'a str>,
    /// The API of the policy that the request belongs to, by its id; empty where there is none.
    pub api: &'a [u8],
    /// The client that it turned out to be, by its id; empty where there is none, or none was found.
    pub client_id: &'a [u8],
    /// What was answered; 0 where the client left before an answer.
    pub status: u16,
    /// The gateway's own refusal, where it made the answer.
    pub reject: Option<Reject>,
    /// For the operator: what exactly went wrong.
    pub detail: Option<&'a str>,
    /// The answer was begun and then broke off.
    pub broken: Option<Broken>,
    /// The address that was used.
    pub endpoint: Option<SocketAddr>,
    /// Connections on which the request was sent or was to be sent.
    pub tries: u32,
    /// Request body bytes, decoded.
    pub bytes_in: u64,
    /// Response body bytes, decoded.
    pub bytes_out: u64,
}

/// Why a response that had begun did not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The client closed, reset, or did not read for `idle_ms`.
    Client,
    /// The upstream closed, reset, lied about its framing or stalled for `idle_ms`.
    Upstream,
    /// `total_ms`, or the drain deadline.
    Gateway,
}

impl Broken {
    /// One of each.
    pub const ALL: [Broken; 3] = [Broken::Client, Broken::Upstream, Broken::Gateway];

    /// The stable code, for the access log's `error` where no `Reject` says more.
    pub fn code(self) -> &'static str {
        match self {
            Broken::Client => "broken_by_client",
            Broken::Upstream => "broken_by_upstream",
            Broken::Gateway => "broken_by_gateway",
        }
    }
}
