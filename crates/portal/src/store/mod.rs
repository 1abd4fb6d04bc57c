//! The database: one file for each family of tables, one text of SQL for SQLite and PostgreSQL.
//!
//! Functions take a connection, which may be in a transaction, and say nothing of what may be done: that is `app`'s.
//! Columns are TEXT and BIGINT alone, so that sqlx's `Any` driver reads both databases alike.

pub(crate) mod api_documents;
pub(crate) mod audit;
pub(crate) mod entities;
pub(crate) mod environments;
pub(crate) mod epochs;
pub(crate) mod feeds;
pub(crate) mod fleet;
pub(crate) mod grants;
pub(crate) mod idempotency;
pub(crate) mod identities;
#[cfg(feature = "kafka")]
pub(crate) mod kafka;
pub(crate) mod key_sets;
pub(crate) mod leases;
mod many;
mod migrate;
pub(crate) mod names;
pub(crate) mod outbox;
pub(crate) mod people;
mod pool;
pub(crate) mod proposals;
pub(crate) mod revisions;
pub(crate) mod sealed;
pub(crate) mod snapshot;
pub(crate) mod tokens;
pub(crate) mod uses;
pub(crate) mod versions;

pub(crate) use migrate::migrate;
pub use pool::StoreError;
pub(crate) use pool::{Connection, Dialect, Store, Tx};
