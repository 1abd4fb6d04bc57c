//! Changes that wait for a second person.

use super::pool::{Connection, StoreError};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// A change that waits, or was decided on.
#[derive(Debug, Clone)]
pub(crate) struct Proposal {
    pub(crate) id: String,
    pub(crate) environment: String,
    pub(crate) actor: String,
    pub(crate) operation: String,
    /// What is to be done, as JSON.
    pub(crate) changes: String,
    /// How many entities it deletes or narrows.
    pub(crate) counted: i64,
    /// `open`, `approved` or `rejected`.
    pub(crate) state: String,
    pub(crate) at: i64,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<i64>,
}

const COLUMNS: &str =
    "id, environment, actor, operation, changes, counted, state, at, decided_by, decided_at";

fn proposal(row: &AnyRow) -> Result<Proposal, StoreError> {
    Ok(Proposal {
        id: row.try_get(0)?,
        environment: row.try_get(1)?,
        actor: row.try_get(2)?,
        operation: row.try_get(3)?,
        changes: row.try_get(4)?,
        counted: row.try_get(5)?,
        state: row.try_get(6)?,
        at: row.try_get(7)?,
        decided_by: row.try_get(8)?,
        decided_at: row.try_get(9)?,
    })
}

/// One of an environment.
pub(crate) async fn get(
    connection: &mut Connection,
    environment: &str,
    id: &str,
) -> Result<Option<Proposal>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM proposals WHERE environment = $1 AND id = $2"
    )))
    .bind(environment)
    .bind(id)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(proposal).transpose()
}

/// A part of an environment's, by id.
pub(crate) async fn page(
    connection: &mut Connection,
    environment: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Proposal>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM proposals WHERE environment = $1 AND id > $2 ORDER BY id LIMIT $3"
    )))
    .bind(environment)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(proposal).collect()
}

/// Adds one.
pub(crate) async fn add(connection: &mut Connection, row: &Proposal) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO proposals (id, environment, actor, operation, changes, counted, state, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(row.id.as_str())
    .bind(row.environment.as_str())
    .bind(row.actor.as_str())
    .bind(row.operation.as_str())
    .bind(row.changes.as_str())
    .bind(row.counted)
    .bind(row.state.as_str())
    .bind(row.at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Decides on one that is open; whether it still was.
pub(crate) async fn decide(
    connection: &mut Connection,
    id: &str,
    state: &str,
    actor: &str,
    now: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE proposals SET state = $1, decided_by = $2, decided_at = $3 WHERE id = $4 AND state = 'open'",
    )
    .bind(state)
    .bind(actor)
    .bind(now)
    .bind(id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
