//! Brings what any portal published from the database to this portal's readers.

use super::hub::{Hub, Sent, Standing};
use crate::store::feeds::Feed;
use crate::store::{Connection, Store, StoreError, feeds, outbox, revisions};
use std::time::Duration;
use tokio::sync::watch;

/// How often the database is asked, where nobody says that there is something.
const LOOK: Duration = Duration::from_millis(100);
/// Revisions that are told one by one; readers that are further behind read the database themselves.
const BEHIND_MAX: i64 = 256;

/// Follows until `stop` says so.
pub(crate) async fn follow(store: Store, hub: Hub, mut stop: watch::Receiver<bool>) {
    let mut had_trouble = false;
    while !*stop.borrow() {
        match look(&store, &hub).await {
            Ok(()) => had_trouble = false,
            Err(error) if !had_trouble => {
                had_trouble = true;
                tracing::warn!(error = %crate::causes(&error), "the database cannot be followed");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = hub.published.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Brings what there is by now.
pub(crate) async fn look(store: &Store, hub: &Hub) -> Result<(), StoreError> {
    let mut connection = store.connection().await?;
    for feed in feeds::all(&mut connection).await? {
        let told = hub.feed_or_new(&feed.environment);
        let standing = Standing::of(&feed);
        let former = told.standing.borrow().clone();
        if former == standing {
            continue;
        }
        if former.epoch != standing.epoch {
            // Whatever readers had of a former epoch is below this one.
            hub.is_not_ahead(&feed.environment);
        }
        let sent = sent(&mut connection, &feed, &former).await?;
        told.tell(standing, sent);
    }
    Ok(())
}

async fn sent(connection: &mut Connection, feed: &Feed, former: &Standing) -> Result<Vec<Sent>, StoreError> {
    let behind = feed.published - former.revision;
    let is_next = former.epoch == feed.published_epoch && !former.commit.is_empty();
    if !is_next || !(1..=BEHIND_MAX).contains(&behind) {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for number in former.revision + 1..=feed.published {
        let revision = revisions::get(connection, &feed.environment, number).await?;
        let Some(commit) = revision.and_then(|revision| revision.commit_line) else {
            return Ok(Vec::new());
        };
        let mut bytes = String::new();
        for (key, record) in outbox::of_revision(connection, &feed.environment, number).await? {
            write_line(&key, record.as_deref(), &mut bytes);
        }
        bytes.push_str(&commit);
        bytes.push('\n');
        all.push(Sent {
            revision: number,
            bytes: bytes.into(),
        });
    }
    Ok(all)
}

/// The line of a change, as files and streams have it.
pub(super) fn write_line(key: &str, record: Option<&str>, out: &mut String) {
    match record {
        Some(record) => out.push_str(record),
        // A key has no character that JSON would escape.
        None => {
            out.push_str("{\"key\":\"");
            out.push_str(key);
            out.push_str("\",\"deleted\":true}");
        }
    }
    out.push('\n');
}
