//! The JSON Schema says what the reader says, as far as a schema can: what an editor underlines and what `check`
//! refuses are the same.
//!
//! The judge below knows the keywords that the schema has, and fails on any other, so that none goes unread.

use super::{checked, told};
use gateway::configuration::schema;
use serde_json::{Value, json};

/// Fails unless the schema takes the file.
#[track_caller]
pub(super) fn fits(name: &str, text: &str) {
    let value = if name.ends_with("json") {
        serde_json::from_str(text).unwrap()
    } else {
        serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true }).unwrap()
    };
    let root = schema();
    assert_eq!(judge(&root, &root, &value), Ok(()), "{name}");
}

/// Whether a value fits a schema; else which keyword it fails on.
fn judge(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Some(keywords) = schema.as_object() else {
        return Ok(());
    };
    for (keyword, rule) in keywords {
        let fits = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "examples" => true,
            "$ref" => {
                let target = rule
                    .as_str()
                    .and_then(|reference| root.pointer(reference.strip_prefix('#')?));
                judge(root, target.expect("a reference into the schema"), value)?;
                true
            }
            "type" => is_of_type(rule.as_str().expect("one type"), value),
            "anyOf" | "oneOf" => {
                let forms = rule.as_array().unwrap();
                let fitting = forms
                    .iter()
                    .filter(|form| judge(root, form, value).is_ok())
                    .count();
                if keyword == "anyOf" {
                    fitting > 0
                } else {
                    fitting == 1
                }
            }
            "const" | "enum" | "minimum" | "maximum" => bounds(keyword, rule, value),
            "pattern" => value
                .as_str()
                .is_none_or(|text| text.contains("${env:") || text.contains("${file:")),
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|key| value.get(key.as_str().unwrap()).is_some()),
            "items" => {
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .try_for_each(|item| judge(root, rule, item))?;
                true
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    value.get(key).map_or(Ok(()), |value| judge(root, rule, value))?;
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let mut others = value.as_object().into_iter().flatten();
                others.try_for_each(|(key, value)| {
                    match known.is_some_and(|known| known.contains_key(key)) {
                        true => Ok(()),
                        false if rule == &json!(false) => Err(format!("unknown key {key}")),
                        false => judge(root, rule, value),
                    }
                })?;
                true
            }
            other => panic!("the schema has a keyword that is not read here: {other}"),
        };
        if !fits {
            return Err(format!("{keyword} {rule}"));
        }
    }
    Ok(())
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        other => panic!("unknown type {other}"),
    }
}

fn bounds(keyword: &str, rule: &Value, value: &Value) -> bool {
    match keyword {
        "const" => rule == value,
        "enum" => rule.as_array().unwrap().contains(value),
        "minimum" => value.as_i64() >= rule.as_i64(),
        _ => value.as_i64() <= rule.as_i64(),
    }
}

/// A file's content, and whether schema and reader take its form.
#[track_caller]
fn check(content: &Value, is_taken: bool) {
    let root = schema();
    let judged = judge(&root, &root, content);
    assert_eq!(judged.is_ok(), is_taken, "{content}: {judged:?}");
    let checked = checked(&content.to_string());
    assert_eq!(
        checked.is_otherwise_valid(),
        is_taken,
        "{content}: {:?}",
        told(&checked)
    );
}

fn route(key: &str, value: &Value) -> Value {
    let mut route = json!({ "path": "/a", "upstream": "http://a" });
    route[key] = value.clone();
    json!({ "routes": [route] })
}

#[test]
fn schema_and_reader_agree() {
    check(&json!({}), true);
    check(
        &json!({ "listen": ["127.0.0.1:1", { "address": "127.0.0.1:2", "http2": false }] }),
        true,
    );
    check(&json!({ "listen": 8080 }), false);
    check(&json!({ "listn": "127.0.0.1:1" }), false);
    check(&json!({ "workers": 0 }), false);
    check(&json!({ "workers": 256 }), true);
    check(&json!({ "workers": 257 }), false);
    check(&json!({ "workers": "two" }), false);
    check(&json!({ "workers": null }), false);
    check(&json!({ "connections_max": "${env:PORT}" }), true);
    check(&json!({ "timeouts": { "total_ms": "off" } }), true);
    check(&json!({ "timeouts": { "total_ms": "on" } }), false);
    check(&json!({ "timeouts": { "connect_ms": "off" } }), false);
    check(&json!({ "admin": { "token_file": "token" } }), false);
    check(&json!({ "access_log": { "fields": ["time"] } }), true);
    check(&json!({ "access_log": { "fields": ["tim"] } }), false);
    check(&json!({ "routes": [{ "upstream": "http://a" }] }), false);
    check(&route("preserve_host", &json!(true)), true);
    check(&route("preserve_host", &json!("${env:YES}")), true);
    check(&route("preserve_host", &json!("true")), false);
    check(&route("retries", &json!(6)), false);
    check(&route("encoded_slash", &json!("keep")), true);
    check(&route("encoded_slash", &json!("pass")), false);
    check(&route("upstream", &json!({ "url": "http://a" })), true);
    check(&route("upstream", &json!({ "uri": "http://a" })), false);
    check(&route("headers", &json!({ "request": { "X-A": "b" } })), true);
    check(&route("headers", &json!({ "request": { "X-A": 1 } })), false);
    check(&route("headers", &json!({ "requests": {} })), false);
    let redirect =
        |status: u16| json!({ "routes": [{ "path": "/a", "redirect": { "to": "/b", "status": status } }] });
    check(&redirect(308), true);
    check(&redirect(304), false);
    check(&json!({ "failed_credentials": { "per_minute": 600 } }), true);
    check(&json!({ "failed_credentials": "of" }), false);
}

#[test]
fn defaults_and_examples_fit_themselves() {
    fn walk(root: &Value, schema: &Value, count: &mut usize) {
        let examples = schema
            .get("examples")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for value in examples.chain(schema.get("default")) {
            assert_eq!(judge(root, schema, value), Ok(()), "{schema}");
            *count += 1;
        }
        for (keyword, inner) in schema.as_object().into_iter().flatten() {
            match (keyword.as_str(), inner) {
                // Their keys are names, not keywords.
                ("properties" | "$defs", Value::Object(named)) => {
                    named.values().for_each(|inner| walk(root, inner, count));
                }
                (_, Value::Array(list)) => list.iter().for_each(|inner| walk(root, inner, count)),
                _ => walk(root, inner, count),
            }
        }
    }
    let (root, mut count) = (schema(), 0);
    walk(&root, &root, &mut count);
    assert!(count > 30, "{count}");
}

#[test]
fn every_key_is_described_for_an_editor() {
    let root = schema();
    let maps = root["$defs"].as_object().unwrap().values().chain([&root]);
    for map in maps {
        for (key, property) in map
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            assert!(
                property["description"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{key}"
            );
        }
    }
    assert_eq!(root["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(!root.to_string().contains("x-required"));
}

#[test]
fn a_file_may_name_its_schema() {
    check(&json!({ "$schema": "../contract/gateway.schema.json" }), true);
}
