//! What was done, by whom: rows that no one changes, each with the hash of the one before it.
//!
//! One chain for each environment, and one for what belongs to all of them, so that two environments never wait for each other.

use super::pool::{Connection, StoreError};
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// The chain of what belongs to no environment.
pub(crate) const ORGANISATION: &str = "";

/// What is to be recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) actor_kind: String,
    pub(crate) request_id: String,
    pub(crate) operation: String,
    pub(crate) object: String,
    pub(crate) revision: Option<i64>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// What was recorded.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) position: i64,
    pub(crate) entry: Entry,
    pub(crate) former_hash: String,
    pub(crate) hash: String,
}

impl Entry {
    /// SHA-256 over the former hash and every member, each with its length before it: no two entries have the same bytes.
    pub(crate) fn hash(&self, chain: &str, position: i64, former: &str) -> String {
        let mut digest = Sha256::new();
        let mut take = |text: Option<&str>| {
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            digest.update(length.to_be_bytes());
            digest.update(text.unwrap_or_default());
        };
        take(Some(former));
        take(Some(chain));
        take(Some(&position.to_string()));
        take(Some(&self.at.to_string()));
        for member in [
            &self.actor,
            &self.actor_kind,
            &self.request_id,
            &self.operation,
            &self.object,
        ] {
            take(Some(member));
        }
        take(self.revision.map(|revision| revision.to_string()).as_deref());
        take(self.before.as_deref());
        take(self.after.as_deref());
        crate::text::hex(&digest.finalize())
    }
}

/// Records entries at the end of a chain, in order. Holds the chain until the transaction ends.
pub(crate) async fn add(
    connection: &mut Connection,
    chain: &str,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    sqlx::query("INSERT INTO chains (chain, position, hash) VALUES ($1, 0, '') ON CONFLICT DO NOTHING")
        .bind(chain)
        .execute(&mut *connection)
        .await?;
    let row =
        sqlx::query("UPDATE chains SET position = position + $1 WHERE chain = $2 RETURNING position, hash")
            .bind(count)
            .bind(chain)
            .fetch_one(&mut *connection)
            .await?;
    let (end, mut former): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
    let mut rows = Vec::with_capacity(entries.len());
    for (position, entry) in (end - count + 1..).zip(entries) {
        let hash = entry.hash(chain, position, &former);
        rows.push(Recorded {
            position,
            entry: entry.clone(),
            former_hash: std::mem::replace(&mut former, hash.clone()),
            hash,
        });
    }
    let into = "INSERT INTO audit (chain, position, at, actor, actor_kind, request_id, operation, object, revision, \
                before_text, after_text, former_hash, hash)";
    super::many::insert(connection, into, 13, "", &rows, |query, row| {
        let entry = &row.entry;
        query
            .bind(chain.to_owned())
            .bind(row.position)
            .bind(entry.at)
            .bind(entry.actor.clone())
            .bind(entry.actor_kind.clone())
            .bind(entry.request_id.clone())
            .bind(entry.operation.clone())
            .bind(entry.object.clone())
            .bind(entry.revision)
            .bind(entry.before.clone())
            .bind(entry.after.clone())
            .bind(row.former_hash.clone())
            .bind(row.hash.clone())
    })
    .await?;
    sqlx::query("UPDATE chains SET hash = $1 WHERE chain = $2")
        .bind(former)
        .bind(chain)
        .execute(connection)
        .await?;
    Ok(())
}

const COLUMNS: &str = "position, at, actor, actor_kind, request_id, operation, object, revision, before_text, \
                       after_text, former_hash, hash";

fn recorded(row: &AnyRow) -> Result<Recorded, StoreError> {
    Ok(Recorded {
        position: row.try_get(0)?,
        entry: Entry {
            at: row.try_get(1)?,
            actor: row.try_get(2)?,
            actor_kind: row.try_get(3)?,
            request_id: row.try_get(4)?,
            operation: row.try_get(5)?,
            object: row.try_get(6)?,
            revision: row.try_get(7)?,
            before: row.try_get(8)?,
            after: row.try_get(9)?,
        },
        former_hash: row.try_get(10)?,
        hash: row.try_get(11)?,
    })
}

/// A part of a chain, the newest first: what stands below `before`; of one object where one is given.
pub(crate) async fn page(
    connection: &mut Connection,
    chain: &str,
    object: Option<&str>,
    before: i64,
    limit: i64,
) -> Result<Vec<Recorded>, StoreError> {
    let of_object = if object.is_some() { " AND object = $4" } else { "" };
    let text = format!(
        "SELECT {COLUMNS} FROM audit WHERE chain = $1 AND position < $2{of_object} ORDER BY position DESC LIMIT $3"
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(chain)
        .bind(before)
        .bind(limit);
    if let Some(object) = object {
        query = query.bind(object);
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(recorded).collect()
}

/// A part of a chain, the oldest first: what stands above `after`.
pub(crate) async fn walk(
    connection: &mut Connection,
    chain: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM audit WHERE chain = $1 AND position > $2 ORDER BY position LIMIT $3"
    )))
    .bind(chain)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(recorded).collect()
}
