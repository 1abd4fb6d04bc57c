//! Writes what was judged: rows, the exact bytes of its records, versions, names, the revision, and what is recorded of it.

use super::api_documents;
use super::body::without_secrets;
use super::draft::{Draft, Planned};
use super::judge::Judged;
use super::key_sets;
use super::mentions::Mentions;
use super::refused::{FieldError, Refused};
use crate::store::entities::Stored;
use crate::store::names::Link;
use crate::store::outbox::Item;
use crate::store::revisions::Revision;
use crate::store::versions::Version;
use crate::store::{audit, entities, feeds, names, outbox, people, revisions, uses, versions};
use feed::{RECORD_BYTES_MAX, Record, record_line};
use policy::entity::Kind;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Records of one revision.
pub(crate) const RECORDS_MAX: usize = 10_000;
/// Bytes of one revision.
pub(crate) const REVISION_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What is written of a revision.
#[derive(Debug, Default)]
struct Rows {
    entities: Vec<Stored>,
    versions: Vec<Version>,
    items: Vec<Item>,
    entries: Vec<audit::Entry>,
}

/// Writes all that is planned; epoch and revision where it is in force.
pub(super) async fn all(draft: &mut Draft, judged: &Judged) -> Result<(i64, i64), Refused> {
    let planned: Vec<Planned> = draft.planned.values().cloned().collect();
    teams(draft, &planned).await?;
    let mut rows = Rows::default();
    let mut errors = Vec::new();
    for one in &planned {
        row_of(draft, judged, one, &mut rows, &mut errors);
    }
    if !errors.is_empty() {
        return Err(Refused::Invalid(errors));
    }
    limits(&rows)?;
    let is_revision = !rows.items.is_empty();
    if !is_revision {
        feeds::give_back_revision(&mut draft.tx, &draft.environment.id).await?;
        draft.revision -= 1;
        for version in &mut rows.versions {
            version.revision = draft.revision;
        }
        for stored in &mut rows.entities {
            stored.revision = stored.revision.min(draft.revision);
        }
    }
    let environment = draft.environment.id.clone();
    entities::put(&mut draft.tx, &environment, &rows.entities).await?;
    versions::add(&mut draft.tx, &environment, &rows.versions).await?;
    relate(draft, &planned).await?;
    super::grants::follow(draft, &planned).await?;
    rows.entries.extend(key_sets::write(draft, &planned).await?);
    if let Some((from, api)) = draft.promoted.take() {
        api_documents::promote(draft, &from, &api).await?;
    }
    if is_revision {
        let revision = Revision {
            revision: draft.revision,
            epoch: draft.epoch,
            actor: draft.asked.actor.name(),
            operation: draft.operation.to_owned(),
            records: i64::try_from(rows.items.len()).unwrap_or(i64::MAX),
            at: draft.now,
            made_at_ms: Some(crate::text::now_ms()),
            digest: None,
            committed_at_ms: None,
            commit_line: None,
        };
        outbox::add(
            &mut draft.tx,
            &environment,
            draft.epoch,
            draft.revision,
            &rows.items,
        )
        .await?;
        revisions::add(&mut draft.tx, &environment, &revision).await?;
    }
    audit::add(&mut draft.tx, &environment, &rows.entries).await?;
    Ok((draft.epoch, draft.revision))
}

/// Owners have to be there; a platform admin's word makes them.
async fn teams(draft: &mut Draft, planned: &[Planned]) -> Result<(), Refused> {
    let wanted = planned
        .iter()
        .filter_map(|one| Some((one, one.to.as_ref()?.team.clone()?)));
    let wanted: Vec<(&Planned, String)> = wanted.collect();
    let distinct: BTreeSet<&str> = wanted.iter().map(|(_, team)| team.as_str()).collect();
    for team in distinct {
        let found = people::team(&mut draft.tx, team).await?;
        if found.as_ref().is_some_and(|team| team.state == "active") {
            continue;
        }
        if found.is_some() || !draft.asked.actor.is_admin() {
            return Err(Refused::field(
                "team",
                format!("there is no team `{team}`: a platform admin makes teams"),
            ));
        }
        let made = people::Team {
            id: team.to_owned(),
            name: team.to_owned(),
            state: "active".to_owned(),
            version: 1,
            created_at: draft.now,
        };
        people::add_team(&mut draft.tx, &made).await?;
    }
    Ok(())
}

fn row_of(draft: &Draft, judged: &Judged, planned: &Planned, rows: &mut Rows, errors: &mut Vec<FieldError>) {
    let (kind, id) = (planned.kind, planned.id.clone());
    let key = (kind, id.clone());
    let (body, carried) = (judged.bodies.get(&key), judged.record(&key));
    let record = match (carried, planned.published()) {
        (Some(body), Some(_)) => {
            let line = line_of(draft, kind, &id, body);
            if line.len() > RECORD_BYTES_MAX {
                errors.push(FieldError::new(
                    "",
                    format!(
                        "{kind} `{id}` makes a record of {} bytes, at most {RECORD_BYTES_MAX} are carried",
                        line.len()
                    ),
                ));
            }
            Some(line)
        }
        _ => None,
    };
    let stored = planned.stored.as_ref();
    let former_record = stored.and_then(|stored| stored.record.clone());
    let same = match (&former_record, &record) {
        (Some(_), Some(_)) => !planned.changes_record(carried),
        (None, None) => true,
        _ => false,
    };
    let (record, revision) = match (same, stored) {
        (true, Some(stored)) => (stored.record.clone(), stored.revision),
        _ => (record, draft.revision),
    };
    if !same {
        rows.items.push(Item {
            key: format!("{kind}/{id}"),
            record: record.clone(),
            former: former_record,
        });
    }
    let former_version = stored.map_or(0, |stored| stored.version);
    if !planned.changes_something(body) {
        // Its keys alone are others: what people gave is as it was, and whoever read it may still change it.
        let (version, changed_at) = (
            former_version,
            stored.map_or(draft.now, |stored| stored.changed_at),
        );
        let row = stored_of(draft, planned, version, revision, record);
        rows.entities.push(Stored { changed_at, ..row });
        return;
    }
    let version = former_version + 1;
    rows.entities
        .push(stored_of(draft, planned, version, revision, record));
    rows.versions.push(Version {
        kind,
        id,
        version,
        revision: draft.revision,
        actor: draft.asked.actor.name(),
        at: draft.now,
        status: status_of(planned),
        body: body.cloned().filter(|_| planned.to.is_some()),
    });
    rows.entries.push(entry(draft, planned));
}

fn stored_of(
    draft: &Draft,
    planned: &Planned,
    version: i64,
    revision: i64,
    record: Option<String>,
) -> Stored {
    let (stored, to) = (planned.stored.as_ref(), planned.to.as_ref());
    Stored {
        kind: planned.kind,
        id: planned.id.clone(),
        version,
        revision,
        team: to.map_or_else(
            || stored.and_then(|stored| stored.team.clone()),
            |to| to.team.clone(),
        ),
        status: status_of(planned),
        details: to.map_or_else(
            || "{}".to_owned(),
            |to| Value::Object(to.details.clone()).to_string(),
        ),
        created_at: stored.map_or(draft.now, |stored| stored.created_at),
        changed_at: draft.now,
        record,
    }
}

fn status_of(planned: &Planned) -> String {
    planned
        .to
        .as_ref()
        .map_or_else(|| "deleted".to_owned(), |to| to.status.clone())
}

fn entry(draft: &Draft, planned: &Planned) -> audit::Entry {
    audit::Entry {
        at: draft.now,
        actor: draft.asked.actor.id().to_owned(),
        actor_kind: draft.asked.actor.kind().to_owned(),
        request_id: draft.asked.request_id.clone(),
        operation: draft.operation.to_owned(),
        object: format!("{}/{}", planned.kind, planned.id),
        revision: Some(draft.revision),
        before: planned.former.as_ref().map(without_secrets),
        after: planned.to.as_ref().map(|to| {
            let mut shown: Map<String, Value> = to.details.clone();
            shown.extend(to.body.clone());
            if to.status != "published" {
                shown.insert("status".into(), to.status.clone().into());
            }
            without_secrets(&shown)
        }),
    }
}

fn line_of(draft: &Draft, kind: Kind, id: &str, body: &str) -> String {
    record_line(&Record {
        feed: Cow::Borrowed(&draft.environment.id),
        epoch: draft.epoch.unsigned_abs(),
        revision: draft.revision.unsigned_abs(),
        kind: Cow::Borrowed(kind.as_str()),
        id: Cow::Borrowed(id),
        body,
        needs: Vec::new(),
    })
}

fn limits(rows: &Rows) -> Result<(), Refused> {
    let records = rows.items.len();
    let bytes: usize = rows
        .items
        .iter()
        .filter_map(|item| item.record.as_ref())
        .map(String::len)
        .sum();
    if records > RECORDS_MAX || bytes > REVISION_BYTES_MAX {
        return Err(Refused::TooLarge {
            records,
            records_max: RECORDS_MAX,
            bytes,
            bytes_max: REVISION_BYTES_MAX,
        });
    }
    Ok(())
}

/// Names, links and claims, as far as they change. What is left goes first: another entity may take it in the same revision.
async fn relate(draft: &mut Draft, planned: &[Planned]) -> Result<(), Refused> {
    let mut left = Vec::new();
    let mut taken = Vec::new();
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    let mut claims = Vec::new();
    for one in planned {
        let (kind, id) = (one.kind, one.id.as_str());
        let mentions =
            |body: Option<&Map<String, Value>>| body.map(|body| Mentions::of(kind, body)).unwrap_or_default();
        let (former, to) = (mentions(one.published_former()), mentions(one.published()));
        if former == to {
            continue;
        }
        let had: BTreeSet<&String> = former.names.iter().map(|(name, _)| name).collect();
        let kept: BTreeSet<&String> = to.names.iter().map(|(name, _)| name).collect();
        left.extend(had.difference(&kept).map(|name| (*name).clone()));
        taken.extend(
            to.name_rows(kind, id)
                .into_iter()
                .filter(|name| !had.contains(&name.name)),
        );
        let former_links: BTreeSet<Link> = former.link_rows(kind, id).into_iter().collect();
        let links: BTreeSet<Link> = to.link_rows(kind, id).into_iter().collect();
        added.extend(links.difference(&former_links).cloned());
        removed.extend(former_links.difference(&links).cloned());
        if kind == Kind::Api && former.base_path != to.base_path {
            claims.push((id.to_owned(), to.base_path));
        }
    }
    let environment = draft.environment.id.clone();
    names::leave(&mut draft.tx, &environment, &left).await?;
    names::take(&mut draft.tx, &environment, &taken).await?;
    let credentials: Vec<String> = taken
        .into_iter()
        .map(|name| name.name)
        .filter(|name| name.starts_with(uses::CREDENTIAL))
        .collect();
    uses::watch(&mut draft.tx, &environment, &credentials, draft.now).await?;
    names::relink(&mut draft.tx, &environment, &added, &removed).await?;
    for (api, base_path) in claims {
        names::claim(&mut draft.tx, &environment, &api, base_path.as_deref()).await?;
    }
    Ok(())
}
