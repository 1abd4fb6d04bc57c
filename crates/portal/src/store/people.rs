//! Users, teams, and who is in which.

use super::pool::{Connection, StoreError};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// A person, or what acts like one.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    /// `platform_admin`, `auditor`; with blanks between them.
    pub(crate) roles: String,
    /// `active` or `suspended`.
    pub(crate) state: String,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
}

/// A team.
#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `active` or `deleted`.
    pub(crate) state: String,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
}

fn user(row: &AnyRow) -> Result<User, StoreError> {
    Ok(User {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        email: row.try_get(2)?,
        roles: row.try_get(3)?,
        state: row.try_get(4)?,
        version: row.try_get(5)?,
        created_at: row.try_get(6)?,
    })
}

/// One user.
pub(crate) async fn user_by_id(connection: &mut Connection, id: &str) -> Result<Option<User>, StoreError> {
    let row =
        sqlx::query("SELECT id, name, email, roles, state, version, created_at FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional(connection)
            .await?;
    row.as_ref().map(user).transpose()
}

/// Whether there is any user.
pub(crate) async fn has_users(connection: &mut Connection) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT id FROM users LIMIT 1")
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// Adds a user.
pub(crate) async fn add_user(connection: &mut Connection, row: &User) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO users (id, name, email, roles, state, version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(row.id.as_str())
    .bind(row.name.as_str())
    .bind(row.email.clone())
    .bind(row.roles.as_str())
    .bind(row.state.as_str())
    .bind(row.version)
    .bind(row.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// The teams that a user is in, and as what: `owner` or `member`.
pub(crate) async fn memberships(
    connection: &mut Connection,
    user: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query("SELECT team, role FROM memberships WHERE member = $1 ORDER BY team")
        .bind(user)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// One team, deleted ones too.
pub(crate) async fn team(connection: &mut Connection, id: &str) -> Result<Option<Team>, StoreError> {
    let row = sqlx::query("SELECT id, name, state, version, created_at FROM teams WHERE id = $1")
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        Ok(Team {
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            state: row.try_get(2)?,
            version: row.try_get(3)?,
            created_at: row.try_get(4)?,
        })
    })
    .transpose()
}

/// Adds a team where there is none of this id.
pub(crate) async fn add_team(connection: &mut Connection, row: &Team) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO teams (id, name, state, version, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(row.id.as_str())
    .bind(row.name.as_str())
    .bind(row.state.as_str())
    .bind(row.version)
    .bind(row.created_at)
    .execute(connection)
    .await?;
    Ok(())
}
