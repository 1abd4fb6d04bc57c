//! What was fetched from where issuers' keys are, and how asking for it went: one row for each place that an issuer names, or did.
//!
//! `attempts` counts the ends that were written down. Whoever asks remembers the number, and writes its end down only where it is still the
//! same: so an answer that is older than what is known replaces nothing.

use super::pool::{Connection, StoreError};
use policy::entity::Kind;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

/// How long a set is kept that nobody names any more, in seconds: 30 days, as deletions.
const KEPT_S: i64 = 30 * 86_400;

/// One place's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Stored {
    pub(crate) environment: String,
    /// The issuer's id.
    pub(crate) issuer: String,
    pub(crate) jwks_uri: String,
    pub(crate) attempts: i64,
    /// When the last one ended.
    pub(crate) ended_at: i64,
    /// The keys: a JSON array; `None`: they were never had.
    pub(crate) jwks: Option<String>,
    /// How many more there were that nothing may use.
    pub(crate) skipped: i64,
    /// When they were had last.
    pub(crate) fetched_at: Option<i64>,
    /// When they were others before.
    pub(crate) changed_at: Option<i64>,
    /// Failures since then.
    pub(crate) failures: i64,
    pub(crate) failing_since: Option<i64>,
    /// Why, the last time.
    pub(crate) failure: Option<String>,
}

const COLUMNS: &str = "environment, issuer, jwks_uri, attempts, ended_at, jwks, skipped, fetched_at, changed_at, failures, \
                       failing_since, failure";

fn stored(row: &AnyRow) -> Result<Stored, StoreError> {
    Ok(Stored {
        environment: row.try_get(0)?,
        issuer: row.try_get(1)?,
        jwks_uri: row.try_get(2)?,
        attempts: row.try_get(3)?,
        ended_at: row.try_get(4)?,
        jwks: row.try_get(5)?,
        skipped: row.try_get(6)?,
        fetched_at: row.try_get(7)?,
        changed_at: row.try_get(8)?,
        failures: row.try_get(9)?,
        failing_since: row.try_get(10)?,
        failure: row.try_get(11)?,
    })
}

/// One place's, followed or not; what was left too long ago is not there any more.
pub(crate) async fn get(
    connection: &mut Connection,
    environment: &str,
    issuer: &str,
    jwks_uri: &str,
    now: i64,
) -> Result<Option<Stored>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM key_sets WHERE environment = $1 AND issuer = $2 AND jwks_uri = $3 \
         AND (left_at IS NULL OR left_at >= $4)"
    )))
    .bind(environment)
    .bind(issuer)
    .bind(jwks_uri)
    .bind(now - KEPT_S)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(stored).transpose()
}

/// That of the place where an issuer is followed now.
pub(crate) async fn of_issuer(
    connection: &mut Connection,
    environment: &str,
    issuer: &str,
) -> Result<Option<Stored>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM key_sets WHERE environment = $1 AND issuer = $2 AND left_at IS NULL"
    )))
    .bind(environment)
    .bind(issuer)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(stored).transpose()
}

/// All that are followed, without their keys.
pub(crate) async fn followed(connection: &mut Connection) -> Result<Vec<Stored>, StoreError> {
    let rows = sqlx::query(
        "SELECT environment, issuer, jwks_uri, attempts, ended_at, NULL, skipped, fetched_at, changed_at, failures, \
         failing_since, NULL FROM key_sets WHERE left_at IS NULL ORDER BY environment, issuer",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(stored).collect()
}

/// Follows the issuer there from now on, and nowhere else: with this, in place of what is there.
pub(crate) async fn put(connection: &mut Connection, row: &Stored, now: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE key_sets SET left_at = $1 WHERE environment = $2 AND issuer = $3 AND jwks_uri <> $4 AND left_at IS NULL",
    )
    .bind(now)
    .bind(row.environment.as_str())
    .bind(row.issuer.as_str())
    .bind(row.jwks_uri.as_str())
    .execute(&mut *connection)
    .await?;
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO key_sets ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (environment, issuer, jwks_uri) DO UPDATE SET attempts = excluded.attempts, \
         ended_at = excluded.ended_at, jwks = excluded.jwks, skipped = excluded.skipped, \
         fetched_at = excluded.fetched_at, changed_at = excluded.changed_at, failures = excluded.failures, \
         failing_since = excluded.failing_since, failure = excluded.failure, left_at = NULL"
    )))
    .bind(row.environment.as_str())
    .bind(row.issuer.as_str())
    .bind(row.jwks_uri.as_str())
    .bind(row.attempts)
    .bind(row.ended_at)
    .bind(row.jwks.clone())
    .bind(row.skipped)
    .bind(row.fetched_at)
    .bind(row.changed_at)
    .bind(row.failures)
    .bind(row.failing_since)
    .bind(row.failure.clone())
    .execute(connection)
    .await?;
    Ok(())
}

/// Follows an issuer nowhere any more.
pub(crate) async fn leave(
    connection: &mut Connection,
    environment: &str,
    issuer: &str,
    now: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE key_sets SET left_at = $1 WHERE environment = $2 AND issuer = $3 AND left_at IS NULL",
    )
    .bind(now)
    .bind(environment)
    .bind(issuer)
    .execute(connection)
    .await?;
    Ok(())
}

/// The same for issuers that are not there any more: whoever deleted them may have known nothing of key sets.
pub(crate) async fn leave_gone(
    connection: &mut Connection,
    environment: &str,
    now: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE key_sets SET left_at = $1 WHERE environment = $2 AND left_at IS NULL AND NOT EXISTS \
         (SELECT 1 FROM entities e WHERE e.environment = key_sets.environment AND e.kind = $3 \
         AND e.id = key_sets.issuer AND e.status <> 'deleted')",
    )
    .bind(now)
    .bind(environment)
    .bind(Kind::Issuer.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down the end of an attempt that changed no key: whether it was still the next one, of a place that is followed.
/// `row`: as it is to be, with the attempt counted.
pub(crate) async fn end(connection: &mut Connection, row: &Stored) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE key_sets SET attempts = $1, ended_at = $2, fetched_at = $3, failures = $4, failing_since = $5, \
         failure = $6, skipped = $7 WHERE environment = $8 AND issuer = $9 AND jwks_uri = $10 AND attempts = $11 \
         AND left_at IS NULL",
    )
    .bind(row.attempts)
    .bind(row.ended_at)
    .bind(row.fetched_at)
    .bind(row.failures)
    .bind(row.failing_since)
    .bind(row.failure.clone())
    .bind(row.skipped)
    .bind(row.environment.as_str())
    .bind(row.issuer.as_str())
    .bind(row.jwks_uri.as_str())
    .bind(row.attempts - 1)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those that failed at least so often in a row, at most so many.
pub(crate) async fn failing(
    connection: &mut Connection,
    failures: i64,
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM key_sets WHERE left_at IS NULL AND failures >= $1 ORDER BY environment, issuer LIMIT $2"
    )))
    .bind(failures)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(stored).collect()
}

/// Forgets places that were left too long ago.
pub(crate) async fn forget(connection: &mut Connection, now: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM key_sets WHERE left_at < $1")
        .bind(now - KEPT_S)
        .execute(connection)
        .await?;
    Ok(())
}
