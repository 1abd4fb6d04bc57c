//! Environments: one feed each, in the order in which an API is promoted.

use super::pool::{Connection, StoreError};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Environment {
    pub(crate) id: String,
    /// Its place among all; an API is promoted to the next.
    pub(crate) position: i64,
    /// How many entities a change may delete or narrow without a confirmation.
    pub(crate) confirm_above: i64,
    /// Whether another person has to approve such a change.
    pub(crate) second_approver: bool,
    pub(crate) created_at: i64,
}

fn environment(row: &AnyRow) -> Result<Environment, StoreError> {
    Ok(Environment {
        id: row.try_get(0)?,
        position: row.try_get(1)?,
        confirm_above: row.try_get(2)?,
        second_approver: row.try_get::<i64, _>(3)? != 0,
        created_at: row.try_get(4)?,
    })
}

/// All of them, in order. There are few.
pub(crate) async fn all(connection: &mut Connection) -> Result<Vec<Environment>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, position, confirm_above, second_approver, created_at FROM environments ORDER BY position, id",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(environment).collect()
}

/// One of them.
pub(crate) async fn get(connection: &mut Connection, id: &str) -> Result<Option<Environment>, StoreError> {
    let row = sqlx::query(
        "SELECT id, position, confirm_above, second_approver, created_at FROM environments WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(environment).transpose()
}

/// Adds one, behind all others.
pub(crate) async fn add(connection: &mut Connection, row: &Environment) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO environments (id, position, confirm_above, second_approver, created_at) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(row.id.as_str())
    .bind(row.position)
    .bind(row.confirm_above)
    .bind(i64::from(row.second_approver))
    .bind(row.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets what a change may do without being confirmed.
pub(crate) async fn set_seat_belt(
    connection: &mut Connection,
    id: &str,
    confirm_above: i64,
    second_approver: bool,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE environments SET confirm_above = $1, second_approver = $2 WHERE id = $3")
        .bind(confirm_above)
        .bind(i64::from(second_approver))
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}
