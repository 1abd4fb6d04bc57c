//! What an authorizer is told by its environment: read once, at its start, and every bad value refused by name.
//!
//! Nothing is read and ignored: a variable of ours that this version does not know is an error too, because a misspelt
//! one would otherwise be a rule that silently never holds.

mod following;

pub use following::{Bundle, Following, Portal, Secret, Token, Url};

use policy::path::PathPrefix;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;

/// Longest result TTL that API Gateway takes, in seconds.
const RESULT_TTL_S_MAX: u32 = 3_600;

/// Longest id of an API or a cell, in bytes.
const ID_BYTES_MAX: usize = 128;

/// What every variable of ours begins with.
const OURS: &str = "SWITCHBOARD_";

const FLOOR: &str = "SWITCHBOARD_FLOOR";
const APIS: &str = "SWITCHBOARD_APIS";
const PATH_PREFIX: &str = "SWITCHBOARD_PATH_PREFIX";
const RESPONSE: &str = "SWITCHBOARD_RESPONSE";
const RESULT_TTL_S: &str = "SWITCHBOARD_RESULT_TTL_S";
const CELL: &str = "SWITCHBOARD_CELL";
const GATEWAY: &str = "SWITCHBOARD_GATEWAY";

/// Every variable that is read.
const KNOWN: &[&str] = &[
    FLOOR,
    APIS,
    PATH_PREFIX,
    RESPONSE,
    RESULT_TTL_S,
    CELL,
    GATEWAY,
    following::BUNDLE,
    #[cfg(feature = "kafka")]
    following::KAFKA,
    following::BUNDLE_TOKEN,
    following::BUNDLE_TOKEN_FILE,
    following::SYNC_AFTER_MS,
    following::MAX_STALENESS_S,
    following::ON_STALE,
    following::FLOOR_MAX_AGE_S,
    following::PORTAL,
    following::PORTAL_TOKEN,
    following::PORTAL_TOKEN_FILE,
    following::CA_FILE,
];

/// The settings of an authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the floor is.
    pub floor: PathBuf,
    /// Ids of the APIs that it fronts; at least one, none twice.
    pub apis: Vec<Box<str>>,
    /// What API Gateway took away from the front of the path.
    pub path_prefix: Option<PathPrefix>,
    /// The form of answers to payload 2.0 of HTTP APIs.
    pub response: Response,
    /// For how long API Gateway keeps an answer, in seconds; 0: not at all.
    pub result_ttl_s: u32,
    /// The id of the cell that it stands in.
    pub cell: Option<Box<str>>,
    /// The name of the API that it stands before, which tells its clients' keys of usage plans from another's.
    pub gateway: Option<Box<str>>,
    /// Where newer policy comes from; `None`: it decides by its floor alone.
    pub following: Option<Following>,
    /// Whom it tells what it decides by.
    pub portal: Option<Portal>,
    /// A file of certificates that may sign those of servers, in place of the system's.
    pub ca_file: Option<PathBuf>,
}

/// The form of answers to payload 2.0 of HTTP APIs; every other event is answered with a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Response {
    /// An IAM policy.
    #[default]
    Policy,
    /// `isAuthorized`.
    Simple,
}

/// Why there are no settings. Names the variable, its value, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A variable that has to be set.
    #[error("{variable} is not set; {write}")]
    Missing {
        /// Its name.
        variable: &'static str,
        /// What to write.
        write: &'static str,
    },
    /// A value that does not mean anything.
    #[error("{variable} is `{value}`: {fault}; {write}")]
    Bad {
        /// The variable's name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        fault: String,
        /// What to write.
        write: String,
    },
    /// A value that is not told, because it is a secret.
    #[error("{0} is no token; write 1 to 4096 visible ASCII characters, as the portal gave them")]
    BadToken(&'static str),
    /// A variable that means nothing without another one.
    #[error("{variable} has no effect without {other}; leave it out, or set {other}")]
    Alone {
        /// Its name.
        variable: &'static str,
        /// What it needs.
        other: &'static str,
    },
    /// Two variables that say the same.
    #[error("{0} and {1} are both set; keep one of them")]
    Both(&'static str, &'static str),
    /// A variable of ours that no version knows.
    #[error("{0} is not a setting; there are {known}", known = KNOWN.join(", "))]
    Unknown(String),
}

impl Settings {
    /// From name and value of every variable of the environment. Those of others are not looked at; an empty value is
    /// as good as none, because Terraform writes one for what is left out.
    pub fn read(environment: impl IntoIterator<Item = (String, String)>) -> Result<Settings, SettingsError> {
        let mut values: Vec<(String, String)> = environment
            .into_iter()
            .filter(|(name, value)| name.starts_with(OURS) && !value.is_empty())
            .collect();
        values.sort();
        let unknown = values.iter().find(|(name, _)| !KNOWN.contains(&name.as_str()));
        if let Some((name, _)) = unknown {
            return Err(SettingsError::Unknown(name.clone()));
        }
        let values = Values(values);
        let value = |variable: &str| values.get(variable);
        let settings = Settings {
            floor: value(FLOOR).map(PathBuf::from).ok_or(SettingsError::Missing {
                variable: FLOOR,
                write: "write the path of the floor in the package, such as /var/task/floor",
            })?,
            apis: apis(value(APIS).ok_or(SettingsError::Missing {
                variable: APIS,
                write: "write the ids of the APIs that this authorizer fronts, such as orders,returns",
            })?)?,
            path_prefix: value(PATH_PREFIX).map(path_prefix).transpose()?,
            response: value(RESPONSE).map(response).transpose()?.unwrap_or_default(),
            result_ttl_s: value(RESULT_TTL_S).map(result_ttl_s).transpose()?.unwrap_or(0),
            cell: value(CELL).map(|text| id(CELL, text, text)).transpose()?,
            gateway: value(GATEWAY).map(|text| id(GATEWAY, text, text)).transpose()?,
            following: following::following(&values)?,
            portal: following::portal(&values)?,
            ca_file: following::ca_file(&values)?,
        };
        settings.together()
    }

    /// What no single value is wrong about.
    fn together(self) -> Result<Settings, SettingsError> {
        if self.result_ttl_s == 0 {
            return Ok(self);
        }
        let bad = |fault: &str, write: &str| {
            Err(SettingsError::Bad {
                variable: RESULT_TTL_S,
                value: self.result_ttl_s.to_string(),
                fault: fault.to_owned(),
                write: write.to_owned(),
            })
        };
        if self.response == Response::Simple {
            return bad(
                "a simple answer that is kept would hold for every route",
                "write 0, or SWITCHBOARD_RESPONSE=policy",
            );
        }
        if self.apis.len() > 1 {
            return bad(
                "one answer that is kept can't carry the scopes of several APIs",
                "write 0, or give each API an authorizer of its own",
            );
        }
        Ok(self)
    }
}

/// What tells one set of settings from another: SHA-256, in lower-case hexadecimal, of `NAME=VALUE` and LF for each variable of ours that is
/// set, but for tokens, by name.
pub fn config_digest(environment: impl IntoIterator<Item = (String, String)>) -> String {
    let is_told = |name: &str| ![following::BUNDLE_TOKEN, following::PORTAL_TOKEN].contains(&name);
    let mut lines: Vec<String> = environment
        .into_iter()
        .filter(|(name, value)| name.starts_with(OURS) && !value.is_empty() && is_told(name))
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    lines.sort();
    let digest = Sha256::digest(lines.concat());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Name and value of each variable of ours that is set.
struct Values(Vec<(String, String)>);

impl Values {
    fn get(&self, variable: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == variable);
        found.map(|(_, value)| value.as_str())
    }
}

fn apis(text: &str) -> Result<Vec<Box<str>>, SettingsError> {
    let mut apis: Vec<Box<str>> = Vec::new();
    for part in text.split(',') {
        let api = id(APIS, text, part.trim_matches(' '))?;
        if apis.contains(&api) {
            return Err(SettingsError::Bad {
                variable: APIS,
                value: text.to_owned(),
                fault: format!("`{api}` stands twice"),
                write: "name each API once".to_owned(),
            });
        }
        apis.push(api);
    }
    Ok(apis)
}

fn id(variable: &'static str, value: &str, id: &str) -> Result<Box<str>, SettingsError> {
    let good = (1..=ID_BYTES_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    if good {
        return Ok(id.into());
    }
    Err(SettingsError::Bad {
        variable,
        value: value.to_owned(),
        fault: format!("`{id}` is no id"),
        write: format!("an id has 1 to {ID_BYTES_MAX} letters, digits, `.` and `-`"),
    })
}

fn path_prefix(text: &str) -> Result<PathPrefix, SettingsError> {
    PathPrefix::parse(text).map_err(|_| SettingsError::Bad {
        variable: PATH_PREFIX,
        value: text.to_owned(),
        fault: "not a prefix of paths".to_owned(),
        write: "write a canonical path without a slash at its end, such as /api/orders, or leave it out"
            .to_owned(),
    })
}

fn response(text: &str) -> Result<Response, SettingsError> {
    match text {
        "policy" => Ok(Response::Policy),
        "simple" => Ok(Response::Simple),
        _ => Err(SettingsError::Bad {
            variable: RESPONSE,
            value: text.to_owned(),
            fault: "there is no such form".to_owned(),
            write: "write policy or simple".to_owned(),
        }),
    }
}

fn result_ttl_s(text: &str) -> Result<u32, SettingsError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if digits && seconds <= RESULT_TTL_S_MAX => Ok(seconds),
        _ => Err(SettingsError::Bad {
            variable: RESULT_TTL_S,
            value: text.to_owned(),
            fault: "not a number of seconds that API Gateway takes".to_owned(),
            write: format!("write the result TTL that API Gateway is set to, 0 to {RESULT_TTL_S_MAX}"),
        }),
    }
}

#[cfg(test)]
mod tests;
