//! What becomes of an attempt: a changed set is a change like any other, an unchanged one publishes nothing, and a failure leaves what is there.

use super::follow::{FETCH_KEYS, adopt_one};
use super::gather::{Fetched, Gathered};
use crate::app::answer::Answer;
use crate::app::asked::Asked;
use crate::app::body;
use crate::app::context::App;
use crate::app::draft::{Begun, Draft};
use crate::app::mentions::text;
use crate::app::refused::Refused;
use crate::key_sets::KeySet;
use crate::store::key_sets::{self, Stored};
use crate::store::{Connection, StoreError, entities};
use policy::check::with_keys;
use policy::entity::Kind;
use serde_json::{Map, Value};

/// An attempt of which nothing is known yet.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// By whom, and in which environment.
    pub(crate) asked: Asked,
    /// The issuer's id.
    pub(crate) issuer: String,
    pub(crate) jwks_uri: String,
    /// How many had ended before this one began.
    pub(crate) attempts: i64,
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Settled {
    /// The set is the one that is in force.
    Unchanged,
    /// Another set is in force: where that stands.
    Changed(Answer),
    /// There is no set, for this reason; what was there stays.
    Failed(String),
    /// The issuer is followed elsewhere by now, or another attempt ended meanwhile.
    Superseded,
}

impl Stored {
    /// An attempt that ended like this.
    pub(super) fn ended(&mut self, fetched: &Result<KeySet, String>, now: i64) {
        self.attempts += 1;
        self.ended_at = now;
        match fetched {
            Ok(set) => {
                if self.jwks.as_ref() != Some(&set.keys) {
                    self.jwks = Some(set.keys.clone());
                    self.changed_at = Some(now);
                }
                self.skipped = set.skipped;
                self.fetched_at = Some(now);
                self.failures = 0;
                self.failing_since = None;
                self.failure = None;
            }
            Err(why) => {
                self.failures += 1;
                self.failing_since = self.failing_since.or(Some(now));
                self.failure = Some(why.clone());
            }
        }
    }
}

/// Writes down how an attempt ended, and puts in force what it brought.
pub(crate) async fn settle(
    app: &App,
    attempt: &Attempt,
    fetched: Result<KeySet, String>,
) -> Result<Settled, Refused> {
    let mut connection = app.store.connection().await?;
    let environment = attempt.asked.environment.as_str();
    let row = key_sets::of_issuer(&mut connection, environment, &attempt.issuer).await?;
    let stored = entities::get(&mut connection, environment, Kind::Issuer, &attempt.issuer).await?;
    let stored = stored.filter(|stored| stored.status != "deleted");
    let is_meant = match &stored {
        Some(stored) => names(&mut connection, stored, attempt).await?,
        None => false,
    };
    drop(connection);
    let is_its = |row: &Stored| row.jwks_uri == attempt.jwks_uri && row.attempts == attempt.attempts;
    let Some(row) = row.filter(is_its) else {
        return Ok(Settled::Superseded);
    };
    if !is_meant {
        // An older portal changed or deleted it: else it would be asked again at every turn.
        adopt_one(app, environment, &attempt.issuer).await?;
        return Ok(Settled::Superseded);
    }
    let carried = stored.and_then(|stored| stored.record);
    let carried = carried.as_deref().map(body::of_record).transpose()?;
    match fetched {
        Err(why) => fail(app, row, why).await,
        Ok(set) if row.jwks.as_ref() == Some(&set.keys) && has_all(carried.as_deref(), &set) => {
            note(app, row, Ok(set)).await
        }
        Ok(set) => match publish(app, attempt, set).await {
            // What no record can carry is no better than none.
            Err(Refused::Invalid(errors)) => {
                let all: Vec<String> = errors.into_iter().map(|error| error.message).collect();
                fail(app, row, all.join("; ")).await
            }
            Ok(Some(answer)) => {
                if row.failures > 0 {
                    tell_recovered(&row);
                }
                Ok(Settled::Changed(answer))
            }
            Ok(None) => Ok(Settled::Superseded),
            Err(other) => Err(other),
        },
    }
}

/// Whether the issuer says that its keys are where this attempt looked.
async fn names(
    connection: &mut Connection,
    stored: &entities::Stored,
    attempt: &Attempt,
) -> Result<bool, StoreError> {
    let given = body::of_stored(connection, &attempt.asked.environment, stored).await?;
    Ok(given.is_some_and(|given| text(&given, "jwks_uri") == Some(&attempt.jwks_uri)))
}

/// Whether readers have all of a set. Not so where an older portal, which knew nothing of sets, wrote the issuer.
fn has_all(carried: Option<&str>, set: &KeySet) -> bool {
    let keys: Vec<Map<String, Value>> = serde_json::from_str(&set.keys).unwrap_or_default();
    carried.is_some_and(|body| with_keys(body, &keys).is_ok_and(|with_all| with_all == body))
}

/// In one transaction; `None`: the issuer is another one by now.
async fn publish(app: &App, attempt: &Attempt, set: KeySet) -> Result<Option<Answer>, Refused> {
    let mut draft = match Draft::begin(app, attempt.asked.clone(), FETCH_KEYS).await? {
        Begun::Answered(answer) => return Ok(Some(answer)),
        Begun::Draft(draft) => draft,
    };
    let issuer = draft.current(Kind::Issuer, &attempt.issuer).await?;
    let Some(issuer) = issuer.filter(|issuer| text(&issuer.body, "jwks_uri") == Some(&attempt.jwks_uri))
    else {
        return Ok(None);
    };
    let row = key_sets::of_issuer(&mut draft.tx, &attempt.asked.environment, &attempt.issuer).await?;
    if row.is_none_or(|row| row.attempts != attempt.attempts) {
        return Ok(None);
    }
    let fetched = Fetched {
        jwks_uri: attempt.jwks_uri.clone(),
        attempts: attempt.attempts,
        set: Ok(set),
    };
    draft.gathered = Gathered::one(&attempt.issuer, fetched);
    draft.plan(Kind::Issuer, &attempt.issuer, Some(issuer)).await?;
    let answer = draft.finish(200, None, Map::new()).await?;
    tracing::info!(
        environment = attempt.asked.environment,
        issuer = attempt.issuer,
        revision = ?answer.place,
        "an issuer's keys are others"
    );
    Ok(Some(answer))
}

async fn fail(app: &App, row: Stored, why: String) -> Result<Settled, Refused> {
    note(app, row, Err(why)).await
}

async fn note(app: &App, mut row: Stored, fetched: Result<KeySet, String>) -> Result<Settled, Refused> {
    let failed_before = row.failures > 0;
    row.ended(&fetched, crate::text::now());
    let mut connection = app.store.connection().await?;
    if !key_sets::end(&mut connection, &row).await? {
        return Ok(Settled::Superseded);
    }
    match fetched {
        Ok(_) => {
            if failed_before {
                tell_recovered(&row);
            }
            Ok(Settled::Unchanged)
        }
        Err(why) => {
            // Once: how it goes on is told by `/ready` and by the set itself.
            if !failed_before {
                tracing::warn!(
                    environment = row.environment,
                    issuer = row.issuer,
                    why,
                    "an issuer's key set cannot be fetched; what was fetched before holds"
                );
            }
            Ok(Settled::Failed(why))
        }
    }
}

fn tell_recovered(row: &Stored) {
    tracing::info!(
        environment = row.environment,
        issuer = row.issuer,
        "an issuer's key set can be fetched again"
    );
}
