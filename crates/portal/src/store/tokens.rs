//! Bearer tokens: of people, of sessions, of gateways. Known by their SHA-256 alone.

use super::many::numbers;
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
    /// The team of a gateway; of a personal token the one team that it reaches.
    pub(crate) team: Option<String>,
    /// The environment of a gateway.
    pub(crate) environment: Option<String>,
    pub(crate) name: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) used_at: Option<i64>,
    /// A personal token that changes nothing.
    pub(crate) read_only: bool,
}

const COLUMNS: &str =
    "id, sha256, kind, owner, team, environment, name, created_at, expires_at, ended_at, used_at, read_only";

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
        read_only: row.try_get::<i64, _>(11)? != 0,
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

/// A part of all of a kind, ended ones too, by id; of these teams where any are given.
pub(crate) async fn page(
    connection: &mut Connection,
    kind: &str,
    teams: Option<&[String]>,
    after: &str,
    limit: i64,
) -> Result<Vec<Token>, StoreError> {
    let mut of_team = String::new();
    if let Some(teams) = teams {
        if teams.is_empty() {
            return Ok(Vec::new());
        }
        of_team.push_str(" AND team IN (");
        numbers(3, teams.len(), &mut of_team);
        of_team.push(')');
    }
    let text =
        format!("SELECT {COLUMNS} FROM tokens WHERE kind = $1 AND id > $2{of_team} ORDER BY id LIMIT $3");
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(kind)
        .bind(after)
        .bind(limit);
    for team in teams.unwrap_or_default() {
        query = query.bind(team.as_str());
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(token).collect()
}

/// Adds one.
pub(crate) async fn add(connection: &mut Connection, row: &Token) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tokens (id, sha256, kind, owner, team, environment, name, created_at, expires_at, read_only) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
    .bind(i64::from(row.read_only))
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

/// Tokens of a user that have not ended, by id. A user has at most as many as `app` lets them make.
pub(crate) async fn of_owner(
    connection: &mut Connection,
    kind: &str,
    owner: &str,
) -> Result<Vec<Token>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM tokens WHERE kind = $1 AND owner = $2 AND ended_at IS NULL ORDER BY id"
    )))
    .bind(kind)
    .bind(owner)
    .fetch_all(connection)
    .await?;
    rows.iter().map(token).collect()
}

/// Ends all of a user's: of one kind, or of every kind.
pub(crate) async fn end_all(
    connection: &mut Connection,
    owner: &str,
    kind: Option<&str>,
    at: i64,
) -> Result<(), StoreError> {
    let of_kind = if kind.is_some() { " AND kind = $3" } else { "" };
    let text = format!("UPDATE tokens SET ended_at = $1 WHERE owner = $2 AND ended_at IS NULL{of_kind}");
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(at).bind(owner);
    if let Some(kind) = kind {
        query = query.bind(kind);
    }
    query.execute(connection).await?;
    Ok(())
}

/// Removes sessions that ended a while ago: nobody asks after them, and the audit log has what matters.
pub(crate) async fn forget_sessions(connection: &mut Connection, before: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM tokens WHERE kind = 'session' AND (ended_at < $1 OR expires_at < $2)")
        .bind(before)
        .bind(before)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends all that reach a team alone.
pub(crate) async fn end_of_team(connection: &mut Connection, team: &str, at: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE tokens SET ended_at = $1 WHERE team = $2 AND ended_at IS NULL")
        .bind(at)
        .bind(team)
        .execute(connection)
        .await?;
    Ok(())
}
