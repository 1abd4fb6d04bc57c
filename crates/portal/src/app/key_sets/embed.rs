//! The body of an issuer's record: its own keys, and behind them those that were fetched.

use super::follow::Followed;
use super::gather::ASKED_MAX;
use crate::app::Refused;
use crate::app::draft::Draft;
use crate::app::mentions::text;
use crate::app::refused::FieldError;
use crate::store::StoreError;
use crate::store::key_sets::{self, Stored};
use policy::check::{key_set, with_keys};
use serde_json::{Map, Value};

/// What is said of one issuer.
pub(crate) enum Embedded {
    /// It has no place where keys could be fetched: its record is its body.
    Alone,
    /// The body of its record, and what people should know.
    Body(String, Option<FieldError>),
    /// It cannot be published.
    Refused(FieldError),
}

/// The record's body of a planned issuer. `body`: as `check` gave it. What is followed from now on is planned with it.
pub(crate) async fn embed(draft: &mut Draft, issuer: &str, body: &str) -> Result<Embedded, Refused> {
    let given: Map<String, Value> = crate::app::body::object(body)?;
    let Some(uri) = text(&given, "jwks_uri").map(str::to_owned) else {
        return Ok(Embedded::Alone);
    };
    let environment = draft.environment.id.clone();
    let stored = key_sets::get(&mut draft.tx, &environment, issuer, &uri, draft.now).await?;
    let mut row = stored.unwrap_or_else(|| Stored {
        environment,
        issuer: issuer.to_owned(),
        jwks_uri: uri.clone(),
        ..Stored::default()
    });
    let former = row.jwks.clone();
    let fetched = draft.gathered.get(issuer, &uri);
    // What ended meanwhile is newer than what this request asked for, where it brought anything.
    let fetched = fetched
        .filter(|fetched| fetched.attempts == row.attempts || row.jwks.is_none())
        .cloned();
    if let Some(fetched) = &fetched {
        row.ended(&fetched.set, draft.now);
    }
    let keys = keys(&row)?;
    let why = row.failure.clone();
    let embedded = match with_keys(body, &keys) {
        Err(refusal) => Embedded::Refused(FieldError::new("jwks_uri", refusal.to_string())),
        Ok(body) if is_usable(&body)? => {
            let warning = fetched.and(why).map(|why| held_by(&keys, &why));
            Embedded::Body(body, warning)
        }
        Ok(_) => Embedded::Refused(FieldError::new("jwks_uri", no_keys(why.as_deref()))),
    };
    draft.followed.insert(issuer.to_owned(), Followed { row, former });
    Ok(embedded)
}

fn keys(row: &Stored) -> Result<Vec<Map<String, Value>>, Refused> {
    let Some(jwks) = &row.jwks else {
        return Ok(Vec::new());
    };
    serde_json::from_str(jwks).map_err(|_| StoreError::Broken("a key set that is none").into())
}

/// Whether there is a key that any token could be verified with.
fn is_usable(body: &str) -> Result<bool, Refused> {
    let issuer = crate::app::body::object(body)?;
    let set = serde_json::json!({ "keys": issuer.get("keys").cloned().unwrap_or_default() });
    Ok(key_set(set.to_string().as_bytes()).is_ok())
}

fn held_by(fetched: &[Map<String, Value>], why: &str) -> FieldError {
    let holds = if fetched.is_empty() {
        "the keys given in `keys` hold alone"
    } else {
        "those that were fetched there before hold"
    };
    FieldError::new(
        "jwks_uri",
        format!(
            "no keys could be fetched there: {why}; {holds} until they can, which is tried again and again"
        ),
    )
}

fn no_keys(why: Option<&str>) -> String {
    let not_asked =
        || format!("it was not asked, as {ASKED_MAX} of a request are at most: send fewer issuers at a time");
    let why = why.map_or_else(not_asked, str::to_owned);
    format!(
        "no key could be fetched there: {why}. A record carries keys, or no token could be verified: mend what is there, or give `keys` as well"
    )
}
