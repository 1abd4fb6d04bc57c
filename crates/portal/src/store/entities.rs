//! What is in force in each environment: one row an entity, with the exact bytes of its record. The row of one that was deleted
//! stays, so that its id is never another's.

use super::many::{insert, numbers, portions};
use super::pool::{Connection, StoreError};
use policy::entity::Kind;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

/// An entity as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    /// Counts its changes, from 1.
    pub(crate) version: i64,
    /// With which it came.
    pub(crate) revision: i64,
    pub(crate) team: Option<String>,
    /// Of an API: `draft`, `published`, `deprecated`, `retired`; otherwise `published`.
    pub(crate) status: String,
    /// What readers need not know: a JSON object.
    pub(crate) details: String,
    pub(crate) created_at: i64,
    pub(crate) changed_at: i64,
    /// The line that readers have; `None`: deleted, or not published.
    pub(crate) record: Option<String>,
}

const COLUMNS: &str = "kind, id, version, revision, team, status, details, created_at, changed_at, record";

fn stored(row: &AnyRow) -> Result<Stored, StoreError> {
    let kind: String = row.try_get(0)?;
    Ok(Stored {
        kind: Kind::parse(&kind).ok_or(StoreError::Broken("an entity of an unknown kind"))?,
        id: row.try_get(1)?,
        version: row.try_get(2)?,
        revision: row.try_get(3)?,
        team: row.try_get(4)?,
        status: row.try_get(5)?,
        details: row.try_get(6)?,
        created_at: row.try_get(7)?,
        changed_at: row.try_get(8)?,
        record: row.try_get(9)?,
    })
}

/// One entity, deleted ones too.
pub(crate) async fn get(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
    id: &str,
) -> Result<Option<Stored>, StoreError> {
    let found = get_all(connection, environment, kind, &[id.to_owned()]).await?;
    Ok(found.into_iter().next())
}

/// Keeps whoever would hold or write this row waiting until the transaction ends.
pub(crate) async fn hold(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
    id: &str,
) -> Result<(), StoreError> {
    // SQLite has one writer anyway, and no `FOR UPDATE`.
    sqlx::query("UPDATE entities SET version = version WHERE environment = $1 AND kind = $2 AND id = $3")
        .bind(environment)
        .bind(kind.as_str())
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Those of these ids that there are, deleted ones too.
pub(crate) async fn get_all(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
    ids: &[String],
) -> Result<Vec<Stored>, StoreError> {
    let mut found = Vec::new();
    for ids in portions(ids) {
        let mut text =
            format!("SELECT {COLUMNS} FROM entities WHERE environment = $1 AND kind = $2 AND id IN (");
        numbers(2, ids.len(), &mut text);
        text.push_str(") ORDER BY id");
        let mut query = sqlx::query(AssertSqlSafe(text))
            .bind(environment)
            .bind(kind.as_str());
        for id in ids {
            query = query.bind(id.as_str());
        }
        for row in query.fetch_all(&mut *connection).await? {
            found.push(stored(&row)?);
        }
    }
    Ok(found)
}

/// A part of all of a kind that are not deleted, by id: those behind `after`; of these teams where any are given.
pub(crate) async fn page(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
    teams: Option<&[String]>,
    after: &str,
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    let mut of_team = String::new();
    if let Some(teams) = teams {
        if teams.is_empty() {
            return Ok(Vec::new());
        }
        of_team.push_str(" AND team IN (");
        numbers(4, teams.len(), &mut of_team);
        of_team.push(')');
    }
    let text = format!(
        "SELECT {COLUMNS} FROM entities WHERE environment = $1 AND kind = $2 AND id > $3 \
         AND status <> 'deleted'{of_team} ORDER BY id LIMIT $4"
    );
    let mut query = sqlx::query(AssertSqlSafe(text))
        .bind(environment)
        .bind(kind.as_str())
        .bind(after)
        .bind(limit);
    for team in teams.unwrap_or_default() {
        query = query.bind(team.as_str());
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(stored).collect()
}

/// Whether there is one of this kind that is not deleted.
pub(crate) async fn any(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
) -> Result<Option<Stored>, StoreError> {
    let found = page(connection, environment, kind, None, "", 1).await?;
    Ok(found.into_iter().next())
}

/// Writes rows, in place of those of their ids.
pub(crate) async fn put(
    connection: &mut Connection,
    environment: &str,
    rows: &[Stored],
) -> Result<(), StoreError> {
    let into = "INSERT INTO entities (environment, kind, id, version, revision, team, status, details, \
                created_at, changed_at, record)";
    let behind = "ON CONFLICT (environment, kind, id) DO UPDATE SET version = excluded.version, \
                  revision = excluded.revision, team = excluded.team, status = excluded.status, \
                  details = excluded.details, changed_at = excluded.changed_at, record = excluded.record";
    insert(connection, into, 11, behind, rows, |query, row| {
        query
            .bind(environment.to_owned())
            .bind(row.kind.as_str())
            .bind(row.id.clone())
            .bind(row.version)
            .bind(row.revision)
            .bind(row.team.clone())
            .bind(row.status.clone())
            .bind(row.details.clone())
            .bind(row.created_at)
            .bind(row.changed_at)
            .bind(row.record.clone())
    })
    .await
}
