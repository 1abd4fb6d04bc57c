//! The data plane: one request from the accepted connection to its usage record.
//!
//! The modules stand in the order in which a request meets them; `docs/life-of-a-request.md` walks through them.
//! Nothing here knows a database; of a portal, `follow` and `fleet` know two paths.

pub mod admin;
pub mod configuration;
mod controls;
mod downstream;
pub mod enforcement;
pub mod explain;
pub mod fleet;
pub mod follow;
pub mod http1;
mod io;
pub mod keys;
pub mod reload;
mod request;
pub mod response;
mod server;
mod snapshot;
pub mod upstream;
pub mod usage;
mod whole_file;

pub use controls::{Controls, ReloadError};
pub use server::{Bound, Gateway, Parts, StartError};
pub use snapshot::CompileError;
