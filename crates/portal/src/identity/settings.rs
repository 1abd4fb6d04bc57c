//! How one signs in: `portal.yaml`, read once at start.
//!
//! Strict: a key that is not known is an error with its place, and so is a value that could not work. Nothing in it is a secret; those are in
//! files that it names.

use super::actor::{PlatformRole, TeamRole};
use super::session::Lifetimes;
use crate::fetch::{UrlError, check_url};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Bytes of the file.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Bytes of a secret's file.
const SECRET_BYTES_MAX: u64 = 4_096;
/// Groups that are given roles.
const ROLES_COUNT_MAX: usize = 1_000;
/// How long a session may last, in seconds: 30 days.
const SESSION_S_MAX: u64 = 30 * 86_400;
/// How short a session may be, in seconds.
const SESSION_S_MIN: u64 = 60;

/// Why the file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It, or a file that it names, cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Too large.
    #[error("{} is larger than {max} bytes", .path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// What it may have.
        max: u64,
    },
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

/// How one signs in.
#[derive(Debug, Clone, Default)]
pub struct SignInSettings {
    /// Where browsers find the portal.
    pub(crate) public_url: Option<String>,
    /// Whether local users may sign in.
    pub(crate) local_users: bool,
    /// How long sessions last.
    pub(crate) lifetimes: Lifetimes,
    /// The identity provider.
    pub(crate) oidc: Option<OidcSettings>,
}

/// An identity provider.
#[derive(Debug, Clone)]
pub(crate) struct OidcSettings {
    /// Its identifier, exactly.
    pub(crate) issuer: String,
    /// What it knows the portal as.
    pub(crate) client_id: String,
    /// How the portal proves that; `None`: a public client, which has PKCE alone.
    pub(crate) client_secret: Option<Secret>,
    /// What is asked for, `openid` among it.
    pub(crate) scope: String,
    /// Signature algorithms that are taken; `None`: those that any issuer has by default.
    pub(crate) algorithms: Option<Vec<String>>,
    /// Which claims hold what.
    pub(crate) claims: ClaimNames,
    /// Whom the portal lets in.
    pub(crate) admit: Admit,
    /// What groups make of a user.
    pub(crate) roles: Vec<GroupRole>,
}

/// A secret that is not printed.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// For the one request that carries it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Claims: a member's name, or a JSON Pointer where it begins with `/`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ClaimNames {
    /// What the user is called.
    pub(crate) name: String,
    /// Where the user gets mail; only shown.
    pub(crate) email: String,
    /// The user's groups.
    pub(crate) groups: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        ClaimNames {
            name: "name".into(),
            email: "email".into(),
            groups: "groups".into(),
        }
    }
}

/// Whom the portal lets in whom the provider knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Admit {
    /// Whoever has a group that `roles` names, or was given a role in the portal.
    #[default]
    WithRole,
    /// Everybody; who has no role sees what all teams share.
    Everybody,
}

/// What a group makes of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupRole {
    /// The group, exactly.
    pub(crate) group: String,
    /// The role.
    pub(crate) role: Role,
}

/// A role that a group can give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// In the organisation.
    Platform(PlatformRole),
    /// In a team.
    Team {
        /// The team's id.
        team: String,
        /// What its members are there.
        role: TeamRole,
    },
}

/// The section `sign_in` of `portal.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInFile {
    local_users: Option<bool>,
    session: Option<SessionFile>,
    oidc: Option<OidcFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionFile {
    idle_s: Option<u64>,
    absolute_s: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OidcFile {
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    #[serde(default)]
    scopes: Vec<String>,
    algorithms: Option<Vec<String>>,
    #[serde(default)]
    claims: ClaimNames,
    #[serde(default)]
    admit: Admit,
    #[serde(default)]
    roles: Vec<RoleFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleFile {
    group: String,
    team: Option<String>,
    role: String,
}

impl SignInSettings {
    /// What holds without a file: local users alone.
    pub fn local() -> SignInSettings {
        SignInSettings {
            local_users: true,
            ..SignInSettings::default()
        }
    }

    /// What the file says, with the secrets that it names, which are looked for in this directory.
    pub(crate) fn resolve(
        public_url: Option<String>,
        sign_in: SignInFile,
        beside: &Path,
    ) -> Result<SignInSettings, SettingsError> {
        resolve(public_url, sign_in, &|named| {
            read_secret(&beside.join(named)).map(Secret)
        })
    }
}

/// The text of `portal.yaml`.
pub(crate) fn read_file(path: &Path) -> Result<String, SettingsError> {
    read(path, FILE_BYTES_MAX)
}

/// A secret's file, without the white space around it.
fn read_secret(path: &Path) -> Result<String, SettingsError> {
    Ok(read(path, SECRET_BYTES_MAX)?.trim().to_owned())
}

fn read(path: &Path, max: u64) -> Result<String, SettingsError> {
    use std::io::Read as _;
    let unreadable = |source| SettingsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(max + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > max {
        return Err(SettingsError::TooLarge {
            path: path.to_owned(),
            max,
        });
    }
    Ok(text)
}

fn value(key: &'static str, message: impl Into<String>) -> SettingsError {
    SettingsError::Value {
        key,
        message: message.into(),
    }
}

type ReadSecret<'r> = &'r dyn Fn(&Path) -> Result<Secret, SettingsError>;

fn resolve(
    public_url: Option<String>,
    sign_in: SignInFile,
    secret: ReadSecret<'_>,
) -> Result<SignInSettings, SettingsError> {
    if let Some(url) = &public_url {
        check_public_url(url)?;
    }
    if sign_in.oidc.is_some() && public_url.is_none() {
        let message = "is needed with `sign_in.oidc`: the provider sends browsers back to it";
        return Err(value("public_url", message));
    }
    let oidc = sign_in.oidc.map(|oidc| resolve_oidc(oidc, secret)).transpose()?;
    let local_users = sign_in.local_users.unwrap_or(oidc.is_none());
    if !local_users && oidc.is_none() {
        let message = "nobody could sign in: leave it out, or add `sign_in.oidc`";
        return Err(value("sign_in.local_users", message));
    }
    Ok(SignInSettings {
        public_url,
        local_users,
        lifetimes: lifetimes(sign_in.session)?,
        oidc,
    })
}

fn check_public_url(url: &str) -> Result<(), SettingsError> {
    let uri = check_url(url).map_err(|error| value("public_url", error.to_string()))?;
    if uri.path() != "/" || uri.query().is_some() {
        return Err(value(
            "public_url",
            "the portal has a host of its own: write it without a path",
        ));
    }
    Ok(())
}

fn lifetimes(session: Option<SessionFile>) -> Result<Lifetimes, SettingsError> {
    let default = Lifetimes::default();
    let Some(session) = session else {
        return Ok(default);
    };
    let absolute_s = session.absolute_s.unwrap_or(default.absolute_s);
    let idle_s = session.idle_s.unwrap_or(default.idle_s.min(absolute_s));
    let range = SESSION_S_MIN..=SESSION_S_MAX;
    let bounds = format!("write {SESSION_S_MIN} to {SESSION_S_MAX}");
    if !range.contains(&absolute_s) {
        return Err(value("sign_in.session.absolute_s", bounds));
    }
    if !range.contains(&idle_s) {
        return Err(value("sign_in.session.idle_s", bounds));
    }
    if idle_s > absolute_s {
        return Err(value(
            "sign_in.session.idle_s",
            "is longer than `absolute_s`, and would never end a session",
        ));
    }
    Ok(Lifetimes { idle_s, absolute_s })
}

fn resolve_oidc(file: OidcFile, secret: ReadSecret<'_>) -> Result<OidcSettings, SettingsError> {
    let checked =
        check_url(&file.issuer).map_err(|error: UrlError| value("sign_in.oidc.issuer", error.to_string()))?;
    if checked.query().is_some() {
        return Err(value(
            "sign_in.oidc.issuer",
            "an issuer has no query (OpenID Connect Discovery §3)",
        ));
    }
    if file.client_id.is_empty() {
        return Err(value("sign_in.oidc.client_id", "is empty"));
    }
    let client_secret = match &file.client_secret_file {
        None => None,
        Some(named) => {
            let read = secret(named)?;
            if read.0.is_empty() {
                return Err(value("sign_in.oidc.client_secret_file", "the file is empty"));
            }
            Some(read)
        }
    };
    let is_scope = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
    if !file.scopes.iter().all(is_scope) {
        return Err(value("sign_in.oidc.scopes", "one scope an item, without blanks"));
    }
    check_algorithms(file.algorithms.as_deref())?;
    let mut scopes = if file.scopes.is_empty() {
        vec!["profile".to_owned(), "email".to_owned()]
    } else {
        file.scopes
    };
    scopes.retain(|scope| scope != "openid");
    scopes.insert(0, "openid".to_owned());
    Ok(OidcSettings {
        issuer: file.issuer,
        client_id: file.client_id,
        client_secret,
        scope: scopes.join(" "),
        algorithms: file.algorithms,
        claims: file.claims,
        admit: file.admit,
        roles: resolve_roles(file.roles)?,
    })
}

/// Those of policy's issuers; an ID token is read by the same rules.
fn check_algorithms(algorithms: Option<&[String]>) -> Result<(), SettingsError> {
    const KNOWN: [&str; 9] = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
    ];
    let Some(algorithms) = algorithms else {
        return Ok(());
    };
    let distinct: BTreeSet<&String> = algorithms.iter().collect();
    let known = algorithms
        .iter()
        .all(|algorithm| KNOWN.contains(&algorithm.as_str()));
    if algorithms.is_empty() || !known || distinct.len() != algorithms.len() {
        let message = format!("each once, of {}", KNOWN.join(", "));
        return Err(value("sign_in.oidc.algorithms", message));
    }
    Ok(())
}

fn resolve_roles(roles: Vec<RoleFile>) -> Result<Vec<GroupRole>, SettingsError> {
    const KEY: &str = "sign_in.oidc.roles";
    if roles.len() > ROLES_COUNT_MAX {
        return Err(value(KEY, format!("at most {ROLES_COUNT_MAX} groups")));
    }
    let resolved = roles.into_iter().map(|entry| {
        let RoleFile { group, team, role } = entry;
        let role = match (team, PlatformRole::parse(&role), TeamRole::parse(&role)) {
            (None, Some(role), _) => Role::Platform(role),
            (Some(team), _, Some(role)) => Role::Team { team, role },
            (None, None, _) => {
                let message = format!("`{group}`: `{role}` needs a `team`, or is no role: write platform_admin or auditor, or team and owner or member");
                return Err(value(KEY, message));
            }
            (Some(_), _, None) => {
                let message = format!("`{group}`: in a team one is owner or member, not `{role}`");
                return Err(value(KEY, message));
            }
        };
        Ok(GroupRole { group, role })
    });
    resolved.collect()
}

#[cfg(test)]
mod tests;
