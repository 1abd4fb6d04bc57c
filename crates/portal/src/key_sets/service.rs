//! Asks issuers for their keys while this portal publishes: of several portals, one asks.
//!
//! Nothing depends on that being exact. An attempt of a portal that slept and woke is held against what ended meanwhile, and dropped.

use super::fetch::BY_ITSELF_MAX;
use super::schedule::{Followed, Schedule, Standing};
use crate::app::key_sets::{Attempt, adopt, settle};
use crate::app::{App, Asked};
use crate::identity::Actor;
use crate::store::{StoreError, key_sets};
use crate::text::{chance, now};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

/// How often it is looked whether there is another issuer, or a turn has come.
const LOOK: Duration = Duration::from_millis(500);

/// Asks until `stop` says so, whenever this portal publishes.
pub(crate) async fn follow(app: App, mut stop: watch::Receiver<bool>) {
    let mut leading: Option<Leading> = None;
    let mut had_trouble = false;
    while !*stop.borrow() {
        if app.hub.leads() {
            let leading = leading.get_or_insert_with(|| Leading::new(&app));
            match leading.step(&app).await {
                Ok(()) => had_trouble = false,
                Err(error) if !had_trouble => {
                    had_trouble = true;
                    tracing::warn!(error = %crate::causes(&error), "issuers cannot be followed");
                }
                Err(_) => {}
            }
        } else {
            // Attempts under way end with it.
            leading = None;
        }
        tokio::select! {
            () = rest(leading.as_mut()) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Until there may be something to do.
async fn rest(leading: Option<&mut Leading>) {
    let ended = async {
        match leading {
            Some(leading) if !leading.attempts.is_empty() => leading.next_end().await,
            _ => std::future::pending().await,
        }
    };
    tokio::select! {
        () = tokio::time::sleep(LOOK) => {}
        () = ended => {}
    }
}

/// While this portal publishes.
struct Leading {
    is_adopted: bool,
    schedule: Schedule,
    attempts: JoinSet<()>,
    /// Whose each is.
    whose: HashMap<Id, Followed>,
}

impl Leading {
    fn new(app: &App) -> Leading {
        Leading {
            is_adopted: false,
            schedule: Schedule::new(app.key_sets.settings().refresh),
            attempts: JoinSet::new(),
            whose: HashMap::new(),
        }
    }

    async fn step(&mut self, app: &App) -> Result<(), StoreError> {
        if !self.is_adopted {
            adopt(app).await?;
            self.is_adopted = true;
        }
        let mut connection = app.store.connection().await?;
        let rows = key_sets::followed(&mut connection).await?;
        drop(connection);
        let all = rows.into_iter().map(|row| {
            let standing = Standing {
                attempts: row.attempts,
                failures: row.failures,
                ended_at: row.ended_at,
            };
            let followed = Followed {
                environment: row.environment,
                issuer: row.issuer,
                jwks_uri: row.jwks_uri,
            };
            (followed, standing)
        });
        self.schedule.follow(all.collect(), Instant::now(), now(), chance);
        let free = BY_ITSELF_MAX.saturating_sub(self.attempts.len());
        for (followed, attempts) in self.schedule.begin(Instant::now(), free) {
            let begun = self
                .attempts
                .spawn(attempt(app.clone(), followed.clone(), attempts));
            self.whose.insert(begun.id(), followed);
        }
        Ok(())
    }

    async fn next_end(&mut self) {
        let Some(ended) = self.attempts.join_next_with_id().await else {
            return;
        };
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "fetching a key set broke off");
                error.id()
            }
        };
        if let Some(followed) = self.whose.remove(&id) {
            self.schedule.end(&followed, Instant::now());
        }
    }
}

async fn attempt(app: App, followed: Followed, attempts: i64) {
    let attempt = Attempt {
        asked: Asked::plain(Actor::System, &followed.environment),
        issuer: followed.issuer.clone(),
        jwks_uri: followed.jwks_uri.clone(),
        attempts,
    };
    let fetched = app.key_sets.fetch(&attempt.jwks_uri).await;
    if let Err(refused) = settle(&app, &attempt, fetched).await {
        tracing::warn!(
            environment = followed.environment,
            issuer = followed.issuer,
            error = %crate::causes(&refused),
            "what was fetched of an issuer cannot be put in force"
        );
    }
}
