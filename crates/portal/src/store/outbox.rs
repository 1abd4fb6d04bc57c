//! The exact bytes of every change, by revision: what all carriers send, and what a stream resumes from.

use super::many::insert;
use super::pool::{Connection, StoreError};
use sqlx::Row as _;

/// One change of a revision.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// `kind/id`.
    pub(crate) key: String,
    /// The line; `None`: deleted.
    pub(crate) record: Option<String>,
    /// The line that it replaces.
    pub(crate) former: Option<String>,
}

/// Adds what a revision changes.
pub(crate) async fn add(
    connection: &mut Connection,
    environment: &str,
    epoch: i64,
    revision: i64,
    items: &[Item],
) -> Result<(), StoreError> {
    let into = "INSERT INTO outbox (environment, epoch, revision, item, record, former)";
    insert(connection, into, 6, "", items, |query, item| {
        query
            .bind(environment.to_owned())
            .bind(epoch)
            .bind(revision)
            .bind(item.key.clone())
            .bind(item.record.clone())
            .bind(item.former.clone())
    })
    .await
}

/// What one revision changes, by key.
pub(crate) async fn of_revision(
    connection: &mut Connection,
    environment: &str,
    revision: i64,
) -> Result<Vec<(String, Option<String>)>, StoreError> {
    let rows =
        sqlx::query("SELECT item, record FROM outbox WHERE environment = $1 AND revision = $2 ORDER BY item")
            .bind(environment)
            .bind(revision)
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// Of every key that changed after a revision and up to another one, what it is at the latter; at most so many.
pub(crate) async fn between(
    connection: &mut Connection,
    environment: &str,
    after: i64,
    up_to: i64,
    limit: i64,
) -> Result<Vec<(String, Option<String>)>, StoreError> {
    let rows = sqlx::query(
        "SELECT o.item, o.record FROM outbox o JOIN (SELECT item, MAX(revision) AS last FROM outbox \
         WHERE environment = $1 AND revision > $2 AND revision <= $3 GROUP BY item) l \
         ON l.item = o.item AND l.last = o.revision WHERE o.environment = $4 ORDER BY o.item LIMIT $5",
    )
    .bind(environment)
    .bind(after)
    .bind(up_to)
    .bind(environment)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// Of every key that changed after a revision, what it was at that revision.
pub(crate) async fn former(
    connection: &mut Connection,
    environment: &str,
    epoch: i64,
    after: i64,
) -> Result<Vec<(String, Option<String>)>, StoreError> {
    let rows = sqlx::query(
        "SELECT o.item, o.former FROM outbox o JOIN (SELECT item, MIN(revision) AS first FROM outbox \
         WHERE environment = $1 AND epoch = $2 AND revision > $3 GROUP BY item) l \
         ON l.item = o.item AND l.first = o.revision WHERE o.environment = $4",
    )
    .bind(environment)
    .bind(epoch)
    .bind(after)
    .bind(environment)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// Forgets published changes of revisions made before a second, at most so many revisions at a time; how many.
pub(crate) async fn forget(
    connection: &mut Connection,
    environment: &str,
    before: i64,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM outbox WHERE environment = $1 AND revision IN (SELECT r.revision FROM revisions r \
         JOIN feeds f ON f.environment = r.environment WHERE r.environment = $2 AND r.at < $3 \
         AND r.revision < f.published AND r.revision >= (SELECT MIN(o.revision) FROM outbox o \
         WHERE o.environment = $4) ORDER BY r.revision LIMIT $5)",
    )
    .bind(environment)
    .bind(environment)
    .bind(before)
    .bind(environment)
    .bind(limit)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// The oldest revision whose changes are kept, if any are.
pub(crate) async fn oldest(
    connection: &mut Connection,
    environment: &str,
) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query("SELECT MIN(revision) FROM outbox WHERE environment = $1")
        .bind(environment)
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// How many changes there are after a revision and up to another one.
pub(crate) async fn count_between(
    connection: &mut Connection,
    environment: &str,
    after: i64,
    up_to: i64,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM outbox WHERE environment = $1 AND revision > $2 AND revision <= $3",
    )
    .bind(environment)
    .bind(after)
    .bind(up_to)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get(0)?)
}
