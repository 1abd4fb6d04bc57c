//! One lazily armed timer for all waits of a connection.
//!
//! A request makes several waits, each with its own limit, and nearly all end early. Registering a timer for each
//! would cost more than the waits; so the timer stays armed at the earliest limit seen, and a wake-up that comes too early
//! arms it again. In steady state a connection touches the timer wheel once per time limit, not once per request.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

/// The limit was reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elapsed;

/// A reusable timer; see the module's text.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// Runs `future` until it ends or `at` is reached, whichever is first; what is ready wins over the clock.
    pub(crate) async fn run<F: Future>(&mut self, at: Instant, future: F) -> Result<F::Output, Elapsed> {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll_reached(at, context).map(|()| Err(Elapsed)),
        })
        .await
    }

    /// As `run`, within `limit` of the first wait, and before `cap`. What does not wait costs no look at the clock.
    pub(crate) async fn run_for<F: Future>(
        &mut self,
        limit: Duration,
        cap: Option<Instant>,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        let mut future = pin!(future);
        let mut until = None;
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => {
                let at = *until.get_or_insert_with(|| {
                    let at = Instant::now() + limit;
                    cap.map_or(at, |cap| cap.min(at))
                });
                self.poll_reached(at, context).map(|()| Err(Elapsed))
            }
        })
        .await
    }

    /// As `run`, with a limit that others may move while this waits; `None` is no limit for now.
    pub(crate) async fn run_until<F: Future>(
        &mut self,
        at: impl Fn() -> Option<Instant>,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => match at() {
                Some(at) => self.poll_reached(at, context).map(|()| Err(Elapsed)),
                None => Poll::Pending,
            },
        })
        .await
    }

    /// Ready once `at` is reached.
    pub(crate) fn poll_reached(&mut self, at: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        if sleep.deadline().into_std() > at {
            sleep.as_mut().reset(at.into());
        }
        while sleep.as_mut().poll(context).is_ready() {
            if Instant::now() >= at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at.into());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_early_wake_up_of_an_older_limit_does_not_end_a_later_wait() {
        let mut deadline = Deadline::default();
        let start = Instant::now();
        let first = deadline
            .run(start + Duration::from_millis(5), std::future::pending::<()>())
            .await;
        assert_eq!(first, Err(Elapsed));
        let second = deadline
            .run(start + Duration::from_millis(30), std::future::pending::<()>())
            .await;
        assert_eq!(second, Err(Elapsed));
        assert!(start.elapsed() >= Duration::from_millis(30));
    }

    #[tokio::test]
    async fn what_is_ready_wins_over_a_limit_in_the_past() {
        let mut deadline = Deadline::default();
        assert_eq!(deadline.run(Instant::now(), async { 7 }).await, Ok(7));
    }
}
