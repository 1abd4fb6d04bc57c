//! Everything that is live at the last published revision, a part at a time, while later ones are written.
//!
//! Runs in a transaction that sees one state. What was written and not yet published is undone by what it replaced.

use super::feeds::{self, Feed};
use super::outbox;
use super::pool::{StoreError, Tx};
use sqlx::Row as _;
use std::collections::HashMap;

/// Rows at a time.
const PART_ROWS: i64 = 1_000;

/// What is live, in the order of keys.
#[derive(Debug)]
pub(crate) struct Live {
    tx: Tx,
    feed: Feed,
    /// What keys that changed since were at the published revision.
    former: HashMap<String, Option<String>>,
    after: (String, String),
    ended: bool,
}

impl Live {
    /// Of an environment; `None` where there is none. `tx` is a reading transaction, begun for this.
    pub(crate) async fn begin(mut tx: Tx, environment: &str) -> Result<Option<Live>, StoreError> {
        let Some(feed) = feeds::get(&mut tx, environment).await? else {
            return Ok(None);
        };
        let former = outbox::former(&mut tx, environment, feed.epoch, feed.published).await?;
        Ok(Some(Live {
            tx,
            feed,
            former: former.into_iter().collect(),
            after: (String::new(), String::new()),
            ended: false,
        }))
    }

    /// Where the feed stands in this state.
    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Whether there is a commit that holds for it. At the very beginning of an epoch there is none yet.
    pub(crate) fn is_published(&self) -> bool {
        self.feed.commit_line.is_some() && self.feed.published_epoch == self.feed.epoch
    }

    /// The first keys come again.
    #[cfg(feature = "kafka")]
    pub(crate) async fn rewind(&mut self) -> Result<(), StoreError> {
        let Feed {
            environment,
            epoch,
            published,
            ..
        } = &self.feed;
        let former = outbox::former(&mut self.tx, environment, *epoch, *published).await?;
        self.former = former.into_iter().collect();
        self.after = (String::new(), String::new());
        self.ended = false;
        Ok(())
    }

    /// The next keys with their lines; nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Vec<(String, String)>, StoreError> {
        while !self.ended {
            let rows = sqlx::query(
                "SELECT kind, id, record FROM entities WHERE environment = $1 AND (kind, id) > ($2, $3) \
                 ORDER BY kind, id LIMIT $4",
            )
            .bind(self.feed.environment.as_str())
            .bind(self.after.0.as_str())
            .bind(self.after.1.as_str())
            .bind(PART_ROWS)
            .fetch_all(&mut *self.tx)
            .await?;
            self.ended = i64::try_from(rows.len()).unwrap_or(0) < PART_ROWS;
            let mut part = Vec::with_capacity(rows.len());
            for row in rows {
                let (kind, id, record): (String, String, Option<String>) =
                    (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                let key = format!("{kind}/{id}");
                self.after = (kind, id);
                let record = self.former.remove(&key).unwrap_or(record);
                part.extend(record.map(|record| (key, record)));
            }
            if !part.is_empty() {
                return Ok(part);
            }
        }
        Ok(Vec::new())
    }
}
