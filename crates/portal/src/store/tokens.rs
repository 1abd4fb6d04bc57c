//! Bearer tokens: of people, of sessions, of gateways. Known by their SHA-256 alone.

use super::pool::{Connection, StoreError};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// A token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) id: String,
    /// Lower-case hexadecimal, of the whole token.
    pub(crate) sha256: String,
    /// `personal`, `session` or `gateway`.
    pub(crate) kind: String,
    /// The user, where it is one's.
    pub(crate) owner: Option<String>,
    /// The team of a gateway.
    pub(crate) team: Option<String>,
    /// The environment of a gateway.
    pub(crate) environment: Option<String>,
    pub(crate) name: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) used_at: Option<i64>,
}

const COLUMNS: &str =
    "id, sha256, kind, owner, team, environment, name, created_at, expires_at, ended_at, used_at";

fn token(row: &AnyRow) -> Result<Token, StoreError> {
    Ok(Token {
        id: row.try_get(0)?,
        sha256: row.try_get(1)?,
        kind: row.try_get(2)?,
        owner: row.try_get(3)?,
        team: row.try_get(4)?,
        environment: row.try_get(5)?,
        name: row.try_get(6)?,
        created_at: row.try_get(7)?,
        expires_at: row.try_get(8)?,
        ended_at: row.try_get(9)?,
        used_at: row.try_get(10)?,
    })
}

/// The token with this digest.
pub(crate) async fn by_digest(
    connection: &mut Connection,
    sha256: &str,
) -> Result<Option<Token>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM tokens WHERE sha256 = $1"
    )))
    .bind(sha256)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(token).transpose()
}

/// The token of this kind and id.
pub(crate) async fn get(
    connection: &mut Connection,
    kind: &str,
    id: &str,
) -> Result<Option<Token>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM tokens WHERE kind = $1 AND id = $2"
    )))
    .bind(kind)
    .bind(id)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(token).transpose()
}

/// A part of all of a kind, ended ones too, by id.
pub(crate) async fn page(
    connection: &mut Connection,
    kind: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Token>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM tokens WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3"
    )))
    .bind(kind)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(token).collect()
}

/// Adds one.
pub(crate) async fn add(connection: &mut Connection, row: &Token) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tokens (id, sha256, kind, owner, team, environment, name, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(row.id.as_str())
    .bind(row.sha256.as_str())
    .bind(row.kind.as_str())
    .bind(row.owner.clone())
    .bind(row.team.clone())
    .bind(row.environment.clone())
    .bind(row.name.as_str())
    .bind(row.created_at)
    .bind(row.expires_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends one, once.
pub(crate) async fn end(connection: &mut Connection, id: &str, at: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE tokens SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL")
        .bind(at)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Says when one was used last, to the minute: a write for each request would be too many.
pub(crate) async fn used(connection: &mut Connection, id: &str, at: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE tokens SET used_at = $1 WHERE id = $2 AND (used_at IS NULL OR used_at < $3)")
        .bind(at)
        .bind(id)
        .bind(at - 60)
        .execute(connection)
        .await?;
    Ok(())
}
