//! `portal.yaml`, read once at start: how one signs in, and where Kafka is.
//!
//! Strict, and without secrets: those are in files that it names, which are looked for beside it.

use crate::identity::{SettingsError, SignInFile, SignInSettings};
use crate::kafka_file::KafkaFile;
use serde::Deserialize;
use std::path::Path;

/// What the file says.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// How one signs in.
    pub sign_in: SignInSettings,
    /// Where every feed is published to besides the portal's own stream.
    pub kafka: Option<feed::kafka::Settings>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    public_url: Option<String>,
    #[serde(default)]
    sign_in: SignInFile,
    kafka: Option<KafkaFile>,
}

impl Configuration {
    /// What holds without a file: local users alone, and no Kafka.
    pub fn without_file() -> Configuration {
        Configuration {
            sign_in: SignInSettings::local(),
            kafka: None,
        }
    }

    /// Reads the file, and the secrets that it names.
    ///
    /// # Errors
    /// Where it, or a secret's file, cannot be read, or a key or a value could not work.
    pub fn load(path: &Path) -> Result<Configuration, SettingsError> {
        let text = crate::identity::read_file(path)?;
        let file: File = serde_saphyr::from_str(&text).map_err(|error| SettingsError::Malformed {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        let beside = path.parent().unwrap_or(Path::new("."));
        Ok(Configuration {
            sign_in: SignInSettings::resolve(file.public_url, file.sign_in, beside)?,
            kafka: file.kafka.map(|kafka| kafka.resolve(beside)).transpose()?,
        })
    }
}
