//! What a request needs from others before its transaction begins: nobody's answer is waited for while a feed's row is taken.

use crate::app::Refused;
use crate::app::asked::Asked;
use crate::app::authorize::authorize;
use crate::app::context::App;
use crate::app::mentions::text;
use crate::app::repeated;
use crate::app::write::RECORDS_MAX;
use crate::identity::{Object, Operation};
use crate::key_sets::KeySet;
use crate::store::{feeds, key_sets};
use crate::text::now;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// How long a request waits for all of them.
const GATHER_MAX: Duration = Duration::from_secs(10);
/// Issuers of one request that are asked; of others, those with keys of their own are asked afterwards.
pub(super) const ASKED_MAX: usize = 64;
/// Those that it is looked up for: no revision has more.
const WISHES_MAX: usize = RECORDS_MAX;

/// An issuer as it is to be, as far as that can be told before its transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Its id.
    pub(crate) issuer: String,
    pub(crate) jwks_uri: String,
}

impl Wish {
    /// Of an issuer's body; `None`: it names no place.
    pub(crate) fn of(issuer: &str, body: &Map<String, Value>) -> Option<Wish> {
        text(body, "jwks_uri").map(|uri| Wish {
            issuer: issuer.to_owned(),
            jwks_uri: uri.to_owned(),
        })
    }
}

/// What came of asking.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub(crate) jwks_uri: String,
    /// How many attempts had ended before this one began.
    pub(crate) attempts: i64,
    pub(crate) set: Result<KeySet, String>,
}

/// What came of asking, by the issuer's id.
#[derive(Debug, Default)]
pub(crate) struct Gathered(BTreeMap<String, Fetched>);

impl Gathered {
    /// What came of asking one.
    pub(crate) fn one(issuer: &str, fetched: Fetched) -> Gathered {
        Gathered(BTreeMap::from([(issuer.to_owned(), fetched)]))
    }

    /// For this issuer at this place.
    pub(crate) fn get(&self, issuer: &str, jwks_uri: &str) -> Option<&Fetched> {
        self.0.get(issuer).filter(|fetched| fetched.jwks_uri == jwks_uri)
    }

    /// Whether this issuer was asked.
    pub(crate) fn has(&self, issuer: &str) -> bool {
        self.0.contains_key(issuer)
    }
}

/// Asks those whose keys the portal does not follow yet, where this actor may put issuers: nobody else makes the portal ask anybody.
pub(crate) async fn gather(app: &App, asked: &Asked, wishes: Vec<Wish>) -> Result<Gathered, Refused> {
    let may = authorize(&asked.actor, Operation::PutIssuer, Object::Organisation);
    if wishes.is_empty() || may.is_err() {
        return Ok(Gathered::default());
    }
    let mut connection = app.store.connection().await?;
    if feeds::get(&mut connection, &asked.environment).await?.is_none() {
        return Ok(Gathered::default());
    }
    // Answered before, or refused: either way nobody is asked for it.
    let now = now();
    if !matches!(repeated::answered(&mut connection, asked, now).await, Ok(None)) {
        return Ok(Gathered::default());
    }
    let mut unknown = Vec::new();
    for wish in wishes.into_iter().take(WISHES_MAX) {
        if unknown.len() == ASKED_MAX {
            break;
        }
        let known = key_sets::get(
            &mut connection,
            &asked.environment,
            &wish.issuer,
            &wish.jwks_uri,
            now,
        )
        .await?;
        let followed = key_sets::of_issuer(&mut connection, &asked.environment, &wish.issuer).await?;
        let is_followed = followed.is_some_and(|row| row.jwks_uri == wish.jwks_uri && row.jwks.is_some());
        if !is_followed {
            unknown.push((wish, known.map_or(0, |row| row.attempts)));
        }
    }
    // It would be missing while others are waited for.
    drop(connection);
    Ok(ask_all(app, unknown).await)
}

async fn ask_all(app: &App, wishes: Vec<(Wish, i64)>) -> Gathered {
    let until = Instant::now() + GATHER_MAX;
    let mut asking = JoinSet::new();
    for (wish, attempts) in wishes {
        let fetcher = app.key_sets.clone();
        asking.spawn(async move {
            let set = timeout_at(until, fetcher.fetch(&wish.jwks_uri)).await;
            let set = set.unwrap_or_else(|_| {
                Err(format!(
                    "its turn did not come within {} s: send fewer issuers at a time",
                    GATHER_MAX.as_secs()
                ))
            });
            let fetched = Fetched {
                jwks_uri: wish.jwks_uri,
                attempts,
                set,
            };
            (wish.issuer, fetched)
        });
    }
    let mut gathered = Gathered::default();
    while let Some(one) = asking.join_next().await {
        // One that panicked has said so, and is as one that was not asked.
        gathered.0.extend(one.ok());
    }
    gathered
}
