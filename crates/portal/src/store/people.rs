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

/// A part of all users, by id; deleted ones are left out.
pub(crate) async fn users(
    connection: &mut Connection,
    after: &str,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, name, email, roles, state, version, created_at FROM users \
         WHERE id > $1 AND state <> 'deleted' ORDER BY id LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(user).collect()
}

/// Whether another user, deleted or not, has this address.
pub(crate) async fn email_is_taken(
    connection: &mut Connection,
    email: &str,
    by_other_than: &str,
) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT id FROM users WHERE email = $1 AND id <> $2")
        .bind(email)
        .bind(by_other_than)
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// Replaces a user's row of this version by one of the next; `false`: it is at another version by now.
pub(crate) async fn replace_user(connection: &mut Connection, row: &User) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE users SET name = $1, email = $2, roles = $3, state = $4, version = version + 1 \
         WHERE id = $5 AND version = $6",
    )
    .bind(row.name.as_str())
    .bind(row.email.clone())
    .bind(row.roles.as_str())
    .bind(row.state.as_str())
    .bind(row.id.as_str())
    .bind(row.version)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A part of all teams, by id; deleted ones are left out.
pub(crate) async fn teams(
    connection: &mut Connection,
    after: &str,
    limit: i64,
) -> Result<Vec<Team>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, name, state, version, created_at FROM teams \
         WHERE id > $1 AND state = 'active' ORDER BY id LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Team {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                state: row.try_get(2)?,
                version: row.try_get(3)?,
                created_at: row.try_get(4)?,
            })
        })
        .collect()
}

/// Replaces a team's row of this version by one of the next; `false`: it is at another version by now.
pub(crate) async fn replace_team(connection: &mut Connection, row: &Team) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE teams SET name = $1, state = $2, version = version + 1 WHERE id = $3 AND version = $4",
    )
    .bind(row.name.as_str())
    .bind(row.state.as_str())
    .bind(row.id.as_str())
    .bind(row.version)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) role: String,
    /// The portal gave it; otherwise the identity provider's groups.
    pub(crate) by_portal: bool,
}

/// Who is in a team, by the portal's word and the provider's.
pub(crate) async fn members(
    connection: &mut Connection,
    team: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Member>, StoreError> {
    let rows = sqlx::query(
        // Of two roles the stronger: `owner` is the greater word.
        "SELECT u.id, u.name, MAX(m.role), MAX(m.by_portal) FROM ( \
           SELECT member, role, CAST(1 AS BIGINT) AS by_portal FROM memberships WHERE team = $1 UNION ALL \
           SELECT member, role, CAST(0 AS BIGINT) AS by_portal FROM group_roles WHERE team = $2) m \
         JOIN users u ON u.id = m.member WHERE u.id > $3 AND u.state <> 'deleted' \
         GROUP BY u.id, u.name ORDER BY u.id LIMIT $4",
    )
    .bind(team)
    .bind(team)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Member {
                user: row.try_get(0)?,
                name: row.try_get(1)?,
                role: row.try_get(2)?,
                by_portal: row.try_get::<i64, _>(3)? != 0,
            })
        })
        .collect()
}

/// Puts a user into a team, or gives another role there; what they were.
pub(crate) async fn put_member(
    connection: &mut Connection,
    team: &str,
    user: &str,
    role: Option<&str>,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT role FROM memberships WHERE team = $1 AND member = $2")
        .bind(team)
        .bind(user)
        .fetch_optional(&mut *connection)
        .await?;
    let former: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
    let text = match role {
        None => "DELETE FROM memberships WHERE team = $1 AND member = $2",
        Some(_) => {
            "INSERT INTO memberships (team, member, role) VALUES ($1, $2, $3) \
             ON CONFLICT (team, member) DO UPDATE SET role = excluded.role"
        }
    };
    let mut query = sqlx::query(text).bind(team).bind(user);
    if let Some(role) = role {
        query = query.bind(role);
    }
    query.execute(connection).await?;
    Ok(former)
}

/// What a team owns that has not ended: a word and an id each, so many at most, in no order (of two collations PostgreSQL makes none).
pub(crate) async fn owned(
    connection: &mut Connection,
    team: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT environment || '/' || kind || '/' || id FROM entities WHERE team = $1 AND status <> 'deleted' \
         UNION ALL SELECT environment || '/gateway/' || name FROM tokens \
           WHERE team = $2 AND kind = 'gateway' AND ended_at IS NULL \
         LIMIT $3",
    )
    .bind(team)
    .bind(team)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Takes everybody out of a team.
pub(crate) async fn remove_members(connection: &mut Connection, team: &str) -> Result<(), StoreError> {
    for text in [
        "DELETE FROM memberships WHERE team = $1",
        "DELETE FROM group_roles WHERE team = $1",
    ] {
        sqlx::query(text).bind(team).execute(&mut *connection).await?;
    }
    Ok(())
}
