//! When credentials were used last: beside what a policy is made of, as no use may cost a version, a revision or a line of the audit log.

use super::many::{insert, numbers, portions};
use super::pool::{Connection, StoreError};
use policy::entity::Kind;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};
use std::collections::HashMap;

/// What names of credentials begin with, in `names` and here.
pub(crate) const CREDENTIAL: &str = "credential:";

/// Uses are known to the minute: it is not known when in it the last was.
pub(crate) const MINUTE_S: i64 = 60;

/// That a credential was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) credential: String,
    /// Unix seconds, at the beginning of a minute.
    pub(crate) used_at: i64,
    pub(crate) by: Reporter,
}

/// Who reported a use: the team of a gateway, and the name on its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reporter {
    pub(crate) team: String,
    pub(crate) enrolment: String,
}

/// What is known of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// Nothing is known of the time before. Unix seconds.
    pub(crate) watched_since: i64,
    /// `None`: not since then.
    pub(crate) used: Option<(i64, Reporter)>,
}

impl Known {
    /// Since when it was surely not used: the end of the minute of its last use, but not before it was watched.
    pub(crate) fn unused_since(&self) -> i64 {
        let used = self.used.as_ref();
        used.map_or(self.watched_since, |(at, _)| {
            self.watched_since.max(at + MINUTE_S)
        })
    }
}

fn known(row: &AnyRow) -> Result<(String, Known), StoreError> {
    let name: String = row.try_get(0)?;
    let used_at: Option<i64> = row.try_get(2)?;
    let (team, enrolment): (Option<String>, Option<String>) = (row.try_get(3)?, row.try_get(4)?);
    let by = Reporter {
        team: team.unwrap_or_default(),
        enrolment: enrolment.unwrap_or_default(),
    };
    let known = Known {
        watched_since: row.try_get(1)?,
        used: used_at.map(|at| (at, by)),
    };
    let credential = name.strip_prefix(CREDENTIAL).unwrap_or(&name);
    Ok((credential.to_owned(), known))
}

/// Watches credentials from now on, by their names; one that is watched already stays as it is.
pub(crate) async fn watch(
    connection: &mut Connection,
    environment: &str,
    names: &[String],
    now: i64,
) -> Result<(), StoreError> {
    let into = "INSERT INTO credential_uses (environment, name, watched_since)";
    insert(
        connection,
        into,
        3,
        "ON CONFLICT DO NOTHING",
        names,
        |query, name| query.bind(environment.to_owned()).bind(name.clone()).bind(now),
    )
    .await
}

/// The same for all of an environment's that are not: an older portal makes credentials, and knows nothing of this.
pub(crate) async fn watch_missing(
    connection: &mut Connection,
    environment: &str,
    now: i64,
) -> Result<(), StoreError> {
    // `;` comes behind `:`, so that these are the names that begin with `CREDENTIAL`.
    sqlx::query(
        "INSERT INTO credential_uses (environment, name, watched_since) \
         SELECT n.environment, n.name, CAST($1 AS BIGINT) FROM names n WHERE n.environment = $2 \
         AND n.name >= 'credential:' AND n.name < 'credential;' AND NOT EXISTS (SELECT 1 FROM credential_uses u \
         WHERE u.environment = n.environment AND u.name = n.name) ON CONFLICT DO NOTHING",
    )
    .bind(now)
    .bind(environment)
    .execute(connection)
    .await?;
    Ok(())
}

/// What is known of the credentials of these clients, ended ones too, by their ids.
pub(crate) async fn of_clients(
    connection: &mut Connection,
    environment: &str,
    clients: &[String],
) -> Result<HashMap<String, Known>, StoreError> {
    let mut found = HashMap::new();
    for clients in portions(clients) {
        let mut text = "SELECT u.name, u.watched_since, u.used_at, u.team, u.enrolment FROM names n \
                        JOIN credential_uses u ON u.environment = n.environment AND u.name = n.name \
                        WHERE n.environment = $1 AND n.kind = $2 AND n.id IN ("
            .to_owned();
        numbers(2, clients.len(), &mut text);
        text.push(')');
        let mut query = sqlx::query(AssertSqlSafe(text))
            .bind(environment)
            .bind(Kind::Client.as_str());
        for client in clients {
            query = query.bind(client.as_str());
        }
        for row in query.fetch_all(&mut *connection).await? {
            let (credential, known) = known(&row)?;
            found.insert(credential, known);
        }
    }
    Ok(found)
}

/// Those of these uses that change anything: the credential is watched, and was not used in that minute or later. It is asked before a
/// transaction that writes, so that reports of what is known already, or of nobody, stand in no mutation's way.
pub(crate) async fn moved(
    connection: &mut Connection,
    environment: &str,
    uses: &[Use],
) -> Result<Vec<Use>, StoreError> {
    let mut moved = Vec::new();
    for uses in portions(uses) {
        let held = held(connection, environment, uses).await?;
        let moves = |one: &&Use| {
            let held = held.get(&name_of(one));
            held.is_some_and(|held| held.is_none_or(|held| held < one.used_at))
        };
        moved.extend(uses.iter().filter(moves).cloned());
    }
    Ok(moved)
}

/// Takes down these uses of credentials that are watched, each credential's once, where it was not used later.
pub(crate) async fn put(
    connection: &mut Connection,
    environment: &str,
    uses: &[Use],
) -> Result<(), StoreError> {
    let into = "INSERT INTO credential_uses (environment, name, watched_since, used_at, team, enrolment)";
    // Another portal may have written meanwhile.
    let behind = "ON CONFLICT (environment, name) DO UPDATE SET used_at = excluded.used_at, \
                  team = excluded.team, enrolment = excluded.enrolment \
                  WHERE credential_uses.used_at IS NULL OR credential_uses.used_at < excluded.used_at";
    insert(connection, into, 6, behind, uses, |query, one| {
        query
            .bind(environment.to_owned())
            .bind(name_of(one))
            .bind(one.used_at)
            .bind(one.used_at)
            .bind(one.by.team.clone())
            .bind(one.by.enrolment.clone())
    })
    .await
}

/// When those of these that are watched were used last, by their names.
async fn held(
    connection: &mut Connection,
    environment: &str,
    uses: &[Use],
) -> Result<HashMap<String, Option<i64>>, StoreError> {
    let mut text =
        "SELECT name, used_at FROM credential_uses WHERE environment = $1 AND name IN (".to_owned();
    numbers(1, uses.len(), &mut text);
    text.push(')');
    let mut query = sqlx::query(AssertSqlSafe(text)).bind(environment);
    for one in uses {
        query = query.bind(name_of(one));
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

fn name_of(one: &Use) -> String {
    format!("{CREDENTIAL}{}", one.credential)
}
