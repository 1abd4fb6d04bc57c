//! Who does what only one portal may do, without trusting anybody's clock.
//!
//! The holder moves `beat`. Who wants the lease watches it by its own clock, and takes it when it stood still long enough;
//! a holder that was overtaken finds another `term`, in the same transaction in which it writes.

use super::pool::{Connection, StoreError};
use sqlx::Row as _;

/// How a lease stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lease {
    /// Empty: nobody.
    pub(crate) holder: String,
    pub(crate) term: i64,
    pub(crate) beat: i64,
}

/// How it stands.
pub(crate) async fn get(connection: &mut Connection, name: &str) -> Result<Lease, StoreError> {
    let row = sqlx::query("SELECT holder, term, beat FROM leases WHERE name = $1")
        .bind(name)
        .fetch_one(connection)
        .await?;
    Ok(Lease {
        holder: row.try_get(0)?,
        term: row.try_get(1)?,
        beat: row.try_get(2)?,
    })
}

/// Takes it where it is still as it was seen; the new term.
pub(crate) async fn take(
    connection: &mut Connection,
    name: &str,
    seen: &Lease,
    holder: &str,
) -> Result<Option<i64>, StoreError> {
    let term = seen.term + 1;
    let done = sqlx::query(
        "UPDATE leases SET holder = $1, term = $2, beat = beat + 1 WHERE name = $3 AND term = $4 AND beat = $5",
    )
    .bind(holder)
    .bind(term)
    .bind(name)
    .bind(seen.term)
    .bind(seen.beat)
    .execute(connection)
    .await?;
    Ok((done.rows_affected() == 1).then_some(term))
}

/// Shows that its holder lives; whether it still is the holder. In a transaction: whether what else is written may be.
pub(crate) async fn beat(
    connection: &mut Connection,
    name: &str,
    holder: &str,
    term: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE leases SET beat = beat + 1 WHERE name = $1 AND holder = $2 AND term = $3")
        .bind(name)
        .bind(holder)
        .bind(term)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives it up.
pub(crate) async fn leave(
    connection: &mut Connection,
    name: &str,
    holder: &str,
    term: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE leases SET holder = '' WHERE name = $1 AND holder = $2 AND term = $3")
        .bind(name)
        .bind(holder)
        .bind(term)
        .execute(connection)
        .await?;
    Ok(())
}
