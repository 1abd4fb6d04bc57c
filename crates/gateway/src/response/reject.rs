//! Every refusal and failure that the gateway answers with, in one closed type. `docs/errors.md` is generated from it.
//!
//! `code` is the answer's `error` member and stable; `message` is what the caller may know; details for the
//! operator travel beside a `Reject` in the usage record, never in it.

use std::fmt;

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller must change the request.
    Client,
    /// The gateway's operator must act.
    Gateway,
    /// The upstream failed.
    Upstream,
}

/// A refusal or a failure. `ALL` lists one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reject {
    /// 400: breaks a rule of RFC 9110 or 9112; the sentence says which.
    RequestMalformed(&'static str),
    /// 400: the path has no canonical form.
    PathNotCanonical(&'static str),
    /// 404.
    RouteNotFound,
    /// 405; the answer's Allow comes from the route table.
    MethodNotAllowed,
    /// 408: the head or the body did not come in time.
    RequestTimeout,
    /// 413.
    BodyTooLarge,
    /// 414.
    TargetTooLong,
    /// 417.
    ExpectationFailed,
    /// 431.
    HeadTooLarge(&'static str),
    /// 501: CONNECT, TRACE, or longer than any method.
    MethodNotImplemented,
    /// 501: WebSocket and other upgrades.
    UpgradeNotSupported,
    /// 505.
    VersionNotSupported,
    /// 503: `connections_max`.
    ConnectionsExhausted,
    /// 508: our own Via came back.
    LoopDetected,
    /// 502: the name did not resolve.
    UpstreamUnresolved,
    /// 502: every address it resolved to is one that must not be dialled.
    UpstreamForbidden,
    /// 502.
    UpstreamRefused,
    /// 504: not connected within `connect_ms`.
    UpstreamConnectTimeout,
    /// 502: TLS failed, certificate included.
    UpstreamTls,
    /// 502: closed or reset before a whole head.
    UpstreamClosed,
    /// 502: what it sent is not HTTP/1.1.
    UpstreamMalformed(&'static str),
    /// 504: no head within `head_ms`.
    UpstreamTimeout,
    /// 504: `total_ms`.
    TotalTimeout,
}

impl Reject {
    /// The status.
    pub fn status(self) -> u16 {
        todo!()
    }
    /// The stable code, snake_case.
    pub fn code(self) -> &'static str {
        todo!()
    }
    /// One sentence for the caller.
    pub fn message(self) -> &'static str {
        todo!()
    }
    /// Whose fault.
    pub fn fault(self) -> Fault {
        todo!()
    }
    /// The RFC 9209 §2.3 error type.
    pub fn proxy_error(self) -> &'static str {
        todo!()
    }
    /// Whether the connection is closed behind the answer.
    pub fn closes(self) -> bool {
        todo!()
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}
