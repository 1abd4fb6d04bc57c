//! A function between its invocations: before each answer it looks for newer policy within a budget, and what is not finished goes on before
//! the next one.
//!
//! An exchange under way is a future that is polled inside invocations alone, as it would be on Lambda, which freezes the process between them.

use super::carrier::{Carrier, Coming};
use super::fault::{Failure, FollowFault};
use super::http::Server;
use super::pace::{Moment, Pace, Pause};
use super::reading::{Applied, Looked, Reading};
use super::report::{self, Due, Identity, Standing};
use super::{BUDGET, PATIENCE, PATIENCE_EVERY_MS, SILENCE_MS_MAX, SYNC_MS_MAX, tls};
use crate::answer::Answer;
use crate::authorizer::Authorizer;
use crate::floor::Beginning;
use crate::refused::Refused;
use crate::settings::{Bundle, Following, Secret, Settings, Token};
use feed::{Bounds, Changes, State};
use rustls::ClientConfig;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A function that answers, and follows a feed where it is told to.
pub struct Function {
    shared: Arc<Mutex<Shared>>,
    origin: Instant,
    /// What a sync begins with; another one where the former is under way.
    carrier: Option<Carrier>,
    sync: Option<Run<Carrier>>,
    portal: Option<Server>,
    identity: Identity,
    due: Due,
    report: Option<Run<Server>>,
    patience: Option<Pause>,
}

/// An exchange under way.
struct Run<T> {
    future: Pin<Box<dyn Future<Output = T> + Send>>,
    begun: Moment,
    /// A budget passed without a byte.
    is_stalled: bool,
}

/// What an exchange changes.
struct Shared {
    authorizer: Authorizer,
    following: Option<(Following, Reading)>,
    pace: Pace,
    /// Of a floor that nobody follows: epoch, revision and when it was made.
    floor: (u64, u64, u64),
    /// When something came last, and how often something did.
    progress: (Moment, u64),
    say: Box<dyn Fn(&str) + Send>,
    told_failure: Option<String>,
    told_state: State,
}

impl Function {
    /// Of an authorizer that was started with this floor. `name` is what the portal calls it, `config` the digest of its settings; `say` is told
    /// of what operators want to know.
    ///
    /// # Errors
    /// Where a file that the settings name is not good, or the floor is not signed.
    pub fn start(
        settings: &Settings,
        beginning: Beginning,
        authorizer: Authorizer,
        (name, config): (&str, &str),
        say: Box<dyn Fn(&str) + Send>,
    ) -> Result<Function, FollowFault> {
        let origin = Instant::now();
        let tls = match is_over_tls(settings) {
            true => Some(tls::client_config(settings.ca_file.as_deref())?),
            false => None,
        };
        let carrier = match &settings.following {
            Some(following) => Some(carrier(following, tls.as_ref(), origin)?),
            None => None,
        };
        let portal = match &settings.portal {
            Some(portal) => {
                let token = secret("SWITCHBOARD_PORTAL_TOKEN_FILE", Some(&portal.token))?;
                Some(Server::new(
                    portal.url.clone(),
                    token.as_ref(),
                    tls.as_ref(),
                    origin,
                )?)
            }
            None => None,
        };
        let following = match &settings.following {
            Some(following) => {
                let reader = beginning.reader.ok_or(FollowFault::Unsigned)?;
                Some((following.clone(), Reading::new(reader)))
            }
            None => None,
        };
        let sync_after_ms = following
            .as_ref()
            .map_or(0, |(following, _)| following.sync_after_ms);
        let shared = Shared {
            authorizer,
            following,
            pace: Pace::new(sync_after_ms),
            floor: (beginning.epoch, beginning.revision, beginning.at),
            progress: (Moment::now(origin), 0),
            say,
            told_failure: None,
            told_state: State::Floor,
        };
        Ok(Function {
            identity: Identity::new(name, &beginning.feed, config)?,
            shared: Arc::new(Mutex::new(shared)),
            origin,
            carrier,
            sync: None,
            portal,
            due: Due::default(),
            report: None,
            patience: None,
        })
    }

    /// The answer to an event, by the newest policy that could be had within the budget. `tell` as [`Authorizer::answer`] has it.
    pub async fn answer(&mut self, event: &[u8], tell: impl FnOnce(&Refused<'_>)) -> Answer {
        self.look().await;
        let now = Moment::now(self.origin);
        let mut shared = locked(&self.shared);
        shared.stand(now);
        shared.authorizer.answer(event, now.unix_s(), tell)
    }

    /// Goes on with what is under way, or begins what is due.
    async fn look(&mut self) {
        let now = Moment::now(self.origin);
        self.give_up(now);
        self.begin(now);
        let budget = self.budget(now);
        let may_look = locked(&self.shared).pace.may_look(now);
        let sync = self.sync.as_mut().filter(|_| may_look);
        let is_under_way = sync.is_some();
        let before = locked(&self.shared).progress.1;
        let (synced, told) = tokio::join!(within(budget, sync), within(BUDGET, self.report.as_mut()));
        if let Some(carrier) = synced {
            (self.carrier, self.sync) = (Some(carrier), None);
        } else if let Some(run) = self.sync.as_mut().filter(|_| is_under_way) {
            let mut shared = locked(&self.shared);
            // What trickles goes on at once, what is silent after a while.
            run.is_stalled = shared.progress.1 == before;
            if run.is_stalled {
                shared.failed(&Failure::Silent, Moment::now(self.origin));
            }
        }
        if let Some(portal) = told {
            (self.portal, self.report) = (Some(portal), None);
        }
    }

    /// What has been silent, or under way, for too long: a connection may have died while the process was frozen.
    fn give_up(&mut self, now: Moment) {
        let last = locked(&self.shared).progress.0;
        let is_over = |begun: Moment, last: Moment| {
            now.since(last).min(now.since(begun)) > SILENCE_MS_MAX || now.since(begun) > SYNC_MS_MAX
        };
        // A connection that was there before and says nothing is most likely dead.
        let is_dead = self.carrier.as_ref().is_some_and(Carrier::is_reusing);
        let is_due = locked(&self.shared).pace.may_look(now);
        let gives_up = |run: &Run<Carrier>| run.is_stalled && is_dead && is_due || is_over(run.begun, last);
        if self.sync.as_ref().is_some_and(gives_up) {
            self.sync = None;
        }
        if self
            .report
            .as_ref()
            .is_some_and(|run| is_over(run.begun, run.begun))
        {
            self.report = None;
        }
    }

    fn begin(&mut self, now: Moment) {
        if self.sync.is_none()
            && locked(&self.shared).pace.may_look(now)
            && let Some(carrier) = &self.carrier
        {
            // The former may be lost with a run that is given up.
            let spare = carrier.anew();
            let carrier = self.carrier.replace(spare);
            if let Some(carrier) = carrier {
                let shared = Arc::clone(&self.shared);
                self.sync = Some(Run {
                    future: Box::pin(sync(carrier, shared, self.origin)),
                    begun: now,
                    is_stalled: false,
                });
            }
        }
        if self.report.is_none()
            && self.portal.is_some()
            && self.due.take(now)
            && let Some(portal) = &self.portal
        {
            let spare = portal.anew();
            let (report, applied) = locked(&self.shared).report(&self.identity, now);
            if let Some(portal) = self.portal.replace(spare) {
                let shared = Arc::clone(&self.shared);
                self.report = Some(Run {
                    future: Box::pin(tell(portal, report, applied, shared)),
                    begun: now,
                    is_stalled: false,
                });
            }
        }
    }

    /// A second where the policy is too old, but not before every answer.
    fn budget(&mut self, now: Moment) -> Duration {
        let is_rested = self.patience.is_none_or(|pause| pause.is_over(now));
        let shared = locked(&self.shared);
        if !is_rested || self.sync.is_none() || !shared.pace.may_look(now) || !shared.is_old(now) {
            return BUDGET;
        }
        self.patience = Some(Pause::new(now, PATIENCE_EVERY_MS));
        PATIENCE
    }
}

fn is_over_tls(settings: &Settings) -> bool {
    let bundle = settings.following.as_ref().map(|following| &following.bundle);
    let portal = settings.portal.as_ref();
    matches!(bundle, Some(Bundle::Url(url)) if url.is_https)
        || portal.is_some_and(|portal| portal.url.is_https)
}

fn carrier(
    following: &Following,
    tls: Option<&Arc<ClientConfig>>,
    origin: Instant,
) -> Result<Carrier, FollowFault> {
    Ok(match &following.bundle {
        Bundle::File(path) => Carrier::File(path.clone()),
        Bundle::Url(url) => {
            let token = secret("SWITCHBOARD_BUNDLE_TOKEN_FILE", following.token.as_ref())?;
            Carrier::Http(Server::new(url.clone(), token.as_ref(), tls, origin)?)
        }
    })
}

async fn within<T>(limit: Duration, run: Option<&mut Run<T>>) -> Option<T> {
    tokio::time::timeout(limit, &mut run?.future).await.ok()
}

/// One look, and all that follows of it.
async fn sync(mut carrier: Carrier, shared: Arc<Mutex<Shared>>, origin: Instant) -> Carrier {
    let begun = Moment::now(origin);
    match attempt(&mut carrier, &shared, origin).await {
        Ok(()) => locked(&shared).answered(begun),
        Err(failure) => locked(&shared).failed(&failure, Moment::now(origin)),
    }
    carrier
}

async fn attempt(carrier: &mut Carrier, shared: &Mutex<Shared>, origin: Instant) -> Result<(), Failure> {
    let commit = carrier.commit().await?;
    let Some(rest) = locked(shared).commit(&commit, Moment::now(origin)) else {
        return Ok(());
    };
    let mut coming = carrier.bundle(rest).await?;
    locked(shared).begin(&coming, Moment::now(origin));
    while let Some(piece) = coming.next().await? {
        locked(shared).take(&piece, Moment::now(origin));
        // So that the budget is looked at even where everything is there already.
        tokio::task::yield_now().await;
    }
    carrier.end(coming);
    locked(shared).end(Moment::now(origin));
    Ok(())
}

async fn tell(
    mut portal: Server,
    report: String,
    applied: Vec<Applied>,
    shared: Arc<Mutex<Shared>>,
) -> Server {
    let told = report::send(&mut portal, report).await;
    let mut shared = locked(&shared);
    match told {
        Ok(()) => {
            if let Some((_, reading)) = &mut shared.following {
                reading.told(&applied);
            }
        }
        Err(failure) => (shared.say)(&format!(
            "SWITCHBOARD_PORTAL: {failure}; the portal is told later"
        )),
    }
    portal
}

fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn secret(variable: &'static str, token: Option<&Token>) -> Result<Option<Secret>, FollowFault> {
    match token {
        None => Ok(None),
        Some(Token::Given(secret)) => Ok(Some(secret.clone())),
        Some(Token::File(path)) => read_secret(variable, path).map(Some),
    }
}

fn read_secret(variable: &'static str, path: &Path) -> Result<Secret, FollowFault> {
    let fault = |fault: String| FollowFault::TokenFile {
        variable,
        path: path.display().to_string(),
        fault,
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| fault(format!("cannot be read ({})", error.kind())))?;
    Secret::parse(text.trim_ascii_end()).ok_or_else(|| fault("holds no token".to_owned()))
}

impl Shared {
    fn came(&mut self, now: Moment) {
        self.progress = (now, self.progress.1 + 1);
    }

    /// The commit was looked at; what is wanted of the bundle, where it is another one: from which byte on.
    fn commit(&mut self, commit: &[u8], now: Moment) -> Option<Option<(u64, String)>> {
        self.came(now);
        let (_, reading) = self.following.as_mut()?;
        let (looked, changes) = reading.commit(commit, now.wall);
        self.show(changes);
        let (_, reading) = self.following.as_mut()?;
        if looked == Looked::View {
            self.pace.whole();
            return None;
        }
        let rest = reading.rest().map(|(from, tag)| (from, tag.to_owned()));
        self.pace.may_fetch(now).then_some(rest)
    }

    fn begin(&mut self, coming: &Coming, now: Moment) {
        self.came(now);
        if let Some((_, reading)) = &mut self.following
            && !coming.is_rest
        {
            reading.begin(coming.tag.as_deref());
        }
    }

    fn take(&mut self, piece: &[u8], now: Moment) {
        self.came(now);
        let shown = match &mut self.following {
            Some((_, reading)) => reading.take(piece, now.wall),
            None => Vec::new(),
        };
        for changes in shown {
            self.show(Some(changes));
        }
    }

    fn end(&mut self, now: Moment) {
        self.came(now);
        let Some((_, reading)) = &mut self.following else {
            return;
        };
        let (is_view, changes) = reading.end(now.wall);
        self.show(changes);
        if is_view {
            self.pace.whole();
            return;
        }
        self.pace.mismatched(now, fastrand::f64());
        self.tell_failure(Some(
            "the bundle's end is not what is shown: it is older, cut off, or not this feed's".to_owned(),
        ));
    }

    fn answered(&mut self, begun: Moment) {
        self.pace.answered(begun);
        let is_view = |(_, reading): &(Following, Reading)| reading.reader().is_at_view();
        if self.following.as_ref().is_some_and(is_view) {
            self.tell_failure(None);
        }
    }

    fn failed(&mut self, failure: &Failure, now: Moment) {
        self.pace.failed(now, fastrand::f64());
        if let Some((_, reading)) = &mut self.following {
            reading.failed();
        }
        self.tell_failure(Some(failure.to_string()));
    }

    /// In force from here on.
    fn show(&mut self, changes: Option<Changes>) {
        let (Some(changes), Some((_, reading))) = (changes, &self.following) else {
            return;
        };
        let (epoch, revision) = (reading.view().epoch, reading.view().revision);
        let (policy, _) = feed::apply(self.authorizer.policy(), &changes);
        let fits = self.authorizer.follow(policy, revision);
        (self.say)(&format!("revision {revision} of epoch {epoch} is in force"));
        if let Err(error) = fits {
            (self.say)(&format!(
                "every request is refused with policy_unsupported: {error}"
            ));
        }
    }

    /// Whether it is older than it may get, whoever said it.
    fn is_old(&self, now: Moment) -> bool {
        self.following.as_ref().is_some_and(|(following, reading)| {
            reading.view().age_s(now.unix_s()) > following.staleness_s_max
        })
    }

    /// What is said of the policy with the next answer.
    fn stand(&mut self, now: Moment) {
        let Some((following, reading)) = &self.following else {
            return;
        };
        let bounds = Bounds {
            staleness_s_max: following.staleness_s_max,
        };
        let state = reading.reader().state(reading.is_at_end(), bounds, now.unix_s());
        let age_s = reading.view().age_s(now.unix_s());
        let is_denied = following.deny_floor_s_max.is_some_and(|floor_s_max| {
            // What a feed said ages by one bound, what a floor alone said by the other.
            let bound = match reading.reader().is_heard() {
                true => following.staleness_s_max,
                false => floor_s_max,
            };
            age_s > bound
        });
        self.authorizer.stand(state, is_denied);
        if std::mem::replace(&mut self.told_state, state) != state {
            (self.say)(&format!("the policy is {}, {age_s} s old", state.word()));
        }
    }

    fn tell_failure(&mut self, failure: Option<String>) {
        if self.told_failure == failure {
            return;
        }
        if let Some(failure) = &failure {
            (self.say)(&format!(
                "SWITCHBOARD_BUNDLE: {failure}; the policy stays as it is"
            ));
        }
        self.told_failure = failure;
    }

    fn report(&self, identity: &Identity, now: Moment) -> (String, Vec<Applied>) {
        let (standing, applied) = match &self.following {
            Some((following, reading)) => {
                let bounds = Bounds {
                    staleness_s_max: following.staleness_s_max,
                };
                let (reader, view) = (reading.reader(), reading.view());
                let standing = Standing {
                    state: reader.state(reading.is_at_end(), bounds, now.unix_s()).word(),
                    source: if reader.is_heard() { "feed" } else { "floor" },
                    epoch: view.epoch,
                    revision: view.revision,
                    age_s: view.age_s(now.unix_s()),
                };
                (standing, reading.applied())
            }
            None => {
                let (epoch, revision, at) = self.floor;
                let standing = Standing {
                    state: State::Floor.word(),
                    source: "floor",
                    epoch,
                    revision,
                    age_s: now.unix_s().saturating_sub(at),
                };
                (standing, Vec::new())
            }
        };
        (identity.report(standing, &applied, now), applied)
    }
}
