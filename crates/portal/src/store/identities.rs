//! How users say who they are: passwords, what an identity provider knows them as, and what its groups gave them.

use super::people::User;
use super::pool::{Connection, StoreError};
use sqlx::Row as _;

/// The user that is signed in by this name: an id, or an address.
pub(crate) async fn user_by_name(
    connection: &mut Connection,
    name: &str,
) -> Result<Option<User>, StoreError> {
    if let Some(user) = super::people::user_by_id(connection, name).await? {
        return Ok(Some(user));
    }
    let row = sqlx::query("SELECT id FROM users WHERE email = $1")
        .bind(name)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let id: String = row.try_get(0)?;
    super::people::user_by_id(connection, &id).await
}

/// What is kept of a user's password.
pub(crate) async fn password(connection: &mut Connection, user: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT phc FROM passwords WHERE member = $1")
        .bind(user)
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Keeps this of a user's password.
pub(crate) async fn put_password(
    connection: &mut Connection,
    user: &str,
    phc: &str,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO passwords (member, phc, changed_at) VALUES ($1, $2, $3) \
         ON CONFLICT (member) DO UPDATE SET phc = excluded.phc, changed_at = excluded.changed_at",
    )
    .bind(user)
    .bind(phc)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets how a user signs in.
pub(crate) async fn forget(connection: &mut Connection, user: &str) -> Result<(), StoreError> {
    for text in [
        "DELETE FROM passwords WHERE member = $1",
        "DELETE FROM group_roles WHERE member = $1",
        "DELETE FROM memberships WHERE member = $1",
    ] {
        sqlx::query(text).bind(user).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The user of this subject at this provider.
pub(crate) async fn of_provider(
    connection: &mut Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT member FROM provider_users WHERE issuer = $1 AND subject = $2")
        .bind(issuer)
        .bind(subject)
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// The subject at this provider is this user, and signed in then.
pub(crate) async fn put_provider(
    connection: &mut Connection,
    issuer: &str,
    subject: &str,
    user: &str,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO provider_users (issuer, subject, member, signed_in_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (issuer, subject) DO UPDATE SET signed_in_at = excluded.signed_in_at",
    )
    .bind(issuer)
    .bind(subject)
    .bind(user)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// What the provider's groups gave a user: team (empty: the organisation) and role.
pub(crate) async fn group_roles(
    connection: &mut Connection,
    user: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query("SELECT team, role FROM group_roles WHERE member = $1 ORDER BY team")
        .bind(user)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// From now on exactly these.
pub(crate) async fn replace_group_roles(
    connection: &mut Connection,
    user: &str,
    roles: &[(String, String)],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM group_roles WHERE member = $1")
        .bind(user)
        .execute(&mut *connection)
        .await?;
    for (team, role) in roles {
        sqlx::query("INSERT INTO group_roles (member, team, role) VALUES ($1, $2, $3)")
            .bind(user)
            .bind(team.as_str())
            .bind(role.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Whether any active user but this one is a platform admin, by the portal's word or the provider's.
pub(crate) async fn has_other_admin(connection: &mut Connection, user: &str) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT u.id FROM users u WHERE u.state = 'active' AND u.id <> $1 \
         AND (' ' || u.roles || ' ' LIKE '% platform_admin %' OR EXISTS (SELECT 1 FROM group_roles g \
              WHERE g.member = u.id AND g.team = '' AND g.role = 'platform_admin')) LIMIT 1",
    )
    .bind(user)
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}
