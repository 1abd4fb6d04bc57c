//! Where an authorizer looks for newer policy, how old what it has may get, and whom it tells.
//!
//! Read at the start with the rest of the settings. A token is never shown, and never goes out readable.

use super::{SettingsError, Values};
use std::fmt;
use std::path::PathBuf;

pub(super) const BUNDLE: &str = "SWITCHBOARD_BUNDLE";
#[cfg(feature = "kafka")]
pub(super) const KAFKA: &str = "SWITCHBOARD_KAFKA";
pub(super) const BUNDLE_TOKEN: &str = "SWITCHBOARD_BUNDLE_TOKEN";
pub(super) const BUNDLE_TOKEN_FILE: &str = "SWITCHBOARD_BUNDLE_TOKEN_FILE";
pub(super) const SYNC_AFTER_MS: &str = "SWITCHBOARD_SYNC_AFTER_MS";
pub(super) const MAX_STALENESS_S: &str = "SWITCHBOARD_MAX_STALENESS_S";
pub(super) const ON_STALE: &str = "SWITCHBOARD_ON_STALE";
pub(super) const FLOOR_MAX_AGE_S: &str = "SWITCHBOARD_FLOOR_MAX_AGE_S";
pub(super) const PORTAL: &str = "SWITCHBOARD_PORTAL";
pub(super) const PORTAL_TOKEN: &str = "SWITCHBOARD_PORTAL_TOKEN";
pub(super) const PORTAL_TOKEN_FILE: &str = "SWITCHBOARD_PORTAL_TOKEN_FILE";
pub(super) const CA_FILE: &str = "SWITCHBOARD_CA_FILE";

/// A second of traffic shares one look.
const SYNC_AFTER_MS_DEFAULT: u64 = 1_000;
const SYNC_AFTER_MS_MAX: u64 = 3_600_000;
/// As a gateway has it.
const STALENESS_S_DEFAULT: u64 = 3_600;
const AGE_S_MAX: u64 = 31_536_000;
const TOKEN_BYTES_MAX: usize = 4_096;
const URL_BYTES_MAX: usize = 2_048;
const HOST_BYTES_MAX: usize = 253;

/// Newer policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    /// Where it is looked for.
    pub bundle: Bundle,
    /// What its server wants to be shown.
    pub token: Option<Token>,
    /// How long a look is good for, in milliseconds.
    pub sync_after_ms: u64,
    /// How old what a feed said may get, in seconds.
    pub staleness_s_max: u64,
    /// Where what is too old is denied: how old a floor may be as long as no feed was heard, in seconds.
    pub deny_floor_s_max: Option<u64>,
}

/// Where a bundle is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bundle {
    /// A file.
    File(PathBuf),
    /// A server's; its path ends in `/bundle`.
    Url(Url),
    /// In place of a bundle: a topic in Kafka, whose place this file says.
    #[cfg(feature = "kafka")]
    Topic(PathBuf),
}

impl Bundle {
    /// Which variable says so.
    #[cfg_attr(not(feature = "lambda"), allow(dead_code, reason = "nobody follows"))]
    pub(crate) fn variable(&self) -> &'static str {
        match self {
            Bundle::File(_) | Bundle::Url(_) => BUNDLE,
            #[cfg(feature = "kafka")]
            Bundle::Topic(_) => KAFKA,
        }
    }
}

/// The portal that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// Its address, without a slash at the end.
    pub url: Url,
    /// The enrolment token.
    pub token: Token,
}

/// An address over HTTP, without user, query and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Over TLS.
    pub is_https: bool,
    /// A name or an address, without brackets.
    pub host: Box<str>,
    /// The port.
    pub port: u16,
    /// Empty, or from its slash on.
    pub path: Box<str>,
}

/// Where a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Here.
    Given(Secret),
    /// In a file.
    File(PathBuf),
}

/// A token, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// `None` where it could not stand in a header field.
    pub fn parse(text: &str) -> Option<Secret> {
        let good =
            (1..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        good.then(|| Secret(text.into()))
    }

    /// Its bytes, for a header field alone.
    pub fn exposed(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Url {
    pub(super) fn parse(text: &str) -> Option<Url> {
        let (scheme, rest) = text.split_once("://")?;
        let is_https = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) if is_digits(port) => port.parse().ok().filter(|port| *port > 0)?,
            None if port.is_empty() => {
                if is_https {
                    443
                } else {
                    80
                }
            }
            _ => return None,
        };
        let is_host = match authority.starts_with('[') {
            true => host.parse::<std::net::Ipv6Addr>().is_ok(),
            false => host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')),
        };
        // RFC 3986 §3.3.
        let is_path = path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte));
        let good = is_host && is_path && (1..=HOST_BYTES_MAX).contains(&host.len());
        (good && text.len() <= URL_BYTES_MAX).then(|| Url {
            is_https,
            host: host.into(),
            port,
            path: path.into(),
        })
    }

    /// The path of what stands beside the last segment.
    pub fn beside(&self, name: &str) -> String {
        let front = self.path.rfind('/').map_or("", |slash| &self.path[..=slash]);
        format!("{front}{name}")
    }

    /// As a field `Host` has it.
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.to_string(),
        };
        match (self.is_https, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// Nobody else reads what goes there.
    fn is_private(&self) -> bool {
        self.is_https || matches!(&*self.host, "localhost" | "127.0.0.1" | "::1")
    }
}

pub(super) fn following(values: &Values) -> Result<Option<Following>, SettingsError> {
    #[cfg(feature = "kafka")]
    if let Some(file) = values.get(KAFKA) {
        return kafka(values, file);
    }
    let Some(text) = values.get(BUNDLE) else {
        let others = [
            BUNDLE_TOKEN,
            BUNDLE_TOKEN_FILE,
            SYNC_AFTER_MS,
            MAX_STALENESS_S,
            ON_STALE,
            FLOOR_MAX_AGE_S,
        ];
        return alone(values, &others, BUNDLE);
    };
    let bundle = bundle(text)?;
    let token = token(values, BUNDLE_TOKEN, BUNDLE_TOKEN_FILE)?;
    match (&bundle, &token) {
        (Bundle::File(_), Some(_)) => {
            return alone(
                values,
                &[BUNDLE_TOKEN, BUNDLE_TOKEN_FILE],
                "a URL in SWITCHBOARD_BUNDLE",
            );
        }
        (Bundle::Url(url), Some(_)) => readable(BUNDLE, text, url)?,
        #[cfg(feature = "kafka")]
        (Bundle::Topic(_), _) => {}
        (_, None) => {}
    }
    let sync_after_ms =
        number(values, SYNC_AFTER_MS, "milliseconds", 0, SYNC_AFTER_MS_MAX)?.unwrap_or(SYNC_AFTER_MS_DEFAULT);
    let staleness_s_max = staleness_s_max(values)?;
    if sync_after_ms >= staleness_s_max * 1_000 {
        return Err(SettingsError::Bad {
            variable: SYNC_AFTER_MS,
            value: sync_after_ms.to_string(),
            fault: "not less than SWITCHBOARD_MAX_STALENESS_S, so that policy would be too old before anybody looked"
                .to_owned(),
            write: format!("write less than {}", staleness_s_max * 1_000),
        });
    }
    Ok(Some(Following {
        bundle,
        token,
        sync_after_ms,
        staleness_s_max,
        deny_floor_s_max: deny(values)?,
    }))
}

/// A topic is read all the time: nothing is looked for, and no server is shown a token.
#[cfg(feature = "kafka")]
fn kafka(values: &Values, file: &str) -> Result<Option<Following>, SettingsError> {
    if values.get(BUNDLE).is_some() {
        return Err(SettingsError::Both(BUNDLE, KAFKA));
    }
    alone::<()>(values, &[BUNDLE_TOKEN, BUNDLE_TOKEN_FILE, SYNC_AFTER_MS], BUNDLE)?;
    Ok(Some(Following {
        bundle: Bundle::Topic(file.into()),
        token: None,
        sync_after_ms: 0,
        staleness_s_max: staleness_s_max(values)?,
        deny_floor_s_max: deny(values)?,
    }))
}

fn staleness_s_max(values: &Values) -> Result<u64, SettingsError> {
    let given = number(values, MAX_STALENESS_S, "seconds", 1, AGE_S_MAX)?;
    Ok(given.unwrap_or(STALENESS_S_DEFAULT))
}

/// How old a floor may be where what is too old is denied.
fn deny(values: &Values) -> Result<Option<u64>, SettingsError> {
    match values.get(ON_STALE) {
        None | Some("serve") => alone(values, &[FLOOR_MAX_AGE_S], "SWITCHBOARD_ON_STALE=deny"),
        Some("deny") => {
            let floor_s_max = number(values, FLOOR_MAX_AGE_S, "seconds", 1, AGE_S_MAX)?;
            floor_s_max.map(Some).ok_or(SettingsError::Missing {
                variable: FLOOR_MAX_AGE_S,
                write: "with SWITCHBOARD_ON_STALE=deny write how old a floor may be, in seconds, as long as no feed was heard: \
                        a new process would begin with it",
            })
        }
        Some(text) => Err(SettingsError::Bad {
            variable: ON_STALE,
            value: text.to_owned(),
            fault: "there is no such rule".to_owned(),
            write: "write serve or deny".to_owned(),
        }),
    }
}

pub(super) fn portal(values: &Values) -> Result<Option<Portal>, SettingsError> {
    let Some(text) = values.get(PORTAL) else {
        return alone(values, &[PORTAL_TOKEN, PORTAL_TOKEN_FILE], PORTAL);
    };
    let url = Url::parse(text).map(|url| Url {
        path: url.path.strip_suffix('/').unwrap_or(&url.path).into(),
        ..url
    });
    let url = url.ok_or_else(|| SettingsError::Bad {
        variable: PORTAL,
        value: told(text),
        fault: "not the address of a portal".to_owned(),
        write: "write http:// or https://, a host, maybe a port and a path, without user, query and fragment, such as \
                https://portal.example.com"
            .to_owned(),
    })?;
    readable(PORTAL, text, &url)?;
    let token = token(values, PORTAL_TOKEN, PORTAL_TOKEN_FILE)?.ok_or(SettingsError::Missing {
        variable: PORTAL_TOKEN,
        write: "with SWITCHBOARD_PORTAL write an enrolment token, or name its file in SWITCHBOARD_PORTAL_TOKEN_FILE",
    })?;
    Ok(Some(Portal { url, token }))
}

pub(super) fn ca_file(values: &Values) -> Result<Option<PathBuf>, SettingsError> {
    let is_https = |variable| {
        values
            .get(variable)
            .is_some_and(|url| url.starts_with("https://"))
    };
    if !is_https(BUNDLE) && !is_https(PORTAL) {
        let other = "an https:// address in SWITCHBOARD_BUNDLE or SWITCHBOARD_PORTAL";
        return alone(values, &[CA_FILE], other);
    }
    Ok(values.get(CA_FILE).map(PathBuf::from))
}

fn bundle(text: &str) -> Result<Bundle, SettingsError> {
    if text.starts_with('/') {
        return Ok(Bundle::File(text.into()));
    }
    let url = Url::parse(text).filter(|url| url.path.ends_with("/bundle"));
    url.map(Bundle::Url).ok_or_else(|| SettingsError::Bad {
        variable: BUNDLE,
        value: told(text),
        fault: "not where a bundle is".to_owned(),
        write: "write a path from / on, or http:// or https://, a host, maybe a port, and a path that ends in /bundle, without user, \
                query and fragment, such as https://relay.example.com/bundle"
            .to_owned(),
    })
}

/// A user or a query may be a secret.
fn told(url: &str) -> String {
    match url.contains(['@', '?']) {
        true => "…".to_owned(),
        false => url.to_owned(),
    }
}

/// Nothing is set of what has no effect.
fn alone<T>(
    values: &Values,
    variables: &[&'static str],
    other: &'static str,
) -> Result<Option<T>, SettingsError> {
    let found = variables.iter().find(|variable| values.get(variable).is_some());
    match found {
        Some(variable) => Err(SettingsError::Alone { variable, other }),
        None => Ok(None),
    }
}

fn token(values: &Values, given: &'static str, file: &'static str) -> Result<Option<Token>, SettingsError> {
    match (values.get(given), values.get(file)) {
        (Some(_), Some(_)) => Err(SettingsError::Both(given, file)),
        (Some(text), None) => match Secret::parse(text) {
            Some(secret) => Ok(Some(Token::Given(secret))),
            None => Err(SettingsError::BadToken(given)),
        },
        (None, path) => Ok(path.map(|path| Token::File(path.into()))),
    }
}

/// A token does not go where others read it.
fn readable(variable: &'static str, text: &str, url: &Url) -> Result<(), SettingsError> {
    match url.is_private() {
        true => Ok(()),
        false => Err(SettingsError::Bad {
            variable,
            value: told(text),
            fault: "its token would travel where others can read it".to_owned(),
            write: "write https://".to_owned(),
        }),
    }
}

fn number(
    values: &Values,
    variable: &'static str,
    unit: &str,
    least: u64,
    most: u64,
) -> Result<Option<u64>, SettingsError> {
    let Some(text) = values.get(variable) else {
        return Ok(None);
    };
    let number = is_digits(text).then(|| text.parse().ok()).flatten();
    match number.filter(|number| (least..=most).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(SettingsError::Bad {
            variable,
            value: text.to_owned(),
            fault: format!("not a whole number of {unit} that it may be"),
            write: format!("write {least} to {most}"),
        }),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit())
}
