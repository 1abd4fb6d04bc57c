//! What a portal is started with.

use crate::configuration::Configuration;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Environments of one portal.
pub(crate) const ENVIRONMENTS_MAX: usize = 32;

/// What a portal is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where its files are: keys, and the database where that is SQLite.
    pub data: PathBuf,
    /// `postgres://…`; `None`: SQLite in `data`.
    pub database: Option<String>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the first start writes a platform admin's token; `None`: `admin.token` in `data`.
    pub admin_token_file: Option<PathBuf>,
    /// Environments that are made where they are not there yet, in order.
    pub environments: Vec<String>,
    /// How one signs in, and where Kafka is.
    pub configuration: Configuration,
}

/// Settings that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// An environment's name is no feed's name.
    #[error("`{0}` is no environment: a name has 1 to 64 of a-z, 0-9 and `-`")]
    Environment(String),
    /// There are too many.
    #[error("{0} environments, at most {ENVIRONMENTS_MAX} are served")]
    Environments(usize),
    /// The database is none that is known.
    #[error("the database is given as `postgres://…`; without, it is SQLite in the data directory")]
    Database,
}

impl Settings {
    /// Whether it can be started with them.
    ///
    /// # Errors
    /// Where not, as [`SettingsError`] says.
    pub fn check(&self) -> Result<(), SettingsError> {
        if let Some(wrong) = self.environments.iter().find(|name| !feed::is_feed_name(name)) {
            return Err(SettingsError::Environment(wrong.clone()));
        }
        if self.environments.len() > ENVIRONMENTS_MAX {
            return Err(SettingsError::Environments(self.environments.len()));
        }
        let is_postgres = |url: &String| url.starts_with("postgres://") || url.starts_with("postgresql://");
        match self.database.as_ref().is_none_or(is_postgres) {
            true => Ok(()),
            false => Err(SettingsError::Database),
        }
    }
}
