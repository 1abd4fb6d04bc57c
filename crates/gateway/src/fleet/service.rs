//! The thread that reports: again and again, later after a failure, and never in anybody's way.

use super::report::{About, instance, interval, report};
use super::untold::Untold;
use super::{
    ANSWER_BYTES_MAX, CONNECT_MAX, EARLY_WITHIN, FAILURE_PAUSE_MAX, INTERVAL, INTERVAL_MIN, LAST_MAX,
    REPORT_MAX,
};
use crate::configuration::Portal;
use crate::follow::{portal_refused, unix_ms, unix_s};
use crate::upstream::{
    FetchError, Fetched, Limits, Lookups, Place, Resolve, Upstreams, Wanted, fetch_within,
};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

const LIMITS: Limits = Limits {
    connect: CONNECT_MAX,
    silence: REPORT_MAX,
    within: REPORT_MAX,
    bytes_max: ANSWER_BYTES_MAX,
};

/// The running thread. It ends when this is dropped, at most two seconds later: with what was used since the last report, where credentials were.
#[derive(Debug)]
pub struct Reports {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Reports {
    /// Reports to this portal from now on.
    ///
    /// # Errors
    /// Where no thread can be made.
    pub fn start(portal: Portal, about: About, resolver: Arc<dyn Resolve>) -> io::Result<Reports> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("fleet".to_owned())
            .spawn(move || {
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, async {
                    let mut reporting = Reporting::new(portal, about, resolver);
                    tokio::select! {
                        biased;
                        _ = stopped => {}
                        () = reporting.run() => {}
                    }
                    reporting.end().await;
                });
                drop(local);
                runtime.shutdown_background();
            })?;
        Ok(Reports {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        // Its end ends the thread.
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One process's reports.
struct Reporting {
    portal: Portal,
    about: About,
    to: String,
    lookups: Lookups,
    upstreams: Upstreams,
    instance: String,
    /// The number of the last revision in the last report that was taken.
    behind: u64,
    untold: Untold,
    /// Why the last report was not taken, which is said once.
    trouble: Option<String>,
}

impl Reporting {
    fn new(portal: Portal, about: About, resolver: Arc<dyn Resolve>) -> Reporting {
        Reporting {
            to: format!("{}/v1/fleet/reports", portal.base()),
            lookups: Lookups::new(resolver),
            upstreams: Upstreams::default(),
            instance: instance(unix_ms()),
            behind: 0,
            untold: Untold::default(),
            trouble: None,
            portal,
            about,
        }
    }

    /// Reports for ever.
    async fn run(&mut self) {
        let mut failures = 0;
        let mut random = fastrand::Rng::new();
        tracing::info!(to = self.to, name = %self.about.name, "reporting to the fleet");
        loop {
            let (pause, is_small) = match self.report().await {
                Ok(interval) => {
                    failures = 0;
                    (interval, interval <= INTERVAL)
                }
                Err(NotTaken) => {
                    failures += 1;
                    (pause_after(failures), false)
                }
            };
            // By chance up to a fifth longer, so that a fleet does not report in step.
            let pause_by_chance = pause.mul_f64(1.0 + random.f64() / 5.0);
            tokio::select! {
                () = tokio::time::sleep(pause_by_chance) => {}
                () = early(is_small, self.about.follow.put_in_force(), random.f64()) => {}
            }
        }
    }

    /// Tells what was used since the last report: nobody does once this process has ended. Not where that report was not taken either.
    async fn end(&mut self) {
        // Whatever comes of it has been said.
        let _ = tokio::time::timeout(LAST_MAX, self.tell_rest()).await;
    }

    /// As many reports as it takes; none behind one that is not taken.
    async fn tell_rest(&mut self) {
        self.look();
        while !self.untold.is_empty() && self.trouble.is_none() {
            if self.report().await.is_err() {
                return;
            }
        }
    }

    /// Takes what workers noted.
    fn look(&mut self) {
        let Some(used) = &self.about.used else { return };
        let minute = u32::try_from(unix_s() / 60).unwrap_or(u32::MAX);
        let left_out = self.untold.add(used.take(), minute);
        if left_out > 0 {
            tracing::warn!(
                credentials = left_out,
                "too many uses of credentials wait to be told; some were left out"
            );
        }
    }

    /// One report; when the next one is wanted.
    async fn report(&mut self) -> Result<Duration, NotTaken> {
        self.look();
        let used = self.untold.next();
        let (report, last) = report(&self.about, &self.instance, self.behind, &used, unix_ms());
        let Reporting {
            portal,
            to,
            lookups,
            upstreams,
            ..
        } = &*self;
        match post(portal, to, report.to_string(), lookups, upstreams).await {
            Ok(answer) => {
                self.behind = last;
                self.untold.told(&used);
                if self.trouble.take().is_some() {
                    tracing::info!("reports are taken again");
                }
                Ok(interval(&answer))
            }
            Err(error) => {
                let error = portal_refused(error, "report to the fleet").message().to_owned();
                if self.trouble.as_ref() != Some(&error) {
                    tracing::warn!(error, "a report was not taken; it is tried again");
                    self.trouble = Some(error);
                }
                Err(NotTaken)
            }
        }
    }
}

/// When a report is due before its time: a revision was put in force, and somebody may wait for that. Never in a fleet so large that its portal
/// wants fewer reports, nor where the last one was not taken. `chance`: below 1.
async fn early(is_wanted: bool, put_in_force: impl Future<Output = ()>, chance: f64) {
    if !is_wanted {
        return std::future::pending().await;
    }
    tokio::time::sleep(INTERVAL_MIN).await;
    put_in_force.await;
    // Not all gateways in one moment, and what comes at once is told at once.
    tokio::time::sleep(EARLY_WITHIN.mul_f64(chance)).await;
}

/// A report was not taken, and that was said.
#[derive(Debug)]
struct NotTaken;

async fn post(
    portal: &Portal,
    to: &str,
    report: String,
    lookups: &Lookups,
    upstreams: &Upstreams,
) -> Result<Vec<u8>, FetchError> {
    let place = Place::of(to, upstreams)?;
    let credential = portal.token.bearer();
    let wanted = Wanted {
        credential: Some(&credential),
        posted: Some(report.into()),
        ..Wanted::of("application/json")
    };
    match fetch_within(&place, wanted, lookups, &portal.rules(), LIMITS).await? {
        Fetched::Whole(answer, _) => Ok(answer),
        // Only what was asked with a tag is answered so.
        Fetched::Unchanged => Ok(Vec::new()),
    }
}

/// After so many in a row, doubling.
fn pause_after(failures: u32) -> Duration {
    let doubled = INTERVAL.saturating_mul(1 << failures.saturating_sub(1).min(8));
    doubled.min(FAILURE_PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portal_that_is_down_is_tried_later_and_later() {
        let pauses: Vec<u64> = [1, 2, 3, 4, 5, 40, u32::MAX]
            .into_iter()
            .map(|failures| pause_after(failures).as_secs())
            .collect();
        assert_eq!(pauses, [3, 6, 12, 24, 30, 30, 30]);
    }

    /// How long it takes until a report is due early, where a revision is put in force after so many milliseconds; `None`: longer than a minute.
    async fn due(is_wanted: bool, after_ms: u64) -> Option<u64> {
        let begun = tokio::time::Instant::now();
        let put_in_force = tokio::time::sleep(Duration::from_millis(after_ms));
        let due = early(is_wanted, put_in_force, 0.5);
        let is_due = tokio::time::timeout(Duration::from_secs(60), due).await.is_ok();
        is_due.then(|| u64::try_from(begun.elapsed().as_millis()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_put_in_force_is_told_soon_and_at_most_once_a_second() {
        assert_eq!(due(true, 2_000).await, Some(2_100));
        assert_eq!(due(true, 0).await, Some(1_100));
        assert_eq!(due(false, 0).await, None);
    }
}
