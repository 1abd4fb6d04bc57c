//! Where Kafka is, as a file says: the section `kafka` of `portal.yaml`, and a file of its own for a relay, an authorizer and `feed doctor`.
//!
//! Its keys are those of a gateway's `policy.feed.kafka`, but that secrets are in files which it names: none is in it, nor in an error.

use super::settings::{Identity, Sasl, ScramHash, Secret, Settings, Tls, Token};
use serde::Deserialize;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Bytes of a file of secrets, and of one that says where Kafka is.
const BYTES_MAX: u64 = 64 * 1024;

/// What a file says, before the secrets that it names are read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaFile {
    /// Each as `HOST:PORT`.
    brokers: Vec<Box<str>>,
    /// Where it is not the feed's own.
    topic: Option<Box<str>>,
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

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It, or a file that it names, cannot be read.
    #[error("cannot read {} ({fault})", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        fault: io::Error,
    },
    /// Too large.
    #[error("{} is larger than {BYTES_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    /// Not YAML, or with a key or a value that is not known. The text shows the place.
    #[error("{}: {message}", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// A value that could not work.
    #[error("`{key}`: {message}")]
    Value {
        /// The key, with those above it.
        key: &'static str,
        /// What is wrong, and what to write.
        message: String,
    },
}

fn wrong(key: &'static str, message: impl Into<String>) -> FileError {
    FileError::Value {
        key,
        message: message.into(),
    }
}

impl Settings {
    /// Reads a file of its own, and the secrets that it names, which are looked for beside it.
    ///
    /// # Errors
    /// Where one of them cannot be read, or a key or a value could not work.
    #[cfg(feature = "kafka")]
    pub fn load(path: &Path) -> Result<Settings, FileError> {
        let file: KafkaFile = serde_saphyr::from_str(&read(path)?).map_err(|error| FileError::Malformed {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        file.resolve(path.parent().unwrap_or(Path::new(".")))
    }
}

impl KafkaFile {
    /// With the secrets that it names, which are looked for beside the file that it stands in.
    ///
    /// # Errors
    /// Where one of them cannot be read, or a value could not work; in a build without Kafka always.
    pub fn resolve(self, beside: &Path) -> Result<Settings, FileError> {
        if !super::IS_BUILT_IN {
            let message =
                "this build has no Kafka: take one with the feature `kafka`, or leave the section out";
            return Err(wrong("kafka", message));
        }
        let tls = self.tls.map(|tls| tls.resolve(beside)).transpose()?;
        let sasl = self.sasl.map(|sasl| sasl.resolve(beside)).transpose()?;
        Settings::new(self.brokers, self.topic, tls, sasl).map_err(|error| wrong("kafka", error.to_string()))
    }
}

fn read(path: &Path) -> Result<String, FileError> {
    let unreadable = |fault| FileError::Unreadable {
        path: path.to_owned(),
        fault,
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    Ok(text)
}

/// A secret's file, without the white space around it.
fn read_secret(path: &Path) -> Result<String, FileError> {
    Ok(read(path)?.trim().to_owned())
}

impl TlsFile {
    fn resolve(self, beside: &Path) -> Result<Tls, FileError> {
        let identity = match (self.certificate, self.key) {
            (None, None) if self.key_password_file.is_some() => {
                return Err(wrong(
                    "tls.key_password_file",
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
                    "tls",
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

fn secret(beside: &Path, file: Option<PathBuf>) -> Result<Option<Secret>, FileError> {
    let read = |file: PathBuf| read_secret(&beside.join(file));
    Ok(file.map(read).transpose()?.map(Secret::new))
}

fn needed<T>(value: Option<T>, key: &'static str, with: &str) -> Result<T, FileError> {
    value.ok_or_else(|| wrong(key, format!("it is needed with {with}")))
}

impl SaslFile {
    fn resolve(self, beside: &Path) -> Result<Sasl, FileError> {
        self.has_no_other()?;
        match self.mechanism {
            Mechanism::ScramSha256 => self.password(beside, Some(ScramHash::Sha256)),
            Mechanism::ScramSha512 => self.password(beside, Some(ScramHash::Sha512)),
            Mechanism::Plain => self.password(beside, None),
            Mechanism::OAuthBearer => self.token(beside).map(Sasl::OAuthBearer),
            Mechanism::AwsMskIam => Ok(Sasl::AwsMskIam {
                region: needed(self.region, "sasl.region", "AWS_MSK_IAM")?,
            }),
        }
    }

    /// Nothing is given that the mechanism does not use.
    fn has_no_other(&self) -> Result<(), FileError> {
        let has_password = !matches!(self.mechanism, Mechanism::OAuthBearer | Mechanism::AwsMskIam);
        let (is_token, is_aws) = (
            self.mechanism == Mechanism::OAuthBearer,
            self.mechanism == Mechanism::AwsMskIam,
        );
        let given = [
            (self.user.is_some(), has_password, "sasl.user"),
            (self.password_file.is_some(), has_password, "sasl.password_file"),
            (self.token_file.is_some(), is_token, "sasl.token_file"),
            (self.token_url.is_some(), is_token, "sasl.token_url"),
            (self.client_id.is_some(), is_token, "sasl.client_id"),
            (
                self.client_secret_file.is_some(),
                is_token,
                "sasl.client_secret_file",
            ),
            (self.scope.is_some(), is_token, "sasl.scope"),
            (self.region.is_some(), is_aws, "sasl.region"),
        ];
        match given
            .into_iter()
            .find(|(is_there, is_used, _)| *is_there && !is_used)
        {
            Some((_, _, key)) => Err(wrong(key, "this mechanism does not use it: leave it out")),
            None => Ok(()),
        }
    }

    fn password(self, beside: &Path, hash: Option<ScramHash>) -> Result<Sasl, FileError> {
        let user = needed(self.user, "sasl.user", "this mechanism")?;
        let file = needed(self.password_file, "sasl.password_file", "this mechanism")?;
        let password = Secret::new(read_secret(&beside.join(file))?);
        Ok(match hash {
            Some(hash) => Sasl::Scram { hash, user, password },
            None => Sasl::Plain { user, password },
        })
    }

    fn token(self, beside: &Path) -> Result<Token, FileError> {
        match (self.token_file, self.token_url) {
            (Some(file), None) if self.client_id.is_none() && self.client_secret_file.is_none() => {
                Ok(Token::File(beside.join(file)))
            }
            (None, Some(url)) => {
                let file = needed(self.client_secret_file, "sasl.client_secret_file", "`token_url`")?;
                Ok(Token::ClientCredentials {
                    url,
                    client: needed(self.client_id, "sasl.client_id", "`token_url`")?,
                    secret: Secret::new(read_secret(&beside.join(file))?),
                    scope: self.scope,
                })
            }
            _ => Err(wrong(
                "sasl",
                "OAUTHBEARER has its token from `token_file`, or from `token_url` by `client_id` and `client_secret_file`: give one of both",
            )),
        }
    }
}
