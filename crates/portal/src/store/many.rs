//! Many rows in one statement, so that a revision of ten thousand records is not ten thousand round trips.

use super::pool::{Connection, StoreError};
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};
use std::fmt::Write as _;

/// Rows of one statement. Times the columns it stays below what either database takes in parameters.
const ROWS_MAX: usize = 200;

pub(super) type Asked<'q> = Query<'q, Any, AnyArguments>;

/// Inserts rows: `into` is `INSERT INTO t (a, b)`, `behind` what stands behind the values, `bind` binds one row's.
pub(super) async fn insert<T>(
    connection: &mut Connection,
    into: &str,
    columns: usize,
    behind: &str,
    rows: &[T],
    bind: impl for<'q> Fn(Asked<'q>, &T) -> Asked<'q>,
) -> Result<(), StoreError> {
    for rows in rows.chunks(ROWS_MAX) {
        let mut text = format!("{into} VALUES ");
        for row in 0..rows.len() {
            text.push_str(if row == 0 { "(" } else { ", (" });
            numbers(row * columns, columns, &mut text);
            text.push(')');
        }
        text.push(' ');
        text.push_str(behind);
        let mut query = sqlx::query(AssertSqlSafe(text));
        for row in rows {
            query = bind(query, row);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// `$from+1, …`, so many.
pub(super) fn numbers(from: usize, count: usize, text: &mut String) {
    for number in 1..=count {
        let comma = if number == 1 { "" } else { ", " };
        // Writing to a string never fails.
        let _ = write!(text, "{comma}${}", from + number);
    }
}

/// Calls for at most [`ROWS_MAX`] of these at a time.
pub(super) fn portions<T>(all: &[T]) -> impl Iterator<Item = &[T]> {
    all.chunks(ROWS_MAX)
}
