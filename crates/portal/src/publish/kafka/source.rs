//! The database as a publisher to a log asks it: what was published by the portal, revision by revision.
//!
//! Called on a thread that may wait. What was written and is not published yet is not there.

use crate::publish::Hub;
use crate::store::kafka::Noted;
use crate::store::snapshot::Live;
use crate::store::{Store, StoreError, feeds, kafka, outbox, revisions};
use feed::publish::{Change, Mark, Page, Revision, Source, Standing};
use feed::{Line, Scratch};
use tokio::runtime::Handle;

/// Why it does not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("the database failed: {}", crate::causes(.0))]
    Store(#[from] StoreError),
    #[error("nothing was published yet")]
    Nothing,
    #[error("the feed is gone")]
    Gone,
    #[error("the commit of revision {0} cannot be read")]
    Commit(i64),
}

/// One feed's.
pub(super) struct Database {
    store: Store,
    hub: Hub,
    environment: String,
    runtime: Handle,
    live: Option<Live>,
    /// How often everything was asked for again, when it was looked at last.
    republish: i64,
}

impl Database {
    pub(super) fn new(store: Store, hub: Hub, environment: &str, runtime: Handle) -> Database {
        Database {
            store,
            hub,
            environment: environment.to_owned(),
            runtime,
            live: None,
            republish: 0,
        }
    }

    /// Where the feed stands.
    pub(super) fn feed(&self) -> Result<feeds::Feed, SourceError> {
        self.runtime.block_on(async {
            let mut connection = self.store.connection().await?;
            let feed = feeds::get(&mut connection, &self.environment).await?;
            feed.ok_or(SourceError::Gone)
        })
    }

    async fn standing_now(&self) -> Result<(Standing, i64), SourceError> {
        let mut tx = self.store.begin_reading().await?;
        let feed = feeds::get(&mut tx, &self.environment).await?;
        let feed = feed.ok_or(SourceError::Gone)?;
        let (Some(commit), Some(keyring)) = (&feed.commit_line, &feed.keyring) else {
            return Err(SourceError::Nothing);
        };
        let noted = kafka::get(&mut tx, &self.environment).await?;
        let mark = mark_of(commit).ok_or(SourceError::Commit(feed.published))?;
        // Somebody who knows says that the topic is lost, and the database sound.
        let is_lost = noted.is_some_and(|noted| noted.republish < feed.republish);
        let place = |noted: Noted| (noted.epoch.unsigned_abs(), noted.revision.unsigned_abs());
        let standing = Standing {
            mark,
            keyring: keyring.as_bytes().into(),
            published: noted.filter(|_| !is_lost).map(place),
            holds_lease: self.hub.leads(),
        };
        Ok((standing, feed.republish))
    }

    /// The mark of a revision that was published in the epoch which the feed is in.
    async fn mark_at(&self, revision: u64) -> Result<Option<Mark>, SourceError> {
        let mut tx = self.store.begin_reading().await?;
        let feed = feeds::get(&mut tx, &self.environment).await?;
        let epoch = feed.ok_or(SourceError::Gone)?.published_epoch;
        let Ok(number) = i64::try_from(revision) else {
            return Ok(None);
        };
        let found = revisions::get(&mut tx, &self.environment, number).await?;
        let mark = found.and_then(|found| mark_of(&found.commit_line?));
        Ok(mark.filter(|mark| mark.epoch == epoch.unsigned_abs()))
    }

    async fn revision_at(&self, revision: u64) -> Result<Option<Revision>, SourceError> {
        let Some(before) = revision.checked_sub(1) else {
            return Ok(None);
        };
        let (Some(before), Some(after)) = (self.mark_at(before).await?, self.mark_at(revision).await?) else {
            return Ok(None);
        };
        let Ok(number) = i64::try_from(revision) else {
            return Ok(None);
        };
        let mut tx = self.store.begin_reading().await?;
        let changes = outbox::of_revision(&mut tx, &self.environment, number).await?;
        let made = revisions::get(&mut tx, &self.environment, number).await?;
        // Its changes are not kept any more.
        if made.is_none_or(|made| usize::try_from(made.records) != Ok(changes.len())) {
            return Ok(None);
        }
        let changes = changes.into_iter().map(|(key, record)| -> Change {
            let record = record.map(|record| record.into_bytes().into_boxed_slice());
            (key.into(), record)
        });
        Ok(Some(Revision {
            before,
            after,
            changes: changes.collect(),
        }))
    }

    async fn begin(&self) -> Result<(Live, Mark), SourceError> {
        let tx = self.store.begin_reading().await?;
        let live = Live::begin(tx, &self.environment).await?;
        let live = live.ok_or(SourceError::Gone)?;
        if !live.is_published() {
            return Err(SourceError::Nothing);
        }
        let commit = live.feed().commit_line.as_deref().unwrap_or_default();
        let mark = mark_of(commit).ok_or(SourceError::Commit(live.feed().published))?;
        Ok((live, mark))
    }
}

impl Source for Database {
    type Error = SourceError;

    fn standing(&mut self) -> Result<Standing, SourceError> {
        let (standing, republish) = self.runtime.block_on(self.standing_now())?;
        self.republish = republish;
        Ok(standing)
    }

    fn mark(&mut self, revision: u64) -> Result<Option<Mark>, SourceError> {
        self.runtime.block_on(self.mark_at(revision))
    }

    fn revision(&mut self, revision: u64) -> Result<Option<Revision>, SourceError> {
        self.runtime.block_on(self.revision_at(revision))
    }

    fn open(&mut self) -> Result<Mark, SourceError> {
        self.live = None;
        let (live, mark) = self.runtime.block_on(self.begin())?;
        self.live = Some(live);
        Ok(mark)
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        let live = self.live.as_mut().ok_or(SourceError::Nothing)?;
        Ok(self.runtime.block_on(live.rewind())?)
    }

    fn page(&mut self) -> Result<Page, SourceError> {
        let live = self.live.as_mut().ok_or(SourceError::Nothing)?;
        let part = self.runtime.block_on(live.next())?;
        let is_last = part.is_empty();
        let records = part
            .into_iter()
            .map(|(key, record)| (key.into(), record.into_bytes().into()));
        Ok(Page {
            records: records.collect(),
            is_last,
        })
    }

    fn note(&mut self, epoch: u64, revision: u64) -> Result<(), SourceError> {
        // What was gone through is not needed any more, and holds a connection.
        self.live = None;
        let noted = Noted {
            epoch: i64::try_from(epoch).unwrap_or(i64::MAX),
            revision: i64::try_from(revision).unwrap_or(i64::MAX),
            republish: self.republish,
        };
        self.runtime.block_on(async {
            let mut tx = self.store.begin().await?;
            kafka::set(&mut tx, &self.environment, noted).await?;
            tx.commit().await?;
            Ok(())
        })
    }
}

/// What the line of a commit says.
fn mark_of(line: &str) -> Option<Mark> {
    match Line::parse(line.as_bytes(), &mut Scratch::default())? {
        Line::Commit(commit) => Some(Mark {
            epoch: commit.epoch,
            revision: commit.revision,
            entities: commit.entities,
            digest: commit.digest,
        }),
        _ => None,
    }
}
