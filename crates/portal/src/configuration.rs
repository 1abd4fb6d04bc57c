//! `portal.yaml`, read once at start: how one signs in, where Kafka is, and how key sets are fetched.
//!
//! Strict, and without secrets: those are in files that it names, which are looked for beside it.

use crate::identity::{SettingsError, SignInFile, SignInSettings};
use crate::key_sets::{KeySetFile, KeySetSettings};
use feed::kafka::{FileError, KafkaFile};
use serde::Deserialize;
use std::path::Path;

/// What the file says.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// How one signs in.
    pub sign_in: SignInSettings,
    /// Where every feed is published to besides the portal's own stream.
    pub kafka: Option<feed::kafka::Settings>,
    /// How issuers' key sets are fetched.
    pub(crate) key_sets: KeySetSettings,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    public_url: Option<String>,
    #[serde(default)]
    sign_in: SignInFile,
    kafka: Option<KafkaFile>,
    #[serde(default)]
    key_sets: KeySetFile,
}

impl Configuration {
    /// What holds without a file: local users alone, and no Kafka.
    pub fn without_file() -> Configuration {
        Configuration {
            sign_in: SignInSettings::local(),
            kafka: None,
            key_sets: KeySetSettings::default(),
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
            kafka: file.kafka.map(|kafka| resolve(kafka, beside)).transpose()?,
            key_sets: file.key_sets.resolve()?,
        })
    }
}

fn resolve(kafka: KafkaFile, beside: &Path) -> Result<feed::kafka::Settings, SettingsError> {
    let wrong = |message: String| SettingsError::Value {
        key: "kafka",
        message,
    };
    let settings = kafka.resolve(beside).map_err(|error| match error {
        // What is wrong with the whole of it names this key already.
        FileError::Value {
            key: "kafka",
            message,
        } => wrong(message),
        error => wrong(error.to_string()),
    })?;
    match settings.named_topic() {
        None => Ok(settings),
        Some(_) => Err(wrong(
            "every feed has a topic of its own here: leave `topic` out".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    //! What is said of Kafka and of key sets, and each thing that can be wrong with it.

    use super::Configuration;

    fn check(text: &str, expected: &str) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("password"), "hush\n").unwrap();
        let path = dir.path().join("portal.yaml");
        std::fs::write(&path, text).unwrap();
        let told = match Configuration::load(&path) {
            Ok(Configuration { kafka, key_sets, .. }) => format!("{kafka:?} {key_sets:?}"),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(expected), "{text}: {told}");
        assert!(!told.contains("hush"), "{told}");
    }

    #[test]
    fn the_page_tells_of_key_sets() {
        let page = include_str!("../../../docs/operations.md");
        for key in ["refresh_s", "plain_http"] {
            assert!(page.contains(&format!("| `key_sets.{key}` |")), "{key}");
        }
    }

    #[test]
    fn what_is_said_of_key_sets() {
        check("{}", "refresh: 300s, plain_http: []");
        check("key_sets: {}", "refresh: 300s, plain_http: []");
        let whole = "key_sets: { refresh_s: 5, plain_http: [keycloak, 127.0.0.1, \"::1\"] }";
        check(
            whole,
            "refresh: 5s, plain_http: [\"keycloak\", \"127.0.0.1\", \"::1\"]",
        );
        check(
            "key_sets: { refresh_s: 4 }",
            "`key_sets.refresh_s`: write 5 to 86400",
        );
        check("key_sets: { refresh_s: 86401 }", "write 5 to 86400");
        check("key_sets: { refresh_s: -1 }", "refresh_s");
        check("key_sets: { every_s: 60 }", "every_s");
        check(
            "key_sets: { plain_http: [\"http://keycloak\"] }",
            "`http://keycloak` is no host",
        );
        let many: Vec<String> = (0..101).map(|n| format!("h{n}")).collect();
        check(
            &format!("key_sets: {{ plain_http: [{}] }}", many.join(", ")),
            "at most 100 hosts",
        );
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
        check("kafka: { brokers: [k] }", "`kafka`: \"k\" is no broker");
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
        check(&sasl("mechanism: AWS_MSK_IAM"), "sasl.region");
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
