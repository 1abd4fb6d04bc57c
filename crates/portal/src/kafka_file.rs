//! The section `kafka` of `portal.yaml`: its keys are those of a gateway's `policy.feed.kafka`, but that secrets are in files.

use crate::identity::{SettingsError, read_secret};
use feed::kafka::{Identity, Sasl, ScramHash, Secret, Settings, Tls, Token};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KafkaFile {
    /// Each as `HOST:PORT`.
    brokers: Vec<Box<str>>,
    tls: Option<TlsFile>,
    sasl: Option<SaslFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsFile {
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    key_password_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Mechanism {
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    #[serde(rename = "PLAIN")]
    Plain,
    #[serde(rename = "OAUTHBEARER")]
    OAuthBearer,
    #[serde(rename = "AWS_MSK_IAM")]
    AwsMskIam,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaslFile {
    mechanism: Mechanism,
    user: Option<Box<str>>,
    password_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    token_url: Option<Box<str>>,
    client_id: Option<Box<str>>,
    client_secret_file: Option<PathBuf>,
    scope: Option<Box<str>>,
    region: Option<Box<str>>,
}

fn wrong(key: &'static str, message: impl Into<String>) -> SettingsError {
    SettingsError::Value {
        key,
        message: message.into(),
    }
}

impl KafkaFile {
    /// With the secrets that it names, which are looked for beside the file that it stands in.
    pub(crate) fn resolve(self, beside: &Path) -> Result<Settings, SettingsError> {
        if !feed::kafka::IS_BUILT_IN {
            let message =
                "this build has no Kafka: take one with the feature `kafka`, or leave the section out";
            return Err(wrong("kafka", message));
        }
        let tls = self.tls.map(|tls| tls.resolve(beside)).transpose()?;
        let sasl = self.sasl.map(|sasl| sasl.resolve(beside)).transpose()?;
        Settings::new(self.brokers, None, tls, sasl).map_err(|error| wrong("kafka", error.to_string()))
    }
}

impl TlsFile {
    fn resolve(self, beside: &Path) -> Result<Tls, SettingsError> {
        let identity = match (self.certificate, self.key) {
            (None, None) if self.key_password_file.is_some() => {
                return Err(wrong(
                    "kafka.tls.key_password_file",
                    "there is no `key` that it could open",
                ));
            }
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(Identity {
                certificate: beside.join(certificate),
                key: beside.join(key),
                key_password: secret(beside, self.key_password_file)?,
            }),
            _ => {
                return Err(wrong(
                    "kafka.tls",
                    "`certificate` and `key` belong together: give both, or neither",
                ));
            }
        };
        Ok(Tls {
            ca: self.ca.map(|ca| beside.join(ca)),
            identity,
        })
    }
}

fn secret(beside: &Path, file: Option<PathBuf>) -> Result<Option<Secret>, SettingsError> {
    let read = |file: PathBuf| read_secret(&beside.join(file));
    Ok(file.map(read).transpose()?.map(Secret::new))
}

fn needed<T>(value: Option<T>, key: &'static str, with: &str) -> Result<T, SettingsError> {
    value.ok_or_else(|| wrong(key, format!("it is needed with {with}")))
}

impl SaslFile {
    fn resolve(self, beside: &Path) -> Result<Sasl, SettingsError> {
        self.has_no_other()?;
        match self.mechanism {
            Mechanism::ScramSha256 => self.password(beside, Some(ScramHash::Sha256)),
            Mechanism::ScramSha512 => self.password(beside, Some(ScramHash::Sha512)),
            Mechanism::Plain => self.password(beside, None),
            Mechanism::OAuthBearer => self.token(beside).map(Sasl::OAuthBearer),
            Mechanism::AwsMskIam => Ok(Sasl::AwsMskIam {
                region: needed(self.region, "kafka.sasl.region", "AWS_MSK_IAM")?,
            }),
        }
    }

    /// Nothing is given that the mechanism does not use.
    fn has_no_other(&self) -> Result<(), SettingsError> {
        let has_password = !matches!(self.mechanism, Mechanism::OAuthBearer | Mechanism::AwsMskIam);
        let (is_token, is_aws) = (
            self.mechanism == Mechanism::OAuthBearer,
            self.mechanism == Mechanism::AwsMskIam,
        );
        let given = [
            (self.user.is_some(), has_password, "kafka.sasl.user"),
            (
                self.password_file.is_some(),
                has_password,
                "kafka.sasl.password_file",
            ),
            (self.token_file.is_some(), is_token, "kafka.sasl.token_file"),
            (self.token_url.is_some(), is_token, "kafka.sasl.token_url"),
            (self.client_id.is_some(), is_token, "kafka.sasl.client_id"),
            (
                self.client_secret_file.is_some(),
                is_token,
                "kafka.sasl.client_secret_file",
            ),
            (self.scope.is_some(), is_token, "kafka.sasl.scope"),
            (self.region.is_some(), is_aws, "kafka.sasl.region"),
        ];
        match given
            .into_iter()
            .find(|(is_there, is_used, _)| *is_there && !is_used)
        {
            Some((_, _, key)) => Err(wrong(key, "this mechanism does not use it: leave it out")),
            None => Ok(()),
        }
    }

    fn password(self, beside: &Path, hash: Option<ScramHash>) -> Result<Sasl, SettingsError> {
        let user = needed(self.user, "kafka.sasl.user", "this mechanism")?;
        let file = needed(self.password_file, "kafka.sasl.password_file", "this mechanism")?;
        let password = Secret::new(read_secret(&beside.join(file))?);
        Ok(match hash {
            Some(hash) => Sasl::Scram { hash, user, password },
            None => Sasl::Plain { user, password },
        })
    }

    fn token(self, beside: &Path) -> Result<Token, SettingsError> {
        match (self.token_file, self.token_url) {
            (Some(file), None) if self.client_id.is_none() && self.client_secret_file.is_none() => {
                Ok(Token::File(beside.join(file)))
            }
            (None, Some(url)) => {
                let file = needed(
                    self.client_secret_file,
                    "kafka.sasl.client_secret_file",
                    "`token_url`",
                )?;
                Ok(Token::ClientCredentials {
                    url,
                    client: needed(self.client_id, "kafka.sasl.client_id", "`token_url`")?,
                    secret: Secret::new(read_secret(&beside.join(file))?),
                    scope: self.scope,
                })
            }
            _ => Err(wrong(
                "kafka.sasl",
                "OAUTHBEARER has its token from `token_file`, or from `token_url` by `client_id` and `client_secret_file`: give one of both",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    //! What is said of Kafka, and each thing that can be wrong with it.

    use crate::Configuration;

    fn check(text: &str, expected: &str) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("password"), "hush\n").unwrap();
        let path = dir.path().join("portal.yaml");
        std::fs::write(&path, text).unwrap();
        let told = match Configuration::load(&path) {
            Ok(Configuration { kafka, .. }) => format!("{kafka:?}"),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(expected), "{text}: {told}");
        assert!(!told.contains("hush"), "{told}");
    }

    #[test]
    fn what_is_said_of_kafka() {
        if !feed::kafka::IS_BUILT_IN {
            check("kafka: { brokers: [\"k:9092\"] }", "this build has no Kafka");
            return;
        }
        check("{}", "None");
        check("kafka: { brokers: [\"k:9092\"] }", "k:9092");
        check("kafka: { brokers: [] }", "1 to 64 brokers");
        check("kafka: { brokers: [\"k:9092\"], topic: x }", "topic");
        let sasl = |sasl: &str| format!("kafka: {{ brokers: [\"k:9092\"], tls: {{}}, sasl: {{ {sasl} }} }}");
        check(
            &sasl("mechanism: SCRAM-SHA-512, user: portal, password_file: password"),
            "portal",
        );
        check(&sasl("mechanism: SCRAM-SHA-512, user: portal"), "password_file");
        check(
            &sasl("mechanism: PLAIN, user: portal, password_file: none"),
            "none",
        );
        check(
            &sasl("mechanism: PLAIN, user: p, password_file: password, region: eu-west-1"),
            "does not use it",
        );
        check(&sasl("mechanism: OAUTHBEARER"), "give one of both");
        check(
            &sasl("mechanism: OAUTHBEARER, token_file: t"),
            "OAuthBearer(File(",
        );
        check(&sasl("mechanism: AWS_MSK_IAM"), "kafka.sasl.region");
        check(&sasl("mechanism: AWS_MSK_IAM, region: eu-west-1"), "eu-west-1");
        check(
            "kafka: { brokers: [\"k:9092\"], tls: { key: k } }",
            "belong together",
        );
        check(
            "kafka: { brokers: [\"k:9092\"], sasl: { mechanism: PLAIN, user: p, password_file: password } }",
            "needs `tls`",
        );
    }
}
