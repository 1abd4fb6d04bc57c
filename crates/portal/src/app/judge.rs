//! Whether what is planned may be in force: the strict check of each entity among its neighbours, names that are taken, what
//! others still need, and whether a reader would take it.
//!
//! Costs what the change and its neighbours cost, whatever else there is.

use super::clients;
use super::draft::Draft;
use super::key_sets::{self, Embedded};
use super::mentions::Mentions;
use super::neighbours::{self, Document};
use super::refused::{ERRORS_MAX, FieldError, Refused};
use crate::store::{entities, names};
use policy::check::{Place, Severity, Step, check};
use policy::entity::Kind;
use policy::{Body, Change, Policy};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Entities that are named where one is still needed.
const NAMED_MAX: usize = 5;
/// Those that are looked at: no revision changes more.
const USERS_MAX: i64 = 10_001;

/// What was found to be good.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Each planned entity as it is kept.
    pub(crate) bodies: BTreeMap<(Kind, String), String>,
    /// What records carry instead, where that is more: of issuers whose keys are fetched.
    records: BTreeMap<(Kind, String), String>,
    pub(crate) warnings: Vec<FieldError>,
}

impl Judged {
    /// A planned entity as records carry it.
    pub(crate) fn record(&self, key: &(Kind, String)) -> Option<&String> {
        self.records.get(key).or_else(|| self.bodies.get(key))
    }
}

/// Judges all that is planned.
pub(crate) async fn judge(draft: &mut Draft) -> Result<Judged, Refused> {
    let mut judged = Judged::default();
    let mut errors = Vec::new();
    reused(draft, &mut errors);
    unpublished(draft, &mut judged, &mut errors);
    let document = neighbours::document(draft).await?;
    strict(draft, &document, &mut judged, &mut errors);
    credentials(draft, &mut errors);
    if errors.is_empty() {
        taken_names(draft, &mut errors).await?;
        needed(draft, &mut errors).await?;
        first_tenant(draft, &mut errors).await?;
        keys(draft, &mut judged, &mut errors).await?;
    }
    if errors.is_empty() {
        as_reader(draft, &document, &judged, &mut errors);
    }
    if errors.is_empty() {
        return Ok(judged);
    }
    errors.truncate(ERRORS_MAX);
    Err(Refused::Invalid(errors))
}

/// Where a member is, for whoever sent it: with the entity before it where several were.
fn field(draft: &Draft, kind: Kind, id: &str, member: &str) -> String {
    match (draft.planned.len(), member) {
        (1, member) => member.to_owned(),
        (_, "") => format!("{}[{id}]", kind.section()),
        (_, member) => format!("{}[{id}].{member}", kind.section()),
    }
}

/// An id that was deleted is not given again; only going back to an earlier revision brings the same entity back.
fn reused(draft: &Draft, errors: &mut Vec<FieldError>) {
    if draft.operation == "policy.revert" {
        return;
    }
    for planned in draft.planned.values().filter(|planned| planned.to.is_some()) {
        if planned
            .stored
            .as_ref()
            .is_some_and(|stored| stored.status == "deleted")
        {
            errors.push(FieldError::new(
                field(draft, planned.kind, &planned.id, "id"),
                format!(
                    "{} `{}` was deleted, and ids are never used again: take another id, or bring it back with `revert`",
                    planned.kind, planned.id
                ),
            ));
        }
    }
}

/// Drafts and retired APIs are held to their own form alone.
fn unpublished(draft: &Draft, judged: &mut Judged, errors: &mut Vec<FieldError>) {
    for planned in draft.planned.values() {
        let Some(to) = planned.to.as_ref().filter(|to| !to.is_published()) else {
            continue;
        };
        let mut alone = to.body.clone();
        alone.insert("id".into(), planned.id.clone().into());
        let checked = check(&json!({ planned.kind.section(): [alone] }));
        for problem in checked
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
        {
            let member = member_of(&problem.at);
            errors.push(FieldError::new(
                field(draft, planned.kind, &planned.id, &member),
                said(problem),
            ));
        }
        for entity in checked.entities {
            judged
                .bodies
                .insert((entity.kind, entity.id.into()), entity.body.into());
        }
    }
}

/// At most two credentials of a kind; what an earlier revision had may come back as it was.
fn credentials(draft: &Draft, errors: &mut Vec<FieldError>) {
    let clients = draft.planned.values().filter(|one| one.kind == Kind::Client);
    for planned in clients.filter(|_| draft.operation != "policy.revert") {
        let Some(body) = planned.published() else { continue };
        for error in clients::too_many(planned.former.as_ref(), body, draft.now) {
            errors.push(FieldError::new(
                field(draft, Kind::Client, &planned.id, &error.field),
                error.message,
            ));
        }
    }
}

fn strict(draft: &Draft, document: &Document, judged: &mut Judged, errors: &mut Vec<FieldError>) {
    let checked = check(&document.value());
    for problem in &checked.problems {
        let whose = document.whose(&problem.at);
        let (kind, id, is_planned) = match &whose {
            Some((kind, id)) => (
                *kind,
                id.as_str(),
                draft.planned.contains_key(&(*kind, id.clone())),
            ),
            None => continue,
        };
        let member = member_of(&problem.at);
        let told = match is_planned {
            true => FieldError::new(field(draft, kind, id, &member), said(problem)),
            false => FieldError::new("", format!("{kind} `{id}`: {}", said(problem))),
        };
        match problem.severity {
            Severity::Error => errors.push(told),
            // What is said of the whole is not true of a part: only what is said of these is.
            Severity::Warning if is_planned && matches!(kind, Kind::Client | Kind::Issuer) => {
                judged.warnings.push(told);
            }
            Severity::Warning => {}
        }
    }
    for entity in checked.entities {
        let key = (entity.kind, String::from(entity.id));
        if draft.planned.contains_key(&key) {
            judged.bodies.insert(key, entity.body.into());
        }
    }
}

fn said(problem: &policy::check::Problem) -> String {
    match &problem.help {
        Some(help) => format!("{}; {help}", problem.message),
        None => problem.message.clone(),
    }
}

/// The path within the entity.
fn member_of(place: &Place) -> String {
    let mut text = String::new();
    for step in place.path.iter().skip(2) {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.push_str(&format!(".{key}")),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// The keys that issuers' records carry beside those that people gave.
async fn keys(draft: &mut Draft, judged: &mut Judged, errors: &mut Vec<FieldError>) -> Result<(), Refused> {
    let issuers = draft.planned.values().filter(|one| one.kind == Kind::Issuer);
    let published = issuers.filter(|one| one.published().is_some());
    let ids: Vec<String> = published.map(|one| one.id.clone()).collect();
    for id in ids {
        let key = (Kind::Issuer, id);
        let Some(body) = judged.bodies.get(&key) else {
            continue;
        };
        let placed = |draft: &Draft, error: FieldError| {
            FieldError::new(field(draft, Kind::Issuer, &key.1, &error.field), error.message)
        };
        match key_sets::embed(draft, &key.1, body).await? {
            Embedded::Alone => {}
            Embedded::Body(body, warning) => {
                judged.warnings.extend(warning.map(|told| placed(draft, told)));
                judged.records.insert(key.clone(), body);
            }
            Embedded::Refused(error) => errors.push(placed(draft, error)),
        }
    }
    Ok(())
}

/// Names that are another's, or were.
async fn taken_names(draft: &mut Draft, errors: &mut Vec<FieldError>) -> Result<(), Refused> {
    let mut wanted: BTreeMap<String, (Kind, String, String)> = BTreeMap::new();
    for planned in draft.planned.values() {
        let Some(body) = planned.published() else { continue };
        for (name, member) in Mentions::of(planned.kind, body).names {
            wanted.insert(name, (planned.kind, planned.id.clone(), member));
        }
    }
    let asked: Vec<String> = wanted.keys().cloned().collect();
    for holder in names::holders(&mut draft.tx, &draft.environment.id, &asked).await? {
        let Some((kind, id, member)) = wanted.get(&holder.name) else {
            continue;
        };
        let is_own = (*kind, id.as_str()) == (holder.kind, holder.id.as_str());
        let credential = holder.name.strip_prefix("credential:");
        let ended = holder.ended && !credential.is_some_and(|id| draft.brought_back.contains(id));
        if is_own && !ended {
            continue;
        }
        // Whoever gives it up in the same revision does not stand in the way, unless it is never given again.
        let given_up = draft
            .planned
            .get(&(holder.kind, holder.id.clone()))
            .is_some_and(|other| {
                let body = other.published().cloned().unwrap_or_default();
                !Mentions::of(holder.kind, &body)
                    .names
                    .iter()
                    .any(|(name, _)| *name == holder.name)
            });
        if given_up && credential.is_none() {
            continue;
        }
        let message = match (credential, holder.ended) {
            (Some(credential), true) => format!(
                "credential `{credential}` of {} `{}` has ended, and ids are never used again: take another id",
                holder.kind, holder.id
            ),
            _ => format!(
                "this leads to {} `{}` already: it cannot lead to two",
                holder.kind, holder.id
            ),
        };
        errors.push(FieldError::new(field(draft, *kind, id, member), message));
    }
    Ok(())
}

/// What is taken away, and is still named by others.
async fn needed(draft: &mut Draft, errors: &mut Vec<FieldError>) -> Result<(), Refused> {
    let gone: Vec<(Kind, String)> = draft
        .planned
        .values()
        .filter(|planned| planned.published_former().is_some() && planned.published().is_none())
        .map(|planned| (planned.kind, planned.id.clone()))
        .collect();
    for (kind, id) in gone {
        let users = names::links_to(
            &mut draft.tx,
            &draft.environment.id,
            kind.as_str(),
            &id,
            USERS_MAX,
        )
        .await?;
        let mention = (kind.as_str().to_owned(), id.clone());
        let mut left: Vec<String> = users
            .into_iter()
            .filter(|(kind, id)| {
                let planned = draft.planned.get(&(*kind, id.clone()));
                planned.is_none_or(|planned| {
                    planned
                        .published()
                        .is_some_and(|body| Mentions::of(planned.kind, body).links.contains(&mention))
                })
            })
            .map(|(kind, id)| format!("{kind} `{id}`"))
            .collect();
        if left.is_empty() {
            continue;
        }
        let more = left.len().saturating_sub(NAMED_MAX);
        left.truncate(NAMED_MAX);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        errors.push(FieldError::new(
            field(draft, kind, &id, ""),
            format!(
                "{kind} `{id}` is still named by {}{more}: change those first, or in the same request",
                left.join(", ")
            ),
        ));
    }
    Ok(())
}

/// Tenants are checked only where some are listed; with the first, all that are named have to be there.
async fn first_tenant(draft: &mut Draft, errors: &mut Vec<FieldError>) -> Result<(), Refused> {
    let comes = draft
        .planned
        .values()
        .any(|one| one.kind == Kind::Tenant && one.published().is_some());
    if !comes
        || entities::any(&mut draft.tx, &draft.environment.id, Kind::Tenant)
            .await?
            .is_some()
    {
        return Ok(());
    }
    for (client, tenant) in names::without_tenant(&mut draft.tx, &draft.environment.id, USERS_MAX).await? {
        let comes_too = draft.planned.contains_key(&(Kind::Tenant, tenant.clone()));
        let changes = draft.planned.contains_key(&(Kind::Client, client.clone()));
        if !comes_too && !changes {
            errors.push(FieldError::new(
                "",
                format!("client `{client}` names the tenant `{tenant}`, which has to be listed once any is: add it in the same request"),
            ));
        }
    }
    Ok(())
}

/// Whether a reader would take every planned entity as it is.
fn as_reader(draft: &Draft, document: &Document, judged: &Judged, errors: &mut Vec<FieldError>) {
    let of_neighbours = document.neighbours();
    let neighbours = of_neighbours
        .iter()
        .map(|(kind, id, body)| (*kind, *id, body.as_str()));
    let planned = judged.bodies.keys().filter_map(|key| {
        draft.planned.get(key)?.published()?;
        let body = judged.record(key)?;
        Some((key.0, key.1.as_str(), body.as_str()))
    });
    let changes = neighbours.chain(planned).map(|(kind, id, body)| Change::Put {
        kind: kind.as_str(),
        id,
        body: Body::from(body),
        needs: &[],
    });
    let (_, reports) = Policy::build(changes);
    for report in reports {
        let Some(kind) = Kind::parse(&report.kind) else {
            continue;
        };
        if draft
            .planned
            .contains_key(&(kind, String::from(report.id.clone())))
        {
            errors.push(FieldError::new(
                field(draft, kind, &report.id, ""),
                format!("readers would not take it: {}", report.message),
            ));
        }
    }
}

/// A body with its id, as a document has it.
pub(super) fn with_id(id: &str, body: &Map<String, Value>) -> Value {
    let mut whole = body.clone();
    whole.insert("id".into(), id.into());
    Value::Object(whole)
}
