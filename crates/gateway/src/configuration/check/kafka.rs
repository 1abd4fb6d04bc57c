//! Kafka as a carrier: which keys go together, and what of them cannot be. What holds for every reader and writer is `feed::kafka`'s.

use super::Checker;
use crate::configuration::decode::{At, Slot, Text};
use crate::configuration::source::Span;
use crate::configuration::wire;
use crate::configuration::wire::KafkaMechanism as Mechanism;
use feed::kafka::{Identity, Sasl, ScramHash, Secret, Settings, SettingsError, Tls, Token};
use std::path::PathBuf;

impl Checker<'_> {
    /// How Kafka is reached; `None` where something of it cannot be, which is told.
    pub(super) fn kafka(&mut self, at: &At<wire::Kafka>) -> Option<Settings> {
        let kafka = &at.value;
        if !feed::kafka::IS_BUILT_IN {
            self.problems
                .error(at.key, "this build is without Kafka")
                .help("take one that is built with the feature `kafka`, or follow `portal` or `bundle`");
        }
        let tls = match kafka.tls.get() {
            Some(tls) => Some(self.kafka_tls(&tls.value)?),
            // Where it was refused, nothing is said of what it lacks.
            None if kafka.tls.key().is_some() => return None,
            None => None,
        };
        let sasl = match kafka.sasl.get() {
            Some(sasl) => Some(self.kafka_sasl(sasl)?),
            None if kafka.sasl.key().is_some() => return None,
            None => None,
        };
        let brokers = kafka.brokers.get()?;
        let named = brokers
            .value
            .iter()
            .map(|broker| Box::from(&*broker.value))
            .collect();
        let topic = kafka.topic.get().map(|topic| Box::from(&*topic.value));
        let made = Settings::new(named, topic, tls, sasl);
        let settings = made.map_err(|error| self.kafka_problem(at, &error)).ok()?;
        feed::kafka::IS_BUILT_IN.then_some(settings)
    }

    /// Where it stands, and what to write instead. Nothing of what came from outside the file is shown.
    fn kafka_problem(&mut self, at: &At<wire::Kafka>, error: &SettingsError) {
        let kafka = &at.value;
        let sasl = kafka.sasl.get();
        let brokers = kafka.brokers.get();
        let (text, what, help) = match error {
            SettingsError::Broker(bad) => {
                let found = brokers.and_then(|all| all.value.iter().find(|broker| *broker.value == **bad));
                (found, "broker", "write HOST:PORT, without a scheme")
            }
            SettingsError::Topic(_) => (
                kafka.topic.get(),
                "name of a topic",
                "write 1 to 249 letters, digits, `.`, `_` or `-`",
            ),
            SettingsError::Region(_) => (
                sasl.and_then(|sasl| sasl.value.region.get()),
                "region of AWS",
                "write it as in eu-central-1",
            ),
            SettingsError::TokenUrl => (
                sasl.and_then(|sasl| sasl.value.token_url.get()),
                "`https` URL",
                "a client's secret is sent to it: write `https://…`",
            ),
            SettingsError::Brokers => {
                let span = brokers.map_or(at.span, |brokers| brokers.span);
                self.problems
                    .error(span, error.to_string())
                    .help("name some of the brokers; they tell of the others");
                return;
            }
            SettingsError::NeedsTls(_) => {
                let span = sasl.map_or(at.span, |sasl| sasl.span);
                self.problems
                    .error(span, error.to_string())
                    .help("add `tls: {}` beside `sasl`");
                return;
            }
            SettingsError::Text(_) => {
                let span = sasl.map_or(at.span, |sasl| sasl.span);
                self.problems
                    .error(span, error.to_string())
                    .help("name one, without a line's end");
                return;
            }
        };
        let shown = text.map_or_else(|| "it".to_owned(), |text| text.value.shown());
        let span = text.map_or(at.span, |text| text.span);
        self.problems
            .error(span, format!("{shown} is no {what}"))
            .help(help);
    }

    fn kafka_tls(&mut self, tls: &wire::KafkaTls) -> Option<Tls> {
        let ca = self.kafka_path(&tls.ca);
        let (certificate, key) = (self.kafka_path(&tls.certificate), self.kafka_path(&tls.key));
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(Identity {
                certificate,
                key,
                key_password: tls.key_password.get().map(|text| Secret::new(&*text.value)),
            }),
            (None, None) => {
                self.kafka_beside(tls.key_password.key(), "key_password", "key");
                None
            }
            _ => {
                let given = tls.certificate.key().or(tls.key.key())?;
                self.problems
                    .error(given, "a client certificate is `certificate` and `key`")
                    .help("add the other one");
                return None;
            }
        };
        Some(Tls { ca, identity })
    }

    fn kafka_path(&mut self, path: &Slot<Text>) -> Option<PathBuf> {
        let path = path.get()?;
        self.not_empty(path, "the path");
        Some(self.locate(&path.value))
    }

    fn kafka_sasl(&mut self, at: &At<wire::KafkaSasl>) -> Option<Sasl> {
        let sasl = &at.value;
        let mechanism = sasl.mechanism.get()?.value;
        let (is_password, is_token) = match mechanism {
            Mechanism::ScramSha256 | Mechanism::ScramSha512 | Mechanism::Plain => (true, false),
            Mechanism::OAuthBearer => (false, true),
            Mechanism::AwsMskIam => (false, false),
        };
        let asks = is_token && sasl.token_url.key().is_some();
        let keys = [
            ("user", sasl.user.key(), is_password),
            ("password", sasl.password.key(), is_password),
            ("token_file", sasl.token_file.key(), is_token),
            ("token_url", sasl.token_url.key(), is_token),
            ("client_id", sasl.client_id.key(), asks),
            ("client_secret", sasl.client_secret.key(), asks),
            ("scope", sasl.scope.key(), asks),
            ("region", sasl.region.key(), !is_password && !is_token),
        ];
        for (name, key, _) in keys.iter().filter(|(_, _, means)| !means) {
            if let Some(key) = key {
                self.problems
                    .error(*key, format!("`{name}` has no effect with this mechanism"))
                    .help("leave it out");
            }
        }
        let made = match mechanism {
            Mechanism::ScramSha256 | Mechanism::ScramSha512 | Mechanism::Plain => {
                let user = self.kafka_needs(at, &sasl.user, "user");
                let password = self.kafka_needs(at, &sasl.password, "password");
                let (user, password) = (user?, Secret::new(password?));
                match mechanism {
                    Mechanism::Plain => Sasl::Plain { user, password },
                    _ => Sasl::Scram {
                        hash: match mechanism {
                            Mechanism::ScramSha256 => ScramHash::Sha256,
                            _ => ScramHash::Sha512,
                        },
                        user,
                        password,
                    },
                }
            }
            Mechanism::OAuthBearer => Sasl::OAuthBearer(self.kafka_token(at)?),
            Mechanism::AwsMskIam => Sasl::AwsMskIam {
                region: self.kafka_needs(at, &sasl.region, "region")?,
            },
        };
        Some(made)
    }

    fn kafka_token(&mut self, at: &At<wire::KafkaSasl>) -> Option<Token> {
        let sasl = &at.value;
        match (sasl.token_file.key(), sasl.token_url.key()) {
            (Some(file), Some(url)) => {
                self.problems
                    .error(
                        url,
                        "`token_url` beside `token_file`: a token comes from one of them",
                    )
                    .help("keep one of them")
                    .related(file, "the other one");
                None
            }
            (None, None) => {
                self.problems
                    .error(at.span, "OAUTHBEARER without `token_file` and `token_url`")
                    .help("say where a token comes from");
                None
            }
            (Some(_), None) => self.kafka_path(&sasl.token_file).map(Token::File),
            (None, Some(_)) => {
                let client = self.kafka_needs(at, &sasl.client_id, "client_id");
                let secret = self.kafka_needs(at, &sasl.client_secret, "client_secret");
                Some(Token::ClientCredentials {
                    url: Box::from(&*sasl.token_url.get()?.value),
                    client: client?,
                    secret: Secret::new(secret?),
                    scope: sasl.scope.get().map(|scope| Box::from(&*scope.value)),
                })
            }
        }
    }

    fn kafka_needs(&mut self, at: &At<wire::KafkaSasl>, text: &Slot<Text>, name: &str) -> Option<Box<str>> {
        if text.key().is_none() {
            self.problems
                .error(at.span, format!("this mechanism needs `{name}`"))
                .help(format!("add `{name}`"));
        }
        text.get().map(|text| Box::from(&*text.value))
    }

    fn kafka_beside(&mut self, key: Option<Span>, name: &str, other: &str) {
        if let Some(key) = key {
            self.problems
                .error(key, format!("`{name}` has no effect without `{other}`"))
                .help("leave it out");
        }
    }
}
