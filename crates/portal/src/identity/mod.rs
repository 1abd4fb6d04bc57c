//! Who may do what in the portal: actors, the operations of its API, and the one function that decides; and how an actor comes to be:
//! passwords, sessions, tokens, an identity provider, the sealed account.
//!
//! Most is pure and stands in files of its own (`permission`, `attempts`, `session`, `browser`); the database is `store`'s, HTTP is `api`'s.

mod actor;
mod attempts;
mod browser;
mod oidc;
mod operation;
mod password;
mod permission;
mod secret;
mod session;
mod settings;

pub use actor::{Actor, Person, PlatformRole, TeamRole, Via};
pub use attempts::{Attempts, TooMany};
pub use browser::{Cookie, Front, return_path};
pub use operation::Operation;
pub use permission::{Object, Reach, Refusal, may};
