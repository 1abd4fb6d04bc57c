//! The OpenAPI documents of APIs: the newest version holds, and some before it are kept.

use super::pool::{Connection, StoreError};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

/// A version of one API's document, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// From 1.
    pub(crate) version: i64,
    pub(crate) at: i64,
    pub(crate) actor: String,
    /// `json` or `yaml`.
    pub(crate) format: String,
    pub(crate) sha256: String,
    pub(crate) size_bytes: i64,
    /// What it says of itself: a JSON object.
    pub(crate) summary: String,
    /// With this version it was taken away.
    pub(crate) is_deleted: bool,
}

const COLUMNS: &str = "version, at, actor, format, sha256, size_bytes, summary, CAST(CASE WHEN document IS NULL THEN 1 ELSE 0 END AS BIGINT)";

fn stored(row: &AnyRow) -> Result<Stored, StoreError> {
    Ok(Stored {
        version: row.try_get(0)?,
        at: row.try_get(1)?,
        actor: row.try_get(2)?,
        format: row.try_get(3)?,
        sha256: row.try_get(4)?,
        size_bytes: row.try_get(5)?,
        summary: row.try_get(6)?,
        is_deleted: row.try_get::<i64, _>(7)? != 0,
    })
}

/// A part of an API's versions, the newest first: those below `before`.
pub(crate) async fn page(
    connection: &mut Connection,
    environment: &str,
    api: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM api_documents WHERE environment = $1 AND api = $2 AND version < $3 \
         ORDER BY version DESC LIMIT $4"
    )))
    .bind(environment)
    .bind(api)
    .bind(before)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(stored).collect()
}

/// The newest version, also where with it the document was taken away.
pub(crate) async fn newest(
    connection: &mut Connection,
    environment: &str,
    api: &str,
) -> Result<Option<Stored>, StoreError> {
    let found = page(connection, environment, api, i64::MAX, 1).await?;
    Ok(found.into_iter().next())
}

/// The text of a version.
pub(crate) async fn text(
    connection: &mut Connection,
    environment: &str,
    api: &str,
    version: i64,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "SELECT document FROM api_documents WHERE environment = $1 AND api = $2 AND version = $3",
    )
    .bind(environment)
    .bind(api)
    .bind(version)
    .fetch_optional(connection)
    .await?;
    match row {
        Some(row) => Ok(row.try_get(0)?),
        None => Ok(None),
    }
}

/// Adds a version, and forgets all but the `kept` newest ones.
pub(crate) async fn add(
    connection: &mut Connection,
    environment: &str,
    api: &str,
    row: &Stored,
    document: Option<&str>,
    kept: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO api_documents (environment, api, version, at, actor, format, sha256, size_bytes, summary, document) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(environment)
    .bind(api)
    .bind(row.version)
    .bind(row.at)
    .bind(row.actor.as_str())
    .bind(row.format.as_str())
    .bind(row.sha256.as_str())
    .bind(row.size_bytes)
    .bind(row.summary.as_str())
    .bind(document.map(str::to_owned))
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM api_documents WHERE environment = $1 AND api = $2 AND version <= $3")
        .bind(environment)
        .bind(api)
        .bind(row.version - kept)
        .execute(connection)
        .await?;
    Ok(())
}
