//! Every revision of an environment: who made it, how much it changed, and its digest once it was published.

use super::feeds::Committed;
use super::pool::{Connection, StoreError};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// A revision.
#[derive(Debug, Clone)]
pub(crate) struct Revision {
    pub(crate) revision: i64,
    pub(crate) epoch: i64,
    pub(crate) actor: String,
    pub(crate) operation: String,
    pub(crate) records: i64,
    pub(crate) at: i64,
    /// The same, as exactly as propagation is measured; `None`: an older portal made it.
    pub(crate) made_at_ms: Option<i64>,
    /// `None`: not published yet.
    pub(crate) digest: Option<String>,
    pub(crate) committed_at_ms: Option<i64>,
    /// The commit as it was first issued.
    pub(crate) commit_line: Option<String>,
}

const COLUMNS: &str =
    "revision, epoch, actor, operation, records, at, digest, committed_at_ms, commit_line, made_at_ms";

fn revision(row: &AnyRow) -> Result<Revision, StoreError> {
    Ok(Revision {
        revision: row.try_get(0)?,
        epoch: row.try_get(1)?,
        actor: row.try_get(2)?,
        operation: row.try_get(3)?,
        records: row.try_get(4)?,
        at: row.try_get(5)?,
        digest: row.try_get(6)?,
        committed_at_ms: row.try_get(7)?,
        commit_line: row.try_get(8)?,
        made_at_ms: row.try_get(9)?,
    })
}

/// Adds one that is not published yet.
pub(crate) async fn add(
    connection: &mut Connection,
    environment: &str,
    row: &Revision,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO revisions (environment, revision, epoch, actor, operation, records, at, made_at_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(environment)
    .bind(row.revision)
    .bind(row.epoch)
    .bind(row.actor.as_str())
    .bind(row.operation.as_str())
    .bind(row.records)
    .bind(row.at)
    .bind(row.made_at_ms)
    .execute(connection)
    .await?;
    Ok(())
}

/// One of them.
pub(crate) async fn get(
    connection: &mut Connection,
    environment: &str,
    number: i64,
) -> Result<Option<Revision>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM revisions WHERE environment = $1 AND revision = $2"
    )))
    .bind(environment)
    .bind(number)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(revision).transpose()
}

/// A part of them, the newest first: those below `before`.
pub(crate) async fn page(
    connection: &mut Connection,
    environment: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Revision>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM revisions WHERE environment = $1 AND revision < $2 ORDER BY revision DESC LIMIT $3"
    )))
    .bind(environment)
    .bind(before)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(revision).collect()
}

/// Says with which commit one was published, and when.
pub(crate) async fn published(
    connection: &mut Connection,
    environment: &str,
    commit: &Committed<'_>,
    at_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE revisions SET digest = $1, committed_at_ms = $2, commit_line = $3 \
         WHERE environment = $4 AND revision = $5",
    )
    .bind(commit.digest)
    .bind(at_ms)
    .bind(commit.line)
    .bind(environment)
    .bind(commit.revision)
    .execute(connection)
    .await?;
    Ok(())
}
