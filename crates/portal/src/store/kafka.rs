//! How far each feed is in Kafka: what survives a kill of the publisher, beside the topic itself.

use super::pool::{Connection, StoreError};
use sqlx::Row as _;

/// What was noted last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
    /// The number of the request to send everything again that was met.
    pub(crate) republish: i64,
}

/// Of one feed; `None`: nothing was published there yet.
pub(crate) async fn get(connection: &mut Connection, environment: &str) -> Result<Option<Noted>, StoreError> {
    let row = sqlx::query("SELECT epoch, revision, republish FROM kafka WHERE environment = $1")
        .bind(environment)
        .fetch_optional(connection)
        .await?;
    let noted = |row: sqlx::any::AnyRow| {
        Ok(Noted {
            epoch: row.try_get(0)?,
            revision: row.try_get(1)?,
            republish: row.try_get(2)?,
        })
    };
    row.map(noted).transpose()
}

/// Notes it.
pub(crate) async fn set(
    connection: &mut Connection,
    environment: &str,
    noted: Noted,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kafka (environment, epoch, revision, republish) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (environment) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision, \
         republish = excluded.republish",
    )
    .bind(environment)
    .bind(noted.epoch)
    .bind(noted.revision)
    .bind(noted.republish)
    .execute(connection)
    .await?;
    Ok(())
}
