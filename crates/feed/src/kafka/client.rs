//! What every client of Kafka has in common, a reader, a publisher or the doctor: librdkafka's configuration from settings, tokens
//! when it asks for one, and what went wrong last. What is read or sent is not its business.
//!
//! librdkafka's own log goes to `tracing` at `debug`, so that a broker that is gone fills no log; callers tell what it means.

use super::tokens::Tokens;
use super::{Sasl, Settings, Tls};
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

/// Calls of a client; shared by its clones.
#[derive(Debug, Clone)]
pub struct Context {
    tokens: Option<Arc<Tokens>>,
    trouble: Arc<Mutex<Option<Box<str>>>>,
}

impl Context {
    /// Of clients with these settings.
    pub fn new(settings: &Settings) -> Context {
        Context {
            tokens: settings.sasl().and_then(Tokens::of).map(Arc::new),
            trouble: Arc::default(),
        }
    }

    /// Why there is no connection, as librdkafka said last; forgotten with [`Context::settle`].
    pub fn trouble(&self) -> Option<Box<str>> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// All is well again.
    pub fn settle(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn note(&self, reason: &str) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.into());
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, reason);
        // That all brokers are down is said behind the reason why.
        let sums_up = error.rdkafka_error_code() == Some(rdkafka::types::RDKafkaErrorCode::AllBrokersDown);
        if !sums_up || self.trouble().is_none() {
            self.note(reason);
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let tokens = self.tokens.as_ref().ok_or("no token was asked for")?;
        tokens.fresh().map_err(|error| {
            let said = error.said();
            self.note(&said);
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
