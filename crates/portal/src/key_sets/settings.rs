//! How key sets are fetched: the section `key_sets` of `portal.yaml`.

use crate::fetch::is_host;
use crate::identity::SettingsError;
use serde::Deserialize;
use std::time::Duration;

/// How often an issuer is asked, in seconds, where the file says nothing.
const REFRESH_S: u64 = 300;
/// An issuer is asked at most this often, in seconds: as often as a gateway may.
const REFRESH_S_MIN: u64 = 5;
/// A day: longer than any provider announces a key before it signs with it.
const REFRESH_S_MAX: u64 = 86_400;
/// Hosts that are asked over plain HTTP.
const PLAIN_COUNT_MAX: usize = 100;

/// How key sets are fetched.
#[derive(Debug, Clone)]
pub(crate) struct KeySetSettings {
    /// How often an issuer whose keys could be had is asked for them again.
    pub(crate) refresh: Duration,
    /// Hosts that may be asked over plain HTTP.
    pub(crate) plain_http: Vec<Box<str>>,
}

impl Default for KeySetSettings {
    fn default() -> Self {
        KeySetSettings {
            refresh: Duration::from_secs(REFRESH_S),
            plain_http: Vec::new(),
        }
    }
}

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeySetFile {
    refresh_s: Option<u64>,
    #[serde(default)]
    plain_http: Vec<Box<str>>,
}

impl KeySetFile {
    /// What it says.
    pub(crate) fn resolve(self) -> Result<KeySetSettings, SettingsError> {
        let wrong = |key, message| Err(SettingsError::Value { key, message });
        let refresh_s = self.refresh_s.unwrap_or(REFRESH_S);
        if !(REFRESH_S_MIN..=REFRESH_S_MAX).contains(&refresh_s) {
            let message = format!("write {REFRESH_S_MIN} to {REFRESH_S_MAX}");
            return wrong("key_sets.refresh_s", message);
        }
        if self.plain_http.len() > PLAIN_COUNT_MAX {
            return wrong("key_sets.plain_http", format!("at most {PLAIN_COUNT_MAX} hosts"));
        }
        if let Some(other) = self.plain_http.iter().find(|host| !is_host(host)) {
            let message =
                format!("`{other}` is no host: write a name or an address, without scheme, port and path");
            return wrong("key_sets.plain_http", message);
        }
        Ok(KeySetSettings {
            refresh: Duration::from_secs(refresh_s),
            plain_http: self.plain_http,
        })
    }
}
