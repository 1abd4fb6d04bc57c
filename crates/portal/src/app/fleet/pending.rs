//! Reports between their arrival and the database: kept in memory for less than a second, then written in one transaction, so that a large
//! fleet costs a disk one sync a second and stands in no mutation's way.
//!
//! What is lost with a portal that is killed comes again with the next report; that a credential was used does not, and so it counts as taken only
//! once it is written.

use super::alarm::{Alarm, find_alarms};
use super::uses::Uses;
use crate::app::refused::Refused;
use crate::store::fleet::{self, ReportKey, Reported};
use crate::store::uses::{self, Use};
use crate::store::{Connection, Store, StoreError};
use crate::text::now_ms;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Revisions that are remembered of a process, with when each was in force.
pub(crate) const APPLIED_MAX: usize = 256;
/// Processes of one portal's environments that are kept until they are written.
const PENDING_MAX: usize = 50_000;
/// How often they are written.
const WRITE: Duration = Duration::from_millis(500);
/// How long a report waits until what it says is written.
const WRITTEN_MAX: Duration = Duration::from_secs(5);
/// How long who does not report any more is remembered.
const KEPT_MS: i64 = 24 * 3_600_000;
/// Every how many writes the old are forgotten.
const FORGET_EVERY: u64 = 120;

/// A revision that was in force at a process, and since when by its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Applied {
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
    pub(crate) at_ms: i64,
}

/// What is not written yet, and what was found when it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    inner: Mutex<Inner>,
    /// Held while a batch is written: so a later one that is written holds whatever of the former was not.
    writing: tokio::sync::Mutex<()>,
    /// The last batch that was written.
    written: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    /// How many batches were taken out of it.
    batch: u64,
    reports: Reports,
    uses: Uses,
    /// Processes of each environment, as of the last look.
    counts: HashMap<String, usize>,
    alarms: BTreeMap<String, Alarm>,
}

/// A batch that is being written. What of it is not, for whatever reason, is kept on.
struct Batch<'p> {
    pending: &'p Pending,
    number: u64,
    reports: Reports,
    uses: Uses,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut inner = self.pending.inner();
        for (key, report) in std::mem::take(&mut self.reports) {
            // Unless there is something newer.
            inner.reports.entry(key).or_insert(report);
        }
        inner.uses.add_all(std::mem::take(&mut self.uses));
    }
}

impl Pending {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a report until it is written; the number of the batch that it is written with.
    pub(super) fn take(&self, row: Reported, applied: Vec<Applied>, uses: Vec<Use>) -> Result<u64, Refused> {
        let mut inner = self.inner();
        let has_room = inner.reports.len() < PENDING_MAX || inner.reports.contains_key(&row.key);
        if !has_room || !inner.uses.has_room(uses.len()) {
            return Err(Refused::Unavailable(
                "too many reports wait to be written: report again later".to_owned(),
            ));
        }
        if !uses.is_empty() {
            inner.uses.add(&row.key.environment, uses);
        }
        let key = row.key.clone();
        let entry = inner
            .reports
            .entry(key)
            .or_insert_with(|| (row.clone(), Vec::new()));
        let first_at_ms = entry.0.first_at_ms;
        entry.0 = Reported { first_at_ms, ..row };
        entry.1.extend(applied);
        Ok(inner.batch + 1)
    }

    /// Waits until this batch is in the database.
    pub(super) async fn written(&self, batch: u64) -> Result<(), Refused> {
        let mut written = self.0.written.subscribe();
        let is_written = written.wait_for(|written| *written >= batch);
        match tokio::time::timeout(WRITTEN_MAX, is_written).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Refused::Unavailable(
                "what was used could not be written: report it again later".to_owned(),
            )),
        }
    }

    /// How many processes an environment has, about.
    pub(super) fn count(&self, environment: &str) -> usize {
        self.inner().counts.get(environment).copied().unwrap_or(0)
    }

    pub(super) fn set_count(&self, environment: &str, count: usize) {
        self.inner().counts.insert(environment.to_owned(), count);
    }

    /// By environment.
    pub(crate) fn alarms(&self) -> Vec<Alarm> {
        self.inner().alarms.values().cloned().collect()
    }

    pub(super) fn alarm(&self, environment: &str) -> Option<Alarm> {
        self.inner().alarms.get(environment).cloned()
    }

    fn set_alarms(&self, found: Vec<Alarm>) {
        let mut inner = self.inner();
        let found: BTreeMap<String, Alarm> = found
            .into_iter()
            .map(|alarm| (alarm.environment.clone(), alarm))
            .collect();
        for (environment, alarm) in &found {
            if inner.alarms.get(environment) != Some(alarm) {
                tracing::error!(
                    environment = %environment, name = %alarm.name, epoch = alarm.epoch, revision = alarm.revision,
                    "the fleet has more than the database: was it restored from a backup? run `switchboard portal new-epoch`"
                );
            }
        }
        inner.alarms = found;
    }

    /// Writes what is kept. What could not be written is kept on.
    pub(crate) async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let _alone = self.0.writing.lock().await;
        let Some(mut batch) = self.next_batch() else {
            return Ok(());
        };
        write(store, &batch.reports, &batch.uses).await?;
        self.0.written.send_replace(batch.number);
        batch.reports.clear();
        batch.uses = Uses::default();
        Ok(())
    }

    fn next_batch(&self) -> Option<Batch<'_>> {
        let mut inner = self.inner();
        if inner.reports.is_empty() && inner.uses.is_empty() {
            return None;
        }
        inner.batch += 1;
        Some(Batch {
            pending: self,
            number: inner.batch,
            reports: std::mem::take(&mut inner.reports),
            uses: std::mem::take(&mut inner.uses),
        })
    }
}

type Reports = HashMap<ReportKey, (Reported, Vec<Applied>)>;

async fn write(store: &Store, reports: &Reports, uses: &Uses) -> Result<(), StoreError> {
    let mut by_environment: BTreeMap<&str, Vec<&(Reported, Vec<Applied>)>> = BTreeMap::new();
    for (key, report) in reports {
        by_environment.entry(&key.environment).or_default().push(report);
    }
    let moved = moved(store, uses).await?;
    let mut tx = store.begin().await?;
    for (environment, reports) in by_environment {
        write_reports_of(&mut tx, environment, &reports).await?;
    }
    for (environment, uses) in moved {
        uses::put(&mut tx, environment, &uses).await?;
    }
    tx.commit().await
}

/// Of each environment the uses that change anything.
async fn moved<'u>(store: &Store, uses: &'u Uses) -> Result<Vec<(&'u str, Vec<Use>)>, StoreError> {
    let mut moved = Vec::new();
    if uses.is_empty() {
        return Ok(moved);
    }
    let mut connection = store.connection().await?;
    for (environment, uses) in uses.sorted() {
        moved.push((
            environment,
            uses::moved(&mut connection, environment, &uses).await?,
        ));
    }
    Ok(moved)
}

async fn write_reports_of(
    connection: &mut Connection,
    environment: &str,
    reports: &[&(Reported, Vec<Applied>)],
) -> Result<(), StoreError> {
    let instances: Vec<String> = reports.iter().map(|(row, _)| row.key.instance.clone()).collect();
    let known = fleet::known(connection, environment, &instances).await?;
    let row = |(row, applied): &&(Reported, Vec<Applied>)| {
        let (first_at_ms, before) = known
            .get(&row.key)
            .map_or((row.first_at_ms, ""), |(first, applied)| {
                (*first, applied.as_str())
            });
        Reported {
            first_at_ms,
            applied: written(read(before), applied),
            ..row.clone()
        }
    };
    let rows: Vec<Reported> = reports.iter().map(row).collect();
    fleet::put(connection, &rows).await
}

/// The applied revisions of a row, oldest first.
pub(super) fn read(text: &str) -> Vec<Applied> {
    let one = |word: &str| {
        let (place, at_ms) = word.split_once('@')?;
        let (epoch, revision) = place.split_once(':')?;
        Some(Applied {
            epoch: epoch.parse().ok()?,
            revision: revision.parse().ok()?,
            at_ms: at_ms.parse().ok()?,
        })
    };
    text.split(' ').filter_map(one).collect()
}

/// Known ones and new ones together: each revision once, as it was told first; the last of them.
fn written(mut known: Vec<Applied>, new: &[Applied]) -> String {
    for one in new {
        let is_known = known
            .iter()
            .any(|other| (other.epoch, other.revision) == (one.epoch, one.revision));
        if !is_known {
            known.push(*one);
        }
    }
    known.sort_by_key(|one| (one.epoch, one.revision));
    let from = known.len().saturating_sub(APPLIED_MAX);
    let words = known
        .iter()
        .skip(from)
        .map(|one| format!("{}:{}@{}", one.epoch, one.revision, one.at_ms));
    words.collect::<Vec<_>>().join(" ")
}

/// Writes reports again and again, and looks who has more than the database; until `stop` says so, and once more then.
pub(crate) async fn write_reports(store: Store, pending: Pending, mut stop: watch::Receiver<bool>) {
    let mut round: u64 = 0;
    let mut had_trouble = false;
    loop {
        let is_last = *stop.borrow();
        match once(&store, &pending, round).await {
            Ok(()) => had_trouble = false,
            Err(error) if !had_trouble => {
                had_trouble = true;
                tracing::warn!(error = %crate::causes(&error), "reports of the fleet cannot be written");
            }
            Err(_) => {}
        }
        if is_last {
            return;
        }
        round += 1;
        tokio::select! {
            () = tokio::time::sleep(WRITE) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn once(store: &Store, pending: &Pending, round: u64) -> Result<(), StoreError> {
    pending.write(store).await?;
    if round.is_multiple_of(FORGET_EVERY) {
        let mut tx = store.begin().await?;
        fleet::forget(&mut tx, now_ms() - KEPT_MS).await?;
        tx.commit().await?;
    }
    let mut connection = store.connection().await?;
    pending.set_alarms(find_alarms(&mut connection).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(epoch: i64, revision: i64, at_ms: i64) -> Applied {
        Applied {
            epoch,
            revision,
            at_ms,
        }
    }

    #[test]
    fn a_revision_is_remembered_as_it_was_told_first_and_only_the_last_are() {
        let known = vec![applied(1, 4, 40), applied(1, 5, 50)];
        let text = written(known, &[applied(1, 5, 99), applied(2, 1, 60), applied(1, 6, 55)]);
        assert_eq!(text, "1:4@40 1:5@50 1:6@55 2:1@60");
        assert_eq!(read(&text).len(), 4);
        let many: Vec<Applied> = (0..300).map(|revision| applied(1, revision, revision)).collect();
        let kept = read(&written(Vec::new(), &many));
        assert_eq!((kept.len(), kept[0].revision), (APPLIED_MAX, 44));
        for nothing in ["", "x", "1:2", "1@2", "a:b@c"] {
            assert_eq!(read(nothing), []);
        }
    }
}
