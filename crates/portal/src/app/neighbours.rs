//! The part of a policy that a change is judged in: what is planned, whom it names, and the APIs above and below it.
//!
//! Whatever else there is cannot make the change wrong, so it is not read.

use super::body;
use super::draft::Draft;
use super::judge::with_id;
use super::mentions::Mentions;
use super::refused::Refused;
use crate::store::{entities, names};
use policy::check::{Place, Step};
use policy::entity::Kind;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// APIs below one that are looked at.
const BELOW_MAX: i64 = 10_000;

/// Ids with their bodies.
type Section = Vec<(String, Map<String, Value>)>;

/// A part of a policy as a document.
/// Neighbours stand before what is planned, so that what collides is found in what is planned.
#[derive(Debug, Default)]
pub(super) struct Document {
    neighbours: BTreeMap<Kind, Section>,
    planned: BTreeMap<Kind, Section>,
    /// Clients of which one credential is known, and nothing else.
    credentials: Vec<String>,
}

impl Document {
    /// As `check` takes it.
    pub(super) fn value(&self) -> Value {
        let mut document = Map::new();
        for kind in Kind::ALL {
            let items: Vec<Value> = self.section(kind).map(|(id, body)| with_id(id, body)).collect();
            if !items.is_empty() {
                document.insert(kind.section().to_owned(), Value::Array(items));
            }
        }
        let stubs = self.credentials.iter().enumerate().map(|(index, id)| {
            let credential = json!({ "type": "api_key", "id": id, "sha256": "0".repeat(64) });
            json!({ "id": format!("stub.{index}"), "team": "stub", "credentials": [credential] })
        });
        let stubs: Vec<Value> = stubs.collect();
        if !stubs.is_empty() {
            let clients = document
                .entry(Kind::Client.section())
                .or_insert_with(|| json!([]));
            if let Value::Array(clients) = clients {
                clients.extend(stubs);
            }
        }
        Value::Object(document)
    }

    /// The entity that a place is in.
    pub(super) fn whose(&self, place: &Place) -> Option<(Kind, String)> {
        let (Some(Step::Key(section)), Some(Step::Index(index))) = (place.path.first(), place.path.get(1))
        else {
            return None;
        };
        let kind = Kind::ALL.into_iter().find(|kind| kind.section() == &**section)?;
        let (id, _) = self.section(kind).nth(*index)?;
        Some((kind, id.clone()))
    }

    /// What is not planned, as records have it.
    pub(super) fn neighbours(&self) -> Vec<(Kind, &str, String)> {
        let mut all = Vec::new();
        for (kind, items) in &self.neighbours {
            for (id, body) in items {
                all.push((*kind, id.as_str(), Value::Object(body.clone()).to_string()));
            }
        }
        all
    }

    fn section(&self, kind: Kind) -> impl Iterator<Item = &(String, Map<String, Value>)> {
        let neighbours = self.neighbours.get(&kind).into_iter().flatten();
        neighbours.chain(self.planned.get(&kind).into_iter().flatten())
    }

    fn has(&self, kind: Kind, id: &str) -> bool {
        let neighbours = self.neighbours.get(&kind);
        neighbours.is_some_and(|items| items.iter().any(|(known, _)| known == id))
    }
}

/// The document of what is planned.
pub(super) async fn document(draft: &mut Draft) -> Result<Document, Refused> {
    let mut document = Document::default();
    let mut named: BTreeSet<(Kind, String)> = BTreeSet::new();
    let mut credentials = BTreeSet::new();
    let mut paths = BTreeSet::new();
    for planned in draft.planned.values() {
        if planned.kind == Kind::Api {
            for body in [planned.published_former(), planned.published()]
                .into_iter()
                .flatten()
            {
                paths.extend(Mentions::of(Kind::Api, body).base_path);
            }
        }
        let Some(body) = planned.published() else { continue };
        let section = document.planned.entry(planned.kind).or_default();
        section.push((planned.id.clone(), body.clone()));
        for (kind, id) in Mentions::of(planned.kind, body).links {
            match Kind::parse(&kind) {
                Some(kind) => drop(named.insert((kind, id))),
                None if kind == "credential" => drop(credentials.insert(id)),
                None => {}
            }
        }
    }
    named.extend(beside(draft, &paths).await?.into_iter().map(|id| (Kind::Api, id)));
    add(draft, &mut document, named).await?;
    cells_of_tenants(draft, &mut document).await?;
    any_tenant(draft, &mut document).await?;
    known_credentials(draft, &mut document, credentials).await?;
    Ok(document)
}

/// The APIs above, at and below these paths.
async fn beside(draft: &mut Draft, paths: &BTreeSet<String>) -> Result<BTreeSet<String>, Refused> {
    let mut found = BTreeSet::new();
    let environment = draft.environment.id.clone();
    for path in paths {
        let mut at_or_above = vec![path.clone(), "/".to_owned()];
        let ends = path
            .char_indices()
            .filter(|(at, c)| *at > 0 && *c == '/')
            .map(|(at, _)| at);
        at_or_above.extend(ends.filter_map(|end| path.get(..end)).map(str::to_owned));
        found.extend(names::apis_at(&mut draft.tx, &environment, &at_or_above).await?);
        found.extend(names::apis_below(&mut draft.tx, &environment, path, BELOW_MAX).await?);
    }
    Ok(found)
}

/// Adds entities that are in force and not planned.
async fn add(
    draft: &mut Draft,
    document: &mut Document,
    named: BTreeSet<(Kind, String)>,
) -> Result<(), Refused> {
    let mut by_kind: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for (kind, id) in named {
        if !draft.planned.contains_key(&(kind, id.clone())) && !document.has(kind, &id) {
            by_kind.entry(kind).or_default().push(id);
        }
    }
    for (kind, ids) in by_kind {
        for stored in entities::get_all(&mut draft.tx, &draft.environment.id, kind, &ids).await? {
            if let Some(record) = &stored.record {
                let body = body::object(&body::of_record(record)?)?;
                document
                    .neighbours
                    .entry(kind)
                    .or_default()
                    .push((stored.id, body));
            }
        }
    }
    Ok(())
}

async fn cells_of_tenants(draft: &mut Draft, document: &mut Document) -> Result<(), Refused> {
    let tenants = document.section(Kind::Tenant);
    let cells = tenants.flat_map(|(_, body)| Mentions::of(Kind::Tenant, body).links);
    let cells: BTreeSet<(Kind, String)> = cells.map(|(_, id)| (Kind::Cell, id)).collect();
    add(draft, document, cells).await
}

/// Where a client names a tenant and none of those is there, it matters whether there is any.
async fn any_tenant(draft: &mut Draft, document: &mut Document) -> Result<(), Refused> {
    let names_one = draft.planned.values().any(|one| {
        one.kind == Kind::Client && one.published().is_some_and(|body| body.contains_key("tenant"))
    });
    if !names_one || document.section(Kind::Tenant).next().is_some() {
        return Ok(());
    }
    if let Some(tenant) = entities::any(&mut draft.tx, &draft.environment.id, Kind::Tenant).await? {
        add(draft, document, BTreeSet::from([(Kind::Tenant, tenant.id)])).await?;
        cells_of_tenants(draft, document).await?;
    }
    Ok(())
}

/// Credentials that revocations name: also those that ended, since a revocation outlives what it revokes.
async fn known_credentials(
    draft: &mut Draft,
    document: &mut Document,
    credentials: BTreeSet<String>,
) -> Result<(), Refused> {
    let planned: BTreeSet<String> = draft
        .planned
        .values()
        .filter_map(|planned| planned.published())
        .flat_map(|body| Mentions::of(Kind::Client, body).names)
        .map(|(name, _)| name)
        .collect();
    let asked: Vec<String> = credentials.iter().map(|id| format!("credential:{id}")).collect();
    let asked: Vec<String> = asked.into_iter().filter(|name| !planned.contains(name)).collect();
    for holder in names::holders(&mut draft.tx, &draft.environment.id, &asked).await? {
        document
            .credentials
            .extend(holder.name.strip_prefix("credential:").map(str::to_owned));
    }
    Ok(())
}
