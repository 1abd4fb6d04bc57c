//! A function between its invocations: before each answer it looks for newer policy within a budget, and what is not finished goes on before
//! the next one.
//!
//! An exchange under way is a future that is polled inside invocations alone, as it would be on Lambda, which freezes the process between them.

use super::carrier::Carrier;
use super::fault::{Failure, FollowFault};
use super::http::Server;
#[cfg(feature = "kafka")]
use super::log::Log;
use super::pace::{Moment, Pace, Pause};
use super::reading::Reading;
use super::report::{self, Due, Identity, Told};
use super::shared::{Shared, locked};
use super::uses::Uses;
use super::{BUDGET, PATIENCE, PATIENCE_EVERY_MS, SILENCE_MS_MAX, SYNC_MS_MAX, tls};
use crate::answer::Answer;
use crate::authorizer::Authorizer;
use crate::floor::Beginning;
use crate::refused::Refused;
use crate::settings::{Bundle, Following, Secret, Settings, Token};
use feed::State;
use rustls::ClientConfig;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
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
    /// In place of a carrier: what runs by itself.
    #[cfg(feature = "kafka")]
    log: Option<Log>,
}

/// An exchange under way.
struct Run<T> {
    future: Pin<Box<dyn Future<Output = T> + Send>>,
    begun: Moment,
    /// A budget passed without a byte.
    is_stalled: bool,
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
            Some(following) => carrier(following, tls.as_ref(), origin)?,
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
                let reader = beginning
                    .reader
                    .ok_or(FollowFault::Unsigned(following.bundle.variable()))?;
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
            uses: Uses::default(),
            floor: (beginning.epoch, beginning.revision, beginning.at),
            progress: (Moment::now(origin), 0),
            say,
            told_failure: None,
            told_state: State::Floor,
        };
        let shared = Arc::new(Mutex::new(shared));
        Ok(Function {
            identity: Identity::new(name, &beginning.feed, config)?,
            #[cfg(feature = "kafka")]
            log: Log::start(settings, &beginning.feed, &shared, origin)?,
            shared,
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
        #[cfg(feature = "kafka")]
        self.wait_for_log().await;
        let now = Moment::now(self.origin);
        let answer = {
            let mut shared = locked(&self.shared);
            shared.stand(now);
            let Shared { authorizer, uses, .. } = &mut *shared;
            let used = |credential: &[u8]| uses.note(credential, now.unix_s());
            authorizer.answer_noting(event, now.unix_s(), tell, used)
        };
        self.report(now).await;
        answer
    }

    /// Begins to tell the portal where that is due; what is not finished within the budget goes on before the next answer.
    async fn report(&mut self, now: Moment) {
        if self.report.is_some() || !self.due.take(now) {
            return;
        }
        let Some(portal) = &self.portal else { return };
        let spare = portal.anew();
        let (report, told) = locked(&self.shared).report(&self.identity, now);
        if let Some(portal) = self.portal.replace(spare) {
            let shared = Arc::clone(&self.shared);
            self.report = Some(Run {
                future: Box::pin(tell(portal, report, told, shared)),
                begun: now,
                is_stalled: false,
            });
        }
        if let Some(portal) = within(BUDGET, self.report.as_mut()).await {
            (self.portal, self.report) = (Some(portal), None);
        }
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
    }

    /// Up to a second for a log, which reads by itself, where the policy is too old: after a thaw.
    #[cfg(feature = "kafka")]
    async fn wait_for_log(&mut self) {
        let now = Moment::now(self.origin);
        let is_rested = self.patience.is_none_or(|pause| pause.is_over(now));
        let Some(log) = self.log.as_ref().filter(|_| is_rested) else {
            return;
        };
        if !locked(&self.shared).is_old(now) {
            return;
        }
        self.patience = Some(Pause::new(now, PATIENCE_EVERY_MS));
        let renewed = async {
            while locked(&self.shared).is_old(Moment::now(self.origin)) {
                log.moved().await;
            }
        };
        // Too late, it decides by what it has.
        let _ = tokio::time::timeout(PATIENCE, renewed).await;
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
) -> Result<Option<Carrier>, FollowFault> {
    Ok(Some(match &following.bundle {
        Bundle::File(path) => Carrier::File(path.clone()),
        #[cfg(feature = "kafka")]
        Bundle::Topic(_) => return Ok(None),
        Bundle::Url(url) => {
            let token = secret("SWITCHBOARD_BUNDLE_TOKEN_FILE", following.token.as_ref())?;
            Carrier::Http(Server::new(url.clone(), token.as_ref(), tls, origin)?)
        }
    }))
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

async fn tell(mut portal: Server, report: String, said: Told, shared: Arc<Mutex<Shared>>) -> Server {
    let told = report::send(&mut portal, report).await;
    let mut shared = locked(&shared);
    match told {
        Ok(()) => shared.told(&said),
        Err(failure) => (shared.say)(&format!(
            "SWITCHBOARD_PORTAL: {failure}; the portal is told later"
        )),
    }
    portal
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
