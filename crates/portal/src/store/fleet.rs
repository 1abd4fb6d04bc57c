//! Who runs what: the last report of each process, and the versions that are to run.

use super::many::{insert, numbers, portions};
use super::pool::{Connection, StoreError};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};
use std::collections::HashMap;

/// Which process: nobody else's report takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ReportKey {
    pub(crate) environment: String,
    pub(crate) team: String,
    /// The name on its token.
    pub(crate) enrolment: String,
    /// What the process calls itself.
    pub(crate) instance: String,
}

/// The last report of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) key: ReportKey,
    /// `gateway`, `authorizer` or `relay`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
    /// The rest, as JSON.
    pub(crate) report: String,
    /// Revisions with the times at which they were in force there, oldest first: `EPOCH:REVISION@MS`, with blanks between.
    pub(crate) applied: String,
    pub(crate) first_at_ms: i64,
    pub(crate) reported_at_ms: i64,
    /// How long it was told to wait until the next.
    pub(crate) interval_ms: i64,
}

/// Which versions are to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) wanted: Option<String>,
    pub(crate) lowest: Option<String>,
}

const COLUMNS: &str = "environment, team, enrolment, instance, kind, name, version, epoch, revision, report, applied, \
                       first_at_ms, reported_at_ms, interval_ms";

fn reported(row: &AnyRow) -> Result<Reported, StoreError> {
    Ok(Reported {
        key: ReportKey {
            environment: row.try_get(0)?,
            team: row.try_get(1)?,
            enrolment: row.try_get(2)?,
            instance: row.try_get(3)?,
        },
        kind: row.try_get(4)?,
        name: row.try_get(5)?,
        version: row.try_get(6)?,
        epoch: row.try_get(7)?,
        revision: row.try_get(8)?,
        report: row.try_get(9)?,
        applied: row.try_get(10)?,
        first_at_ms: row.try_get(11)?,
        reported_at_ms: row.try_get(12)?,
        interval_ms: row.try_get(13)?,
    })
}

/// The highest epoch that anybody reports: what a restored database does not know of.
pub(crate) async fn epoch_max(connection: &mut Connection, environment: &str) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT CAST(COALESCE(MAX(epoch), 0) AS BIGINT) FROM fleet WHERE environment = $1")
        .bind(environment)
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// When somebody reported last, Unix milliseconds; 0: nobody did.
pub(crate) async fn heard_at_ms(connection: &mut Connection, environment: &str) -> Result<i64, StoreError> {
    let text = "SELECT CAST(COALESCE(MAX(reported_at_ms), 0) AS BIGINT) FROM fleet WHERE environment = $1";
    let row = sqlx::query(text).bind(environment).fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}

/// At most so many of an environment, those that reported last first.
pub(crate) async fn all(
    connection: &mut Connection,
    environment: &str,
    limit: i64,
) -> Result<Vec<Reported>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM fleet WHERE environment = $1 ORDER BY reported_at_ms DESC, instance LIMIT $2"
    )))
    .bind(environment)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(reported).collect()
}

/// What is known of these processes: first report and applied revisions.
pub(crate) async fn known(
    connection: &mut Connection,
    environment: &str,
    instances: &[String],
) -> Result<HashMap<ReportKey, (i64, String)>, StoreError> {
    let mut known = HashMap::new();
    for instances in portions(instances) {
        let mut text = "SELECT environment, team, enrolment, instance, first_at_ms, applied FROM fleet \
                        WHERE environment = $1 AND instance IN ("
            .to_owned();
        numbers(1, instances.len(), &mut text);
        text.push(')');
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(environment);
        for instance in instances {
            query = query.bind(instance.as_str());
        }
        for row in query.fetch_all(&mut *connection).await? {
            let key = ReportKey {
                environment: row.try_get(0)?,
                team: row.try_get(1)?,
                enrolment: row.try_get(2)?,
                instance: row.try_get(3)?,
            };
            known.insert(key, (row.try_get(4)?, row.try_get(5)?));
        }
    }
    Ok(known)
}

/// Writes reports, each in place of the process's former one unless that is newer.
pub(crate) async fn put(connection: &mut Connection, rows: &[Reported]) -> Result<(), StoreError> {
    let into = format!("INSERT INTO fleet ({COLUMNS})");
    let behind = "ON CONFLICT (environment, team, enrolment, instance) DO UPDATE SET kind = excluded.kind, \
                  name = excluded.name, version = excluded.version, epoch = excluded.epoch, \
                  revision = excluded.revision, report = excluded.report, applied = excluded.applied, \
                  reported_at_ms = excluded.reported_at_ms, interval_ms = excluded.interval_ms \
                  WHERE fleet.reported_at_ms <= excluded.reported_at_ms";
    insert(connection, &into, 14, behind, rows, |query, row| {
        query
            .bind(row.key.environment.clone())
            .bind(row.key.team.clone())
            .bind(row.key.enrolment.clone())
            .bind(row.key.instance.clone())
            .bind(row.kind.clone())
            .bind(row.name.clone())
            .bind(row.version.clone())
            .bind(row.epoch)
            .bind(row.revision)
            .bind(row.report.clone())
            .bind(row.applied.clone())
            .bind(row.first_at_ms)
            .bind(row.reported_at_ms)
            .bind(row.interval_ms)
    })
    .await
}

/// Forgets who has not reported since; how many.
pub(crate) async fn forget(connection: &mut Connection, before_ms: i64) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM fleet WHERE reported_at_ms < $1")
        .bind(before_ms)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Who reports the most of an environment.
pub(crate) async fn furthest(
    connection: &mut Connection,
    environment: &str,
) -> Result<Option<(String, i64, i64)>, StoreError> {
    let row = sqlx::query(
        "SELECT name, epoch, revision FROM fleet WHERE environment = $1 ORDER BY epoch DESC, revision DESC LIMIT 1",
    )
    .bind(environment)
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
        .transpose()
}

/// The versions of an environment.
pub(crate) async fn versions(connection: &mut Connection, environment: &str) -> Result<Versions, StoreError> {
    let row = sqlx::query("SELECT wanted, lowest FROM fleet_versions WHERE environment = $1")
        .bind(environment)
        .fetch_optional(connection)
        .await?;
    row.map_or(Ok(Versions::default()), |row| {
        Ok(Versions {
            wanted: row.try_get(0)?,
            lowest: row.try_get(1)?,
        })
    })
}

/// Sets them.
pub(crate) async fn set_versions(
    connection: &mut Connection,
    environment: &str,
    versions: &Versions,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO fleet_versions (environment, wanted, lowest) VALUES ($1, $2, $3) \
         ON CONFLICT (environment) DO UPDATE SET wanted = excluded.wanted, lowest = excluded.lowest",
    )
    .bind(environment)
    .bind(versions.wanted.clone())
    .bind(versions.lowest.clone())
    .execute(connection)
    .await?;
    Ok(())
}
