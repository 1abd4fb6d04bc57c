//! What a portal has: all of an environment where the asker may see all, else the entities of a file one by one.

use super::given::{Entities, Key};
use crate::commands::portal_client::{Call, EnvironmentOptions, Failure, Portal};
use ::policy::check;
use ::policy::entity::Kind;
use serde_json::{Map, Value};
use std::time::Duration;

/// Bytes of a whole policy: as much as a floor may have.
const POLICY_BYTES_MAX: usize = feed::FLOOR_BYTES_MAX;
/// How long a whole policy may take.
pub(crate) const POLICY_WITHIN: Duration = Duration::from_secs(120);
/// Entities that are asked for one by one.
const SINGLE_MAX: usize = 200;
/// Members that the portal keeps beside the policy, by kind; those of every kind first.
const ADDED: [&str; 5] = ["id", "version", "revision", "epoch", "warnings"];

/// The policy of the environment, or of an earlier revision.
pub(crate) fn whole(
    portal: &Portal,
    options: &EnvironmentOptions,
    revision: Option<u64>,
) -> Result<Value, Failure> {
    let call = Call::get(options.path("/policy"))
        .query(&[("revision", revision.map(|revision| revision.to_string()))])
        .within(POLICY_WITHIN)
        .answer_bytes_max(POLICY_BYTES_MAX);
    portal.ask(call)?.json()
}

/// What there is of these, and, where the asker may see it, of all others.
pub(crate) fn around(
    portal: &Portal,
    options: &EnvironmentOptions,
    keys: &[Key],
) -> Result<(Entities, bool), Failure> {
    match whole(portal, options, None) {
        Ok(document) => Ok((entities(&document), true)),
        Err(failure) if failure.refused(403).is_some() => Ok((single(portal, options, keys)?, false)),
        Err(failure) => Err(failure),
    }
}

/// These, as far as they are there.
pub(crate) fn single(
    portal: &Portal,
    options: &EnvironmentOptions,
    keys: &[Key],
) -> Result<Entities, Failure> {
    if keys.len() > SINGLE_MAX {
        return Err(Failure::Usage(format!(
            "the file has {} entities, and this token may not read the whole policy: at most {SINGLE_MAX} are asked for one by one",
            keys.len()
        )));
    }
    let mut found = Vec::new();
    for (kind, id) in keys {
        match portal.ask(Call::get(options.path(&format!("/{}/{id}", kind.section())))) {
            Ok(answer) => found.push((*kind, answer.json()?)),
            Err(failure) if failure.refused(404).is_some() => {}
            Err(failure) => return Err(failure),
        }
    }
    let mut document = Map::new();
    for (kind, entity) in found {
        let section = document
            .entry(kind.section())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(section) = section.as_array_mut() {
            section.push(entity);
        }
    }
    Ok(entities(&Value::Object(document)))
}

/// The entities of a document, in the form of records.
pub(crate) fn entities(document: &Value) -> Entities {
    let mut plain = Map::new();
    let mut found = Entities::new();
    for kind in Kind::ALL {
        let items = document[kind.section()].as_array().into_iter().flatten();
        let items: Vec<Value> = items.map(|item| of_policy(kind, item)).collect();
        for item in &items {
            if let (Some(id), Some(body)) = (item["id"].as_str(), item.as_object()) {
                let mut body = body.clone();
                body.remove("id");
                found.insert((kind, id.to_owned()), Value::Object(body));
            }
        }
        plain.insert(kind.section().to_owned(), Value::Array(items));
    }
    // Members that say their default are left out, as in what a file says. What this version cannot read stays as it is.
    for entity in check::check(&Value::Object(plain)).entities {
        if let Ok(body) = serde_json::from_str(&entity.body) {
            found.insert((entity.kind, entity.id.into()), body);
        }
    }
    found
}

/// An entity without what the portal keeps beside the policy.
fn of_policy(kind: Kind, item: &Value) -> Value {
    let mut item = item.clone();
    if let Some(members) = item.as_object_mut() {
        for name in beside(kind) {
            members.remove(*name);
        }
        for name in &ADDED[1..] {
            members.remove(*name);
        }
    }
    item
}

/// What the portal keeps of an entity and no reader of the feed needs.
fn beside(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Api => &["title", "description", "status", "deprecation", "sunset"],
        Kind::Plan | Kind::Revocation => &["title", "description", "team"],
        _ => &["title", "description"],
    }
}
