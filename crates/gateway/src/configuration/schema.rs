//! The JSON Schema (draft 2020-12) of a gateway's file, from the wire types: what an editor completes and underlines.
//!
//! It is as strict as a schema can be; what only `check` can say (duplicates, prefixes, targets) is not in it.

use super::decode::REQUIRED_MARK;
use super::wire::Gateway;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Value, json};

/// The schema.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Gateway>();
    Finish.transform(&mut schema);
    schema.to_value()
}

/// Moves the marks of required keys into `required`, and lets a reference stand where a number or boolean is asked for.
struct Finish;

impl Transform for Finish {
    fn transform(&mut self, schema: &mut Schema) {
        required(schema);
        transform_subschemas(self, schema);
        or_reference(schema);
    }
}

fn required(schema: &mut Schema) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let mut required = Vec::new();
    for (key, property) in properties {
        let mark = property
            .as_object_mut()
            .and_then(|property| property.remove(REQUIRED_MARK));
        if mark.is_some() {
            required.push(Value::from(key.as_str()));
        }
    }
    schema.remove("required");
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
}

/// `${env:PORT}` is a string until it is filled in.
fn or_reference(schema: &mut Schema) {
    /// What is about the value rather than about its form stays beside the alternatives.
    const OF_THE_FORM: [&str; 4] = ["type", "minimum", "maximum", "enum"];
    let kind = schema.get("type").and_then(Value::as_str);
    if !matches!(kind, Some("integer" | "boolean")) {
        return;
    }
    let form: serde_json::Map<String, Value> = OF_THE_FORM
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), schema.remove(key)?)))
        .collect();
    let reference = json!({ "type": "string", "pattern": "\\$\\{(env|file):[^}]+\\}" });
    schema.insert("anyOf".to_owned(), json!([form, reference]));
}
