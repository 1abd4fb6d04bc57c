//! What was done: revisions of an environment, and the audit log with its chain of hashes.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::authorize;
use super::context::App;
use super::key_sets::FETCH_KEYS;
use super::page::Page;
use super::refused::Refused;
use crate::identity::{Object, Operation};
use crate::store::revisions::Revision;
use crate::store::{audit, outbox, revisions, versions};
use serde_json::{Value, json};

/// Entities of a revision that are named.
const NAMED_MAX: i64 = 1_000;
/// Rows of a chain that one answer proves.
const PROVED_MAX: i64 = 10_000;

fn shown(revision: &Revision) -> Value {
    json!({
        "revision": revision.revision, "epoch": revision.epoch, "actor": revision.actor,
        "operation": revision.operation, "records": revision.records, "at": revision.at,
        "digest": revision.digest, "committed_at_ms": revision.committed_at_ms,
    })
}

/// A part of all revisions, the newest first.
pub(crate) async fn revisions(app: &App, asked: &Asked, page: &Page) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListRevisions, Object::Organisation)?;
    super::policy_document::exists(&app.store, &asked.environment).await?;
    let mut connection = app.store.connection().await?;
    let found = revisions::page(&mut connection, &asked.environment, page.before()?, page.limit).await?;
    Ok(page.answer(found.iter().map(|one| (one.revision.to_string(), shown(one)))))
}

/// One revision, and what it changed.
pub(crate) async fn revision(app: &App, asked: &Asked, number: i64) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SeeRevision, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let found = revisions::get(&mut connection, &asked.environment, number).await?;
    let found = found.ok_or_else(|| Refused::NotFound(format!("revision {number}")))?;
    let changed = versions::of_revision(&mut connection, &asked.environment, number, NAMED_MAX).await?;
    let mut told: Vec<Value> = changed
        .iter()
        .map(|version| {
            json!({
                "kind": version.kind.as_str(), "id": version.id, "version": version.version,
                "deleted": version.body.is_none(),
            })
        })
        .collect();
    if found.operation == FETCH_KEYS {
        // Nobody changed the entity, and there is no version of it: what readers have of it is another one.
        let items = outbox::of_revision(&mut connection, &asked.environment, number).await?;
        let issuers = items.iter().filter_map(|(key, _)| key.strip_prefix("issuer/"));
        told.extend(issuers.map(|id| json!({ "kind": "issuer", "id": id, "fetched_keys": true })));
    }
    let mut body = shown(&found);
    if let Some(body) = body.as_object_mut() {
        body.insert("changed".into(), told.into());
    }
    Ok(Answer::ok(body))
}

/// A part of what was recorded, the newest first. The environment is empty for what belongs to all of them.
pub(crate) async fn audit(
    app: &App,
    asked: &Asked,
    object: Option<&str>,
    page: &Page,
) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListAudit, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let found = audit::page(
        &mut connection,
        &asked.environment,
        object,
        page.before()?,
        page.limit,
    )
    .await?;
    let parsed = |text: &Option<String>| -> Value {
        text.as_ref().map_or(Value::Null, |text| {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        })
    };
    Ok(page.answer(found.iter().map(|row| {
        let entry = &row.entry;
        let value = json!({
            "position": row.position, "at": entry.at, "actor": entry.actor, "actor_kind": entry.actor_kind,
            "request_id": entry.request_id, "operation": entry.operation, "object": entry.object,
            "revision": entry.revision, "before": parsed(&entry.before), "after": parsed(&entry.after),
            "former_hash": row.former_hash, "hash": row.hash,
        });
        (row.position.to_string(), value)
    })))
}

/// Proves a part of a chain: that no row was changed, left out or put in.
pub(crate) async fn prove(app: &App, asked: &Asked, page: &Page) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListAudit, Object::Organisation)?;
    let wrong = || Refused::field("cursor", "give the `next` of the answer before, as it is");
    let after = if page.after.is_empty() {
        0
    } else {
        page.after.parse::<i64>().map_err(|_| wrong())?
    };
    let mut connection = app.store.connection().await?;
    // The row before says with which hash this part has to begin.
    let rows = audit::walk(&mut connection, &asked.environment, after.max(1) - 1, PROVED_MAX).await?;
    let mut former: Option<String> = (after == 0).then(String::new);
    let mut proved = after;
    for (expected, row) in (after.max(1)..).zip(&rows) {
        let is_chained = former.as_ref().is_none_or(|former| *former == row.former_hash);
        let hash = row.entry.hash(&asked.environment, row.position, &row.former_hash);
        if !is_chained || row.position != expected || hash != row.hash {
            return Ok(Answer::ok(
                json!({ "holds": false, "broken_at": expected, "proved": proved }),
            ));
        }
        former = Some(row.hash.clone());
        proved = row.position;
    }
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= PROVED_MAX);
    let cursor = |position: i64| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(position.to_string())
    };
    let next = is_full.then(|| cursor(proved));
    Ok(Answer::ok(
        json!({ "holds": true, "proved": proved, "hash": former, "next": next }),
    ))
}
