//! What every client of Kafka has in common, a reader, a publisher or the doctor: librdkafka's configuration from settings, tokens
//! when it asks for one, and what went wrong last. What is read or sent is not its business.
//!
//! librdkafka's own log goes to `tracing` at `debug`, so that a broker that is gone fills no log; callers tell what it means.

use super::tokens::Tokens;
use super::trouble::{KafkaError, Meaning, meaning};
use super::{Sasl, Settings, Tls};
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError as Error, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Calls of a client; shared by its clones.
#[derive(Debug, Clone)]
pub struct Context {
    tokens: Option<Arc<Tokens>>,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

/// What librdkafka said last of its connections.
#[derive(Debug, Clone)]
struct Trouble {
    reason: Box<str>,
    is_refusal: bool,
}

impl Context {
    /// Of clients with these settings.
    pub fn new(settings: &Settings) -> Context {
        Context {
            tokens: settings.sasl().and_then(Tokens::of).map(Arc::new),
            trouble: Arc::default(),
        }
    }

    /// All is well: what went wrong before is no reason any more.
    pub fn settle(&self) {
        *self.said() = None;
    }

    fn said(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, reason: &str, is_refusal: bool) {
        *self.said() = Some(Trouble {
            reason: reason.into(),
            is_refusal,
        });
    }

    /// An error as it is told: what librdkafka said of its connections says more than that a call took too long.
    pub fn failure(&self, topic: &str, error: &Error) -> KafkaError {
        let said = self.said().clone();
        let reason = || {
            said.as_ref()
                .map_or_else(|| error.to_string().into(), |said| said.reason.clone())
        };
        match meaning(error) {
            Meaning::NoTopic => KafkaError::NoTopic(topic.into()),
            Meaning::Denied => KafkaError::Denied(reason()),
            Meaning::Unreachable if said.as_ref().is_some_and(|said| said.is_refusal) => {
                KafkaError::Denied(reason())
            }
            Meaning::Unreachable => KafkaError::Unreachable(reason()),
            Meaning::Lost | Meaning::Nothing | Meaning::Other => KafkaError::Other(error.to_string().into()),
        }
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, message);
    }

    fn error(&self, error: Error, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, reason);
        // That all brokers are down is said behind the reason why, and a connection that is refused behind why it was closed.
        let sums_up = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if !sums_up || self.said().is_none() {
            self.note(reason, meaning(&error) == Meaning::Denied);
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let tokens = self.tokens.as_ref().ok_or("no token was asked for")?;
        tokens.fresh().map_err(|error| {
            let said = error.said();
            self.note(&said, true);
            said.into()
        })
    }
}

impl ConsumerContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    /// Who commits a transaction learns there of what was not delivered.
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// What every client is configured with: where the brokers are, and who one is there.
pub fn client_config(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("client.id", "switchboard")
        .set("bootstrap.servers", settings.brokers().join(","))
        // A broker that is gone is found again soon, and not asked in a hurry.
        .set("reconnect.backoff.ms", "100")
        .set("reconnect.backoff.max.ms", "2000")
        .set("socket.connection.setup.timeout.ms", "5000")
        .set("socket.timeout.ms", "10000")
        .set("socket.keepalive.enable", "true")
        .set("socket.nagle.disable", "true")
        .set("security.protocol", protocol(settings));
    if let Some(tls) = settings.tls() {
        set_tls(&mut config, tls);
    }
    match settings.sasl() {
        Some(Sasl::Scram { user, password, .. } | Sasl::Plain { user, password }) => {
            config
                .set("sasl.username", &**user)
                .set("sasl.password", password.reveal());
        }
        Some(Sasl::OAuthBearer(_) | Sasl::AwsMskIam { .. }) | None => {}
    }
    if let Some(sasl) = settings.sasl() {
        let mechanism = match sasl {
            Sasl::AwsMskIam { .. } => "OAUTHBEARER",
            _ => sasl.mechanism(),
        };
        config.set("sasl.mechanism", mechanism);
    }
    config
}

fn protocol(settings: &Settings) -> &'static str {
    match (settings.tls(), settings.sasl()) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    }
}

fn set_tls(config: &mut ClientConfig, tls: &Tls) {
    // librdkafka's own default, said so that no change of it can turn verification off.
    config
        .set("enable.ssl.certificate.verification", "true")
        .set("ssl.endpoint.identification.algorithm", "https");
    // `probe`: the system's certificates, wherever this system has them.
    let ca = tls.ca.as_ref();
    config.set(
        "ssl.ca.location",
        ca.map_or("probe".into(), |ca| ca.display().to_string()),
    );
    if let Some(identity) = &tls.identity {
        config
            .set(
                "ssl.certificate.location",
                identity.certificate.display().to_string(),
            )
            .set("ssl.key.location", identity.key.display().to_string());
        if let Some(password) = &identity.key_password {
            config.set("ssl.key.password", password.reveal());
        }
    }
}
