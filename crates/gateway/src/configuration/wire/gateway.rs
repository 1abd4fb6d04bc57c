//! The top of the file, and its smaller sections.

use super::{Aggregation, Auth, Fleet, Policy, RateLimiting, Route, Services, Transformation};
use crate::configuration::decode::{
    At, Decode, Int, Required, Slot, Text, Unsettled, choice, expected, map, schema_of,
};
use crate::configuration::problem::Problems;
use crate::configuration::tree::{Node, Value};
use schemars::{Schema, SchemaGenerator};

/// One hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;
/// One day, in milliseconds.
const DAY_MS: u64 = 24 * HOUR_MS;

map! {
    /// Configuration of a Switchboard gateway, stand-alone form. Every section is optional. `${env:NAME}` and `${file:PATH}` may stand in every value, also where a number or boolean is asked for; `$${` is a plain `${`. Paths of files are relative to this file.
    #[schemars(title = "Switchboard gateway")]
    Gateway {
        /// For editors: where this schema is. Has no effect.
        "$schema" schema: Slot<Text>,
        /// Where clients connect: an address with its port, or a list of them. Port 0 takes a free one.
        #[schemars(extend("default" = "127.0.0.1:8080", "examples" = ["0.0.0.0:8080"]))]
        "listen" listen: Slot<Listen>,
        /// The long form of `listen`.
        "listeners" listeners: Slot<Vec<At<Listener>>>,
        /// Metrics and configuration; off where absent.
        "admin" admin: Slot<Admin>,
        /// A second address for `/live` and `/ready` alone.
        #[schemars(extend("examples" = ["0.0.0.0:9902"]))]
        "health" health: Slot<Text>,
        /// One JSON line for every request.
        "access_log" access_log: Slot<AccessLogKey>,
        /// Address ranges, refused unless named here, that upstreams and key sets may live in.
        #[schemars(extend("examples" = [["127.0.0.0/8"]]))]
        "allow_targets" allow_targets: Slot<Vec<At<Text>>>,
        /// From whom forwarded, cell and trace headers are believed.
        "trusted_edges" trusted_edges: Slot<Vec<At<TrustedEdge>>>,
        /// Defaults for routes.
        "timeouts" timeouts: Slot<Timeouts>,
        /// Which request goes where. The most specific path wins, never file order.
        "routes" routes: Slot<Vec<At<Route>>>,
        /// Who may call: tokens of one issuer.
        "auth" auth: Slot<Auth>,
        /// How often each caller may call.
        "rate_limiting" rate_limiting: Slot<RateLimiting>,
        /// Paths that are answered from several routes at once.
        "aggregations" aggregations: Slot<Vec<At<Aggregation>>>,
        /// Changes to answers on their way out.
        "transformations" transformations: Slot<Vec<At<Transformation>>>,
        /// How many failed credentials (answers 401) a client address has, or `off`.
        #[schemars(extend("default" = { "per_minute": 600 }))]
        "failed_credentials" failed_credentials: Slot<FailedCredentials>,
        /// The cell that this gateway serves; `SWITCHBOARD_CELL` where absent.
        "cell" cell: Slot<Text>,
        /// A directory for what outlives a restart: key sets that were fetched.
        "state_dir" state_dir: Slot<Text>,
        /// After SIGTERM: how long requests in flight may take.
        #[schemars(extend("default" = 30_000))]
        "drain_ms" drain_ms: Slot<Int<0, HOUR_MS>>,
        /// After SIGTERM: how long an idle connection stays open for one more request.
        #[schemars(extend("default" = 1_000))]
        "drain_idle_ms" drain_idle_ms: Slot<Int<0, HOUR_MS>>,
        /// Request heads: bytes, the request line and the empty line included.
        #[schemars(extend("default" = 65_536))]
        "head_bytes_max" head_bytes_max: Slot<Int<1_024, 1_048_576>>,
        /// Request heads: header lines.
        #[schemars(extend("default" = 100))]
        "header_count_max" header_count_max: Slot<Int<1, 1_000>>,
        /// Client connections, over all listeners; one more is answered 503 and closed.
        #[schemars(extend("default" = 65_536))]
        "connections_max" connections_max: Slot<Int<1, 1_000_000>>,
        /// Worker threads; the number of cores where absent.
        "workers" workers: Slot<Int<1, 256>>,
        /// Federated form: the environment whose policy this gateway follows.
        "environment" environment: Slot<Text>,
        /// Federated form: where policy comes from.
        "policy" policy: Slot<Policy>,
        /// Federated form: to whom this gateway reports. Where `policy.feed` is a portal, it reports there without it.
        "fleet" fleet: Slot<Fleet>,
        /// Federated form: where services come from.
        "services" services: Slot<Services>,
    }
}

map! {
    /// One listening socket.
    ListenerMap {
        /// IP address and port.
        "address" address: Required<Text>,
        /// Not in this version.
        "tls" tls: Slot<Unsettled>,
        /// HTTP/2. Not in this version.
        "http2" http2: Slot<bool>,
        /// The PROXY protocol, from a balancer in front. Not in this version.
        "proxy_protocol" proxy_protocol: Slot<bool>,
    }
}

map! {
    /// Where metrics and configuration are served.
    AdminMap {
        /// IP address and port.
        "address" address: Required<Text>,
        /// A file with the bearer token that peers other than this machine have to show.
        "token_file" token_file: Slot<Text>,
    }
}

map! {
    /// Where the access log goes and what a line holds.
    AccessLogMap {
        /// `stdout`, `off`, or the path of a file that is appended to.
        #[schemars(extend("default" = "stdout"))]
        "to" to: Slot<Text>,
        /// The members of a line, in order; all where absent.
        "fields" fields: Slot<Vec<At<LogFieldKey>>>,
    }
}

map! {
    /// Addresses of proxies and balancers in front of this gateway.
    TrustedEdge {
        /// Ranges, or single addresses.
        #[schemars(extend("examples" = [["10.1.0.0/16"]]))]
        "cidrs" cidrs: Required<Vec<At<Text>>>,
    }
}

map! {
    /// Time limits, in milliseconds.
    Timeouts {
        /// Name resolution, TCP and TLS together.
        #[schemars(extend("default" = 1_000))]
        "connect_ms" connect_ms: Slot<Int<1, 300_000>>,
        /// From the last request byte sent to the end of the upstream's head.
        #[schemars(extend("default" = 30_000))]
        "head_ms" head_ms: Slot<Int<1, HOUR_MS>>,
        /// Without a byte in either direction.
        #[schemars(extend("default" = 60_000))]
        "idle_ms" idle_ms: Slot<Int<1, DAY_MS>>,
        /// The whole exchange; `off` for no limit.
        #[schemars(extend("default" = "off"))]
        "total_ms" total_ms: Slot<Total>,
    }
}

choice! {
    /// The word for nothing.
    Off {
        /// None.
        "off" Off,
    }
}

map! {
    /// A budget.
    Budget {
        /// Failed credentials a minute.
        "per_minute" per_minute: Required<Int<1, 1_000_000>>,
    }
}

choice! {
    /// A member of an access-log line.
    LogFieldKey {
        /// When the request began, RFC 3339, UTC.
        "time" Time,
        /// The request id.
        "request_id" RequestId,
        /// The trace id.
        "trace_id" TraceId,
        /// The client's address.
        "client_ip" ClientIp,
        /// The method.
        "method" Method,
        /// The Host field.
        "host" Host,
        /// The path, without query.
        "path" Path,
        /// The route.
        "route" Route,
        /// The policy's API, by its id.
        "api" Api,
        /// The client that called, by its id.
        "client_id" ClientId,
        /// The status of the answer.
        "status" Status,
        /// The code of the gateway's own refusal.
        "error" Error,
        /// What exactly went wrong.
        "detail" Detail,
        /// The address that was called.
        "upstream" Upstream,
        /// Bytes of the request's body.
        "bytes_in" BytesIn,
        /// Bytes of the answer's body.
        "bytes_out" BytesOut,
        /// From first to last byte, in microseconds.
        "duration_us" DurationUs,
        /// Of that, the wait for the upstream.
        "upstream_us" UpstreamUs,
        /// Connections that the request was sent on.
        "tries" Tries,
        /// The User-Agent field.
        "user_agent" UserAgent,
        /// The HTTP version.
        "protocol" Protocol,
    }
}

/// `listen`: one listener, or several.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct Listen(pub(in crate::configuration) Vec<At<Listener>>);

/// A listener: its address, or a map.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct Listener(pub(in crate::configuration) ListenerMap);

/// `admin`: its address, or a map.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct Admin(pub(in crate::configuration) AdminMap);

/// `access_log`: where it goes, or a map.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct AccessLogKey(pub(in crate::configuration) AccessLogMap);

/// `failed_credentials`: a budget; `None` for `off`.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct FailedCredentials(pub(in crate::configuration) Option<Budget>);

/// `total_ms`: milliseconds; `None` for `off`.
#[derive(Debug, Clone, Copy)]
pub(in crate::configuration) struct Total(pub(in crate::configuration) Option<u64>);

/// What stands in for an address is often a bare port, or one with a name.
fn address(node: &Node<'_>, problems: &mut Problems) -> Option<Slot<Text>> {
    match &node.value {
        Value::Text { .. } => {
            let at = |value| {
                Slot::Given(At {
                    value,
                    span: node.span,
                    key: node.span,
                })
            };
            Text::decode(node, problems).map(at)
        }
        Value::Number(port) => {
            let message = "expected an address with its port, found a number";
            problems
                .error(node.span, message)
                .help(format!("write `127.0.0.1:{port}` or `0.0.0.0:{port}`"));
            None
        }
        _ => {
            expected("an address with its port", node, problems);
            None
        }
    }
}

impl Decode for Listener {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        if let Value::Map(_) = node.value {
            return ListenerMap::decode(node, problems).map(Listener);
        }
        let address = Required(address(node, problems)?);
        Some(Listener(ListenerMap {
            address,
            ..ListenerMap::default()
        }))
    }
}

impl Decode for Listen {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        if let Value::List(_) = node.value {
            return Vec::decode(node, problems).map(Listen);
        }
        let value = Listener::decode(node, problems)?;
        Some(Listen(vec![At {
            value,
            span: node.span,
            key: node.span,
        }]))
    }
}

impl Decode for Admin {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        if let Value::Map(_) = node.value {
            return AdminMap::decode(node, problems).map(Admin);
        }
        let address = Required(address(node, problems)?);
        Some(Admin(AdminMap {
            address,
            ..AdminMap::default()
        }))
    }
}

impl Decode for AccessLogKey {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        if let Value::Map(_) = node.value {
            return AccessLogMap::decode(node, problems).map(AccessLogKey);
        }
        let value = Text::decode(node, problems)?;
        let to = Slot::Given(At {
            value,
            span: node.span,
            key: node.span,
        });
        Some(AccessLogKey(AccessLogMap {
            to,
            ..AccessLogMap::default()
        }))
    }
}

impl Decode for FailedCredentials {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Map(_) => Budget::decode(node, problems).map(|budget| FailedCredentials(Some(budget))),
            _ => Off::decode(node, problems).map(|_| FailedCredentials(None)),
        }
    }
}

impl Decode for Total {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Text { text, .. } if text == "off" => Some(Total(None)),
            _ => Int::<1, DAY_MS>::decode(node, problems).map(|ms| Total(Some(ms.0))),
        }
    }
}

/// The schema of what is written short or long.
macro_rules! either {
    ($type:ty: $($form:expr),*) => {
        schema_of!([] $type => |generator| {
            let forms = [$($form(generator)),*];
            schemars::json_schema!({ "anyOf": forms })
        });
    };
}

fn text(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string" })
}

either!(Listener: text, SchemaGenerator::subschema_for::<ListenerMap>);
either!(Listen: SchemaGenerator::subschema_for::<Listener>, SchemaGenerator::subschema_for::<Vec<Listener>>);
either!(Admin: text, SchemaGenerator::subschema_for::<AdminMap>);
either!(AccessLogKey: text, SchemaGenerator::subschema_for::<AccessLogMap>);
either!(FailedCredentials: SchemaGenerator::subschema_for::<Off>, SchemaGenerator::subschema_for::<Budget>);
either!(Total: SchemaGenerator::subschema_for::<Off>, SchemaGenerator::subschema_for::<Int<1, DAY_MS>>);

impl Gateway {
    /// Whether a key at the top of a file is one of a gateway's.
    pub(in crate::configuration) fn has_key(key: &str) -> bool {
        // Editors put this one into every file.
        key != "$schema" && Gateway::KEYS.contains(&key)
    }
}
