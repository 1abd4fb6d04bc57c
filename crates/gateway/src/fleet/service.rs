//! The thread that reports: again and again, later after a failure, and never in anybody's way.

use super::report::{About, instance, interval, report};
use super::{ANSWER_BYTES_MAX, CONNECT_MAX, FAILURE_PAUSE_MAX, INTERVAL, REPORT_MAX};
use crate::configuration::Portal;
use crate::follow::{portal_refused, unix_ms};
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

/// The running thread. It ends when this is dropped, within a report's connection.
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
                    tokio::select! {
                        biased;
                        _ = stopped => {}
                        () = report_on(&portal, &about, resolver) => {}
                    }
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

async fn report_on(portal: &Portal, about: &About, resolver: Arc<dyn Resolve>) {
    let to = format!("{}/v1/fleet/reports", portal.base());
    let (lookups, upstreams) = (Lookups::new(resolver), Upstreams::default());
    let instance = instance(unix_ms());
    let (mut behind, mut told, mut failures) = (0, None, 0);
    let mut random = fastrand::Rng::new();
    tracing::info!(to, name = %about.name, "reporting to the fleet");
    loop {
        let (report, last) = report(about, &instance, behind, unix_ms());
        let pause = match post(portal, &to, report.to_string(), &lookups, &upstreams).await {
            Ok(answer) => {
                (behind, failures) = (last, 0);
                if told.take().is_some() {
                    tracing::info!("reports are taken again");
                }
                interval(&answer)
            }
            Err(error) => {
                let error = portal_refused(error, "report to the fleet").message().to_owned();
                if told.as_ref() != Some(&error) {
                    tracing::warn!(error, "a report was not taken; it is tried again");
                    told = Some(error);
                }
                failures += 1;
                pause_after(failures)
            }
        };
        // By chance up to a fifth longer, so that a fleet does not report in step.
        tokio::time::sleep(pause.mul_f64(1.0 + random.f64() / 5.0)).await;
    }
}

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
}
