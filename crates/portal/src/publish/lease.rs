//! Which of several portals publishes: the one that holds the lease and keeps moving it.
//!
//! No clock of another machine is trusted. A portal that alone may open the database (SQLite) takes the lease at once.

use crate::store::{Store, StoreError, leases};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const NAME: &str = "publisher";
/// How often the holder moves it.
const BEAT: Duration = Duration::from_millis(700);
/// How long it has to stand still before another one takes it.
const STILL: Duration = Duration::from_millis(2_500);
/// How often it is looked at by who wants it.
const LOOK: Duration = Duration::from_millis(250);
/// How long its holder goes on where the database does not answer: less than `STILL`.
const UNSURE: Duration = Duration::from_millis(2_000);

/// The lease, held.
#[derive(Debug)]
pub(crate) struct Lease {
    store: Store,
    holder: String,
    term: i64,
    lost: Arc<AtomicBool>,
    beating: Option<JoinHandle<()>>,
}

impl Lease {
    /// Waits until this portal may have it. `is_alone`: nobody else can have the database open.
    pub(crate) async fn acquire(store: &Store, holder: &str, is_alone: bool) -> Result<Lease, StoreError> {
        let mut seen = None;
        let mut since = Instant::now();
        loop {
            let mut connection = store.connection().await?;
            let now = leases::get(&mut connection, NAME).await?;
            if seen.as_ref() != Some(&now) {
                since = Instant::now();
            }
            let is_free = is_alone || now.holder.is_empty() || since.elapsed() >= STILL;
            if is_free && let Some(term) = leases::take(&mut connection, NAME, &now, holder).await? {
                drop(connection);
                return Ok(Lease::held(store, holder, term, is_alone));
            }
            seen = Some(now);
            drop(connection);
            sleep(LOOK).await;
        }
    }

    fn held(store: &Store, holder: &str, term: i64, is_alone: bool) -> Lease {
        let lost = Arc::new(AtomicBool::new(false));
        let beating = (!is_alone)
            .then(|| tokio::spawn(beat(store.clone(), holder.to_owned(), term, Arc::clone(&lost))));
        Lease {
            store: store.clone(),
            holder: holder.to_owned(),
            term,
            lost,
            beating,
        }
    }

    /// Whether another portal has it by now, or may have.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Within the transaction that needs it: whether it is still held.
    pub(crate) async fn holds(&self, connection: &mut crate::store::Connection) -> Result<bool, StoreError> {
        let holds = leases::beat(connection, NAME, &self.holder, self.term).await?;
        if !holds {
            self.lost.store(true, Ordering::Release);
        }
        Ok(holds)
    }

    /// Gives it to whoever wants it.
    pub(crate) async fn leave(self) -> Result<(), StoreError> {
        let mut connection = self.store.connection().await?;
        leases::leave(&mut connection, NAME, &self.holder, self.term).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(beating) = &self.beating {
            beating.abort();
        }
    }
}

async fn beat(store: Store, holder: String, term: i64, lost: Arc<AtomicBool>) {
    let mut sure = Instant::now();
    loop {
        sleep(BEAT).await;
        let asked = Instant::now();
        let beaten = async {
            let mut connection = store.connection().await?;
            leases::beat(&mut connection, NAME, &holder, term).await
        };
        match tokio::time::timeout(UNSURE, beaten).await {
            Ok(Ok(true)) => sure = asked,
            Ok(Ok(false)) => break,
            Ok(Err(_)) | Err(_) if sure.elapsed() < UNSURE => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
    lost.store(true, Ordering::Release);
}
