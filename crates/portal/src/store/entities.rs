//! What is in force in each environment: one row an entity, with the exact bytes of its record. The row of one that was deleted
//! stays, so that its id is never another's.

use super::many::{insert, numbers, portions};
use super::pool::{Connection, StoreError};
use super::uses::MINUTE_S;
use policy::entity::Kind;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};
use std::fmt::Write as _;

/// Rows of a part of all.
const PART_ROWS: i64 = 1_000;

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

/// Which of a kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Which<'a> {
    /// Those of these teams; `None`: everybody's.
    pub(crate) teams: Option<&'a [String]>,
    /// Those that have a credential which is not ended and was not used since this second; clients alone have any.
    pub(crate) unused_since: Option<i64>,
}

impl Which<'_> {
    /// As conditions, whose parameters begin behind the one of this number.
    fn conditions(&self, behind: usize) -> String {
        let mut text = String::new();
        let unused = self.unused_since.is_some();
        if unused {
            // Writing to a string never fails.
            let _ = write!(
                text,
                " AND EXISTS (SELECT 1 FROM names n JOIN credential_uses u \
                 ON u.environment = n.environment AND u.name = n.name \
                 WHERE n.environment = entities.environment AND n.kind = entities.kind AND n.id = entities.id \
                 AND n.ended = 0 AND CASE WHEN u.used_at + {MINUTE_S} > u.watched_since \
                 THEN u.used_at + {MINUTE_S} ELSE u.watched_since END <= ${})",
                behind + 1
            );
        }
        if let Some(teams) = self.teams {
            text.push_str(" AND team IN (");
            numbers(behind + usize::from(unused), teams.len(), &mut text);
            text.push(')');
        }
        text
    }
}

/// A part of all of a kind that are not deleted, by id: those behind `after`.
pub(crate) async fn page(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
    which: Which<'_>,
    after: &str,
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    if which.teams.is_some_and(<[String]>::is_empty) {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT {COLUMNS} FROM entities WHERE environment = $1 AND kind = $2 AND id > $3 \
         AND status <> 'deleted'{} ORDER BY id LIMIT $4",
        which.conditions(4)
    );
    let mut query = sqlx::query(AssertSqlSafe(text))
        .bind(environment)
        .bind(kind.as_str())
        .bind(after)
        .bind(limit);
    if let Some(since) = which.unused_since {
        query = query.bind(since);
    }
    for team in which.teams.unwrap_or_default() {
        query = query.bind(team.as_str());
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(stored).collect()
}

/// The next part of all of a kind that are not deleted, in the order of ids; nothing at the end. Moves `after` behind it.
pub(crate) async fn next(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
    after: &mut String,
) -> Result<Vec<Stored>, StoreError> {
    let part = page(connection, environment, kind, Which::default(), after, PART_ROWS).await?;
    if let Some(last) = part.last() {
        after.clone_from(&last.id);
    }
    Ok(part)
}

/// Whether there is one of this kind that is not deleted.
pub(crate) async fn any(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
) -> Result<Option<Stored>, StoreError> {
    let found = page(connection, environment, kind, Which::default(), "", 1).await?;
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
