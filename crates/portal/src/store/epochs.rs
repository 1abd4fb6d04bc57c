//! A new epoch: the record of everything that is live is written anew, with the epoch in it, in one transaction.

use super::feeds;
use super::pool::{Connection, StoreError};
use super::revisions::{self, Revision};
use feed::{Record, record_line};
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::Row as _;
use std::borrow::Cow;

/// Rows at a time.
const PART_ROWS: i64 = 1_000;

/// Begins an epoch with the revision that this transaction took.
pub(crate) async fn begin(
    connection: &mut Connection,
    environment: &str,
    epoch: i64,
    now: i64,
) -> Result<(), StoreError> {
    feeds::set_epoch(connection, environment, epoch).await?;
    let feed = feeds::get(connection, environment).await?;
    let feed = feed.ok_or(StoreError::Broken("a feed that is gone"))?;
    let mut after = (String::new(), String::new());
    let mut records = 0;
    loop {
        let rows = sqlx::query(
            "SELECT kind, id, record FROM entities WHERE environment = $1 AND (kind, id) > ($2, $3) \
             AND record IS NOT NULL ORDER BY kind, id LIMIT $4",
        )
        .bind(environment)
        .bind(after.0.as_str())
        .bind(after.1.as_str())
        .bind(PART_ROWS)
        .fetch_all(&mut *connection)
        .await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let (kind, id, record): (String, String, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let line = anew(&record, environment, epoch, feed.revision, &kind, &id)?;
            sqlx::query(
                "UPDATE entities SET record = $1, revision = $2 WHERE environment = $3 AND kind = $4 AND id = $5",
            )
            .bind(line)
            .bind(feed.revision)
            .bind(environment)
            .bind(kind.as_str())
            .bind(id.as_str())
            .execute(&mut *connection)
            .await?;
            after = (kind, id);
            records += 1;
        }
    }
    let revision = Revision {
        revision: feed.revision,
        epoch,
        actor: "system:command line".to_owned(),
        operation: "feed.new_epoch".to_owned(),
        records,
        at: now,
        made_at_ms: Some(crate::text::now_ms()),
        digest: None,
        committed_at_ms: None,
        commit_line: None,
    };
    revisions::add(connection, environment, &revision).await
}

fn anew(
    record: &str,
    environment: &str,
    epoch: i64,
    revision: i64,
    kind: &str,
    id: &str,
) -> Result<String, StoreError> {
    #[derive(Deserialize)]
    struct Held<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
        #[serde(default)]
        needs: Vec<Box<str>>,
    }
    let held: Held<'_> =
        serde_json::from_str(record).map_err(|_| StoreError::Broken("a record that is none"))?;
    Ok(record_line(&Record {
        feed: Cow::Borrowed(environment),
        epoch: epoch.unsigned_abs(),
        revision: revision.unsigned_abs(),
        kind: Cow::Borrowed(kind),
        id: Cow::Borrowed(id),
        body: held.body.get(),
        needs: held.needs,
    }))
}
