//! From where the configuration says to a compiled policy. All or nothing: what cannot be read or has an error is no
//! policy, and whoever asked keeps what was in force.

use super::enforced::Provenance;
use super::{auth, signed};
use crate::configuration::{self, Auth, Configuration, PolicySource, Problem, Severity, Unreadable};
use crate::reload::content_hash;
use feed::{FLOOR_BYTES_MAX, FloorError, load_floor};
use policy::{Change, Policy, Report};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Its file cannot be read.
    #[error("the policy {} cannot be read: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It has no entities: one that is just being written anew looks so, and would refuse everybody.
    #[error("the policy {} is empty", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// There is no text in it.
    #[error("the policy cannot be read: {}", told(.0))]
    Unreadable(#[from] Unreadable),
    /// It is no floor, or one that does not hold.
    #[error("the floor {} is not taken: {source}", file.display())]
    Floor {
        /// The file.
        file: PathBuf,
        /// Why.
        source: FloorError,
    },
    /// A floor of another environment: a test key never opens production.
    #[error("the floor {} is of the environment {found}, not of {wanted}", file.display())]
    Environment {
        /// The file.
        file: PathBuf,
        /// What the configuration says.
        wanted: Box<str>,
        /// What the floor says.
        found: Box<str>,
    },
    /// A floor that does not say whose signatures count.
    #[error(
        "the floor {} has no roots, so nothing says whose feed is believed: take a signed floor of this feed (one of `policy build` is not signed), or take `feed` out",
        file.display()
    )]
    NoRoots {
        /// The file.
        file: PathBuf,
    },
    /// A floor whose last commit is below an earlier one of it.
    #[error("the floor {} is not taken: its last commit is below an earlier one; take a floor of one revision", file.display())]
    NotFollowed {
        /// The file.
        file: PathBuf,
    },
    /// A floor that pins other roots than those that are followed.
    #[error("the floor {} has other roots than the one that the gateway started with: restart it", file.display())]
    OtherRoots {
        /// The file.
        file: PathBuf,
    },
    /// A policy that a person wrote, with errors.
    #[error("the policy {} has {errors} error{}:\n{rendered}", file.display(), if *errors == 1 { "" } else { "s" })]
    Problems {
        /// The file.
        file: PathBuf,
        /// How many problems are errors.
        errors: usize,
        /// All problems, as `check` prints them.
        rendered: String,
        /// The same, as `check --format json` has them.
        problems: Value,
    },
}

impl PolicyError {
    /// How many problems are errors.
    pub fn errors(&self) -> usize {
        match self {
            PolicyError::Problems { errors, .. } => *errors,
            PolicyError::Io { .. } | PolicyError::Unreadable(_) | PolicyError::Empty { .. } => 1,
            PolicyError::Floor { .. } | PolicyError::Environment { .. } | PolicyError::NoRoots { .. } => 1,
            PolicyError::NotFollowed { .. } | PolicyError::OtherRoots { .. } => 1,
        }
    }

    /// Each problem as `check --format json` lists it.
    pub fn listed(&self) -> Vec<Value> {
        let file = match self {
            PolicyError::Problems { problems, .. } => {
                return problems["problems"].as_array().cloned().unwrap_or_default();
            }
            PolicyError::Unreadable(Unreadable::Io { file, .. } | Unreadable::NotText { file, .. }) => file,
            PolicyError::Io { file, .. } | PolicyError::Empty { file } => file,
            PolicyError::Floor { file, .. } | PolicyError::Environment { file, .. } => file,
            PolicyError::NoRoots { file } | PolicyError::NotFollowed { file } => file,
            PolicyError::OtherRoots { file } => file,
        };
        vec![json!({
            "file": file, "line": 1, "column": 1, "severity": "error", "message": self.to_string(), "help": null,
        })]
    }

    /// The problems as `check --format json` has them, or null.
    pub fn problems(&self) -> Value {
        match self {
            PolicyError::Problems { problems, .. } => problems.clone(),
            PolicyError::Io { .. } | PolicyError::Unreadable(_) | PolicyError::Empty { .. } => Value::Null,
            PolicyError::Floor { .. } | PolicyError::Environment { .. } => Value::Null,
            PolicyError::NoRoots { .. } | PolicyError::NotFollowed { .. } => Value::Null,
            PolicyError::OtherRoots { .. } => Value::Null,
        }
    }
}

/// Whether the policy that the configuration names can be put in force.
pub fn check(configuration: &Configuration) -> Result<(), PolicyError> {
    load(configuration).map(drop)
}

/// The policy that the configuration names; `None` where it names none.
pub(super) fn load(configuration: &Configuration) -> Result<Option<(Policy, Provenance)>, PolicyError> {
    let source = configuration.policy.name();
    match &configuration.policy {
        PolicySource::None => Ok(None),
        PolicySource::Auth(auth) => Ok(Some(from_auth(auth, source))),
        PolicySource::File(file) => from_file(file, source).map(Some),
        PolicySource::Floor(file) => from_floor(file, configuration.environment.as_deref(), source).map(Some),
        PolicySource::Feed(feed) => {
            let (policy, provenance, _) = signed::begin(configuration, feed)?;
            Ok(Some((policy, provenance)))
        }
    }
}

fn from_auth(auth: &Auth, source: &'static str) -> (Policy, Provenance) {
    let entities = auth::entities(auth).map(|(kind, body)| (kind, body.to_string()));
    let changes = entities.iter().map(|(kind, body)| Change::Put {
        kind,
        id: auth::ID,
        body: body.as_str().into(),
        needs: &[],
    });
    let provenance = Provenance {
        source,
        file: None,
        revision: None,
        digest: None,
    };
    (build(changes), provenance)
}

fn from_file(file: &Path, source: &'static str) -> Result<(Policy, Provenance), PolicyError> {
    // Before the text: a change between the two is seen as one by whoever watches the file.
    let is_file = std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file());
    let hash = is_file.then(|| content_hash(file)).flatten().unwrap_or_default();
    let checked = configuration::load_policy(file)?;
    let Some(entities) = &checked.entities else {
        let is_error = |problem: &&Problem| problem.severity == Severity::Error;
        return Err(PolicyError::Problems {
            file: file.into(),
            errors: checked.problems.iter().filter(is_error).count(),
            rendered: checked.render_plain().trim_end().to_owned(),
            problems: checked.to_json(),
        });
    };
    if entities.is_empty() {
        return Err(PolicyError::Empty { file: file.into() });
    }
    if !checked.problems.is_empty() {
        tracing::warn!("policy:\n{}", checked.render_plain().trim_end());
    }
    let changes = entities.iter().map(|entity| Change::Put {
        kind: entity.kind.as_str(),
        id: &entity.id,
        body: (&*entity.body).into(),
        needs: &[],
    });
    let provenance = Provenance {
        source,
        file: Some((file.into(), hash)),
        revision: None,
        digest: None,
    };
    Ok((build(changes), provenance))
}

fn from_floor(
    file: &Path,
    environment: Option<&str>,
    source: &'static str,
) -> Result<(Policy, Provenance), PolicyError> {
    let bytes = read(file, FLOOR_BYTES_MAX as u64)?;
    let (floor, policy, reports) = load_floor(&bytes).map_err(|source| PolicyError::Floor {
        file: file.into(),
        source,
    })?;
    check_environment(floor.feed(), environment, file)?;
    let provenance = Provenance {
        source,
        file: Some((file.into(), hash(&bytes))),
        revision: Some(floor.revision()),
        digest: Some(floor.digest().to_string()),
    };
    tell(&reports);
    Ok((policy, provenance))
}

/// A test key never opens production.
pub(crate) fn check_environment(
    feed: &str,
    environment: Option<&str>,
    file: &Path,
) -> Result<(), PolicyError> {
    match environment.filter(|wanted| *wanted != feed) {
        Some(wanted) => Err(PolicyError::Environment {
            file: file.into(),
            wanted: wanted.into(),
            found: feed.into(),
        }),
        None => Ok(()),
    }
}

fn build<'a>(changes: impl IntoIterator<Item = Change<'a>>) -> Policy {
    let (policy, reports) = Policy::build(changes);
    tell(&reports);
    policy
}

pub(super) fn tell(reports: &[Report]) {
    for Report { kind, id, message } in reports {
        tracing::warn!(%kind, %id, "policy: {message}");
    }
}

pub(crate) fn read(file: &Path, bytes_max: u64) -> Result<Vec<u8>, PolicyError> {
    let unreadable = |source| PolicyError::Io {
        file: file.into(),
        source,
    };
    // Looked at before it is opened: opening a pipe without a writer blocks, and would stop a reload.
    if !std::fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::other("it is not a regular file")));
    }
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(unreadable)?;
    opened
        .take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        return Err(unreadable(io::Error::other(format!(
            "it is larger than {bytes_max} bytes"
        ))));
    }
    Ok(bytes)
}

/// A message that stands alone in a log names its cause.
fn told(error: &dyn std::error::Error) -> String {
    let cause = error.source().map_or(String::new(), |cause| format!(": {cause}"));
    format!("{error}{cause}")
}

pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string never fails.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
