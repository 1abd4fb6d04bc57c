//! What entities have to do with each other: names that only one may have, who names whom, and where APIs lie.
//!
//! Written with each entity, so that a change is judged by its neighbours and not by the whole.

use super::many::{insert, numbers, portions};
use super::pool::{Connection, StoreError};
use super::uses::CREDENTIAL;
use policy::entity::Kind;
use sqlx::{AssertSqlSafe, Row as _};

/// A name and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) id: String,
    /// It is in force no more, and never another's.
    pub(crate) ended: bool,
}

/// That one entity names another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) to_kind: String,
    pub(crate) to_id: String,
}

fn kind_of(word: &str) -> Result<Kind, StoreError> {
    Kind::parse(word).ok_or(StoreError::Broken("a name of an unknown kind"))
}

/// Who has these names.
pub(crate) async fn holders(
    connection: &mut Connection,
    environment: &str,
    names: &[String],
) -> Result<Vec<Name>, StoreError> {
    let mut found = Vec::new();
    for names in portions(names) {
        let mut text =
            "SELECT name, kind, id, ended FROM names WHERE environment = $1 AND name IN (".to_owned();
        numbers(1, names.len(), &mut text);
        text.push_str(") ORDER BY name");
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(environment);
        for name in names {
            query = query.bind(name.as_str());
        }
        for row in query.fetch_all(&mut *connection).await? {
            found.push(Name {
                name: row.try_get(0)?,
                kind: kind_of(&row.try_get::<String, _>(1)?)?,
                id: row.try_get(2)?,
                ended: row.try_get::<i64, _>(3)? != 0,
            });
        }
    }
    Ok(found)
}

/// Takes these names for their holders; one that had ended is in force again.
pub(crate) async fn take(
    connection: &mut Connection,
    environment: &str,
    names: &[Name],
) -> Result<(), StoreError> {
    let into = "INSERT INTO names (environment, name, kind, id, ended)";
    let behind =
        "ON CONFLICT (environment, name) DO UPDATE SET kind = excluded.kind, id = excluded.id, ended = 0";
    insert(connection, into, 5, behind, names, |query, name| {
        query
            .bind(environment.to_owned())
            .bind(name.name.clone())
            .bind(name.kind.as_str())
            .bind(name.id.clone())
            .bind(0_i64)
    })
    .await
}

/// Gives names up: those of credentials stay, ended; others are free again.
pub(crate) async fn leave(
    connection: &mut Connection,
    environment: &str,
    names: &[String],
) -> Result<(), StoreError> {
    let (kept, free): (Vec<String>, Vec<String>) = names
        .iter()
        .cloned()
        .partition(|name| name.starts_with(CREDENTIAL));
    for (names, text) in [
        (
            kept,
            "UPDATE names SET ended = 1 WHERE environment = $1 AND name IN (",
        ),
        (free, "DELETE FROM names WHERE environment = $1 AND name IN ("),
    ] {
        run_in(connection, environment, &names, text).await?;
    }
    Ok(())
}

async fn run_in(
    connection: &mut Connection,
    environment: &str,
    values: &[String],
    beginning: &str,
) -> Result<(), StoreError> {
    for values in portions(values) {
        let mut text = beginning.to_owned();
        numbers(1, values.len(), &mut text);
        text.push(')');
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(environment);
        for value in values {
            query = query.bind(value.as_str());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// At most so many entities that name this one.
pub(crate) async fn links_to(
    connection: &mut Connection,
    environment: &str,
    to_kind: &str,
    to_id: &str,
    limit: i64,
) -> Result<Vec<(Kind, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, id FROM links WHERE environment = $1 AND to_kind = $2 AND to_id = $3 ORDER BY kind, id LIMIT $4",
    )
    .bind(environment)
    .bind(to_kind)
    .bind(to_id)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((kind_of(&row.try_get::<String, _>(0)?)?, row.try_get(1)?)))
        .collect()
}

/// At most so many entities that name a tenant which there is not.
pub(crate) async fn without_tenant(
    connection: &mut Connection,
    environment: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT l.id, l.to_id FROM links l WHERE l.environment = $1 AND l.to_kind = 'tenant' AND l.kind = 'client' \
         AND NOT EXISTS (SELECT 1 FROM entities e WHERE e.environment = l.environment AND e.kind = 'tenant' \
         AND e.id = l.to_id AND e.record IS NOT NULL) ORDER BY l.id LIMIT $2",
    )
    .bind(environment)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// Adds and removes links.
pub(crate) async fn relink(
    connection: &mut Connection,
    environment: &str,
    added: &[Link],
    removed: &[Link],
) -> Result<(), StoreError> {
    for link in removed {
        sqlx::query(
            "DELETE FROM links WHERE environment = $1 AND kind = $2 AND id = $3 AND to_kind = $4 AND to_id = $5",
        )
        .bind(environment)
        .bind(link.kind.as_str())
        .bind(link.id.as_str())
        .bind(link.to_kind.as_str())
        .bind(link.to_id.as_str())
        .execute(&mut *connection)
        .await?;
    }
    let into = "INSERT INTO links (environment, kind, id, to_kind, to_id)";
    insert(
        connection,
        into,
        5,
        "ON CONFLICT DO NOTHING",
        added,
        |query, link| {
            query
                .bind(environment.to_owned())
                .bind(link.kind.as_str())
                .bind(link.id.clone())
                .bind(link.to_kind.clone())
                .bind(link.to_id.clone())
        },
    )
    .await
}

/// Where an API lies: nowhere without a path.
pub(crate) async fn claim(
    connection: &mut Connection,
    environment: &str,
    api: &str,
    base_path: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM claims WHERE environment = $1 AND api = $2")
        .bind(environment)
        .bind(api)
        .execute(&mut *connection)
        .await?;
    if let Some(base_path) = base_path {
        sqlx::query("INSERT INTO claims (environment, base_path, api) VALUES ($1, $2, $3)")
            .bind(environment)
            .bind(base_path)
            .bind(api)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// The APIs at these paths.
pub(crate) async fn apis_at(
    connection: &mut Connection,
    environment: &str,
    paths: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for paths in portions(paths) {
        let mut text = "SELECT api FROM claims WHERE environment = $1 AND base_path IN (".to_owned();
        numbers(1, paths.len(), &mut text);
        text.push_str(") ORDER BY api");
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(environment);
        for path in paths {
            query = query.bind(path.as_str());
        }
        for row in query.fetch_all(&mut *connection).await? {
            found.push(row.try_get(0)?);
        }
    }
    Ok(found)
}

/// The APIs below a path, at most so many.
pub(crate) async fn apis_below(
    connection: &mut Connection,
    environment: &str,
    path: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    // `0` is the character behind `/`: everything between begins with the path and a slash.
    let above = path.trim_end_matches('/');
    let rows = sqlx::query(
        "SELECT api FROM claims WHERE environment = $1 AND base_path > $2 AND base_path < $3 ORDER BY api LIMIT $4",
    )
    .bind(environment)
    .bind(format!("{above}/"))
    .bind(format!("{above}0"))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
