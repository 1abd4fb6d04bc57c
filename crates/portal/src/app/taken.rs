//! What was taken from somebody after a backup was made, which the database that was restored from it does not know: found in a state
//! that readers have, and taken away again before everything is published anew.
//!
//! Only ever takes away: revocations, suspensions, credentials that ended or end earlier, grants that are gone or narrower. What was given after
//! the backup is for a person to give again.

use super::asked::Asked;
use super::body;
use super::context::App;
use super::draft::{Begun, Draft, Wanted};
use super::mentions::{list, text};
use super::refused::Refused;
use crate::identity::Actor;
use crate::store::{Connection, StoreError, entities, names};
use crate::text::unix_seconds;
use feed::Contents;
use policy::entity::Kind;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Entities that are changed in one revision.
const REVISION_ENTITIES: usize = 1_000;

/// What became of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// What was taken away again, a line an entity.
    pub(crate) again: Vec<String>,
    /// Revocations that name what this database does not have.
    pub(crate) left: Vec<String>,
    /// What nobody but a person can judge: APIs, plans, issuers and cells that readers have otherwise, or not at all.
    pub(crate) otherwise: Vec<String>,
}

/// Takes away again what `known` shows to be taken. `except`: `KIND/ID` of those that are left as the database has them. `dry_run`: only tells.
pub(crate) async fn take_again(
    app: &App,
    environment: &str,
    known: &Contents,
    except: &BTreeSet<String>,
    dry_run: bool,
) -> Result<Taken, Refused> {
    let mut taken = Taken::default();
    let mut connection = app.store.connection().await?;
    let mut found = Vec::new();
    for kind in [Kind::Client, Kind::Tenant] {
        narrowed_in(&mut connection, environment, kind, known, &mut found).await?;
    }
    revocations_in(&mut connection, environment, known, &mut found, &mut taken.left).await?;
    for kind in [Kind::Api, Kind::Plan, Kind::Issuer, Kind::Cell] {
        otherwise_in(&mut connection, environment, kind, known, &mut taken.otherwise).await?;
    }
    drop(connection);
    let mut unused = except.clone();
    found.retain(|(kind, id)| !unused.remove(&format!("{kind}/{id}")));
    if let Some(unused) = unused.first() {
        let message = format!(
            "nothing was taken from `{unused}`: write `KIND/ID` of one that would be told without it"
        );
        return Err(Refused::field("except", message));
    }
    for part in found.chunks(REVISION_ENTITIES) {
        let mut asked = Asked::plain(Actor::System, environment);
        asked.confirm = true;
        let Begun::Draft(mut draft) = Draft::begin(app, asked, "policy.take_again").await? else {
            continue;
        };
        // Nobody is asked whether what was refused already is to be refused.
        draft.is_approved = true;
        for (kind, id) in part {
            plan(&mut draft, *kind, id, known, &mut taken.again).await?;
        }
        if !dry_run {
            draft.finish(200, None, Map::new()).await?;
        }
    }
    Ok(taken)
}

async fn plan(
    draft: &mut Draft,
    kind: Kind,
    id: &str,
    known: &Contents,
    said: &mut Vec<String>,
) -> Result<(), Refused> {
    let known = body_of(known, kind, id);
    let now = draft.current(kind, id).await?;
    let (to, words) = match (now, known) {
        (None, Some(body)) if kind == Kind::Revocation => {
            let new = Wanted {
                body,
                details: Map::new(),
                status: "published".to_owned(),
                team: None,
            };
            (new, vec!["in force again".to_owned()])
        }
        (Some(now), Some(known)) if kind == Kind::Revocation => {
            let (body, words) = widened(&now.body, &known);
            (Wanted { body, ..now }, words)
        }
        (Some(now), known) => {
            let (body, words) = narrowed(&now.body, known.as_ref());
            (Wanted { body, ..now }, words)
        }
        (None, _) => return Ok(()),
    };
    if !words.is_empty() {
        draft.plan(kind, id, Some(to)).await?;
        said.push(format!("{kind}/{id}: {}", words.join(", ")));
    }
    Ok(())
}

/// The body of a record that readers have.
fn body_of(known: &Contents, kind: Kind, id: &str) -> Option<Map<String, Value>> {
    let value = known.get(&format!("{kind}/{id}"))?;
    let text = body::of_record(std::str::from_utf8(value).ok()?).ok()?;
    body::object(&text).ok()
}

/// Those of a kind that readers have with less, or not at all.
async fn narrowed_in(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
    known: &Contents,
    found: &mut Vec<(Kind, String)>,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let rows = entities::next(connection, environment, kind, &mut after).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let Some(record) = &row.record else { continue };
            let known = body_of(known, kind, &row.id);
            let now = body::object(&body::of_record(record)?)?;
            if known.as_ref() != Some(&now) && !narrowed(&now, known.as_ref()).1.is_empty() {
                found.push((kind, row.id));
            }
        }
    }
}

/// Those of a kind that readers have otherwise, or not at all.
async fn otherwise_in(
    connection: &mut Connection,
    environment: &str,
    kind: Kind,
    known: &Contents,
    found: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let rows = entities::next(connection, environment, kind, &mut after).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let Some(record) = &row.record else { continue };
            match body_of(known, kind, &row.id) {
                None => found.push(format!("{kind}/{}: readers do not have it", row.id)),
                Some(known) if known != body::object(&body::of_record(record)?)? => {
                    found.push(format!("{kind}/{}: readers have it otherwise", row.id));
                }
                Some(_) => {}
            }
        }
    }
}

/// Revocations that this database does not have, or has narrower; `left`: those that it has no use for.
async fn revocations_in(
    connection: &mut Connection,
    environment: &str,
    known: &Contents,
    found: &mut Vec<(Kind, String)>,
    left: &mut Vec<String>,
) -> Result<(), StoreError> {
    let now = crate::text::now();
    let bodies: BTreeMap<String, Map<String, Value>> = known
        .of_kind(Kind::Revocation.as_str())
        .filter_map(|(id, _)| Some((id.to_owned(), body_of(known, Kind::Revocation, id)?)))
        .filter(|(_, body)| {
            let until = text(body, "until").and_then(unix_seconds);
            until.is_none_or(|until| until > now)
        })
        .collect();
    let ids: Vec<String> = bodies.keys().cloned().collect();
    let stored = entities::get_all(connection, environment, Kind::Revocation, &ids).await?;
    let mut held = BTreeSet::new();
    for stored in stored {
        if let (Some(record), Some(known)) = (&stored.record, bodies.get(&stored.id)) {
            let now = body::object(&body::of_record(record)?)?;
            if !widened(&now, known).1.is_empty() {
                found.push((Kind::Revocation, stored.id.clone()));
            }
        }
        held.insert(stored.id);
    }
    let missing: Vec<_> = bodies.iter().filter(|(id, _)| !held.contains(*id)).collect();
    let named = |member: &str| -> Vec<String> {
        let names = missing.iter().filter_map(|(_, body)| text(body, member));
        names.map(str::to_owned).collect()
    };
    let issuers = entities::get_all(connection, environment, Kind::Issuer, &named("issuer")).await?;
    let issuers: BTreeSet<String> = issuers
        .into_iter()
        .filter(|stored| stored.status != "deleted")
        .map(|stored| stored.id)
        .collect();
    let credentials: Vec<String> = named("credential")
        .into_iter()
        .map(|id| format!("credential:{id}"))
        .collect();
    let credentials = names::holders(connection, environment, &credentials).await?;
    let credentials: BTreeSet<String> = credentials.into_iter().map(|holder| holder.name).collect();
    for (id, body) in missing {
        let unknown = match (text(body, "issuer"), text(body, "credential")) {
            (Some(issuer), _) if !issuers.contains(issuer) => Some(format!("issuer `{issuer}`")),
            (_, Some(credential)) if !credentials.contains(&format!("credential:{credential}")) => {
                Some(format!("credential `{credential}`"))
            }
            _ => None,
        };
        match unknown {
            Some(unknown) => left.push(format!("revocation/{id}: there is no {unknown} here")),
            None => found.push((Kind::Revocation, id.clone())),
        }
    }
    Ok(())
}

/// A revocation's body that revokes as much as readers' does, and what that adds: tokens issued until later, or for longer.
fn widened(now: &Map<String, Value>, known: &Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let (mut to, mut words) = (now.clone(), Vec::new());
    let time = |body: &Map<String, Value>, member: &str| text(body, member).and_then(unix_seconds);
    let is_later = |member: &str| match (time(now, member), time(known, member)) {
        (Some(now), Some(known)) => now < known,
        _ => false,
    };
    if let (true, Some(later)) = (is_later("issued_before"), known.get("issued_before")) {
        to.insert("issued_before".into(), later.clone());
        words.push("of tokens issued until later".to_owned());
    }
    match known.get("until") {
        None if now.contains_key("until") => {
            to.remove("until");
            words.push("without an end".to_owned());
        }
        Some(later) if is_later("until") => {
            to.insert("until".into(), later.clone());
            words.push("for longer".to_owned());
        }
        _ => {}
    }
    (to, words)
}

/// A client's or a tenant's body with no more than readers have of it, and what that takes away. `known`: `None` where they have nothing.
fn narrowed(
    now: &Map<String, Value>,
    known: Option<&Map<String, Value>>,
) -> (Map<String, Value>, Vec<String>) {
    let (mut to, mut words) = (now.clone(), Vec::new());
    let is_suspended = |body: &Map<String, Value>| text(body, "status") == Some("suspended");
    if known.is_none_or(is_suspended) && !is_suspended(now) {
        to.insert("status".into(), "suspended".into());
        words.push(match known {
            Some(_) => "suspended".to_owned(),
            None => "suspended, since readers do not have it any more".to_owned(),
        });
    }
    if let Some(known) = known {
        credentials(&mut to, known, &mut words);
        grants(&mut to, known, &mut words);
    }
    (to, words)
}

fn credentials(to: &mut Map<String, Value>, known: &Map<String, Value>, words: &mut Vec<String>) {
    let known: BTreeMap<&str, &Map<String, Value>> = list(known, "credentials")
        .filter_map(|one| Some((text(one, "id")?, one)))
        .collect();
    let Some(Value::Array(all)) = to.get_mut("credentials") else {
        return;
    };
    // What it is, without when it ends.
    let proof = |one: &Map<String, Value>| {
        let mut proof = one.clone();
        proof.remove("expires_at");
        proof
    };
    all.retain(|one| {
        let id = one.get("id").and_then(Value::as_str).unwrap_or_default();
        let known = known.get(id).map(|known| proof(known));
        let stays = known.is_some() && known == one.as_object().map(proof);
        match (stays, known) {
            (true, _) => {}
            (false, Some(_)) => words.push(format!(
                "credential `{id}` ended, since readers have another under this id"
            )),
            (false, None) => words.push(format!("credential `{id}` ended")),
        }
        stays
    });
    for one in all.iter_mut().filter_map(Value::as_object_mut) {
        let id = text(one, "id").unwrap_or_default().to_owned();
        let end = |body: &Map<String, Value>| text(body, "expires_at").and_then(unix_seconds);
        let Some(known) = known.get(&*id) else { continue };
        let is_earlier = end(known).is_some_and(|known| end(one).is_none_or(|now| known < now));
        if let (true, Some(earlier)) = (is_earlier, known.get("expires_at")) {
            one.insert("expires_at".into(), earlier.clone());
            words.push(format!("credential `{id}` ends earlier"));
        }
    }
    if all.is_empty() {
        to.remove("credentials");
    }
}

fn grants(to: &mut Map<String, Value>, known: &Map<String, Value>, words: &mut Vec<String>) {
    let scopes_of = |grant: &Map<String, Value>| -> BTreeSet<String> {
        let scopes = grant.get("scopes").and_then(Value::as_array);
        let scopes = scopes.into_iter().flatten().filter_map(Value::as_str);
        scopes.map(str::to_owned).collect()
    };
    let known: BTreeMap<&str, BTreeSet<String>> = list(known, "grants")
        .filter_map(|one| Some((text(one, "api")?, scopes_of(one))))
        .collect();
    let Some(Value::Array(all)) = to.get_mut("grants") else {
        return;
    };
    all.retain(|one| {
        let api = one.get("api").and_then(Value::as_str).unwrap_or_default();
        let stays = known.contains_key(api);
        if !stays {
            words.push(format!("no grant for `{api}`"));
        }
        stays
    });
    for one in all.iter_mut().filter_map(Value::as_object_mut) {
        let api = text(one, "api").unwrap_or_default().to_owned();
        let Some(known) = known.get(&*api) else { continue };
        let now = scopes_of(one);
        let gone: Vec<&str> = now.difference(known).map(String::as_str).collect();
        if gone.is_empty() {
            continue;
        }
        words.push(format!("no `{}` for `{api}`", gone.join("`, `")));
        let kept: Vec<Value> = now
            .intersection(known)
            .map(|scope| scope.as_str().into())
            .collect();
        match kept.is_empty() {
            true => drop(one.remove("scopes")),
            false => drop(one.insert("scopes".into(), kept.into())),
        }
    }
    if all.is_empty() {
        to.remove("grants");
    }
}

#[cfg(test)]
mod tests;
