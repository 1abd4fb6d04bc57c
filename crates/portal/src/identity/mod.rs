//! Who may do what in the portal: actors, the operations of its API, and the one function that decides; and how an actor comes to be:
//! passwords, sessions, tokens, an identity provider, the sealed account.
//!
//! What is pure stands in files of its own (`permission`, `attempts`, `session`, `mapping`); sockets and the database are at the edge.

mod actor;
mod operation;
mod permission;

pub use actor::{Actor, Person, PlatformRole, TeamRole, Via};
pub use operation::Operation;
pub use permission::{Object, Reach, Refusal, may};
