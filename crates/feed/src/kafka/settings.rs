//! Where a feed's topic is and who one is there: brokers, TLS, SASL. What of it cannot be, whoever reads it.
//!
//! Plain values, in every build. A secret is never shown: not by `Debug`, not by an error.

use std::fmt;
use std::path::PathBuf;

/// Brokers that are named; they tell of all others.
pub const BROKERS_MAX: usize = 64;
/// Bytes of a topic's name (Kafka's own bound).
const TOPIC_BYTES_MAX: usize = 249;
/// Bytes of any one text among the settings.
const TEXT_BYTES_MAX: usize = 4_096;

/// Kafka, as a reader or a publisher reaches it. Made by [`Settings::new`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    brokers: Vec<Box<str>>,
    topic: Option<Box<str>>,
    tls: Option<Tls>,
    sasl: Option<Sasl>,
}

/// TLS to every broker. The broker's certificate is always verified, and its name too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// A file of certificates (PEM) that are trusted in place of the system's.
    pub ca: Option<PathBuf>,
    /// What one shows to the broker.
    pub identity: Option<Identity>,
}

/// A client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// What the key is encrypted with.
    pub key_password: Option<Secret>,
}

/// How one says who one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sasl {
    /// SCRAM (RFC 5802): the password does not travel.
    Scram {
        /// Which.
        hash: ScramHash,
        /// The user.
        user: Box<str>,
        /// The password.
        password: Secret,
    },
    /// PLAIN (RFC 4616): the password travels, so only within TLS.
    Plain {
        /// The user.
        user: Box<str>,
        /// The password.
        password: Secret,
    },
    /// OAUTHBEARER (RFC 7628): a token travels, so only within TLS.
    OAuthBearer(Token),
    /// Amazon MSK's IAM: a signed URL as a token, by the credentials that AWS gives to where this runs.
    AwsMskIam {
        /// The region of the cluster.
        region: Box<str>,
    },
}

/// The hash of SCRAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScramHash {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

/// Where a token comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A file that somebody else keeps fresh, as Kubernetes does. Read again before it expires.
    File(PathBuf),
    /// An authorisation server, by client credentials (RFC 6749 §4.4).
    ClientCredentials {
        /// Its token endpoint.
        url: Box<str>,
        /// The client's id.
        client: Box<str>,
        /// The client's secret.
        secret: Secret,
        /// What is asked for.
        scope: Option<Box<str>>,
    },
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Of this text.
    pub fn new(text: impl Into<Box<str>>) -> Secret {
        Secret(text.into())
    }

    /// What it is, for whoever has to send it.
    #[cfg_attr(not(feature = "kafka"), allow(dead_code, reason = "nobody sends anything"))]
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// Never the text.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What of settings cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No broker, or too many.
    #[error("1 to {BROKERS_MAX} brokers")]
    Brokers,
    /// A broker that is no `HOST:PORT`.
    #[error("{0:?} is no broker: write HOST:PORT, without a scheme")]
    Broker(Box<str>),
    /// A topic whose name Kafka would not take.
    #[error("{0:?} is no name of a topic: 1 to {TOPIC_BYTES_MAX} letters, digits, `.`, `_` or `-`")]
    Topic(Box<str>),
    /// What travels has to be hidden.
    #[error("{0} needs `tls`: what it sends is a credential")]
    NeedsTls(&'static str),
    /// Empty, too long, or with a character that is none.
    #[error("{0} is empty, longer than {TEXT_BYTES_MAX} bytes, or has a control character")]
    Text(&'static str),
    /// A token endpoint that is no `https` URL.
    #[error("the token endpoint is no `https` URL: what is sent to it is a credential")]
    TokenUrl,
    /// A region that AWS has not.
    #[error("{0:?} is no region of AWS: write it as in eu-central-1")]
    Region(Box<str>),
}

/// The topic of a feed, where nothing else is said.
pub fn default_topic(feed: &str) -> String {
    format!("switchboard.policy.{feed}")
}

/// Whether Kafka takes it as the name of a topic.
pub fn is_topic(name: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=TOPIC_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_name) && !matches!(name, "." | "..")
}

impl Settings {
    /// Of brokers (`HOST:PORT`), a topic where it is not the feed's own, and how one speaks to them.
    ///
    /// # Errors
    /// Where something of it cannot be.
    pub fn new(
        brokers: Vec<Box<str>>,
        topic: Option<Box<str>>,
        tls: Option<Tls>,
        sasl: Option<Sasl>,
    ) -> Result<Settings, SettingsError> {
        if !(1..=BROKERS_MAX).contains(&brokers.len()) {
            return Err(SettingsError::Brokers);
        }
        if let Some(broker) = brokers.iter().find(|broker| !is_broker(broker)) {
            return Err(SettingsError::Broker(broker.clone()));
        }
        if let Some(topic) = topic.as_ref().filter(|topic| !is_topic(topic)) {
            return Err(SettingsError::Topic(topic.clone()));
        }
        if let Some(sasl) = &sasl {
            sasl.check(tls.is_some())?;
        }
        Ok(Settings {
            brokers,
            topic,
            tls,
            sasl,
        })
    }

    /// The brokers that are named.
    pub fn brokers(&self) -> &[Box<str>] {
        &self.brokers
    }

    /// The topic of this feed.
    pub fn topic(&self, feed: &str) -> String {
        self.topic
            .as_deref()
            .map_or_else(|| default_topic(feed), str::to_owned)
    }

    /// The topic that is named; absent where it is the feed's own.
    pub fn named_topic(&self) -> Option<&str> {
        self.topic.as_deref()
    }

    /// How the connection is hidden.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Who one is.
    pub fn sasl(&self) -> Option<&Sasl> {
        self.sasl.as_ref()
    }
}

impl Sasl {
    /// As Kafka and configurations call it.
    pub fn mechanism(&self) -> &'static str {
        match self {
            Sasl::Scram {
                hash: ScramHash::Sha256,
                ..
            } => "SCRAM-SHA-256",
            Sasl::Scram {
                hash: ScramHash::Sha512,
                ..
            } => "SCRAM-SHA-512",
            Sasl::Plain { .. } => "PLAIN",
            Sasl::OAuthBearer(_) => "OAUTHBEARER",
            Sasl::AwsMskIam { .. } => "AWS_MSK_IAM",
        }
    }

    /// What of it cannot be, within TLS or without.
    ///
    /// # Errors
    /// The first thing that cannot be.
    pub fn check(&self, within_tls: bool) -> Result<(), SettingsError> {
        match self {
            Sasl::Scram { user, password, .. } | Sasl::Plain { user, password } => {
                check_text("the user", user)?;
                check_text("the password", &password.0)?;
            }
            Sasl::OAuthBearer(Token::File(_)) => {}
            Sasl::OAuthBearer(Token::ClientCredentials {
                url,
                client,
                secret,
                scope,
            }) => {
                check_text("the client", client)?;
                check_text("the client's secret", &secret.0)?;
                check_text("the scope", scope.as_deref().unwrap_or("none"))?;
                let host = url.strip_prefix("https://").unwrap_or_default();
                if !host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[') {
                    return Err(SettingsError::TokenUrl);
                }
            }
            Sasl::AwsMskIam { region } => {
                let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_region_byte);
                if region.len() > 32 || region.split('-').count() < 3 || !region.split('-').all(is_word) {
                    return Err(SettingsError::Region(region.clone()));
                }
            }
        }
        match within_tls || matches!(self, Sasl::Scram { .. }) {
            true => Ok(()),
            false => Err(SettingsError::NeedsTls(self.mechanism())),
        }
    }
}

fn is_region_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn check_text(what: &'static str, text: &str) -> Result<(), SettingsError> {
    let is_good = (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.contains(char::is_control);
    is_good.then_some(()).ok_or(SettingsError::Text(what))
}

/// `HOST:PORT`; librdkafka would take a list, a scheme or a path in its place.
pub(crate) fn is_broker(broker: &str) -> bool {
    let Some((host, port)) = broker.rsplit_once(':') else {
        return false;
    };
    let is_port =
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port > 0);
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            (1..=253).contains(&host.len()) && host.bytes().all(is_name)
        }
    };
    is_port && is_host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        brokers: &[&str],
        topic: Option<&str>,
        tls: bool,
        sasl: Option<Sasl>,
        expected: impl Into<Option<SettingsError>>,
    ) {
        let brokers = brokers.iter().map(|broker| Box::from(*broker)).collect();
        let tls = tls.then(Tls::default);
        let made = Settings::new(brokers, topic.map(Box::from), tls, sasl);
        assert_eq!(made.err(), expected.into());
    }

    fn plain(password: &str) -> Sasl {
        Sasl::Plain {
            user: "gateway".into(),
            password: Secret::new(password),
        }
    }

    #[test]
    fn a_broker_is_a_host_and_a_port() {
        for good in [
            "kafka:9092",
            "10.0.0.1:9092",
            "[::1]:1",
            "b-1.x.kafka.eu-west-1.amazonaws.com:9098",
        ] {
            check(&[good], None, false, None, None);
        }
        for bad in [
            "kafka",
            "kafka:",
            "kafka:0",
            "kafka:+9",
            "kafka:99999",
            "ssl://kafka:9092",
            "a:1,b:2",
            ":9092",
            "::1:9092",
        ] {
            check(
                &["good:1", bad],
                None,
                false,
                None,
                SettingsError::Broker(bad.into()),
            );
        }
        check(&[], None, false, None, SettingsError::Brokers);
    }

    #[test]
    fn a_topic_is_the_feeds_own_unless_it_is_named() {
        let settings = |topic: Option<&str>| {
            Settings::new(vec!["a:1".into()], topic.map(Box::from), None, None).unwrap()
        };
        assert_eq!(settings(None).topic("prod"), "switchboard.policy.prod");
        assert_eq!(settings(Some("other")).topic("prod"), "other");
        for bad in ["", "..", "a b", "a/b", &"x".repeat(250)] {
            check(&["a:1"], Some(bad), false, None, SettingsError::Topic(bad.into()));
        }
    }

    #[test]
    fn a_credential_that_travels_needs_tls() {
        check(
            &["a:1"],
            None,
            false,
            Some(plain("p")),
            SettingsError::NeedsTls("PLAIN"),
        );
        check(&["a:1"], None, true, Some(plain("p")), None);
        let token = Sasl::OAuthBearer(Token::File("/token".into()));
        check(
            &["a:1"],
            None,
            false,
            Some(token.clone()),
            SettingsError::NeedsTls("OAUTHBEARER"),
        );
        check(&["a:1"], None, true, Some(token), None);
        let iam = |region: &str| {
            Some(Sasl::AwsMskIam {
                region: region.into(),
            })
        };
        check(
            &["a:1"],
            None,
            false,
            iam("eu-west-1"),
            SettingsError::NeedsTls("AWS_MSK_IAM"),
        );
        check(&["a:1"], None, true, iam("us-gov-west-1"), None);
        for bad in ["", "eu-west", "eu-west-1.evil", "EU-WEST-1", "eu--1"] {
            check(&["a:1"], None, true, iam(bad), SettingsError::Region(bad.into()));
        }
        let scram = Sasl::Scram {
            hash: ScramHash::Sha512,
            user: "gateway".into(),
            password: Secret::new("p"),
        };
        check(&["a:1"], None, false, Some(scram), None);
    }

    #[test]
    fn a_secret_goes_to_no_other_than_a_https_url() {
        let asked = |url: &str| {
            Some(Sasl::OAuthBearer(Token::ClientCredentials {
                url: url.into(),
                client: "gateway".into(),
                secret: Secret::new("s"),
                scope: None,
            }))
        };
        check(
            &["a:1"],
            None,
            true,
            asked("https://login.example.com/token"),
            None,
        );
        for bad in [
            "http://login.example.com/token",
            "login.example.com",
            "https://",
            "https:///x",
        ] {
            check(&["a:1"], None, true, asked(bad), SettingsError::TokenUrl);
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let made = Settings::new(
            vec!["a:1".into()],
            None,
            Some(Tls {
                ca: None,
                identity: Some(Identity {
                    certificate: "/c".into(),
                    key: "/k".into(),
                    key_password: Some(Secret::new("hunter2")),
                }),
            }),
            Some(plain("hunter2")),
        );
        assert!(!format!("{made:?}").contains("hunter2"));
        let refused = plain("hunter2\n").check(true).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    }
}
