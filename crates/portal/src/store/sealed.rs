//! The sealed account: the hash of its one secret, and since when its seal is broken.

use super::pool::{Connection, StoreError};
use sqlx::Row as _;

/// The account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) sha256: String,
    pub(crate) made_at: i64,
    /// The first use since it was made.
    pub(crate) used_at: Option<i64>,
    pub(crate) uses: i64,
}

/// As it is; `None`: there is none.
pub(crate) async fn get(connection: &mut Connection) -> Result<Option<Sealed>, StoreError> {
    let row = sqlx::query("SELECT sha256, made_at, used_at, uses FROM sealed")
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        Ok(Sealed {
            sha256: row.try_get(0)?,
            made_at: row.try_get(1)?,
            used_at: row.try_get(2)?,
            uses: row.try_get(3)?,
        })
    })
    .transpose()
}

/// Makes it anew; whatever the former secret opened is closed.
pub(crate) async fn put(connection: &mut Connection, sha256: &str, at: i64) -> Result<(), StoreError> {
    remove(connection, at).await?;
    sqlx::query("INSERT INTO sealed (id, sha256, made_at, used_at, uses) VALUES ('sealed', $1, $2, NULL, 0)")
        .bind(sha256)
        .bind(at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Does away with it, and with its sessions.
pub(crate) async fn remove(connection: &mut Connection, at: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sealed")
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "UPDATE tokens SET ended_at = $1 WHERE kind = 'session' AND owner IS NULL AND ended_at IS NULL",
    )
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// It was used.
pub(crate) async fn used(connection: &mut Connection, at: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE sealed SET used_at = COALESCE(used_at, $1), uses = uses + 1")
        .bind(at)
        .execute(connection)
        .await?;
    Ok(())
}
