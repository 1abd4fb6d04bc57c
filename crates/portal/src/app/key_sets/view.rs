//! One issuer's key set: what was fetched, how asking goes; and asking at once, because a person wants it.

use super::Wish;
use super::follow::{adopt_one, shown};
use super::settle::{Attempt, Settled, settle};
use crate::app::Answer;
use crate::app::asked::Asked;
use crate::app::authorize::authorize;
use crate::app::body;
use crate::app::context::App;
use crate::app::refused::Refused;
use crate::app::repeated;
use crate::identity::{Object, Operation};
use crate::store::key_sets::{self, Stored};
use crate::store::{Connection, StoreError, entities};
use policy::entity::Kind;
use serde_json::{Value, json};

/// Failures in a row from which on a person should look at it.
const ALARMING: i64 = 3;
/// Those that are told at most.
const ALARMS_MAX: i64 = 100;
/// How often it is asked for one person who wants it now.
const TRIES_MAX: usize = 3;

/// What was fetched, and how asking goes.
pub(crate) async fn see(app: &App, asked: &Asked, issuer: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SeeKeySet, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let row = row(&mut connection, &asked.environment, issuer).await?;
    Ok(Answer::ok(told(&row)))
}

/// Asks now.
pub(crate) async fn fetch(app: &App, asked: &Asked, issuer: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::FetchKeySet, Object::Organisation)?;
    let now = crate::text::now();
    let mut connection = app.store.connection().await?;
    if let Some(answer) = repeated::answered(&mut connection, asked, now).await? {
        return Ok(answer);
    }
    drop(connection);
    let answer = fetch_within(app, asked, issuer).await?;
    // Behind what it did: a portal that ends in between asks once more, which does no harm.
    let mut connection = app.store.connection().await?;
    repeated::keep(&mut connection, asked, &answer, now).await?;
    Ok(answer)
}

async fn fetch_within(app: &App, asked: &Asked, issuer: &str) -> Result<Answer, Refused> {
    for _ in 0..TRIES_MAX {
        // One that ended meanwhile may have begun before what this one is to see.
        if let Some(answer) = fetch_once(app, asked, issuer).await? {
            return Ok(answer);
        }
    }
    Err(Refused::Unavailable(
        "others ask for this key set all the time: try again".to_owned(),
    ))
}

/// `None`: another attempt ended meanwhile.
async fn fetch_once(app: &App, asked: &Asked, issuer: &str) -> Result<Option<Answer>, Refused> {
    let mut connection = app.store.connection().await?;
    let before = row(&mut connection, &asked.environment, issuer).await?;
    let followed = key_sets::of_issuer(&mut connection, &asked.environment, issuer).await?;
    drop(connection);
    if followed.is_none_or(|followed| followed.jwks_uri != before.jwks_uri) {
        adopt_one(app, &asked.environment, issuer).await?;
    }
    let attempt = Attempt {
        // What is answered to this request is not what its attempt is: the key stays here.
        asked: Asked {
            idempotency: None,
            ..asked.clone()
        },
        issuer: issuer.to_owned(),
        jwks_uri: before.jwks_uri,
        attempts: before.attempts,
    };
    let fetched = app.key_sets.fetch(&attempt.jwks_uri).await;
    let (place, changed) = match settle(app, &attempt, fetched).await? {
        Settled::Superseded => return Ok(None),
        Settled::Failed(why) => return Err(Refused::KeySet(why)),
        Settled::Changed(published) => (published.place, true),
        Settled::Unchanged => (None, false),
    };
    let mut connection = app.store.connection().await?;
    let after = row(&mut connection, &asked.environment, issuer).await?;
    let mut answer = Answer {
        place,
        ..Answer::ok(told(&after))
    };
    if let Some(body) = answer.body.as_object_mut() {
        body.insert("changed".into(), changed.into());
    }
    Ok(Some(answer))
}

/// That of an issuer that names a place, also where it was not looked at yet.
async fn row(connection: &mut Connection, environment: &str, issuer: &str) -> Result<Stored, Refused> {
    let stored = entities::get(connection, environment, Kind::Issuer, issuer).await?;
    let stored = stored.filter(|stored| stored.status != "deleted");
    let stored = stored.ok_or_else(|| Refused::NotFound(format!("issuer `{issuer}`")))?;
    let given = body::of_stored(connection, environment, &stored).await?;
    let wish = given.and_then(|given| Wish::of(issuer, &given));
    let wish = wish.ok_or_else(|| {
        Refused::NotFound(format!(
            "key set of issuer `{issuer}` to fetch: it has no `jwks_uri`, and its keys are those in `keys`"
        ))
    })?;
    let known = key_sets::get(
        connection,
        environment,
        issuer,
        &wish.jwks_uri,
        crate::text::now(),
    )
    .await?;
    Ok(known.unwrap_or_else(|| Stored {
        environment: environment.to_owned(),
        issuer: issuer.to_owned(),
        jwks_uri: wish.jwks_uri,
        ..Stored::default()
    }))
}

fn told(row: &Stored) -> Value {
    json!({
        "issuer": row.issuer, "jwks_uri": row.jwks_uri,
        "keys": row.jwks.as_deref().map_or_else(|| json!([]), shown), "skipped": row.skipped,
        "fetched_at": row.fetched_at, "changed_at": row.changed_at,
        "failures": row.failures, "failing_since": row.failing_since, "failure": row.failure,
    })
}

/// Issuers whose keys could not be had for a while, for `/ready`: without the reason, which everybody could read there.
pub(crate) async fn failing(app: &App) -> Result<Vec<Value>, StoreError> {
    let mut connection = app.store.connection().await?;
    let rows = key_sets::failing(&mut connection, ALARMING, ALARMS_MAX).await?;
    let alarms = rows.into_iter().map(|row| {
        let Stored {
            environment,
            issuer,
            failures,
            failing_since,
            ..
        } = row;
        let why = format!(
            "the keys of issuer `{issuer}` cannot be fetched; what was fetched before holds: \
             `GET /v1/environments/{environment}/issuers/{issuer}/key-set` says why"
        );
        json!({ "feed": environment, "issuer": issuer, "failures": failures, "failing_since": failing_since, "why": why })
    });
    Ok(alarms.collect())
}
