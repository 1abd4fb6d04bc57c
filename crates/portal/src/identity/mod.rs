//! Who may do what in the portal: actors, the operations of its API, and the one function that decides; and how an actor comes to be:
//! passwords, sessions, tokens, an identity provider, the sealed account.
//!
//! Most is pure and stands in files of its own (`permission`, `attempts`, `session`, `browser`); the database is `store`'s, HTTP is `api`'s.

mod actor;
mod attempts;
mod browser;
mod desk;
pub(crate) mod oidc;
mod operation;
mod password;
mod permission;
mod secret;
pub(crate) mod session;
mod settings;

pub(crate) use actor::{Actor, Person, PlatformRole, TeamRole, Via};
pub(crate) use attempts::TooMany;
pub(crate) use browser::Cookie;
pub(crate) use desk::Desk;
pub(crate) use operation::Operation;
pub(crate) use password::PasswordError;
pub(crate) use password::check_new as check_new_password;
pub(crate) use permission::{Object, Reach, Refusal, may};
pub(crate) use secret::is_secret;
pub use settings::{SettingsError, SignInSettings};
pub(crate) use settings::{SignInFile, read_file};
