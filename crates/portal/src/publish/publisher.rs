//! Publishes every feed while this portal holds the lease: one signed commit for each revision, in order, each once; the last
//! one again every ten seconds.
//!
//! Holds digests, not records. What it signs it has worked out from the database, and compares with what was published before.

use super::hub::Hub;
use super::lease::Lease;
use crate::keys::{KeyFileError, KeyFiles};
use crate::store::feeds::{Committed, Feed};
use crate::store::snapshot::Live;
use crate::store::{Dialect, Store, StoreError, feeds, outbox, revisions};
use crate::text::{now, now_ms};
use feed::SigningKey;
use feed::publish::{Ledger, LedgerError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How often the database is asked, where nobody says that there is something.
const LOOK: Duration = Duration::from_millis(100);
/// How often the last commit is issued again.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long after trouble it tries again.
const AGAIN: Duration = Duration::from_millis(1_000);
/// How long deletions are told to who resumes, in seconds: 30 days.
const KEPT_S: i64 = 30 * 86_400;
/// How often credentials are looked for that nobody watches, in seconds; and at once where this portal begins to publish.
const WATCH_S: i64 = 3_600;
/// Revisions whose changes are forgotten in one go.
const FORGET_MAX: i64 = 10;

/// What the publisher works with.
#[derive(Debug, Clone)]
pub(crate) struct Publishing {
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    pub(crate) keys: KeyFiles,
    pub(crate) written: Arc<Notify>,
    /// Names this process in the lease.
    pub(crate) holder: String,
}

/// Why a feed is not published.
#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("no key to sign with")]
    Key(#[from] KeyFileError),
    #[error(
        "the digest of what is stored is {found}, revision {revision} was published with {published}: the database was restored or changed; run `switchboard portal new-epoch`"
    )]
    NotWhatWasPublished {
        revision: i64,
        found: String,
        published: String,
    },
    #[error("another portal publishes by now")]
    Lost,
    #[error("a revision is out of order")]
    Order(#[from] LedgerError),
    #[error("the feed has no keyring")]
    NoKeyring,
}

/// Publishes until `stop` says so, whenever this portal holds the lease.
pub(crate) async fn publish(publishing: Publishing, mut stop: watch::Receiver<bool>) {
    let is_alone = publishing.store.dialect() == Dialect::Sqlite;
    while !*stop.borrow() {
        if !has_keys(&publishing).await {
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                _ = stop.changed() => {}
            }
            continue;
        }
        let acquired = tokio::select! {
            acquired = Lease::acquire(&publishing.store, &publishing.holder, is_alone) => acquired,
            _ = stop.changed() => continue,
        };
        match acquired {
            Ok(lease) => {
                tracing::info!("this portal publishes");
                publishing.hub.set_leads(true);
                lead(&publishing, &lease, &mut stop).await;
                publishing.hub.set_leads(false);
                if let Err(error) = lease.leave().await {
                    tracing::warn!(error = %crate::causes(&error), "the lease could not be given back");
                }
            }
            Err(error) => {
                tracing::warn!(error = %crate::causes(&error), "the lease cannot be had");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

/// Whether this portal could sign for every feed: without, it had better leave the lease to others.
async fn has_keys(publishing: &Publishing) -> bool {
    let found = async {
        let mut connection = publishing.store.connection().await?;
        feeds::all(&mut connection).await
    };
    let Ok(all) = found.await else { return false };
    let at = now().unsigned_abs();
    let mut has_all = true;
    for feed in all {
        let Some(keyring) = feed.keyring_next.as_deref().or(feed.keyring.as_deref()) else {
            continue;
        };
        if let Err(error) = publishing.keys.online(&feed.environment, keyring, at) {
            has_all = false;
            tell_trouble(&publishing.hub, &feed.environment, &error);
        }
    }
    has_all
}

fn tell_trouble(hub: &Hub, feed: &str, error: &dyn std::error::Error) {
    let why = crate::causes(error);
    if hub.set_trouble(feed, Some(&why)) {
        tracing::error!(feed, error = %why, "the feed is not published");
    }
}

async fn lead(publishing: &Publishing, lease: &Lease, stop: &mut watch::Receiver<bool>) {
    let mut leading: HashMap<String, FeedPublisher> = HashMap::new();
    while !*stop.borrow() && !lease.is_lost() {
        let found = async {
            let mut connection = publishing.store.connection().await?;
            feeds::all(&mut connection).await
        };
        for feed in found.await.unwrap_or_default() {
            let name = feed.environment.clone();
            let one = leading.entry(name.clone()).or_default();
            match one.step(publishing, lease, feed).await {
                Ok(()) => drop(publishing.hub.set_trouble(&name, None)),
                Err(PublishError::Lost) => return,
                Err(error) => {
                    one.forget();
                    tell_trouble(&publishing.hub, &name, &error);
                }
            }
        }
        tokio::select! {
            () = publishing.written.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}

/// One feed while this portal leads.
#[derive(Default)]
struct FeedPublisher {
    /// At the last published revision.
    ledger: Option<Ledger>,
    /// When it is tried again after trouble.
    not_before: Option<tokio::time::Instant>,
    /// When the last commit was issued; not by the clock, which may jump.
    beaten: Option<tokio::time::Instant>,
    tidied_at: i64,
    watched_at: i64,
}

impl FeedPublisher {
    /// What it knows is not trusted any more.
    fn forget(&mut self) {
        self.ledger = None;
        self.not_before = Some(tokio::time::Instant::now() + AGAIN);
    }

    async fn step(
        &mut self,
        publishing: &Publishing,
        lease: &Lease,
        mut feed: Feed,
    ) -> Result<(), PublishError> {
        if self.not_before.is_some_and(|at| tokio::time::Instant::now() < at) {
            return Ok(());
        }
        let is_current = self.ledger.as_ref().is_some_and(|ledger| {
            ledger.epoch() == feed.epoch.unsigned_abs() && ledger.revision() == feed.published.unsigned_abs()
        });
        if !is_current {
            let (ledger, as_loaded) = load(&publishing.store, &feed.environment).await?;
            self.ledger = Some(ledger);
            feed = as_loaded;
        }
        self.not_before = None;
        while feed.published < feed.revision {
            self.one(publishing, lease, &mut feed).await?;
        }
        let is_due = self.beaten.is_none_or(|at| at.elapsed() >= HEARTBEAT);
        if feed.published > 0 && (is_due || feed.keyring_next.is_some()) {
            self.commit(publishing, lease, &mut feed, None).await?;
        }
        self.tidy(publishing, &feed).await?;
        Ok(())
    }

    /// Publishes the next revision.
    async fn one(
        &mut self,
        publishing: &Publishing,
        lease: &Lease,
        feed: &mut Feed,
    ) -> Result<(), PublishError> {
        let next = feed.published + 1;
        let mut connection = publishing.store.connection().await?;
        let changes = outbox::of_revision(&mut connection, &feed.environment, next).await?;
        drop(connection);
        let ledger = self.ledger.as_mut().ok_or(PublishError::Lost)?;
        let at_start = feed.published_epoch != feed.epoch;
        // What was written in a former epoch is in the whole that this epoch began with.
        let changes = if at_start { Vec::new() } else { changes };
        for (key, record) in &changes {
            ledger.put(key, record.as_deref().map(str::as_bytes));
        }
        ledger.advance(next.unsigned_abs())?;
        self.commit(publishing, lease, feed, Some(next)).await
    }

    /// Signs and stores the commit of where the ledger stands.
    async fn commit(
        &mut self,
        publishing: &Publishing,
        lease: &Lease,
        feed: &mut Feed,
        revision: Option<i64>,
    ) -> Result<(), PublishError> {
        let ledger = self.ledger.as_mut().ok_or(PublishError::Lost)?;
        // A commit that is issued again is never before itself, whatever the clock says; with a revision it may be: that is
        // the way back from a clock that was wrong.
        let at = match revision {
            Some(_) => now(),
            None => now().max(feed.committed_at),
        };
        let keyring_next = feed.keyring_next.take();
        let keyring = keyring_next
            .as_deref()
            .or(feed.keyring.as_deref())
            .ok_or(PublishError::NoKeyring)?;
        let key: SigningKey = publishing
            .keys
            .online(&feed.environment, keyring, at.unsigned_abs())?;
        let line = ledger.commit_line(at.unsigned_abs(), &key);
        let digest = ledger.digest().to_string();
        let number = revision.unwrap_or(feed.published);
        let committed = Committed {
            epoch: feed.epoch,
            revision: number,
            digest: &digest,
            line: &line,
            at,
            keyring: keyring_next.as_deref(),
        };
        store(
            &publishing.store,
            lease,
            &feed.environment,
            &committed,
            revision.is_some(),
        )
        .await?;
        publishing.hub.published.notify_one();
        self.beaten = Some(tokio::time::Instant::now());
        feed.published = number;
        feed.published_epoch = feed.epoch;
        feed.committed_at = at;
        feed.keyring = Some(keyring_next.unwrap_or_else(|| feed.keyring.take().unwrap_or_default()));
        Ok(())
    }

    /// Forgets what nobody can resume from any more, or come back to, once a minute.
    async fn tidy(&mut self, publishing: &Publishing, feed: &Feed) -> Result<(), PublishError> {
        let now = now();
        if now - self.tidied_at < 60 {
            return Ok(());
        }
        self.tidied_at = now;
        let mut tx = publishing.store.begin().await?;
        outbox::forget(&mut tx, &feed.environment, now - KEPT_S, FORGET_MAX).await?;
        crate::store::idempotency::forget(&mut tx, now).await?;
        crate::store::key_sets::forget(&mut tx, now).await?;
        // While portals are brought to another version, an older one may make some.
        let watches = now - self.watched_at >= WATCH_S;
        if watches {
            crate::store::uses::watch_missing(&mut tx, &feed.environment, now).await?;
        }
        tx.commit().await?;
        if watches {
            self.watched_at = now;
        }
        Ok(())
    }
}

/// The ledger at the published revision, and where the feed stood then.
async fn load(store: &Store, environment: &str) -> Result<(Ledger, Feed), PublishError> {
    let tx = store.begin_reading().await?;
    let live = Live::begin(tx, environment).await?;
    let mut live = live.ok_or(StoreError::Broken("a feed that is gone"))?;
    let feed = live.feed().clone();
    let mut ledger = Ledger::new(environment, feed.epoch.unsigned_abs());
    loop {
        let part = live.next().await?;
        if part.is_empty() {
            break;
        }
        for (key, record) in part {
            ledger.put(&key, Some(record.as_bytes()));
        }
    }
    if feed.published > 0 {
        ledger.advance(feed.published.unsigned_abs())?;
    }
    let found = ledger.digest().to_string();
    if let Some(published) = feed
        .digest
        .as_ref()
        .filter(|_| feed.published_epoch == feed.epoch)
        && *published != found
    {
        return Err(PublishError::NotWhatWasPublished {
            revision: feed.published,
            found,
            published: published.clone(),
        });
    }
    Ok((ledger, feed))
}

/// In one transaction with the proof that the lease is held.
async fn store(
    store: &Store,
    lease: &Lease,
    environment: &str,
    committed: &Committed<'_>,
    is_new: bool,
) -> Result<(), PublishError> {
    let mut tx = store.begin().await?;
    if !lease.holds(&mut tx).await? {
        return Err(PublishError::Lost);
    }
    feeds::committed(&mut tx, environment, committed).await?;
    if is_new {
        revisions::published(&mut tx, environment, committed, now_ms()).await?;
    }
    tx.commit().await?;
    Ok(())
}
