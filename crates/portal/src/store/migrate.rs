//! Brings the database's schema up to this portal: numbered steps, each in one transaction, never two portals at once.

use super::pool::{Dialect, Store, StoreError};
use sqlx::{AssertSqlSafe, Row as _};

struct Migration {
    /// For both databases.
    tables: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// In order; the number of the first is 1.
const MIGRATIONS: [Migration; 8] = [
    Migration {
        tables: include_str!("migrations/0001_tables.sql"),
        sqlite: include_str!("migrations/0001_sqlite.sql"),
        postgres: include_str!("migrations/0001_postgres.sql"),
    },
    Migration {
        tables: include_str!("migrations/0002_identity.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        tables: include_str!("migrations/0003_fleet.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        tables: include_str!("migrations/0004_kafka.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        tables: include_str!("migrations/0005_uses.sql"),
        sqlite: include_str!("migrations/0005_sqlite.sql"),
        postgres: include_str!("migrations/0005_postgres.sql"),
    },
    Migration {
        tables: include_str!("migrations/0006_key_sets.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        tables: include_str!("migrations/0007_api_documents.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        tables: include_str!("migrations/0008_versions.sql"),
        sqlite: "",
        postgres: "",
    },
];

/// Takes every step that is missing.
pub(crate) async fn migrate(store: &Store) -> Result<(), StoreError> {
    take(store, &MIGRATIONS).await
}

/// Takes those of these steps that are missing.
async fn take(store: &Store, steps: &[Migration]) -> Result<(), StoreError> {
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    loop {
        let mut tx = store.begin().await?;
        if store.dialect() == Dialect::Postgres {
            // Held until the transaction ends. The number is this program's own.
            sqlx::query("SELECT pg_advisory_xact_lock(727265361)")
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query("CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY)")
            .execute(&mut *tx)
            .await?;
        let row = sqlx::query("SELECT CAST(COALESCE(MAX(number), 0) AS BIGINT) FROM migrations")
            .fetch_one(&mut *tx)
            .await?;
        let done: i64 = row.try_get(0)?;
        if done > known {
            return Err(StoreError::Newer { found: done, known });
        }
        let next = usize::try_from(done).ok().and_then(|done| steps.get(done));
        let Some(migration) = next else {
            return tx.commit().await;
        };
        let number = done + 1;
        let failed = |source| StoreError::Migration { number, source };
        for text in texts(migration, store.dialect()) {
            sqlx::raw_sql(AssertSqlSafe(text))
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
        }
        sqlx::query("INSERT INTO migrations (number) VALUES ($1)")
            .bind(number)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        tx.commit().await?;
        tracing::info!(number, "the database was migrated");
    }
}

fn texts(migration: &Migration, dialect: Dialect) -> [String; 2] {
    let (key_text, own) = match dialect {
        Dialect::Sqlite => ("TEXT", migration.sqlite),
        // Compared by bytes, as SQLite does, whatever language the database was made for.
        Dialect::Postgres => ("TEXT COLLATE \"C\"", migration.postgres),
    };
    [migration.tables.replace("KEYTEXT", key_text), own.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::uses;
    use crate::text::now;

    #[tokio::test]
    async fn credentials_of_a_former_version_are_watched_from_its_migration_on() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), None).await.unwrap();
        take(&store, &MIGRATIONS[..4]).await.unwrap();
        let mut connection = store.connection().await.unwrap();
        for (name, ended) in [("credential:k1", 0), ("credential:k2", 1), ("jwt:corp:app", 0)] {
            sqlx::query("INSERT INTO names (environment, name, kind, id, ended) VALUES ('prod', $1, 'client', 'app', $2)")
                .bind(name)
                .bind(ended)
                .execute(&mut *connection)
                .await
                .unwrap();
        }
        drop(connection);
        let before = now();
        migrate(&store).await.unwrap();
        let after = now();
        let mut connection = store.connection().await.unwrap();
        let known = uses::of_clients(&mut connection, "prod", &["app".to_owned()]).await;
        let mut known: Vec<_> = known.unwrap().into_iter().collect();
        known.sort_by(|one, other| one.0.cmp(&other.0));
        let ids: Vec<&str> = known.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["k1", "k2"]);
        for (id, known) in &known {
            let since = known.watched_since;
            assert!(
                known.used.is_none() && (before..=after).contains(&since),
                "{id} {known:?}"
            );
        }
    }
}
