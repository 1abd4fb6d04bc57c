//! A policy as people write it, and records of one, as changes.

use policy::entity::Kind;
use policy::{Change, Policy};
use serde_json::{Map, Value};

/// A case that cannot be run says why.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// One record's meaning, with its own text.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    kind: String,
    id: String,
    /// `None`: deleted.
    body: Option<String>,
    needs: Vec<Box<str>>,
}

impl Record {
    fn change(&self) -> Change<'_> {
        let (kind, id) = (&*self.kind, &*self.id);
        match &self.body {
            Some(body) => Change::Put {
                kind,
                id,
                body: body.as_str().into(),
                needs: &self.needs,
            },
            None => Change::Delete { kind, id },
        }
    }
}

/// The policy of these records.
pub(crate) fn build(records: &[Record]) -> Policy {
    Policy::build(records.iter().map(Record::change)).0
}

/// The policy after these records.
pub(crate) fn apply(policy: &Policy, records: &[Record]) -> Policy {
    policy.apply(records.iter().map(Record::change)).0
}

/// The records of a policy in the form that people write.
pub(crate) fn written(policy: &Value) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for (section, entities) in policy.as_object().ok_or("a policy is an object")? {
        let kind = Kind::ALL.into_iter().find(|kind| kind.section() == section);
        let kind = kind.ok_or_else(|| format!("`{section}` is no section of a policy"))?;
        for entity in entities.as_array().ok_or("a section is a list")? {
            let mut body = entity.as_object().ok_or("an entity is an object")?.clone();
            let id = text(&body.remove("id").ok_or("an entity has an id")?)?;
            let needs = needs(&mut body)?;
            records.push(Record {
                kind: kind.as_str().to_owned(),
                id,
                body: Some(Value::Object(body).to_string()),
                needs,
            });
        }
    }
    Ok(records)
}

/// Records as a case's `change` has them.
pub(crate) fn changed(records: &Value) -> Result<Vec<Record>> {
    let records = records.as_array().ok_or("`change` is a list")?;
    records.iter().map(record).collect()
}

fn record(record: &Value) -> Result<Record> {
    let mut members = record.as_object().ok_or("a record is an object")?.clone();
    let needs = needs(&mut members)?;
    let mut take = |name: &str| members.remove(name);
    let kind = text(&take("kind").ok_or("a record has a kind")?)?;
    let id = text(&take("id").ok_or("a record has an id")?)?;
    let body = match (take("body"), take("deleted")) {
        // A text stands for itself, so that what is no JSON can be a body too.
        (Some(Value::String(body)), None) => Some(body),
        (Some(body), None) => Some(body.to_string()),
        (None, Some(Value::Bool(true))) => None,
        _ => return Err("a record has a body, or is deleted".into()),
    };
    if !members.is_empty() {
        return Err(format!("unknown members of a record: {members:?}").into());
    }
    Ok(Record {
        kind,
        id,
        body,
        needs,
    })
}

fn needs(members: &mut Map<String, Value>) -> Result<Vec<Box<str>>> {
    match members.remove("needs") {
        None => Ok(Vec::new()),
        Some(words) => Ok(serde_json::from_value(words)?),
    }
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().ok_or("a text is expected")?.to_owned())
}
