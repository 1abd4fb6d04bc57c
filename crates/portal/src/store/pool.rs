//! Connections and transactions, on SQLite or PostgreSQL.
//!
//! On SQLite one writer at a time waits for a lock of this process before it begins, instead of asking the file again and
//! again whether it is free.

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// What queries run on.
pub(crate) type Connection = AnyConnection;
/// A connection of the pool.
pub(crate) type Pooled = PoolConnection<Any>;

/// Connections of one portal.
const CONNECTIONS_MAX: u32 = 24;
/// Of those, how many may read one state for long: the others are for what must not wait.
const LONG_READS_MAX: usize = 8;
/// How long a request waits for a connection.
const ACQUIRE_MAX: Duration = Duration::from_secs(10);
/// How long SQLite waits for another process.
const BUSY_MS: u32 = 10_000;

/// Which database it is, where that makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// One file, write-ahead log.
    Sqlite,
    /// A server, which several portals may share.
    Postgres,
}

/// The database failed, or says no.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// As the driver has it.
    #[error("the database refused or failed")]
    Sql(#[from] sqlx::Error),
    /// A migration failed.
    #[error("migration {number} of the database failed")]
    Migration {
        /// Which.
        number: i64,
        /// Why.
        source: sqlx::Error,
    },
    /// The schema is a newer portal's.
    #[error(
        "the database has schema {found}, this portal knows up to {known}: run a portal of at least the version that wrote it"
    )]
    Newer {
        /// What is there.
        found: i64,
        /// What is known.
        known: i64,
    },
    /// What is stored is not what was written.
    #[error("the database holds what no portal writes: {0}")]
    Broken(&'static str),
}

/// The database.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pool: AnyPool,
    dialect: Dialect,
    writer: Arc<Mutex<()>>,
    long_reads: Arc<Semaphore>,
}

/// A transaction that writes. What is not committed is rolled back.
#[derive(Debug)]
pub(crate) struct Tx {
    inner: Transaction<'static, Any>,
    _writer: Option<OwnedMutexGuard<()>>,
    _long_read: Option<OwnedSemaphorePermit>,
}

impl Store {
    /// Opens `url` (`postgres://…`), or the file `portal.sqlite` in `data` where there is none.
    pub(crate) async fn open(data: &Path, url: Option<&str>) -> Result<Store, StoreError> {
        install_default_drivers();
        let (dialect, url) = match url {
            Some(url) => (Dialect::Postgres, url.to_owned()),
            None => {
                let file = data.join("portal.sqlite");
                make_private(&file).map_err(sqlx::Error::Io)?;
                (Dialect::Sqlite, sqlite_url(&file))
            }
        };
        let options = AnyPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_MAX)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if dialect == Dialect::Sqlite {
                        let text = format!(
                            "PRAGMA busy_timeout = {BUSY_MS}; PRAGMA journal_mode = WAL; \
                             PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                        );
                        sqlx::raw_sql(sqlx::AssertSqlSafe(text))
                            .execute(connection)
                            .await?;
                    }
                    Ok(())
                })
            });
        let pool = options.connect(&url).await?;
        Ok(Store {
            pool,
            dialect,
            writer: Arc::default(),
            long_reads: Arc::new(Semaphore::new(LONG_READS_MAX)),
        })
    }

    /// Which database it is.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A connection, to read.
    pub(crate) async fn connection(&self) -> Result<Pooled, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// A transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        let (writer, statement) = match self.dialect {
            Dialect::Sqlite => (
                Some(Arc::clone(&self.writer).lock_owned().await),
                "BEGIN IMMEDIATE",
            ),
            Dialect::Postgres => (None, "BEGIN"),
        };
        Ok(Tx {
            inner: self.pool.begin_with(statement).await?,
            _writer: writer,
            _long_read: None,
        })
    }

    /// A transaction that reads one state of the database, whatever is written meanwhile.
    pub(crate) async fn begin_reading(&self) -> Result<Tx, StoreError> {
        let statement = match self.dialect {
            Dialect::Sqlite => "BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        // It fails only where the semaphore is closed, which nobody does.
        let place = Arc::clone(&self.long_reads).acquire_owned().await.ok();
        Ok(Tx {
            inner: self.pool.begin_with(statement).await?,
            _writer: None,
            _long_read: place,
        })
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Tx {
    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }
}

impl Deref for Tx {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.inner
    }
}

/// Digests of keys and tokens are in it: nobody but its owner reads it. What SQLite writes beside it has the mode of the file.
fn make_private(file: &Path) -> std::io::Result<()> {
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(file)
        .map(drop)
}

/// A path as SQLite's URL: what would end the path is written in percent.
fn sqlite_url(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut url = "sqlite://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                url.push(char::from(*byte));
            }
            other => {
                // Writing to a string never fails.
                let _ = write!(url, "%{other:02X}");
            }
        }
    }
    url.push_str("?mode=rwc");
    url
}
