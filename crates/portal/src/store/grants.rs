//! Grants with their history: asked for, active, rejected, revoked. What is active stands in the client's record as well.

use super::many::numbers;
use super::pool::{Connection, StoreError};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// A grant.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) api: String,
    /// With blanks between them.
    pub(crate) scopes: String,
    pub(crate) plan: Option<String>,
    /// `requested`, `active`, `rejected` or `revoked`.
    pub(crate) state: String,
    pub(crate) asked_by: String,
    pub(crate) asked_at: i64,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<i64>,
}

const COLUMNS: &str = "id, client, api, scopes, plan, state, asked_by, asked_at, decided_by, decided_at";

fn grant(row: &AnyRow) -> Result<Grant, StoreError> {
    Ok(Grant {
        id: row.try_get(0)?,
        client: row.try_get(1)?,
        api: row.try_get(2)?,
        scopes: row.try_get(3)?,
        plan: row.try_get(4)?,
        state: row.try_get(5)?,
        asked_by: row.try_get(6)?,
        asked_at: row.try_get(7)?,
        decided_by: row.try_get(8)?,
        decided_at: row.try_get(9)?,
    })
}

/// One grant.
pub(crate) async fn get(
    connection: &mut Connection,
    environment: &str,
    id: &str,
) -> Result<Option<Grant>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM grants WHERE environment = $1 AND id = $2"
    )))
    .bind(environment)
    .bind(id)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(grant).transpose()
}

/// What of a client and an API is in this state: at most one that is active, and one that is requested.
pub(crate) async fn find(
    connection: &mut Connection,
    environment: &str,
    client: &str,
    api: &str,
    state: &str,
) -> Result<Option<Grant>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM grants WHERE environment = $1 AND client = $2 AND api = $3 AND state = $4"
    )))
    .bind(environment)
    .bind(client)
    .bind(api)
    .bind(state)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(grant).transpose()
}

/// All grants of a client in this state.
pub(crate) async fn of_client(
    connection: &mut Connection,
    environment: &str,
    client: &str,
    state: &str,
) -> Result<Vec<Grant>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM grants WHERE environment = $1 AND client = $2 AND state = $3 ORDER BY api"
    )))
    .bind(environment)
    .bind(client)
    .bind(state)
    .fetch_all(connection)
    .await?;
    rows.iter().map(grant).collect()
}

/// Which grants are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) client: Option<&'a str>,
    pub(crate) api: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
}

/// A part of them, by id; of clients and APIs of these teams where any are given.
pub(crate) async fn page(
    connection: &mut Connection,
    environment: &str,
    wanted: &Wanted<'_>,
    teams: Option<&[String]>,
    after: &str,
    limit: i64,
) -> Result<Vec<Grant>, StoreError> {
    let mut text = format!("SELECT {COLUMNS} FROM grants WHERE environment = $1 AND id > $2");
    let mut values = Vec::new();
    for (column, value) in [
        ("client", wanted.client),
        ("api", wanted.api),
        ("state", wanted.state),
    ] {
        if let Some(value) = value {
            values.push(value);
            text.push_str(&format!(" AND {column} = ${}", values.len() + 2));
        }
    }
    if let Some(teams) = teams {
        if teams.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = String::new();
        numbers(values.len() + 2, teams.len(), &mut list);
        let of = |column: &str| {
            format!(
                "{column} IN (SELECT e.id FROM entities e WHERE e.environment = grants.environment \
                 AND e.kind = '{column}' AND e.team IN ({list}))"
            )
        };
        text.push_str(&format!(" AND ({} OR {})", of("client"), of("api")));
        values.extend(teams.iter().map(String::as_str));
    }
    text.push_str(&format!(" ORDER BY id LIMIT ${}", values.len() + 3));
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(environment)
        .bind(after);
    for value in values {
        query = query.bind(value);
    }
    let rows = query.bind(limit).fetch_all(connection).await?;
    rows.iter().map(grant).collect()
}

/// Adds a grant.
pub(crate) async fn add(
    connection: &mut Connection,
    environment: &str,
    row: &Grant,
) -> Result<(), StoreError> {
    add_all(connection, environment, std::slice::from_ref(row)).await
}

/// Writes what may change of a grant: its scopes, plan, state, and who decided when.
pub(crate) async fn set(
    connection: &mut Connection,
    environment: &str,
    row: &Grant,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE grants SET scopes = $1, plan = $2, state = $3, decided_by = $4, decided_at = $5 \
         WHERE environment = $6 AND id = $7",
    )
    .bind(row.scopes.as_str())
    .bind(row.plan.clone())
    .bind(row.state.as_str())
    .bind(row.decided_by.clone())
    .bind(row.decided_at)
    .bind(environment)
    .bind(row.id.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds many.
pub(crate) async fn add_all(
    connection: &mut Connection,
    environment: &str,
    rows: &[Grant],
) -> Result<(), StoreError> {
    let into = "INSERT INTO grants (environment, id, client, api, scopes, plan, state, asked_by, asked_at, \
                decided_by, decided_at)";
    super::many::insert(connection, into, 11, "", rows, |query, row| {
        query
            .bind(environment.to_owned())
            .bind(row.id.clone())
            .bind(row.client.clone())
            .bind(row.api.clone())
            .bind(row.scopes.clone())
            .bind(row.plan.clone())
            .bind(row.state.clone())
            .bind(row.asked_by.clone())
            .bind(row.asked_at)
            .bind(row.decided_by.clone())
            .bind(row.decided_at)
    })
    .await
}
