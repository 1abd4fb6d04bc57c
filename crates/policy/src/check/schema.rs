//! The JSON Schema (draft 2020-12) of a policy, for editors: the rules from `table`, the sentences from the wire types.
//!
//! As strict as a schema can be; what only `check` can say (references, duplicates, owners) is not in it.

use super::form::{Form, Items, Known};
use super::table::POLICY;
use crate::entity;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, generate::SchemaGenerator};
use serde_json::{Map as Object, Value, json};

/// The schema.
pub fn schema() -> Value {
    let mut schema = form_of(Form::Map(&POLICY), &wire());
    let top = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Switchboard policy",
        "description": "A policy as a person writes it: who may do what. `switchboard policy build` makes a floor of it.",
    });
    merge(&mut schema, top);
    schema
}

/// The wire types' own schemas, put together as a document. Only their descriptions are looked at.
fn wire() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let generator = &mut settings.into_generator();
    json!({ "properties": {
        "$schema": { "description": "For editors: where this schema is. Has no effect." },
        "issuers": section::<entity::Issuer>(generator, "Who signs tokens, and how its tokens are read."),
        "apis": section::<entity::Api>(generator, "What may be called."),
        "clients": section::<entity::Client>(generator, "Who calls: registered applications."),
        "plans": section::<entity::Plan>(generator, "What clients buy."),
        "revocations": section::<entity::Revocation>(generator, "What holds no longer."),
        "tenants": section::<entity::Tenant>(generator, "Whose data it is; checked only where some are listed."),
        "cells": section::<entity::Cell>(generator, "Deployment cells."),
    } })
}

fn section<T: JsonSchema>(generator: &mut SchemaGenerator, about: &str) -> Value {
    let mut items = generator.subschema_for::<T>().to_value();
    merge(
        &mut items,
        json!({ "properties": { "id": { "description": "Its id, one among all of its kind." } } }),
    );
    json!({ "description": about, "items": items })
}

/// Adds members, deeply.
fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

fn form_of(form: Form, wire: &Value) -> Value {
    let mut schema = match form {
        Form::Text(rule) => {
            let mut schema = json!({ "type": "string", "minLength": 1, "maxLength": rule.bytes_max });
            if let Some(pattern) = rule.pattern {
                merge(&mut schema, json!({ "pattern": pattern }));
            }
            schema
        }
        Form::Word(known) => json!({ "type": "string", "enum": known }),
        Form::Flag => json!({ "type": "boolean" }),
        Form::Whole(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Form::List(items) => list_of(items, wire),
        Form::Map(known) => map_of(known, &[], wire),
        Form::Typed(kinds) => {
            let alternatives = kinds.iter().map(|(word, known)| {
                let wire = alternative(wire, word);
                map_of(known, &[("type", json!({ "const": word }))], wire)
            });
            json!({ "oneOf": alternatives.collect::<Vec<_>>() })
        }
        Form::Key => json!({
            "type": "object",
            "required": ["kty"],
            "properties": { "kty": { "type": "string" } },
        }),
    };
    if let Some(about) = wire.get("description").and_then(Value::as_str) {
        // Line breaks of the source are none of the sentence.
        let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
        merge(&mut schema, json!({ "description": about }));
    }
    schema
}

/// The wire's alternative whose `type` is this word.
fn alternative<'w>(wire: &'w Value, word: &str) -> &'w Value {
    let alternatives = wire.get("oneOf").and_then(Value::as_array);
    let is_it =
        |schema: &&Value| schema.pointer("/properties/type/const").and_then(Value::as_str) == Some(word);
    alternatives
        .and_then(|schemas| schemas.iter().find(is_it))
        .unwrap_or(&Value::Null)
}

fn list_of(items: &Items, wire: &Value) -> Value {
    let of = form_of(items.of, wire.get("items").unwrap_or(&Value::Null));
    let mut schema = json!({ "type": "array", "items": of });
    if items.count_min > 0 {
        merge(&mut schema, json!({ "minItems": items.count_min }));
    }
    if items.count_max < usize::MAX {
        merge(&mut schema, json!({ "maxItems": items.count_max }));
    }
    if items.distinct.is_some() {
        merge(&mut schema, json!({ "uniqueItems": true }));
    }
    schema
}

fn map_of(known: &Known, besides: &[(&str, Value)], wire: &Value) -> Value {
    let mut properties: Object<String, Value> = besides
        .iter()
        .map(|(key, schema)| ((*key).to_owned(), schema.clone()))
        .collect();
    let mut required: Vec<&str> = besides.iter().map(|(key, _)| *key).collect();
    for member in known.members {
        let wire = wire
            .pointer(&format!("/properties/{}", member.key))
            .unwrap_or(&Value::Null);
        properties.insert(member.key.to_owned(), form_of(member.form, wire));
        required.extend(member.required.then_some(member.key));
    }
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        merge(&mut schema, json!({ "required": required }));
    }
    merge(&mut schema, (known.also)());
    schema
}
