//! The internal form of a gateway's configuration: checked, resolved, with defaults filled in. No wire type is in it.

use super::access::{Fleet, PolicySource};
use crate::upstream::TargetRules;
use ipnet::IpNet;
use policy::method::MethodSet;
use policy::path::{HostPattern, PathPrefix, Pattern};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a gateway's file says.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// At least one; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Where metrics and configuration are served; off where absent.
    pub admin: Option<SocketAddr>,
    /// A second address that serves `/live` and `/ready` alone.
    pub health: Option<SocketAddr>,
    /// A file whose content is the bearer token of the admin port for peers that are not loopback.
    pub admin_token: Option<Arc<str>>,
    /// Where the access log goes.
    pub access_log: AccessLog,
    /// What an access-log line holds, in order.
    pub access_log_fields: Arc<[LogField]>,
    /// Which addresses may be dialled.
    pub targets: Arc<TargetRules>,
    /// From whom forwarded, cell and trace headers are believed.
    pub trusted_edges: Arc<[IpNet]>,
    /// Defaults for routes.
    pub timeouts: Timeouts,
    /// Request heads: bytes and fields.
    pub head_limits: crate::http1::HeadLimits,
    /// Client connections over all listeners and workers; one more is answered 503 and closed.
    pub connections_max: usize,
    /// Worker threads; default: the number of cores.
    pub workers: usize,
    /// After SIGTERM: how long requests in flight may take.
    pub drain: Duration,
    /// After SIGTERM: how long an idle connection stays open for one more request.
    pub drain_idle: Duration,
    /// The cell that this gateway serves.
    pub cell: Option<Arc<str>>,
    /// Where policy comes from.
    pub policy: PolicySource,
    /// To whom this gateway reports; to nobody where absent.
    pub fleet: Option<Fleet>,
    /// The environment whose floor is taken, where one is named.
    pub environment: Option<Box<str>>,
    /// Failed credentials a minute that a client address has; without end where absent.
    pub failed_credentials: Option<NonZeroU32>,
    /// Where key sets that were fetched outlive a restart; nowhere where absent.
    pub state_dir: Option<PathBuf>,
    /// In file order.
    pub routes: Vec<Route>,
    /// Values that came, in part at least, out of the environment or a file → as they were written. What is shown to
    /// anybody shows the latter.
    pub written: Arc<HashMap<Box<str>, Box<str>>>,
}

/// Where the access log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessLog {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// Appended to this file; opened anew on SIGHUP.
    File(PathBuf),
}

/// One member of an access-log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    missing_docs,
    reason = "docs/operations.md describes each under its JSON name"
)]
pub enum LogField {
    Time,
    RequestId,
    TraceId,
    ClientIp,
    Method,
    Host,
    Path,
    Route,
    Api,
    ClientId,
    Status,
    Error,
    Detail,
    Upstream,
    BytesIn,
    BytesOut,
    DurationUs,
    UpstreamUs,
    Tries,
    UserAgent,
    Protocol,
}

/// Default time limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name resolution, TCP and TLS together.
    pub connect: Duration,
    /// From the last request byte sent (or the last 1xx) to the end of the upstream's head; also: from a request's first byte to the end of its head.
    pub head: Duration,
    /// Without a byte in either direction, once a head is through; also an idle client connection.
    pub idle: Duration,
    /// Over the whole exchange; off where absent.
    pub total: Option<Duration>,
}

/// A route's own limits after the defaults were laid under them.
pub type RouteTimeouts = Timeouts;

/// One route.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name in logs, metrics and `explain`: `host/pattern` as written, made unique by its methods.
    pub name: Arc<str>,
    /// Which hosts; every host where absent.
    pub host: Option<HostPattern>,
    /// Which paths.
    pub pattern: Pattern,
    /// Which methods.
    pub methods: MethodSet,
    /// What is done.
    pub action: Action,
    /// `%2F` in the path.
    pub encoded_slash: EncodedSlash,
    /// `;` in the path.
    pub path_parameters: PathParameters,
    /// Request body bytes.
    pub body_bytes_max: u64,
    /// Time limits.
    pub timeouts: Arc<RouteTimeouts>,
    /// Line of the file that it begins in, for `explain`.
    pub line: usize,
}

/// Whether an encoded slash passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodedSlash {
    /// 400.
    Refuse,
    /// Passed on as `%2F`.
    Keep,
}

/// Whether path parameters (`;`, `%3B`) pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathParameters {
    /// 400.
    Refuse,
    /// Passed on as they are.
    Keep,
}

/// What a route does; exactly one.
#[derive(Debug, Clone)]
pub enum Action {
    /// To an upstream.
    Forward(Box<Forward>),
    /// Answered with a Location.
    Redirect(Box<Redirect>),
    /// Answered with a fixed response.
    Respond(Box<Respond>),
}

/// To an upstream.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Where to; routes with equal origins share connections.
    pub origin: Arc<Origin>,
    /// The private API that the origin is, where it is one.
    pub private_api: Option<Box<PrivateApi>>,
    /// Taken off the front of the path.
    pub strip_prefix: Option<PathPrefix>,
    /// Put before it, after the strip; a path in the upstream's URL, or a private API's stage, stands before this one and
    /// is in here already.
    pub add_prefix: Option<PathPrefix>,
    /// Keep the client's Host.
    pub preserve_host: bool,
    /// Further tries.
    pub retries: Retries,
    /// Set on the upstream request, in order, after everything else; names were checked.
    pub request_headers: Vec<(Box<str>, Box<str>)>,
    /// Set on the response.
    pub response_headers: Vec<(Box<str>, Box<str>)>,
}

/// Whether the operator sets this field, so that nobody else's passes.
pub(crate) fn is_set(set: &[(Box<str>, Box<str>)], name: &[u8]) -> bool {
    set.iter()
        .any(|(own, _)| own.as_bytes().eq_ignore_ascii_case(name))
}

/// How often a request that was sent may be sent again. One that was never sent always may, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retries {
    /// Further tries of an idempotent request whose connection broke before any byte of an answer; 0 to 5.
    pub attempts: u32,
}

/// Where connections of an upstream go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// A DNS name (lower case) or an IP literal without brackets: what SNI says and the certificate has to be for.
    pub host: Box<str>,
    /// The DNS name (lower case) that is resolved and dialled in place of `host`: a private API's VPC endpoint.
    pub via: Option<Box<str>>,
    /// The port.
    pub port: u16,
    /// The Host field: `host` with the port unless it is the scheme's own, or that of a VPC endpoint.
    pub authority: Box<str>,
    /// Trusted in place of the system's roots, PEM; `https` only.
    pub ca: Option<PathBuf>,
}

impl Origin {
    /// What is resolved and dialled.
    pub fn dialled(&self) -> &str {
        self.via.as_deref().unwrap_or(&self.host)
    }
}

/// A private REST API of API Gateway, as the file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateApi {
    /// As in `eu-west-1`.
    pub region: Box<str>,
    /// Its id.
    pub api_id: Box<str>,
    /// Its stage, the first segment of every path that is sent.
    pub stage: Box<str>,
    /// The VPC endpoint as it was written, with a port or without.
    pub vpc_endpoint: Box<str>,
}

impl PrivateApi {
    /// The one name that is its own: made of region and id alone, so that nothing in a file can lay another's name over
    /// an endpoint that many APIs share.
    pub fn host(&self) -> String {
        let suffix = match self.region.starts_with("cn-") {
            true => "amazonaws.com.cn",
            false => "amazonaws.com",
        };
        format!("{}.execute-api.{}.{suffix}", self.api_id, self.region)
    }
}

/// TCP or TLS over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain.
    Http,
    /// TLS, always verified.
    Https,
}

/// Answered with a Location.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// The Location, literal.
    pub to: Box<str>,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
}

/// Answered with a fixed response.
#[derive(Debug, Clone)]
pub struct Respond {
    /// 200 to 599.
    pub status: u16,
    /// Fields, checked; Content-Length is computed.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// The body.
    pub body: Box<[u8]>,
}

/// `http://host:port`, as it would be written; without the port where it is the scheme's own.
impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.authority)
    }
}
