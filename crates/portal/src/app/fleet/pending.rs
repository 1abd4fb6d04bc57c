//! Reports between their arrival and the database: kept in memory for less than a second, then written in one transaction, so that a large
//! fleet costs a disk one sync a second and stands in no mutation's way.
//!
//! What is lost with a portal that is killed comes again with the next report.

use super::alarm::{Alarm, find_alarms};
use crate::app::refused::Refused;
use crate::store::fleet::{self, ReportKey, Reported};
use crate::store::{Store, StoreError};
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
pub(crate) struct Pending(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    reports: HashMap<ReportKey, (Reported, Vec<Applied>)>,
    /// Processes of each environment, as of the last look.
    counts: HashMap<String, usize>,
    alarms: BTreeMap<String, Alarm>,
}

impl Pending {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a report until it is written.
    pub(super) fn take(&self, row: Reported, applied: Vec<Applied>) -> Result<(), Refused> {
        let mut inner = self.inner();
        if inner.reports.len() >= PENDING_MAX && !inner.reports.contains_key(&row.key) {
            return Err(Refused::Unavailable(
                "too many reports wait to be written: report again later".to_owned(),
            ));
        }
        let key = row.key.clone();
        let entry = inner
            .reports
            .entry(key)
            .or_insert_with(|| (row.clone(), Vec::new()));
        let first_at_ms = entry.0.first_at_ms;
        entry.0 = Reported { first_at_ms, ..row };
        entry.1.extend(applied);
        Ok(())
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

    /// Writes what is kept. What could not be written is kept on, unless there is something newer.
    pub(crate) async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let reports = std::mem::take(&mut self.inner().reports);
        if reports.is_empty() {
            return Ok(());
        }
        let written = write(store, &reports).await;
        if written.is_err() {
            let mut inner = self.inner();
            for (key, report) in reports {
                inner.reports.entry(key).or_insert(report);
            }
        }
        written
    }
}

type Reports = HashMap<ReportKey, (Reported, Vec<Applied>)>;

async fn write(store: &Store, reports: &Reports) -> Result<(), StoreError> {
    let mut by_environment: BTreeMap<&str, Vec<&(Reported, Vec<Applied>)>> = BTreeMap::new();
    for (key, report) in reports {
        by_environment.entry(&key.environment).or_default().push(report);
    }
    let mut tx = store.begin().await?;
    for (environment, reports) in by_environment {
        let instances: Vec<String> = reports.iter().map(|(row, _)| row.key.instance.clone()).collect();
        let known = fleet::known(&mut tx, environment, &instances).await?;
        let rows: Vec<Reported> = reports
            .into_iter()
            .map(|(row, applied)| {
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
            })
            .collect();
        fleet::put(&mut tx, &rows).await?;
    }
    tx.commit().await
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
