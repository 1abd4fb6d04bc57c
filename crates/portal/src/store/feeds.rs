//! Where each feed stands: what was written, what was published, and who may sign.

use super::pool::{Connection, StoreError};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Feed {
    pub(crate) environment: String,
    pub(crate) epoch: i64,
    /// The last that was written.
    pub(crate) revision: i64,
    /// The last that was published, in `published_epoch`.
    pub(crate) published: i64,
    pub(crate) published_epoch: i64,
    pub(crate) digest: Option<String>,
    /// The last commit.
    pub(crate) commit_line: Option<String>,
    pub(crate) committed_at: i64,
    /// The line of roots that its floors begin with.
    pub(crate) roots: String,
    /// The line of the keyring under which the last commit counts.
    pub(crate) keyring: Option<String>,
    /// The line of the one that is to be published with the next.
    pub(crate) keyring_next: Option<String>,
    /// Counts how often the whole was to be sent again to carriers that lost it.
    pub(crate) republish: i64,
}

const COLUMNS: &str = "environment, epoch, revision, published, published_epoch, digest, commit_line, committed_at, \
                       roots, keyring, keyring_next, republish";

fn feed(row: &AnyRow) -> Result<Feed, StoreError> {
    Ok(Feed {
        environment: row.try_get(0)?,
        epoch: row.try_get(1)?,
        revision: row.try_get(2)?,
        published: row.try_get(3)?,
        published_epoch: row.try_get(4)?,
        digest: row.try_get(5)?,
        commit_line: row.try_get(6)?,
        committed_at: row.try_get(7)?,
        roots: row.try_get(8)?,
        keyring: row.try_get(9)?,
        keyring_next: row.try_get(10)?,
        republish: row.try_get(11)?,
    })
}

/// One feed.
pub(crate) async fn get(connection: &mut Connection, environment: &str) -> Result<Option<Feed>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM feeds WHERE environment = $1"
    )))
    .bind(environment)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(feed).transpose()
}

/// All feeds.
pub(crate) async fn all(connection: &mut Connection) -> Result<Vec<Feed>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM feeds ORDER BY environment"
    )))
    .fetch_all(connection)
    .await?;
    rows.iter().map(feed).collect()
}

/// Makes the feed of a new environment, with an empty revision 1 that is to be published.
pub(crate) async fn add(
    connection: &mut Connection,
    environment: &str,
    epoch: i64,
    roots: &str,
    keyring: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO feeds (environment, epoch, revision, published, published_epoch, committed_at, roots, \
         keyring_next, republish) VALUES ($1, $2, 1, 0, $3, 0, $4, $5, 0)",
    )
    .bind(environment)
    .bind(epoch)
    .bind(epoch)
    .bind(roots)
    .bind(keyring)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the next revision, and keeps every other mutation of this environment waiting until the transaction ends. `None`:
/// there is no such environment.
pub(crate) async fn take_revision(
    connection: &mut Connection,
    environment: &str,
) -> Result<Option<(i64, i64)>, StoreError> {
    let row = sqlx::query(
        "UPDATE feeds SET revision = revision + 1 WHERE environment = $1 RETURNING epoch, revision",
    )
    .bind(environment)
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

/// What a commit makes of a feed.
#[derive(Debug)]
pub(crate) struct Committed<'a> {
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
    pub(crate) digest: &'a str,
    pub(crate) line: &'a str,
    pub(crate) at: i64,
    /// The keyring that goes out with it.
    pub(crate) keyring: Option<&'a str>,
}

/// A revision was published, or its commit issued again.
pub(crate) async fn committed(
    connection: &mut Connection,
    environment: &str,
    commit: &Committed<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE feeds SET published = $1, published_epoch = $2, digest = $3, commit_line = $4, committed_at = $5 \
         WHERE environment = $6",
    )
    .bind(commit.revision)
    .bind(commit.epoch)
    .bind(commit.digest)
    .bind(commit.line)
    .bind(commit.at)
    .bind(environment)
    .execute(&mut *connection)
    .await?;
    if let Some(keyring) = commit.keyring {
        sqlx::query("UPDATE feeds SET keyring = $1 WHERE environment = $2")
            .bind(keyring)
            .bind(environment)
            .execute(&mut *connection)
            .await?;
        // Another one may have come meanwhile.
        sqlx::query("UPDATE feeds SET keyring_next = NULL WHERE environment = $1 AND keyring_next = $2")
            .bind(environment)
            .bind(keyring)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// This keyring is to be published, and these are the roots.
pub(crate) async fn set_keyring(
    connection: &mut Connection,
    environment: &str,
    keyring: &str,
    roots: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE feeds SET keyring_next = $1, roots = $2 WHERE environment = $3")
        .bind(keyring)
        .bind(roots)
        .bind(environment)
        .execute(connection)
        .await?;
    Ok(())
}

/// The feed begins a new epoch: everything is published anew.
pub(crate) async fn set_epoch(
    connection: &mut Connection,
    environment: &str,
    epoch: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE feeds SET epoch = $1 WHERE environment = $2")
        .bind(epoch)
        .bind(environment)
        .execute(connection)
        .await?;
    Ok(())
}

/// Carriers that lost the whole are to have it again, in the same epoch.
pub(crate) async fn ask_republish(connection: &mut Connection, environment: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE feeds SET republish = republish + 1 WHERE environment = $1")
        .bind(environment)
        .execute(connection)
        .await?;
    Ok(())
}

/// The revision that this transaction took is not used.
pub(crate) async fn give_back_revision(
    connection: &mut Connection,
    environment: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE feeds SET revision = revision - 1 WHERE environment = $1")
        .bind(environment)
        .execute(connection)
        .await?;
    Ok(())
}
