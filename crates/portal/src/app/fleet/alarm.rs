//! A fleet that has more than the database holds: it was restored from a backup, or another database's portal publishes (feed.md §3).

use crate::store::{Connection, StoreError, feeds, fleet};

/// Who has more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alarm {
    pub(crate) environment: String,
    pub(crate) name: String,
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
}

/// Of every environment.
pub(super) async fn find_alarms(connection: &mut Connection) -> Result<Vec<Alarm>, StoreError> {
    let mut found = Vec::new();
    // Reports first: what they have was in the database before it was in a report.
    let environments: Vec<String> = feeds::all(connection)
        .await?
        .into_iter()
        .map(|feed| feed.environment)
        .collect();
    for environment in environments {
        let Some((name, epoch, revision)) = fleet::furthest(connection, &environment).await? else {
            continue;
        };
        let Some(feed) = feeds::get(connection, &environment).await? else {
            continue;
        };
        if (epoch, revision) > (feed.epoch, feed.revision) {
            found.push(Alarm {
                environment,
                name,
                epoch,
                revision,
            });
        }
    }
    Ok(found)
}
