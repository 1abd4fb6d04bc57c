//! What was answered to a request that may come again.

use super::pool::{Connection, StoreError};
use sqlx::Row as _;

/// How long an answer is kept.
pub(crate) const KEPT_S: i64 = 24 * 3_600;

/// An answer that was given.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// Of method, target and body.
    pub(crate) request_sha256: String,
    pub(crate) status: i64,
    pub(crate) answer: String,
}

/// What was answered to this actor's request of this name, if that is not too long ago.
pub(crate) async fn get(
    connection: &mut Connection,
    actor: &str,
    name: &str,
    now: i64,
) -> Result<Option<Answered>, StoreError> {
    let row = sqlx::query(
        "SELECT request_sha256, status, answer FROM idempotency WHERE actor = $1 AND name = $2 AND at > $3",
    )
    .bind(actor)
    .bind(name)
    .bind(now - KEPT_S)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Answered {
            request_sha256: row.try_get(0)?,
            status: row.try_get(1)?,
            answer: row.try_get(2)?,
        })
    })
    .transpose()
}

/// Keeps an answer, in place of one that is too old.
pub(crate) async fn keep(
    connection: &mut Connection,
    actor: &str,
    name: &str,
    answered: &Answered,
    now: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO idempotency (actor, name, request_sha256, status, answer, at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (actor, name) DO UPDATE SET request_sha256 = excluded.request_sha256, \
         status = excluded.status, answer = excluded.answer, at = excluded.at",
    )
    .bind(actor)
    .bind(name)
    .bind(answered.request_sha256.as_str())
    .bind(answered.status)
    .bind(answered.answer.as_str())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets what is too old.
pub(crate) async fn forget(connection: &mut Connection, now: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM idempotency WHERE at <= $1")
        .bind(now - KEPT_S)
        .execute(connection)
        .await?;
    Ok(())
}
