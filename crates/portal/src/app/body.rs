//! An entity's body and what surrounds it: as people gave it, split from what readers need not know, shown without secrets.

use super::refused::FieldError;
use crate::store::{Connection, StoreError, entities::Stored, versions};
use policy::entity::Kind;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Bytes of what readers need not know of an entity.
const DETAILS_BYTES_MAX: usize = 16 * 1024;

/// The body of a record's line.
pub(crate) fn of_record(line: &str) -> Result<String, StoreError> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
    }
    let record: Record<'_> =
        serde_json::from_str(line).map_err(|_| StoreError::Broken("a record that is none"))?;
    Ok(record.body.get().to_owned())
}

/// The body of an entity as people gave it: of its record, or of its newest version where it is not published, or readers have more of it.
pub(crate) async fn text_of_stored(
    connection: &mut Connection,
    environment: &str,
    stored: &Stored,
) -> Result<Option<String>, StoreError> {
    if let Some(record) = stored.record.as_ref().filter(|_| !has_fetched(stored.kind)) {
        return of_record(record).map(Some);
    }
    let newest = versions::page(connection, environment, stored.kind, &stored.id, i64::MAX, 1).await?;
    Ok(newest.into_iter().next().and_then(|version| version.body))
}

/// Whether records of this kind carry what nobody gave: fetched keys.
pub(crate) fn has_fetched(kind: Kind) -> bool {
    kind == Kind::Issuer
}

/// The same, read.
pub(crate) async fn of_stored(
    connection: &mut Connection,
    environment: &str,
    stored: &Stored,
) -> Result<Option<Map<String, Value>>, StoreError> {
    let text = text_of_stored(connection, environment, stored).await?;
    text.map(|text| object(&text)).transpose()
}

/// A JSON object that the portal wrote itself.
pub(crate) fn object(text: &str) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Broken("a body that is no object"))
}

/// Members that the portal keeps and no reader needs.
fn own_members(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Api => &["title", "description", "status", "deprecation", "sunset"],
        Kind::Plan | Kind::Revocation => &["title", "description", "team"],
        _ => &["title", "description"],
    }
}

/// What readers need, and what only the portal keeps.
pub(crate) type Apart = (Map<String, Value>, Map<String, Value>);

/// What was sent, apart: what readers need, and what only the portal keeps.
pub(crate) fn split(kind: Kind, mut sent: Map<String, Value>) -> Result<Apart, Vec<FieldError>> {
    let mut own = Map::new();
    let mut errors = Vec::new();
    // A client's status is the policy's.
    for member in own_members(kind) {
        let Some(value) = sent.remove(*member) else {
            continue;
        };
        match value {
            Value::String(text) if !text.is_empty() => {
                own.insert((*member).to_owned(), Value::String(text));
            }
            _ => errors.push(FieldError::new(*member, "write a string, or leave it out")),
        }
    }
    for member in ["deprecation", "sunset"] {
        let text = own.get(member).and_then(Value::as_str);
        if text.is_some_and(|text| crate::text::unix_seconds(text).is_none()) {
            errors.push(FieldError::new(member, "write a time as `2027-01-31T00:00:00Z`"));
        }
    }
    if let Some(status) = own.get("status").and_then(Value::as_str)
        && !["draft", "published", "deprecated", "retired"].contains(&status)
    {
        errors.push(FieldError::new(
            "status",
            format!("`{status}` is none: write `draft`, `published`, `deprecated` or `retired`"),
        ));
    }
    if Value::Object(own.clone()).to_string().len() > DETAILS_BYTES_MAX {
        errors.push(FieldError::new(
            "description",
            format!("title and description have at most {DETAILS_BYTES_MAX} bytes"),
        ));
    }
    match errors.is_empty() {
        true => Ok((sent, own)),
        false => Err(errors),
    }
}

/// An entity as it is shown: id, version, revision, what the portal keeps, and the body.
pub(crate) fn shown(stored: &Stored, body: Map<String, Value>) -> Result<Value, StoreError> {
    let mut shown = Map::new();
    shown.insert("id".into(), stored.id.clone().into());
    shown.insert("version".into(), stored.version.into());
    shown.insert("revision".into(), stored.revision.into());
    shown.extend(object(&stored.details)?);
    if stored.kind == Kind::Api {
        shown.insert("status".into(), stored.status.clone().into());
    }
    shown.extend(body);
    Ok(Value::Object(shown))
}

/// A body for the audit log: what proves a caller is left out, so that the log can be shown to more people than the policy.
pub(crate) fn without_secrets(body: &Map<String, Value>) -> String {
    let mut body = body.clone();
    if let Some(Value::Array(credentials)) = body.get_mut("credentials") {
        for credential in credentials.iter_mut().filter_map(Value::as_object_mut) {
            if credential.contains_key("sha256") {
                credential.insert("sha256".into(), "…".into());
            }
        }
    }
    Value::Object(body).to_string()
}
