//! The configuration as it holds, for the admin port: defaults filled in, secrets as they were written or starred out.
//!
//! A value that came out of the environment or a file is shown as its `${…}`. A literal value of a header field that
//! usually carries a credential is starred out. It has the form of a file, but for the names of routes and what is starred
//! out, and read as one it would mean the same.

use super::access::{Auth, Bundle, Carrier, Feed, PolicySource, Portal};
use super::model::{
    AccessLog, Action, Configuration, EncodedSlash, Forward, LogField, Origin, PathParameters, Route, Scheme,
    Timeouts,
};
#[cfg(feature = "kafka")]
use feed::kafka::{Sasl, Settings, Tls, Token};
use policy::method::{Method, MethodSet};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// Stands for a secret of which nothing may be shown.
pub(super) const MASK: &str = "***";

/// A map in the making. What is absent is left out.
#[derive(Default)]
struct Shown(Map<String, Value>);

impl Shown {
    fn put(&mut self, key: &str, value: Value) {
        if !value.is_null() {
            self.0.insert(key.to_owned(), value);
        }
    }
}

/// Words in the names of header fields whose values are not shown.
const SECRET_WORDS: [&str; 8] = [
    "auth",
    "cookie",
    "credential",
    "key",
    "passw",
    "secret",
    "session",
    "token",
];

/// The effective configuration, without its secrets.
pub fn masked(configuration: &Configuration) -> Value {
    let mask = Mask {
        written: &configuration.written,
    };
    let mut top = Shown::default();
    top.put(
        "listen",
        configuration.listen.iter().map(ToString::to_string).collect(),
    );
    top.put(
        "admin",
        match (&configuration.admin, &configuration.admin_token) {
            (Some(address), Some(_)) => json!({ "address": address, "token_file": MASK }),
            (address, _) => json!(address),
        },
    );
    top.put("health", json!(configuration.health));
    top.put("access_log", mask.access_log(configuration));
    top.put("allow_targets", json!(configuration.targets.allowed));
    if !configuration.trusted_edges.is_empty() {
        top.put(
            "trusted_edges",
            json!([{ "cidrs": &configuration.trusted_edges[..] }]),
        );
    }
    top.put("timeouts", timeouts(&configuration.timeouts));
    top.put("head_bytes_max", configuration.head_limits.head_bytes_max.into());
    top.put(
        "header_count_max",
        configuration.head_limits.header_count_max.into(),
    );
    top.put("connections_max", configuration.connections_max.into());
    top.put("workers", configuration.workers.into());
    top.put("drain_ms", milliseconds(configuration.drain));
    top.put("drain_idle_ms", milliseconds(configuration.drain_idle));
    if let Some(cell) = &configuration.cell {
        top.put("cell", mask.text(cell));
    }
    mask.access(configuration, &mut top);
    top.put(
        "routes",
        configuration
            .routes
            .iter()
            .map(|route| mask.route(route))
            .collect(),
    );
    Value::Object(top.0)
}

fn timeouts(timeouts: &Timeouts) -> Value {
    json!({
        "connect_ms": milliseconds(timeouts.connect),
        "head_ms": milliseconds(timeouts.head),
        "idle_ms": milliseconds(timeouts.idle),
        "total_ms": timeouts.total.map_or("off".into(), milliseconds),
    })
}

fn milliseconds(duration: Duration) -> Value {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).into()
}

struct Mask<'c> {
    written: &'c HashMap<Box<str>, Box<str>>,
}

impl Mask<'_> {
    /// As it was written, where it came from outside the file, and else as it could have been.
    fn text(&self, text: &str) -> Value {
        match self.written.get(text) {
            Some(written) => (**written).into(),
            None => text.replace("${", "$${").into(),
        }
    }

    fn feed(&self, feed: &Feed) -> Value {
        let carrier = match &feed.carrier {
            Carrier::Bundle(bundle) => json!({ "bundle": self.bundle(bundle) }),
            Carrier::Portal(portal) => self.portal(portal),
            #[cfg(feature = "kafka")]
            Carrier::Kafka(settings) => json!({ "kafka": self.kafka(settings) }),
        };
        let mut shown = Shown::default();
        shown.put("floor", self.path(&feed.floor));
        shown.put("feed", carrier);
        shown.put("feed_wait_ms", milliseconds(feed.wait));
        shown.put("max_staleness_s", feed.staleness_s_max.into());
        shown.put(
            "on_stale",
            if feed.deny_floor_s_max.is_some() {
                "deny"
            } else {
                "serve"
            }
            .into(),
        );
        shown.put("floor_max_age_s", json!(feed.deny_floor_s_max));
        Value::Object(shown.0)
    }

    fn bundle(&self, bundle: &Bundle) -> Value {
        match bundle {
            Bundle::File(path) => self.path(path),
            Bundle::Url(url) => match (self.written.contains_key(url), url.split_once('?')) {
                // What signs a URL stands in its query.
                (false, Some((place, _))) => format!("{place}?{MASK}").into(),
                _ => self.text(url),
            },
        }
    }

    fn portal(&self, portal: &Portal) -> Value {
        let token = portal.token.text();
        let token = match self.written.contains_key(token) {
            true => self.text(token),
            false => MASK.into(),
        };
        json!({ "portal": self.text(&portal.url), "token": token })
    }

    #[cfg(feature = "kafka")]
    fn kafka(&self, settings: &Settings) -> Value {
        let texts = |texts: &[Box<str>]| -> Value { texts.iter().map(|text| self.text(text)).collect() };
        let mut shown = Shown::default();
        shown.put("brokers", texts(settings.brokers()));
        shown.put(
            "topic",
            json!(settings.named_topic().map(|topic| self.text(topic))),
        );
        shown.put("tls", json!(settings.tls().map(|tls| self.kafka_tls(tls))));
        shown.put("sasl", json!(settings.sasl().map(|sasl| self.kafka_sasl(sasl))));
        Value::Object(shown.0)
    }

    #[cfg(feature = "kafka")]
    fn kafka_tls(&self, tls: &Tls) -> Value {
        let mut shown = Shown::default();
        shown.put("ca", json!(tls.ca.as_deref().map(|ca| self.path(ca))));
        if let Some(identity) = &tls.identity {
            shown.put("certificate", self.path(&identity.certificate));
            shown.put("key", self.path(&identity.key));
            shown.put(
                "key_password",
                json!(identity.key_password.as_ref().map(|_| MASK)),
            );
        }
        Value::Object(shown.0)
    }

    #[cfg(feature = "kafka")]
    fn kafka_sasl(&self, sasl: &Sasl) -> Value {
        let mut shown = Shown::default();
        shown.put("mechanism", sasl.mechanism().into());
        match sasl {
            Sasl::Scram { user, .. } | Sasl::Plain { user, .. } => {
                shown.put("user", self.text(user));
                shown.put("password", MASK.into());
            }
            Sasl::OAuthBearer(Token::File(path)) => shown.put("token_file", self.path(path)),
            Sasl::OAuthBearer(Token::ClientCredentials {
                url, client, scope, ..
            }) => {
                // What stands in a query may be a credential.
                let (place, query) = url
                    .split_once('?')
                    .map_or((&**url, ""), |(place, _)| (place, "?***"));
                shown.put(
                    "token_url",
                    match self.written.contains_key(url) {
                        true => self.text(url),
                        false => format!("{place}{query}").into(),
                    },
                );
                shown.put("client_id", self.text(client));
                shown.put("client_secret", MASK.into());
                shown.put("scope", json!(scope.as_deref().map(|scope| self.text(scope))));
            }
            Sasl::AwsMskIam { region } => shown.put("region", self.text(region)),
        }
        Value::Object(shown.0)
    }

    /// Who may call.
    fn access(&self, configuration: &Configuration, top: &mut Shown) {
        match &configuration.policy {
            PolicySource::None => return,
            PolicySource::Auth(auth) => top.put("auth", self.auth(auth)),
            PolicySource::File(path) => top.put("policy", json!({ "file": self.path(path) })),
            PolicySource::Floor(path) => top.put("policy", json!({ "floor": self.path(path) })),
            PolicySource::Feed(feed) => top.put("policy", self.feed(feed)),
        }
        if let Some(fleet) = &configuration.fleet {
            let mut shown = match fleet.is_of_feed {
                true => json!({}),
                false => self.portal(&fleet.portal),
            };
            if let Some(name) = &fleet.name {
                shown["name"] = self.text(name);
            }
            top.put("fleet", shown);
        }
        if let Some(environment) = &configuration.environment {
            top.put("environment", self.text(environment));
        }
        let budget = configuration.failed_credentials;
        let budget = budget.map_or("off".into(), |per_minute| json!({ "per_minute": per_minute }));
        top.put("failed_credentials", budget);
        if let Some(directory) = &configuration.state_dir {
            top.put("state_dir", self.path(directory));
        }
    }

    fn auth(&self, auth: &Auth) -> Value {
        let mut shown = Shown::default();
        shown.put("type", "jwt".into());
        shown.put("jwks_uri", self.text(&auth.jwks_uri));
        shown.put("issuer", self.text(&auth.issuer));
        shown.put(
            "audiences",
            auth.audiences.iter().map(|text| self.text(text)).collect(),
        );
        shown.put("algorithms", json!(auth.algorithms));
        if !auth.claims.is_empty() {
            let claims = auth.claims.iter();
            let claims = claims.map(|(name, claim)| ((*name).to_owned(), self.text(claim)));
            shown.put("claims", Value::Object(claims.collect()));
        }
        if !auth.exclude_paths.is_empty() {
            let paths = auth.exclude_paths.iter();
            shown.put(
                "exclude_paths",
                paths.map(|path| self.text(path.as_str())).collect(),
            );
        }
        shown.put("forward_token", json!(auth.forward_token));
        shown.put("leeway_s", json!(auth.leeway_s));
        Value::Object(shown.0)
    }

    fn access_log(&self, configuration: &Configuration) -> Value {
        let to = match &configuration.access_log {
            AccessLog::Off => return "off".into(),
            AccessLog::Stdout => "stdout".into(),
            AccessLog::File(path) => self.path(path),
        };
        let fields = configuration.access_log_fields.iter();
        let fields: Vec<&str> = fields.map(|field| field.name()).collect();
        json!({ "to": to, "fields": fields })
    }

    fn path(&self, path: &Path) -> Value {
        self.text(&path.display().to_string())
    }

    fn route(&self, route: &Route) -> Value {
        let mut shown = Shown::default();
        let is_secret = |text: &str| self.written.contains_key(text);
        let in_name = route.host.as_ref().map(ToString::to_string);
        if is_secret(route.pattern.as_str()) || in_name.is_some_and(|host| is_secret(&host)) {
            shown.put("name", MASK.into());
        } else {
            shown.put("name", (*route.name).into());
        }
        shown.put("path", self.text(route.pattern.as_str()));
        if let Some(host) = &route.host {
            shown.put("host", self.text(&host.to_string()));
        }
        if route.methods != MethodSet::ALL {
            shown.put("methods", route.methods.iter().map(Method::as_str).collect());
        }
        let encoded_slash = match route.encoded_slash {
            EncodedSlash::Refuse => "refuse",
            EncodedSlash::Keep => "keep",
        };
        shown.put("encoded_slash", encoded_slash.into());
        let path_parameters = match route.path_parameters {
            PathParameters::Refuse => "refuse",
            PathParameters::Keep => "keep",
        };
        shown.put("path_parameters", path_parameters.into());
        shown.put("body_bytes_max", route.body_bytes_max.into());
        match &route.action {
            Action::Forward(forward) => {
                shown.put("timeouts", timeouts(&route.timeouts));
                self.forward(forward, &mut shown);
            }
            Action::Redirect(redirect) => {
                let redirect = json!({ "to": self.text(&redirect.to), "status": redirect.status });
                shown.put("redirect", redirect);
            }
            Action::Respond(respond) => {
                let body = self.text(&String::from_utf8_lossy(&respond.body));
                let headers = self.headers(&respond.headers);
                shown.put(
                    "respond",
                    json!({ "status": respond.status, "headers": headers, "body": body }),
                );
            }
        }
        Value::Object(shown.0)
    }

    fn forward(&self, forward: &Forward, shown: &mut Shown) {
        shown.put("upstream", self.upstream(forward));
        if let Some(prefix) = &forward.strip_prefix {
            shown.put("strip_prefix", self.text(prefix.as_str()));
        }
        let added = forward.add_prefix.as_ref().map(|prefix| prefix.as_str());
        // The stage is shown where it was written.
        let added = match &forward.private_api {
            Some(api) => added.and_then(|added| added.get("/".len() + api.stage.len()..)),
            None => added,
        };
        if let Some(prefix) = added.filter(|prefix| !prefix.is_empty()) {
            shown.put("add_prefix", self.text(prefix));
        }
        shown.put("preserve_host", forward.preserve_host.into());
        shown.put("retries", forward.retries.attempts.into());
        let request = self.headers(&forward.request_headers);
        let response = self.headers(&forward.response_headers);
        shown.put("headers", json!({ "request": request, "response": response }));
    }

    fn upstream(&self, forward: &Forward) -> Value {
        let mut shown = Shown::default();
        match &forward.private_api {
            Some(api) => shown.put(
                "private_api",
                json!({
                    "region": self.text(&api.region),
                    "api_id": self.text(&api.api_id),
                    "stage": self.text(&api.stage),
                    "vpc_endpoint": self.text(&api.vpc_endpoint),
                }),
            ),
            None => shown.put("url", self.url(&forward.origin)),
        }
        if let Some(ca) = &forward.origin.ca {
            shown.put("ca", self.path(ca));
        }
        Value::Object(shown.0)
    }

    fn url(&self, origin: &Origin) -> Value {
        let scheme = match origin.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        // The path of the URL is shown in `add_prefix`.
        match self.written.get(&origin.authority) {
            Some(written) => (**written).into(),
            None => format!("{scheme}://{}", origin.authority).into(),
        }
    }

    fn headers(&self, headers: &[(Box<str>, Box<str>)]) -> Value {
        let shown = headers.iter().map(|(name, value)| {
            let lower = name.to_ascii_lowercase();
            let is_secret = SECRET_WORDS.iter().any(|word| lower.contains(word));
            let value = if is_secret && !self.written.contains_key(value) {
                MASK.into()
            } else {
                self.text(value)
            };
            (name.to_string(), value)
        });
        Value::Object(shown.collect())
    }
}

impl LogField {
    /// Its name in the file and in a line.
    pub fn name(self) -> &'static str {
        match self {
            LogField::Time => "time",
            LogField::RequestId => "request_id",
            LogField::TraceId => "trace_id",
            LogField::ClientIp => "client_ip",
            LogField::Method => "method",
            LogField::Host => "host",
            LogField::Path => "path",
            LogField::Route => "route",
            LogField::Api => "api",
            LogField::ClientId => "client_id",
            LogField::Status => "status",
            LogField::Error => "error",
            LogField::Detail => "detail",
            LogField::Upstream => "upstream",
            LogField::BytesIn => "bytes_in",
            LogField::BytesOut => "bytes_out",
            LogField::DurationUs => "duration_us",
            LogField::UpstreamUs => "upstream_us",
            LogField::Tries => "tries",
            LogField::UserAgent => "user_agent",
            LogField::Protocol => "protocol",
        }
    }
}
