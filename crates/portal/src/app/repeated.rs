//! A request that comes again, as its sender had no answer: it is known by its idempotency key, and answered as it was.

use super::answer::Answer;
use super::asked::Asked;
use super::refused::Refused;
use crate::store::idempotency::{self, Answered};
use crate::store::{Connection, StoreError};
use serde_json::{Value, json};

/// What this very request was answered, if it came before. Another one with its key is refused.
pub(super) async fn answered(
    connection: &mut Connection,
    asked: &Asked,
    now: i64,
) -> Result<Option<Answer>, Refused> {
    let Some((name, request)) = &asked.idempotency else {
        return Ok(None);
    };
    let Some(former) = idempotency::get(connection, &asked.actor.name(), name, now).await? else {
        return Ok(None);
    };
    if former.request_sha256 != *request {
        return Err(Refused::IdempotencyReused);
    }
    Ok(Some(replayed(&former)?))
}

/// Keeps an answer for the same request again: in the transaction of what it answers. A key that is shown once is not kept.
pub(super) async fn keep(
    connection: &mut Connection,
    asked: &Asked,
    answer: &Answer,
    now: i64,
) -> Result<(), StoreError> {
    let Some((name, request)) = &asked.idempotency else {
        return Ok(());
    };
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("key");
    }
    let kept = json!({ "body": body, "place": answer.place, "version": answer.version });
    let answered = Answered {
        request_sha256: request.clone(),
        status: i64::from(answer.status),
        answer: kept.to_string(),
    };
    idempotency::keep(connection, &asked.actor.name(), name, &answered, now).await
}

fn replayed(former: &Answered) -> Result<Answer, StoreError> {
    let broken = || StoreError::Broken("an answer that is none");
    let kept: Value = serde_json::from_str(&former.answer).map_err(|_| broken())?;
    let place = serde_json::from_value(kept.get("place").cloned().unwrap_or_default());
    Ok(Answer {
        status: u16::try_from(former.status).map_err(|_| broken())?,
        body: kept.get("body").cloned().unwrap_or_default(),
        place: place.map_err(|_| broken())?,
        version: kept.get("version").and_then(Value::as_i64),
        replayed: true,
    })
}
