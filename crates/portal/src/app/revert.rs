//! Back to an earlier revision: the bodies of then as new records, in one revision.
//!
//! What took something away from somebody stays, unless it is named: revocations, suspensions, ended credentials. An incident
//! is no time to give a stolen key back by accident.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::authorize;
use super::body;
use super::clients::ended;
use super::context::App;
use super::draft::{Begun, Draft, Wanted};
use super::key_sets::{Wish, gather};
use super::mentions::{list, text};
use super::refused::Refused;
use super::write::{RECORDS_MAX, REVISION_BYTES_MAX};
use crate::identity::{Object, Operation};
use crate::store::versions::{self, Version};
use crate::text::unix_seconds;
use policy::entity::Kind;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Names that are given at most.
const NAMED_MAX: usize = 1_000;
/// Issuers of then whose keys may have to be fetched.
const ISSUERS_MAX: i64 = 1_000;

/// Goes back to a revision. `named`: `KIND/ID`, and `credential/ID`, of what is to be undone as well.
pub(crate) async fn revert(
    app: &App,
    asked: Asked,
    revision: i64,
    named: &BTreeSet<String>,
) -> Result<Answer, Refused> {
    // Before anything is looked for: what issuers were is looked up for who may go back there alone.
    authorize(&asked.actor, Operation::Revert, Object::Organisation)?;
    let wishes = wishes(app, &asked.environment, revision).await?;
    let gathered = gather(app, &asked, wishes).await?;
    let mut draft = match Draft::begin(app, asked, "policy.revert").await? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Draft(draft) => draft,
    };
    draft.gathered = gathered;
    let environment = draft.asked.environment.clone();
    if named.len() > NAMED_MAX {
        return Err(Refused::field("named", format!("at most {NAMED_MAX} are taken")));
    }
    if !(1..draft.revision).contains(&revision) {
        return Err(Refused::field(
            "revision",
            format!("write one from 1 to {}", draft.revision - 1),
        ));
    }
    let limit = i64::try_from(RECORDS_MAX).unwrap_or(i64::MAX).saturating_add(1);
    let changed = versions::as_of(&mut draft.tx, &environment, revision, None, limit).await?;
    if changed.len() > RECORDS_MAX {
        return Err(Refused::TooLarge {
            records: changed.len(),
            records_max: RECORDS_MAX,
            bytes: 0,
            bytes_max: REVISION_BYTES_MAX,
        });
    }
    let named_credentials = named.iter().filter_map(|name| name.strip_prefix("credential/"));
    draft.brought_back = named_credentials.map(str::to_owned).collect();
    for (kind, id, then) in changed {
        let now = draft.current(kind, &id).await?;
        let then = then.filter(|version| version.body.is_some());
        let to = match then {
            Some(version) => Some(as_then(&mut draft, kind, &id, &version, now.as_ref(), named).await?),
            None => None,
        };
        let stays = kind == Kind::Revocation && now.is_some() && !named.contains(&format!("revocation/{id}"));
        if !stays {
            draft.plan(kind, &id, to).await?;
        }
    }
    let mut more = Map::new();
    more.insert("reverted_to".into(), revision.into());
    more.insert("changed".into(), draft.planned.len().into());
    draft.finish(200, None, more).await
}

/// What the issuers of then will need. Keys are of now: what an issuer has taken away since does not come back.
async fn wishes(app: &App, environment: &str, revision: i64) -> Result<Vec<Wish>, Refused> {
    let mut connection = app.store.connection().await?;
    let issuers = versions::as_of(
        &mut connection,
        environment,
        revision,
        Some(Kind::Issuer),
        ISSUERS_MAX,
    );
    let mut wishes = Vec::new();
    for (_, id, then) in issuers.await? {
        if let Some(text) = then.and_then(|then| then.body) {
            wishes.extend(Wish::of(&id, &body::object(&text)?));
        }
    }
    Ok(wishes)
}

async fn as_then(
    draft: &mut Draft,
    kind: Kind,
    id: &str,
    then: &Version,
    now: Option<&Wanted>,
    named: &BTreeSet<String>,
) -> Result<Wanted, Refused> {
    let text_then = then.body.as_deref().unwrap_or("{}");
    let mut body = body::object(text_then)?;
    let is_named = named.contains(&format!("{kind}/{id}"));
    if matches!(kind, Kind::Client | Kind::Tenant)
        && !is_named
        && let Some(now) = now
        && text(&now.body, "status") == Some("suspended")
    {
        body.insert("status".into(), "suspended".into());
    }
    if kind == Kind::Client {
        keep_ended(draft, &mut body, now, is_named).await?;
    }
    let stored_team = draft
        .planned
        .get(&(kind, id.to_owned()))
        .and_then(|one| one.stored.as_ref()?.team.clone());
    let team = match kind {
        Kind::Api | Kind::Client => text(&body, "team").map(str::to_owned),
        _ => now.map_or(stored_team, |now| now.team.clone()),
    };
    Ok(Wanted {
        body,
        details: now.map(|now| now.details.clone()).unwrap_or_default(),
        status: then.status.clone(),
        team,
    })
}

/// A credential that ended, or was given an earlier end, is not given back.
async fn keep_ended(
    draft: &mut Draft,
    body: &mut Map<String, Value>,
    now: Option<&Wanted>,
    is_named: bool,
) -> Result<(), Refused> {
    let ids: Vec<String> = list(body, "credentials")
        .filter_map(|one| text(one, "id").map(str::to_owned))
        .collect();
    let ended: BTreeSet<String> = ended(draft, &ids).await?.into_iter().collect();
    let brought_back = draft.brought_back.clone();
    let Some(Value::Array(credentials)) = body.get_mut("credentials") else {
        return Ok(());
    };
    credentials.retain(|one| {
        let id = one.get("id").and_then(Value::as_str).unwrap_or_default();
        !ended.contains(id) || brought_back.contains(id)
    });
    for credential in credentials.iter_mut().filter_map(Value::as_object_mut) {
        let id = text(credential, "id").unwrap_or_default().to_owned();
        let known = now.and_then(|now| {
            list(&now.body, "credentials")
                .find(|one| text(one, "id") == Some(&id))?
                .get("expires_at")
                .cloned()
        });
        let end = |value: &Value| value.as_str().and_then(unix_seconds);
        let Some(known) = known.filter(|_| !is_named && !brought_back.contains(&id)) else {
            continue;
        };
        let then = credential.get("expires_at").and_then(end);
        if then.is_none_or(|then| end(&known).is_some_and(|known| known < then)) {
            credential.insert("expires_at".into(), known);
        }
    }
    Ok(())
}
