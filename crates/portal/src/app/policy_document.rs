//! A whole policy, or a part of it, in one revision; and all of it as one document.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::authorize;
use super::body;
use super::context::App;
use super::draft::{Begun, Draft, Wanted};
use super::entities::{is_id, may_write, wanted};
use super::key_sets::{Wish, gather};
use super::mentions::{list, text};
use super::refused::{ERRORS_MAX, FieldError, Refused};
use super::write::RECORDS_MAX;
use crate::identity::{Object, Operation};
use crate::store::{Store, Tx, entities, feeds, versions};
use hyper::body::Bytes;
use policy::entity::Kind;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long whoever takes an export may take nothing.
const SLOW_MAX: Duration = Duration::from_secs(30);

/// Creates and replaces what the document has. `replace`: what its sections do not have is deleted.
pub(crate) async fn import(
    app: &App,
    asked: Asked,
    mut document: Map<String, Value>,
    replace: bool,
) -> Result<Answer, Refused> {
    let gathered = gather(app, &asked, wishes(&document)).await?;
    let mut draft = match Draft::begin(app, asked, "policy.import").await? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Draft(draft) => draft,
    };
    draft.gathered = gathered;
    let may_all = authorize(&draft.asked.actor, Operation::ReplacePolicy, Object::Organisation);
    if replace {
        may_all?;
    } else {
        // And each entity below, as it would be alone.
        authorize(&draft.asked.actor, Operation::ImportPolicy, Object::Organisation)?;
    }
    // For editors; and an export says where it stood.
    for told in ["$schema", "epoch", "revision"] {
        document.remove(told);
    }
    let sections = read(document)?;
    let count: usize = sections.iter().map(|(_, items)| items.len()).sum();
    if count > RECORDS_MAX {
        return Err(Refused::TooLarge {
            records: count,
            records_max: RECORDS_MAX,
            bytes: 0,
            bytes_max: super::write::REVISION_BYTES_MAX,
        });
    }
    for (kind, items) in sections {
        let ids: Vec<String> = items.iter().map(|(id, _)| id.clone()).collect();
        draft.preload(kind, &ids).await?;
        for (id, sent) in items {
            let former = draft.current(kind, &id).await?;
            let mut to =
                wanted(&draft, kind, &id, sent, former.as_ref()).map_err(|error| at(error, kind, &id))?;
            keep_own(&mut to, former.as_ref());
            may_write(&mut draft, kind, &id, former.as_ref(), Some(&to)).await?;
            draft.plan(kind, &id, Some(to)).await?;
        }
        if replace {
            delete_others(&mut draft, kind, &ids).await?;
        }
    }
    let mut more = Map::new();
    more.insert("entities".into(), count.into());
    draft.finish(200, None, more).await
}

/// What its issuers will need.
fn wishes(document: &Map<String, Value>) -> Vec<Wish> {
    let issuers = list(document, Kind::Issuer.section());
    issuers
        .filter_map(|issuer| Wish::of(text(issuer, "id")?, issuer))
        .collect()
}

/// What a policy file cannot say, and the portal keeps, stays as it was: titles, and whose a plan is.
fn keep_own(to: &mut Wanted, former: Option<&Wanted>) {
    let Some(former) = former else { return };
    for (member, value) in &former.details {
        to.details.entry(member.clone()).or_insert_with(|| value.clone());
    }
    if to.team.is_none() {
        to.team.clone_from(&former.team);
    }
}

type Sections = Vec<(Kind, Vec<(String, Map<String, Value>)>)>;

fn read(mut document: Map<String, Value>) -> Result<Sections, Refused> {
    let mut errors = Vec::new();
    let mut sections = Vec::new();
    for kind in Kind::ALL {
        let Some(items) = document.remove(kind.section()) else {
            continue;
        };
        let Value::Array(items) = items else {
            errors.push(FieldError::new(kind.section(), "write a list"));
            continue;
        };
        let mut read = Vec::with_capacity(items.len());
        let mut seen = BTreeSet::new();
        for (index, item) in items.into_iter().enumerate() {
            let field = format!("{}[{index}]", kind.section());
            let Value::Object(item) = item else {
                errors.push(FieldError::new(field, "write a map"));
                continue;
            };
            let Some(id) = item.get("id").and_then(Value::as_str).map(str::to_owned) else {
                errors.push(FieldError::new(format!("{field}.id"), "`id` is missing"));
                continue;
            };
            if is_id(&id).is_err() {
                errors.push(FieldError::new(format!("{field}.id"), format!("`{id}` is no id")));
            } else if !seen.insert(id.clone()) {
                errors.push(FieldError::new(
                    format!("{field}.id"),
                    format!("a second {kind} with the id `{id}`"),
                ));
            } else {
                read.push((id, item));
            }
        }
        sections.push((kind, read));
    }
    for key in document.keys() {
        errors.push(FieldError::new(
            key.as_str(),
            "no section of a policy has this name",
        ));
    }
    errors.truncate(ERRORS_MAX);
    match errors.is_empty() {
        true => Ok(sections),
        false => Err(Refused::Invalid(errors)),
    }
}

fn at(error: Refused, kind: Kind, id: &str) -> Refused {
    match error {
        Refused::Invalid(errors) => {
            let placed = |error: FieldError| {
                FieldError::new(format!("{}[{id}].{}", kind.section(), error.field), error.message)
            };
            Refused::Invalid(errors.into_iter().map(placed).collect())
        }
        other => other,
    }
}

async fn delete_others(draft: &mut Draft, kind: Kind, kept: &[String]) -> Result<(), Refused> {
    let kept: BTreeSet<&String> = kept.iter().collect();
    let environment = draft.environment.id.clone();
    let mut after = String::new();
    loop {
        let part = entities::next(&mut draft.tx, &environment, kind, &mut after).await?;
        if part.is_empty() {
            return Ok(());
        }
        for stored in part {
            if !kept.contains(&stored.id) {
                draft.plan(kind, &stored.id, None).await?;
            }
        }
        if draft.planned.len() > RECORDS_MAX * 2 {
            return Err(Refused::TooLarge {
                records: draft.planned.len(),
                records_max: RECORDS_MAX,
                bytes: 0,
                bytes_max: super::write::REVISION_BYTES_MAX,
            });
        }
    }
}

/// All that is in force, or was at an earlier revision, as one document that `import` and `policy build` take: piece by piece.
pub(crate) async fn export(
    app: &App,
    asked: &Asked,
    revision: Option<i64>,
) -> Result<mpsc::Receiver<Bytes>, Refused> {
    authorize(&asked.actor, Operation::ExportPolicy, Object::Organisation)?;
    let mut tx = app.store.begin_reading().await?;
    let feed = feeds::get(&mut tx, &asked.environment).await?;
    let feed = feed.ok_or_else(|| Refused::NotFound(format!("environment `{}`", asked.environment)))?;
    let (sender, receiver) = mpsc::channel(16);
    let then = match revision {
        Some(revision) => then(&mut tx, &feed, revision).await?,
        None => Then::new(),
    };
    let head = format!(
        "{{\"epoch\":{},\"revision\":{}",
        feed.epoch,
        revision.unwrap_or(feed.revision)
    );
    tokio::spawn(async move {
        // What breaks off is no JSON, and cannot be taken for all of it.
        if let Err(error) = pieces(tx, &feed.environment, head, then, &sender).await {
            tracing::warn!(error = %crate::causes(&error), "an export broke off");
        }
    });
    Ok(receiver)
}

/// What changed since, as it was: the body, or `None` where readers had none.
type Then = BTreeMap<(Kind, String), Option<String>>;

async fn then(tx: &mut Tx, feed: &feeds::Feed, revision: i64) -> Result<Then, Refused> {
    if !(0..=feed.revision).contains(&revision) {
        return Err(Refused::field(
            "revision",
            format!("write one from 0 to {}", feed.revision),
        ));
    }
    let limit = i64::try_from(RECORDS_MAX).unwrap_or(i64::MAX).saturating_add(1);
    let changed = versions::as_of(tx, &feed.environment, revision, None, limit).await?;
    if changed.len() > RECORDS_MAX {
        return Err(Refused::TooLarge {
            records: changed.len(),
            records_max: RECORDS_MAX,
            bytes: 0,
            bytes_max: super::write::REVISION_BYTES_MAX,
        });
    }
    let then = changed.into_iter().map(|(kind, id, version)| {
        let published =
            version.filter(|version| matches!(version.status.as_str(), "published" | "deprecated"));
        ((kind, id), published.and_then(|version| version.body))
    });
    Ok(then.collect())
}

fn write_entity(id: &str, body: &str, is_first: &mut bool, piece: &mut String) {
    piece.push_str(if *is_first { "\n" } else { ",\n" });
    *is_first = false;
    piece.push_str(&format!("{{\"id\":\"{id}\""));
    let members = body.trim_start_matches('{');
    if members != "}" {
        piece.push(',');
    }
    piece.push_str(members);
}

async fn pieces(
    mut tx: Tx,
    environment: &str,
    head: String,
    mut then: Then,
    sender: &mpsc::Sender<Bytes>,
) -> Result<(), crate::store::StoreError> {
    let mut piece = head;
    for kind in Kind::ALL {
        piece.push_str(&format!(",\n\"{}\":[", kind.section()));
        let (mut after, mut is_first) = (String::new(), true);
        loop {
            let part = entities::next(&mut tx, environment, kind, &mut after).await?;
            if part.is_empty() {
                break;
            }
            for stored in part {
                let body = match (then.remove(&(kind, stored.id.clone())), &stored.record) {
                    (Some(body), _) => body,
                    (None, None) => None,
                    (None, Some(_)) => body::text_of_stored(&mut tx, environment, &stored).await?,
                };
                if let Some(body) = body {
                    write_entity(&stored.id, &body, &mut is_first, &mut piece);
                }
            }
            if piece.is_empty() {
                continue;
            }
            let sent = sender.send(std::mem::take(&mut piece).into());
            if !matches!(tokio::time::timeout(SLOW_MAX, sent).await, Ok(Ok(()))) {
                return Ok(());
            }
        }
        for ((_, id), body) in then.extract_if((kind, String::new()).., |key, _| key.0 == kind) {
            if let Some(body) = body {
                write_entity(&id, &body, &mut is_first, &mut piece);
            }
        }
        piece.push(']');
    }
    piece.push_str("}\n");
    // Whoever is gone by now wanted none of it. The empty piece says that this was all.
    for piece in [piece.into(), Bytes::new()] {
        let _ = tokio::time::timeout(SLOW_MAX, sender.send(piece)).await;
    }
    Ok(())
}

/// Whether this environment is there.
pub(crate) async fn exists(store: &Store, environment: &str) -> Result<(), Refused> {
    let mut connection = store.connection().await?;
    match feeds::get(&mut connection, environment).await? {
        Some(_) => Ok(()),
        None => Err(Refused::NotFound(format!("environment `{environment}`"))),
    }
}
