//! One feed's way to Kafka: a thread that asks what is to be done and does it, and a look at the topic beside it.

use super::source::Database;
use crate::app::fleet::Pending;
use crate::keys::{KeyFiles, pinned};
use crate::publish::{Hub, Publishing};
use crate::store::feeds;
use crate::text::{now, now_ms};
use feed::kafka::{PublisherLog, Settings};
use feed::publish::{Checking, Doing, Publisher, Status, turn};
use std::collections::HashMap;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often it is looked whether there is a new environment.
const LOOK: Duration = Duration::from_secs(2);
/// How long it rests where not even the database answers.
const REST_MS: u64 = 1_000;

/// Publishes every feed, until `stop` says so.
pub(crate) async fn carry(
    work: Publishing,
    fleet: Pending,
    settings: Settings,
    mut stop: watch::Receiver<bool>,
) {
    let mut legs: HashMap<String, JoinHandle<()>> = HashMap::new();
    while !*stop.borrow() {
        let found = async {
            let mut connection = work.store.connection().await?;
            feeds::all(&mut connection).await
        };
        for feed in found.await.unwrap_or_default() {
            let name = feed.environment;
            if legs.get(&name).is_some_and(|leg| !leg.is_finished()) {
                continue;
            }
            let leg = Leg::new(&work, &fleet, &settings, &name, stop.clone());
            legs.insert(name, tokio::task::spawn_blocking(move || leg.run()));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
    for (_, leg) in legs {
        // One that panicked has said so.
        let _ = leg.await;
    }
}

struct Leg {
    environment: String,
    source: Database,
    log: PublisherLog,
    hub: Hub,
    keys: KeyFiles,
    fleet: Pending,
    runtime: Handle,
    stop: watch::Receiver<bool>,
    checking: Checking,
}

/// The publisher, and by whose keys.
struct Signing {
    publisher: Publisher,
    roots: String,
    keyring: String,
}

impl Leg {
    fn new(
        work: &Publishing,
        fleet: &Pending,
        settings: &Settings,
        environment: &str,
        stop: watch::Receiver<bool>,
    ) -> Leg {
        let runtime = Handle::current();
        Leg {
            environment: environment.to_owned(),
            source: Database::new(work.store.clone(), work.hub.clone(), environment, runtime.clone()),
            log: PublisherLog::new(settings, environment),
            hub: work.hub.clone(),
            keys: work.keys.clone(),
            fleet: fleet.clone(),
            runtime,
            stop,
            checking: Checking::default(),
        }
    }

    fn run(mut self) {
        let mut signing: Option<Signing> = None;
        let mut published = self.hub.feed_or_new(&self.environment).standing.subscribe();
        tracing::info!(feed = %self.environment, topic = self.log.topic(), "publishing to Kafka");
        while !*self.stop.borrow() {
            let pause_ms = match self.signing(&mut signing) {
                Ok(publisher) => self.step(publisher),
                Err(why) => {
                    self.tell(Some(&why));
                    REST_MS
                }
            };
            let pause = Duration::from_millis(pause_ms);
            let stop = &mut self.stop;
            let is_changed = self.runtime.block_on(async {
                tokio::select! {
                    changed = published.changed() => changed.is_ok(),
                    () = tokio::time::sleep(pause) => false,
                    _ = stop.changed() => false,
                }
            });
            if let (true, Some(signing)) = (is_changed, &mut signing) {
                signing.publisher.changed();
            }
        }
    }

    /// All that is to be done now; for how many milliseconds it rests.
    fn step(&mut self, publisher: &mut Publisher) -> u64 {
        for alarm in self.fleet.alarms() {
            if alarm.environment == self.environment {
                publisher.fleet(alarm.epoch.unsigned_abs(), alarm.revision.unsigned_abs());
            }
        }
        let pause_ms = turn(
            publisher,
            &mut self.source,
            &mut self.log,
            PublisherLog::checker,
            &mut self.checking,
            unix_ms,
        );
        self.tell(trouble(publisher.status(), self.hub.leads()).as_deref());
        pause_ms
    }

    /// The publisher, with the keys that the database's keyring names now.
    fn signing<'s>(&self, signing: &'s mut Option<Signing>) -> Result<&'s mut Publisher, String> {
        let feed = self.source.feed().map_err(|error| error.to_string())?;
        let keyring = feed.keyring.unwrap_or_default();
        let fits = |signing: &Signing| signing.roots == feed.roots && signing.keyring == keyring;
        if !signing.as_ref().is_some_and(fits) {
            let at = now().unsigned_abs();
            let key = self.keys.online(&self.environment, &keyring, at);
            let key = key.map_err(|error| crate::causes(&error))?;
            match signing {
                Some(signing) if signing.roots == feed.roots => {
                    signing.keyring = keyring;
                    signing.publisher.set_keys(vec![key]);
                }
                _ => {
                    let roots = pinned(&feed.roots).ok_or("the database holds no roots")?;
                    *signing = Some(Signing {
                        publisher: Publisher::new(roots, vec![key]),
                        roots: feed.roots,
                        keyring,
                    });
                }
            }
        }
        let signing = signing.as_mut().ok_or("nobody signs")?;
        Ok(&mut signing.publisher)
    }

    fn tell(&self, why: Option<&str>) {
        let name = format!("{} in Kafka", self.environment);
        if self.hub.set_trouble(&name, why) {
            match why {
                Some(why) => {
                    tracing::error!(feed = %self.environment, why, "the feed is not published to Kafka");
                }
                None => tracing::info!(feed = %self.environment, "the feed is published to Kafka again"),
            }
        }
    }
}

/// What somebody has to know of it.
fn trouble(status: &Status, leads: bool) -> Option<String> {
    if !leads {
        return None;
    }
    if let Doing::Refused(refusal) = &status.doing {
        return Some(format!("{}: {refusal}", status.word()));
    }
    if !status.is_visible {
        return Some(
            "not visible: readers do not see the last commit; a stranger's open transaction may hide it: run `switchboard feed doctor`"
                .to_owned(),
        );
    }
    status.error.clone()
}

fn unix_ms() -> u64 {
    now_ms().unsigned_abs()
}
