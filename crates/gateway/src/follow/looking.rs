//! Following a bundle: it is looked at, read whole where it has changed, and its last line is its end.

use super::LOOK_EVERY;
use super::bundle::{Bundle, Content};
use super::carrier::Failure;
use super::follower::Follower;
use super::pace::{Looked, Pace};
use super::service::{Inbox, Told};
use super::unix_s;
use feed::Read;
use std::sync::mpsc as sync;
use std::time::{Duration, Instant};

/// A server is asked for a whole bundle for its commit's sake at most once in this time.
const COMMIT_EVERY_MIN: Duration = Duration::from_secs(5);

/// Looks until the end; `first` is told of the first look's end.
pub(super) async fn look_on(
    mut follower: Follower,
    mut bundle: Bundle,
    mut inbox: Inbox,
    first: sync::Sender<()>,
) {
    let (mut pace, mut random) = (Pace::default(), fastrand::Rng::new());
    let mut due = Instant::now();
    tracing::info!(bundle = bundle.told(), "following a feed");
    loop {
        let wants_commit = bundle
            .sent_at()
            .is_some_and(|at| follower.wants_commit(at.elapsed()));
        if wants_commit || follower.wants_whole(Instant::now()) {
            bundle.forget();
        }
        match step(&mut follower, &mut bundle, &mut inbox, due).await {
            Step::End => return,
            Step::Looked(brought) => {
                let looked = follower.looked(brought);
                if matches!(looked, Looked::Mismatch | Looked::Failed) {
                    bundle.forget();
                }
                due = Instant::now() + pace.after(looked, &mut random);
                // Nobody waits any more after the first.
                let _ = first.send(());
            }
            Step::Floor(bytes, done) => {
                follower.floor(&bytes);
                bundle.forget();
                due = Instant::now();
                let _ = done.send(());
            }
        }
    }
}

/// What ends a wait.
enum Step {
    Looked(Result<Option<Content>, Failure>),
    Floor(Vec<u8>, sync::Sender<()>),
    End,
}

/// Waits until it is time to look, and looks. Age makes a state another one meanwhile, so that is looked at too.
async fn step(follower: &mut Follower, bundle: &mut Bundle, inbox: &mut Inbox, due: Instant) -> Step {
    let look = async {
        tokio::time::sleep_until(due.into()).await;
        bundle.look().await
    };
    tokio::pin!(look);
    loop {
        tokio::select! {
            biased;
            told = inbox.next() => return match told {
                Told::Floor(bytes, done) => Step::Floor(bytes, done),
                Told::End => Step::End,
            },
            brought = &mut look => return Step::Looked(brought),
            () = tokio::time::sleep(LOOK_EVERY) => follower.tell_state(),
        }
    }
}

impl Follower {
    /// Whether it is time to ask a server for all that it has, whatever it says has not changed: its tag may be the same as long as the revision is,
    /// and only a signed commit renews the age. `since`: when it last sent all.
    fn wants_commit(&self, since: Duration) -> bool {
        let bound = self.follow.staleness_s_max();
        self.follow.reading(unix_s()).age_s > bound / 2
            && since >= Duration::from_secs(bound / 16).max(COMMIT_EVERY_MIN)
    }

    /// What came of a look.
    fn looked(&mut self, brought: Result<Option<Content>, Failure>) -> Looked {
        const OTHERWISE: &str =
            "the bundle's end is not what is shown: it is older, cut off, or not this feed's";
        match brought.and_then(|content| self.read(content)) {
            Ok(()) => self.ended(self.reader.is_at_view(), OTHERWISE),
            Err(failure) => self.failed(&failure),
        }
    }

    /// Up to its end.
    fn read(&mut self, content: Option<Content>) -> Result<(), Failure> {
        // Where it is as it was, its end is what it was.
        let Some(content) = content else { return Ok(()) };
        // The last line is the commit: where it only renews the view, nothing else has changed.
        if !self.wants_whole(Instant::now()) && self.line(content.last_line()) == Read::Renewed {
            return Ok(());
        }
        let bytes = content.whole()?;
        self.begin();
        for line in bytes
            .strip_suffix(b"\n")
            .unwrap_or(&bytes)
            .split(|byte| *byte == b'\n')
        {
            self.line(line);
        }
        Ok(())
    }
}
