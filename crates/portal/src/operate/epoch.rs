//! A new epoch: everything is published anew, above all that anybody holds. What was taken from clients after the backup that the database
//! was restored from is found in what readers have, and taken away again first.

use super::{Done, OperateError, Operator, record};
use crate::app::taken::{self, Taken};
use crate::keys;
use crate::store::{feeds, fleet, revisions};
use crate::text::now;
use feed::publish::next_number;
use feed::{Contents, FeedDigest, Roots, read_contents};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Lines of what was done that a person is shown; the audit log has all.
const SAID_MAX: usize = 50;

/// Who reported within this time was heard: a gateway reports every few seconds.
const HEARD_MS: i64 = 120_000;

/// What is known of the time after the backup.
#[derive(Debug, Default)]
pub struct Past {
    /// Where the feed is published to; its topic is read.
    pub kafka: Option<feed::kafka::Settings>,
    /// Last known goods of gateways, bundles or floors.
    pub known: Vec<PathBuf>,
    /// `KIND/ID` of entities that are left as the database has them.
    pub except: BTreeSet<String>,
    /// Goes on although something newer is known to be somewhere, a topic was not read, or nobody was heard.
    pub accepts_loss: bool,
    /// Only tells what would be taken away again.
    pub dry_run: bool,
}

/// A state that readers have.
#[derive(Debug)]
struct Known {
    /// Epoch and revision.
    place: (u64, u64),
    digest: FeedDigest,
    contents: Contents,
}

/// What anybody holds: epochs and versions of keyrings, and the states that could be read.
#[derive(Debug, Default)]
pub(super) struct Held {
    epochs: Vec<u64>,
    versions: Vec<u64>,
    known: Vec<Known>,
}

impl Held {
    fn add(&mut self, known: Known, version: Option<u64>) {
        self.epochs.push(known.place.0);
        self.versions.extend(version);
        self.known.push(known);
    }

    fn add_file(&mut self, file: &Path, roots: &Roots) -> Result<(), OperateError> {
        let read = read_contents(file, roots, now().unsigned_abs());
        let (reader, contents) = read.map_err(|source| OperateError::Known {
            path: file.to_owned(),
            source,
        })?;
        let Some(view) = reader.view() else {
            return Err(OperateError::KnownDoesNotHold {
                path: file.to_owned(),
                feed: roots.feed().to_owned(),
            });
        };
        let known = Known {
            place: (view.epoch, view.revision),
            digest: view.digest,
            contents,
        };
        self.add(known, reader.keyring_version());
        Ok(())
    }

    /// The epoch and the keyring's version that come next.
    pub(super) fn next(&self, epochs: [u64; 2], version: u64) -> (u64, u64) {
        let now = now().unsigned_abs();
        (
            next_number(now, self.epochs.iter().copied().chain(epochs)),
            next_number(now, self.versions.iter().copied().chain([version])),
        )
    }
}

impl Operator {
    /// Publishes everything anew in a new epoch: for a database that was restored, and a feed that was forked.
    ///
    /// # Errors
    /// Where there is no root key, or a file or the database fails; where readers have more than the database and than what is known of
    /// the past, or the topic cannot be read, unless that loss is accepted. What was taken away again by then stays taken.
    pub async fn new_epoch(
        &self,
        environment: &str,
        root_key: Option<&Path>,
        past: Past,
    ) -> Result<Done, OperateError> {
        // Before anything is changed.
        self.root(environment, root_key)?;
        let mut connection = self.store.connection().await?;
        let feed = feeds::get(&mut connection, environment).await?;
        let feed = feed.ok_or_else(|| OperateError::NoEnvironment(environment.to_owned()))?;
        let furthest = fleet::furthest(&mut connection, environment).await?;
        let heard_at_ms = fleet::heard_at_ms(&mut connection, environment).await?;
        drop(connection);
        let roots =
            keys::pinned(&feed.roots).ok_or(crate::store::StoreError::Broken("roots that are none"))?;
        let mut held = self.held(roots, &past).await?;
        let own = (feed.epoch.unsigned_abs(), feed.revision.unsigned_abs());
        let known = std::mem::take(&mut held.known);
        let reach = known.iter().map(|known| known.place).fold(own, Ord::max);
        if !past.accepts_loss {
            if let Some((name, epoch, revision)) = furthest
                && (epoch.unsigned_abs(), revision.unsigned_abs()) > reach
            {
                return Err(OperateError::ReadersHaveMore {
                    environment: environment.to_owned(),
                    name,
                    place: format!("{epoch}:{revision}"),
                    reach: format!("{}:{}", reach.0, reach.1),
                });
            }
            // What a restored database holds of reports is of before its backup.
            if known.is_empty() && heard_at_ms < crate::text::now_ms() - HEARD_MS {
                return Err(OperateError::NobodyHeard(environment.to_owned()));
            }
        }
        let taken = match self.newest_beside(&feed, known).await? {
            Some(known) => {
                let (app, except) = (self.app(), &past.except);
                taken::take_again(&app, environment, &known.contents, except, past.dry_run).await?
            }
            None => Taken::default(),
        };
        if past.dry_run {
            return Ok(Done {
                said: format!(
                    "{}{environment}: nothing was changed",
                    said(&taken, "to be taken away again")
                ),
            });
        }
        // No former key goes along: a backup may have one that was stolen since, and commits of former epochs count for nobody by then.
        let (id, epoch) = self.sign(environment, root_key, Some(&held), |_| None).await?;
        Ok(Done {
            said: format!(
                "{}{environment}: epoch {epoch} begins, key {id} signs in it; everything is published anew",
                said(&taken, "taken away after the backup, and now again")
            ),
        })
    }

    /// The newest state that the database does not come from: a later one than its own, or another of the same number.
    async fn newest_beside(
        &self,
        feed: &feeds::Feed,
        known: Vec<Known>,
    ) -> Result<Option<Known>, OperateError> {
        let mut connection = self.store.connection().await?;
        let mut newest: Option<Known> = None;
        for one in known {
            let own_epoch = feed.epoch.unsigned_abs();
            let is_former = match one.place {
                (epoch, revision) if epoch == own_epoch => {
                    let number = i64::try_from(revision).unwrap_or(i64::MAX);
                    let own = revisions::get(&mut connection, &feed.environment, number).await?;
                    own.and_then(|own| own.digest) == Some(one.digest.to_string())
                }
                (epoch, _) => epoch < own_epoch,
            };
            if !is_former && newest.as_ref().is_none_or(|newest| newest.place < one.place) {
                newest = Some(one);
            }
        }
        Ok(newest)
    }

    /// Kafka lost the topic, and the database is sound: everything is sent there again, in the same epoch.
    ///
    /// # Errors
    /// Where there is no such environment, or the database fails.
    pub async fn republish(&self, environment: &str) -> Result<Done, OperateError> {
        let mut tx = self.store.begin().await?;
        if feeds::get(&mut tx, environment).await?.is_none() {
            return Err(OperateError::NoEnvironment(environment.to_owned()));
        }
        feeds::ask_republish(&mut tx, environment).await?;
        record(&mut tx, environment, "feed.republish", None).await?;
        tx.commit().await?;
        Ok(Done {
            said: format!("{environment}: the topic in Kafka gets everything again, in the same epoch"),
        })
    }

    async fn held(&self, roots: Roots, past: &Past) -> Result<Held, OperateError> {
        let mut held = Held::default();
        for file in &past.known {
            held.add_file(file, &roots)?;
        }
        #[cfg(feature = "kafka")]
        match &past.kafka {
            Some(settings) => topic(&mut held, roots, settings, past.accepts_loss).await?,
            None if !past.accepts_loss => {
                let mut connection = self.store.connection().await?;
                if crate::store::kafka::get(&mut connection, roots.feed())
                    .await?
                    .is_some()
                {
                    return Err(OperateError::TopicNotGiven(roots.feed().to_owned()));
                }
            }
            None => {}
        }
        Ok(held)
    }

    /// The root key, and where it lies.
    pub(super) fn root(
        &self,
        environment: &str,
        root_key: Option<&Path>,
    ) -> Result<feed::SigningKey, OperateError> {
        let path = root_key
            .map(Path::to_owned)
            .or_else(|| self.keys.newest_root(environment));
        let path = path.ok_or_else(|| OperateError::NoRootKey(environment.to_owned()))?;
        Ok(keys::read(&path, environment, keys::Use::Root)?)
    }
}

/// Adds what the topic holds.
#[cfg(feature = "kafka")]
async fn topic(
    held: &mut Held,
    roots: Roots,
    settings: &feed::kafka::Settings,
    accepts_loss: bool,
) -> Result<(), OperateError> {
    use feed::publish::{Log as _, Topic};
    let mut log = feed::kafka::PublisherLog::new(settings, roots.feed());
    let name = log.topic().to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut topic = Topic::with_contents(roots);
        log.read(&mut topic).map(|()| topic)
    });
    let failed = |why: String| OperateError::Topic {
        topic: name.clone(),
        why,
    };
    let topic = match read.await.map_err(|error| failed(error.to_string()))? {
        Ok(topic) => topic,
        Err(_) if accepts_loss => return Ok(()),
        Err(fault) => return Err(failed(fault.to_string())),
    };
    held.epochs.extend(topic.keyring_epoch());
    let version = topic.keyring_version();
    held.versions.extend(version);
    match topic.highest() {
        Some((mark, _)) if topic.holds() => {
            let known = Known {
                place: (mark.epoch, mark.revision),
                digest: mark.digest,
                contents: topic.into_contents(),
            };
            held.add(known, version);
        }
        Some((mark, _)) => {
            held.epochs.push(mark.epoch);
            if !accepts_loss {
                let why = "its records are not those of its last commit; compaction or a stranger took some";
                return Err(failed(why.to_owned()));
            }
        }
        None => {}
    }
    Ok(())
}

/// For a person: what was taken away again, what could not be, and what to look at.
fn said(taken: &Taken, again: &str) -> String {
    let part = |title: &str, lines: &[String]| {
        let mut text = String::new();
        if !lines.is_empty() {
            text += &format!("{title} ({}):\n", lines.len());
        }
        for line in lines.iter().take(SAID_MAX) {
            text += &format!("  {line}\n");
        }
        if lines.len() > SAID_MAX {
            text += &format!("  and {} more, in the audit log\n", lines.len() - SAID_MAX);
        }
        text
    };
    part(again, &taken.again)
        + &part(
            "not put back, since what they name is not in the database",
            &taken.left,
        )
        + &part("left as the database has it: look at these", &taken.otherwise)
}
