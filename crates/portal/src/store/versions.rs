//! Every version of every entity: what it said, with which revision it came, and who made it so.

use super::many::insert;
use super::pool::{Connection, StoreError};
use policy::entity::Kind;
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// A version.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) actor: String,
    pub(crate) at: i64,
    /// As that of the entity.
    pub(crate) status: String,
    /// `None`: deleted.
    pub(crate) body: Option<String>,
}

const COLUMNS: &str = "kind, id, version, revision, actor, at, status, body";

fn version(row: &AnyRow) -> Result<Version, StoreError> {
    let kind: String = row.try_get(0)?;
    Ok(Version {
        kind: Kind::parse(&kind).ok_or(StoreError::Broken("a version of an unknown kind"))?,
        id: row.try_get(1)?,
        version: row.try_get(2)?,
        revision: row.try_get(3)?,
        actor: row.try_get(4)?,
        at: row.try_get(5)?,
        status: row.try_get(6)?,
        body: row.try_get(7)?,
    })
}

/// Adds versions.
pub(crate) async fn add(
    connection: &mut Connection,
    environment: &str,
    rows: &[Version],
) -> Result<(), StoreError> {
    let into = "INSERT INTO versions (environment, kind, id, version, revision, actor, at, status, body)";
    insert(connection, into, 9, "", rows, |query, row| {
        query
            .bind(environment.to_owned())
            .bind(row.kind.as_str())
            .bind(row.id.clone())
            .bind(row.version)
            .bind(row.revision)
            .bind(row.actor.clone())
            .bind(row.at)
            .bind(row.status.clone())
            .bind(row.body.clone())
    })
    .await
}

/// A part of an entity's versions, the newest first: those below `before`.
pub(crate) async fn page(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
    id: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Version>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM versions WHERE environment = $1 AND kind = $2 AND id = $3 AND version < $4 \
         ORDER BY version DESC LIMIT $5"
    )))
    .bind(environment)
    .bind(kind.as_str())
    .bind(id)
    .bind(before)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(version).collect()
}

/// Of each entity, or each of a kind, that changed after a revision, at most so many: what it was at that revision (`None`: it was not there
/// yet).
pub(crate) async fn as_of(
    connection: &mut Connection,
    environment: &str,
    revision: i64,
    kind: Option<Kind>,
    limit: i64,
) -> Result<Vec<(Kind, String, Option<Version>)>, StoreError> {
    // Two statements: a condition that a parameter may take away is planned as if it were not there.
    let changed = match kind {
        None => sqlx::query(
            "SELECT DISTINCT kind, id FROM versions WHERE environment = $1 AND revision > $2 ORDER BY kind, id LIMIT $3",
        )
        .bind(environment)
        .bind(revision),
        Some(kind) => sqlx::query(
            "SELECT DISTINCT kind, id FROM versions WHERE environment = $1 AND kind = $2 AND revision > $3 \
             ORDER BY id LIMIT $4",
        )
        .bind(environment)
        .bind(kind.as_str())
        .bind(revision),
    };
    let changed = changed.bind(limit).fetch_all(&mut *connection).await?;
    let mut found = Vec::with_capacity(changed.len());
    for row in &changed {
        let (kind, id): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let kind = Kind::parse(&kind).ok_or(StoreError::Broken("a version of an unknown kind"))?;
        let former = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM versions WHERE environment = $1 AND kind = $2 AND id = $3 AND revision <= $4 \
             ORDER BY version DESC LIMIT 1"
        )))
        .bind(environment)
        .bind(kind.as_str())
        .bind(id.as_str())
        .bind(revision)
        .fetch_optional(&mut *connection)
        .await?;
        found.push((kind, id, former.as_ref().map(version).transpose()?));
    }
    Ok(found)
}

/// What a revision changed, by kind and id; at most so many.
pub(crate) async fn of_revision(
    connection: &mut Connection,
    environment: &str,
    revision: i64,
    limit: i64,
) -> Result<Vec<Version>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM versions WHERE environment = $1 AND revision = $2 ORDER BY kind, id LIMIT $3"
    )))
    .bind(environment)
    .bind(revision)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(version).collect()
}
