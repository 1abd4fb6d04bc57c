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
const MIGRATIONS: [Migration; 7] = [
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
];

/// Takes every step that is missing.
pub(crate) async fn migrate(store: &Store) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
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
        let next = usize::try_from(done).ok().and_then(|done| MIGRATIONS.get(done));
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
