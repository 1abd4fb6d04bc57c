//! What is done to a portal's feeds with a root key at hand, on its data directory and database: rotate and revoke keys, begin a
//! new epoch. Works while portals run: they find what was written.

mod epoch;

pub use epoch::Past;

use crate::app::{App, Asked, Page, Refused, gateways, sealed};
use crate::first_start::{FirstStartError, make_environment};
use crate::identity::{Actor, Desk};
use crate::key_sets::{KeySetFetcher, KeySetSettings};
use crate::keys::{self, KeyFileError, KeyFiles, Use};
use crate::publish::Hub;
use crate::settings::Settings;
use crate::store::{Store, StoreError, audit, feeds, migrate};
use crate::text::now;
use feed::KeyLine;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperateError {
    /// The database.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A new environment.
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    /// As the API would refuse it.
    #[error("{0}")]
    Refused(String),
    /// The sealed account's secret.
    #[error("the secret cannot be written to {}, and nothing was changed; it has to be a new file", .path.display())]
    Secret {
        /// Where it was to be.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is none.
    #[error("there is no environment `{0}`")]
    NoEnvironment(String),
    /// Nobody may sign a keyring.
    #[error("no root key of `{0}` is here: give it with `--root-key FILE`")]
    NoRootKey(String),
    /// The root key is none that readers believe.
    #[error("the root key `{root}` is none of those that the floors of `{environment}` pin")]
    OtherRoot {
        /// The environment.
        environment: String,
        /// The key.
        root: String,
    },
    /// What a reader has cannot be read.
    #[error("{} cannot be read", .path.display())]
    Known {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no state of this feed.
    #[error("{} holds no commit that counts by the roots of `{feed}`: give a gateway's policy/last_known_good, a bundle or a signed floor of that feed", .path.display())]
    KnownDoesNotHold {
        /// The file.
        path: PathBuf,
        /// The feed.
        feed: String,
    },
    /// Somebody has more than is known of the past.
    #[error(
        "`{name}` has {place} of `{environment}`, and the newest that is known here is {reach}: what was taken from clients since would be given back. \
             Give `--known FILE` with its policy/last_known_good or a bundle as new as that, or say `--accept-loss`"
    )]
    ReadersHaveMore {
        /// The environment.
        environment: String,
        /// Who has more.
        name: String,
        /// What it has.
        place: String,
        /// What is known.
        reach: String,
    },
    /// Nobody knows what readers have.
    #[error(
        "no gateway of `{0}` has reported within two minutes, so nobody knows what they have that the database lacks. Start the portal and let them report, \
             give `--known FILE` with a gateway's policy/last_known_good, or say `--accept-loss`"
    )]
    NobodyHeard(String),
    /// The topic may have more than the database.
    #[error(
        "`{0}` is published to Kafka too, whose topic may have more than the database: give `--config portal.yaml`, so that it is read, or say `--accept-loss`"
    )]
    TopicNotGiven(String),
    /// The topic cannot be read.
    #[error(
        "the topic {topic} cannot be read: {why}. Mend it, or say `--accept-loss` to go on without what it has"
    )]
    Topic {
        /// Its name.
        topic: String,
        /// Why.
        why: String,
    },
    /// There is no such key.
    #[error("the keyring of `{environment}` has no key `{key}`; it has {}", .known.join(", "))]
    NoSuchKey {
        /// The environment.
        environment: String,
        /// The key.
        key: String,
        /// Those that there are.
        known: Vec<String>,
    },
}

impl From<Refused> for OperateError {
    fn from(refused: Refused) -> OperateError {
        match refused {
            Refused::Store(error) => OperateError::Store(error),
            Refused::Invalid(errors) => {
                let all: Vec<String> = errors
                    .into_iter()
                    .map(|error| format!("{}: {}", error.field, error.message))
                    .collect();
                OperateError::Refused(all.join("; "))
            }
            other => OperateError::Refused(other.to_string()),
        }
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// For a person.
    pub said: String,
}

/// A portal's data, opened for these commands.
#[derive(Debug)]
pub struct Operator {
    store: Store,
    keys: KeyFiles,
}

impl Operator {
    /// Opens the database of these settings.
    ///
    /// # Errors
    /// Where it cannot be opened or migrated.
    pub async fn open(settings: &Settings) -> Result<Operator, OperateError> {
        let store = Store::open(&settings.data, settings.database.as_deref()).await?;
        migrate(&store).await?;
        Ok(Operator {
            store,
            keys: KeyFiles::of(&settings.data),
        })
    }

    /// Makes an environment with its keys, where it is not there yet.
    ///
    /// # Errors
    /// Where a file or the database fails.
    pub async fn init(&self, environment: &str) -> Result<Done, OperateError> {
        let is_new = make_environment(&self.store, &self.keys, environment).await?;
        let said = match (is_new, self.keys.newest_root(environment)) {
            (true, Some(root)) => format!(
                "{environment}: keys were made. MOVE THE ROOT KEY OFF THIS MACHINE and keep it safe: {}",
                root.display()
            ),
            _ => format!("{environment}: there already; nothing was changed"),
        };
        Ok(Done { said })
    }

    /// A new key signs from now on; the ones before may for so many seconds more.
    ///
    /// # Errors
    /// Where there is no root key, or a file or the database fails.
    pub async fn rotate(
        &self,
        environment: &str,
        root_key: Option<&Path>,
        overlap_s: u64,
    ) -> Result<Done, OperateError> {
        let end = now().unsigned_abs() + overlap_s;
        let keep = |key: &KeyLine| {
            Some(KeyLine {
                not_after: Some(key.not_after.map_or(end, |known| known.min(end))),
                ..key.clone()
            })
        };
        let (id, _) = self.sign(environment, root_key, None, keep).await?;
        Ok(Done {
            said: format!("{environment}: key {id} signs from now on; the former ones end in {overlap_s} s"),
        })
    }

    /// A key counts no more: at once, for every reader that gets the new keyring. Where none is left, a new one is made.
    ///
    /// # Errors
    /// Where there is no such key or no root key, or a file or the database fails.
    pub async fn revoke(
        &self,
        environment: &str,
        root_key: Option<&Path>,
        key: &str,
    ) -> Result<Done, OperateError> {
        let keep = |held: &KeyLine| (*held.id != *key).then(|| held.clone());
        let known = self.key_ids(environment).await?;
        if !known.iter().any(|id| id == key) {
            return Err(OperateError::NoSuchKey {
                environment: environment.to_owned(),
                key: key.to_owned(),
                known,
            });
        }
        let (id, _) = self.sign(environment, root_key, None, keep).await?;
        Ok(Done {
            said: format!("{environment}: key {key} counts no more; key {id} signs from now on"),
        })
    }

    async fn key_ids(&self, environment: &str) -> Result<Vec<String>, OperateError> {
        let mut connection = self.store.connection().await?;
        let feed = feeds::get(&mut connection, environment).await?;
        let feed = feed.ok_or_else(|| OperateError::NoEnvironment(environment.to_owned()))?;
        let keyring = feed.keyring_next.or(feed.keyring).unwrap_or_default();
        let keys = keys::keyring_keys(&keyring).unwrap_or_default();
        Ok(keys.iter().map(|key| key.id.to_string()).collect())
    }

    /// Signs a new keyring of the keys that `keep` keeps and a new one; its id, and the epoch. `new_epoch`: what anybody holds, where one begins.
    async fn sign(
        &self,
        environment: &str,
        root_key: Option<&Path>,
        new_epoch: Option<&epoch::Held>,
        keep: impl Fn(&KeyLine) -> Option<KeyLine>,
    ) -> Result<(String, i64), OperateError> {
        let root = self.root(environment, root_key)?;
        let now = now();
        let new = self.new_key(environment, now)?;
        let mut tx = self.store.begin().await?;
        // The row first, as every change of a feed does.
        let taken = feeds::take_revision(&mut tx, environment).await?;
        taken.ok_or_else(|| OperateError::NoEnvironment(environment.to_owned()))?;
        let feed = feeds::get(&mut tx, environment).await?;
        let feed = feed.ok_or_else(|| OperateError::NoEnvironment(environment.to_owned()))?;
        if !feed.roots.contains(&format!("\"id\":\"{}\"", root.id())) {
            return Err(OperateError::OtherRoot {
                environment: environment.to_owned(),
                root: root.id().to_owned(),
            });
        }
        let held = feed
            .keyring_next
            .as_deref()
            .or(feed.keyring.as_deref())
            .unwrap_or_default();
        let version = keys::with_keyring(held, |keyring| keyring.version).unwrap_or(0);
        let mut all: Vec<KeyLine> = keys::keyring_keys(held)
            .unwrap_or_default()
            .iter()
            .filter_map(keep)
            .collect();
        all.push(new.public(None));
        let (epoch, version) = match new_epoch {
            Some(held) => {
                let reported = crate::store::fleet::epoch_max(&mut tx, environment).await?;
                held.next([feed.epoch, reported].map(i64::unsigned_abs), version)
            }
            None => (
                feed.epoch.unsigned_abs(),
                feed::publish::next_number(now.unsigned_abs(), [version]),
            ),
        };
        let keyring = root.keyring_line(environment, version, epoch, &all);
        let epoch = i64::try_from(epoch).unwrap_or(i64::MAX);
        feeds::set_keyring(&mut tx, environment, &keyring, &feed.roots).await?;
        let operation = match new_epoch {
            Some(_) => {
                crate::store::epochs::begin(&mut tx, environment, epoch, now).await?;
                "feed.new_epoch"
            }
            None => {
                feeds::give_back_revision(&mut tx, environment).await?;
                "feed.keyring"
            }
        };
        record(&mut tx, environment, operation, Some(&keyring)).await?;
        tx.commit().await?;
        Ok((new.id().to_owned(), epoch))
    }

    fn new_key(&self, environment: &str, now: i64) -> Result<feed::SigningKey, OperateError> {
        let mut number = now;
        // Two in one second are two keys.
        while self
            .keys
            .path(environment, Use::Online, &format!("online-{number}"))
            .exists()
        {
            number += 1;
        }
        Ok(self
            .keys
            .make(environment, Use::Online, &format!("online-{number}"))?)
    }

    /// Enrols a gateway; its token.
    ///
    /// # Errors
    /// Where name, team or environment cannot be taken, or the database fails.
    pub async fn create_gateway(
        &self,
        environment: &str,
        name: &str,
        team: &str,
    ) -> Result<String, OperateError> {
        let asked = Asked::plain(Actor::System, environment);
        let made = gateways::create(&self.app(), &asked, name, team).await?;
        Ok(made
            .body
            .get("token")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned())
    }

    /// All gateways, as the API shows them.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn gateways(&self) -> Result<Vec<Value>, OperateError> {
        let asked = Asked::plain(Actor::System, "");
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = Page::parse(Some(1_000), cursor.as_deref())?;
            let answer = gateways::page(&self.app(), &asked, &page).await?;
            let items = answer.body.get("items").and_then(Value::as_array);
            all.extend(items.cloned().unwrap_or_default());
            cursor = answer.body.get("next").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// Ends a gateway's token.
    ///
    /// # Errors
    /// Where there is no such gateway, or the database fails.
    pub async fn revoke_gateway(&self, id: &str) -> Result<(), OperateError> {
        gateways::revoke(&self.app(), &Asked::plain(Actor::System, ""), id).await?;
        Ok(())
    }

    /// Makes the sealed account anew, and writes its secret into a new file that only this user reads.
    ///
    /// # Errors
    /// Where the file is there already or cannot be written, or the database fails; nothing has changed then.
    pub async fn seal(&self, secret_file: &Path) -> Result<Done, OperateError> {
        let keep = |secret: &str| keys::write_private(secret_file, &format!("{secret}\n"));
        let failed = |source| OperateError::Secret {
            path: secret_file.to_owned(),
            source,
        };
        sealed::seal(&self.store, &Asked::plain(Actor::System, ""), keep)
            .await?
            .map_err(failed)?;
        Ok(Done {
            said: format!(
                "the account is sealed: put {} into a safe, away from this machine; a secret of before counts no more",
                secret_file.display()
            ),
        })
    }

    /// Does away with the sealed account, and with the sessions that it opened.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn disable_sealed(&self) -> Result<Done, OperateError> {
        let was = sealed::disable(&self.store, &Asked::plain(Actor::System, "")).await?;
        let said = if was {
            "the sealed account is gone, and its sessions with it"
        } else {
            "there was no sealed account"
        };
        Ok(Done {
            said: said.to_owned(),
        })
    }

    /// How the sealed account stands.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sealed_state(&self) -> Result<Done, OperateError> {
        let state = sealed::state(&self.store).await?;
        let text = |member: &str| state.get(member).and_then(Value::as_str);
        let said = match (text("sealed_at"), text("broken_at")) {
            (None, _) => "there is no sealed account: `portal break-glass init` makes one".to_owned(),
            (Some(at), None) => format!("sealed since {at}"),
            (Some(_), Some(at)) => format!(
                "the seal is broken since {at}, {} uses: `portal break-glass init` seals it again",
                state.get("uses").and_then(Value::as_i64).unwrap_or_default()
            ),
        };
        Ok(Done { said })
    }

    fn app(&self) -> App {
        App {
            store: self.store.clone(),
            written: std::sync::Arc::default(),
            hub: Hub::default(),
            keys: self.keys.clone(),
            fleet: crate::app::fleet::Pending::default(),
            desk: Desk::local(),
            key_sets: KeySetFetcher::new(KeySetSettings::default()),
        }
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await;
    }
}

async fn record(
    tx: &mut crate::store::Tx,
    environment: &str,
    operation: &str,
    after: Option<&str>,
) -> Result<(), StoreError> {
    let entry = audit::Entry {
        at: now(),
        actor: "command line".to_owned(),
        actor_kind: "system".to_owned(),
        operation: operation.to_owned(),
        object: format!("feed/{environment}"),
        after: after.map(str::to_owned),
        ..audit::Entry::default()
    };
    audit::add(tx, environment, &[entry]).await
}
