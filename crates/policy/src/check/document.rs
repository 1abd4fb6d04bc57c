//! `check`: from a document to its problems, and to the entities that records carry.

use super::apis;
use super::defaults;
use super::form::Form;
use super::names;
use super::problem::{At, Problem, Problems};
use super::reach;
use super::shape::fits;
use super::table::POLICY;
use crate::entity::{self, Kind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map as Object, Value};

/// What came of a document.
#[derive(Debug, Default)]
pub struct Checked {
    /// Errors before warnings.
    pub problems: Vec<Problem>,
    /// How many further problems there are.
    pub left_out: usize,
    /// What the policy is made of, in the order of the document by kind; empty where a problem is an error.
    pub entities: Vec<Entity>,
}

/// One entity, ready to be a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Box<str>,
    /// The body: JSON without blanks, members in the order of the wire type, those with their default left out.
    pub body: Box<str>,
}

/// Whether a top-level key is one of a policy file.
pub fn is_section(key: &str) -> bool {
    Kind::ALL.iter().any(|kind| kind.section() == key)
}

/// Every problem of a policy that a person wrote, and its entities.
pub fn check(document: &Value) -> Checked {
    let mut problems = Problems::default();
    let mut entities = Vec::new();
    if let Value::Object(object) = document {
        let policy = Document::read(object, &mut problems);
        names::check(&policy, &mut problems);
        apis::check(&policy, &mut problems);
        if problems.errors() == 0 {
            reach::check(&policy, &mut problems);
            entities = policy.entities();
        }
    } else {
        fits(Form::Map(&POLICY), document, &At::TOP, &mut problems);
    }
    let (problems, left_out) = problems.finish();
    Checked {
        problems,
        left_out,
        entities,
    }
}

/// The document as wire types, as far as it has the right shape.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) issuers: Vec<Item<entity::Issuer>>,
    pub(super) apis: Vec<Item<entity::Api>>,
    pub(super) clients: Vec<Item<entity::Client>>,
    pub(super) plans: Vec<Item<entity::Plan>>,
    pub(super) revocations: Vec<Item<entity::Revocation>>,
    pub(super) tenants: Vec<Item<entity::Tenant>>,
    pub(super) cells: Vec<Item<entity::Cell>>,
}

/// One entity of the document.
#[derive(Debug)]
pub(super) struct Item<T> {
    /// Its index in its section.
    pub(super) index: usize,
    pub(super) id: Box<str>,
    /// `None` where its shape is wrong, which was reported: what names it is not dangling all the same.
    pub(super) entity: Option<T>,
}

impl<T> Item<T> {
    /// The entities whose shape is right.
    pub(super) fn good(items: &[Item<T>]) -> impl Iterator<Item = (&Item<T>, &T)> {
        items
            .iter()
            .filter_map(|item| Some((item, item.entity.as_ref()?)))
    }
}

impl Document {
    fn read(object: &Object<String, Value>, problems: &mut Problems) -> Document {
        // Each item is judged by its section below; here, what stands around them.
        let around = object.iter().map(|(key, value)| match value {
            Value::Array(_) if is_section(key) => (key.clone(), Value::Array(Vec::new())),
            _ => (key.clone(), value.clone()),
        });
        fits(
            Form::Map(&POLICY),
            &Value::Object(around.collect()),
            &At::TOP,
            problems,
        );
        Document {
            issuers: section(object, Kind::Issuer, problems),
            apis: section(object, Kind::Api, problems),
            clients: section(object, Kind::Client, problems),
            plans: section(object, Kind::Plan, problems),
            revocations: section(object, Kind::Revocation, problems),
            tenants: section(object, Kind::Tenant, problems),
            cells: section(object, Kind::Cell, problems),
        }
    }

    fn entities(self) -> Vec<Entity> {
        let mut entities = Vec::new();
        bodies(self.issuers, Kind::Issuer, defaults::of_issuer, &mut entities);
        bodies(self.apis, Kind::Api, defaults::of_api, &mut entities);
        bodies(self.clients, Kind::Client, |_| {}, &mut entities);
        bodies(self.plans, Kind::Plan, |_| {}, &mut entities);
        bodies(self.revocations, Kind::Revocation, |_| {}, &mut entities);
        bodies(self.tenants, Kind::Tenant, |_| {}, &mut entities);
        bodies(self.cells, Kind::Cell, |_| {}, &mut entities);
        entities
    }
}

fn section<T: DeserializeOwned>(
    object: &Object<String, Value>,
    kind: Kind,
    problems: &mut Problems,
) -> Vec<Item<T>> {
    let at = At::TOP.key(kind.section());
    let form = POLICY
        .members
        .iter()
        .find(|member| member.key == kind.section())
        .map(|member| member.form);
    let (Some(Form::List(items)), Some(Value::Array(found))) = (form, object.get(kind.section())) else {
        return Vec::new();
    };
    let read = |(index, value): (usize, &Value)| {
        let here = at.index(index);
        let good = fits(items.of, value, &here, problems);
        let entity = good.then(|| T::deserialize(value));
        let entity = match entity {
            Some(Err(error)) => {
                // The table is stricter than the wire types; this is what a reader would say.
                problems.error(here.value(), error.to_string());
                None
            }
            entity => entity.and_then(Result::ok),
        };
        let id = value.get("id")?.as_str()?.into();
        Some(Item { index, id, entity })
    };
    found.iter().enumerate().filter_map(read).collect()
}

fn bodies<T: Serialize>(
    items: Vec<Item<T>>,
    kind: Kind,
    leave_out_defaults: fn(&mut T),
    entities: &mut Vec<Entity>,
) {
    for Item { id, entity, .. } in items {
        if let Some(mut entity) = entity {
            leave_out_defaults(&mut entity);
            let body =
                serde_json::to_string(&entity).expect("a wire type has string keys and finite numbers");
            let body = body.into();
            entities.push(Entity { kind, id, body });
        }
    }
}
