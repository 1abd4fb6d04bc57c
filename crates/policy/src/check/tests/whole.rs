//! Documents as wholes: entities, everything at once, the cut, and the schema.

use super::{good, told, with};
use crate::entity::{self, Kind};
use serde_json::{Value, json};

#[track_caller]
fn body(document: &Value, kind: Kind, expected: &str) {
    let checked = super::super::check(document);
    let found = checked.entities.iter().find(|entity| entity.kind == kind);
    assert_eq!(
        found.map(|entity| &*entity.body),
        Some(expected),
        "{:#?}",
        told(&checked)
    );
}

#[test]
fn bodies_are_compact_and_without_defaults() {
    body(&good(), Kind::Tenant, r#"{"cell":"eu-1"}"#);
    body(&good(), Kind::Cell, "{}");
    body(
        &good(),
        Kind::Plan,
        r#"{"rate":"100/s","burst":20,"quota":"1000000/month"}"#,
    );
    let said = with(&[
        (
            "/issuers/0/algorithms",
            json!(["RS256", "PS256", "ES256", "EdDSA"]),
        ),
        ("/issuers/0/leeway_s", json!(30)),
        ("/issuers/0/clients", json!("registered")),
        (
            "/issuers/0/claims",
            json!({ "user": "sub", "client": "azp", "role": "r" }),
        ),
        ("/apis/0/credentials", json!(["jwt", "api_key"])),
        ("/apis/0/api_key_header", json!("X-Api-Key")),
        ("/apis/0/forward_token", json!(false)),
        ("/apis/0/public_credentials", json!("check")),
        ("/apis/0/public", json!([])),
        ("/clients/0/status", json!("active")),
    ]);
    body(
        &said,
        Kind::Issuer,
        r#"{"issuer":"https://auth.example.com","audiences":["api.example.com"],"jwks_uri":"https://auth.example.com/.well-known/jwks.json","claims":{"role":"r"}}"#,
    );
    body(
        &said,
        Kind::Api,
        r#"{"team":"commerce","hosts":["shop.example.com"],"base_path":"/api/orders","operations":[{"match":"GET /api/orders/**","scopes":["orders.read"]},{"match":"POST /api/orders/**","scopes":["orders.write"]}]}"#,
    );
    let (said, good) = (super::super::check(&said), super::super::check(&good()));
    assert_eq!(said.entities.get(1..), good.entities.get(1..));
    // The defaults of a preset are its own.
    let cognito = with(&[
        ("/issuers/0/preset", json!("cognito")),
        (
            "/issuers/0/claims",
            json!({ "client": "client_id", "role": "role" }),
        ),
    ]);
    body(
        &cognito,
        Kind::Issuer,
        r#"{"issuer":"https://auth.example.com","audiences":["api.example.com"],"jwks_uri":"https://auth.example.com/.well-known/jwks.json","claims":{"role":"role"},"preset":"cognito"}"#,
    );
}

#[test]
fn entities_come_in_the_order_of_the_document() {
    let checked = super::super::check(&with(&[("/cells/-", json!({ "id": "a" }))]));
    let ids: Vec<String> = checked
        .entities
        .iter()
        .map(|entity| format!("{}/{}", entity.kind, entity.id))
        .collect();
    assert_eq!(
        ids,
        [
            "issuer/corp",
            "api/orders",
            "client/mobile-app",
            "plan/gold",
            "revocation/r3",
            "tenant/acme",
            "cell/eu-1",
            "cell/a"
        ]
    );
}

#[test]
fn an_empty_policy_is_told_and_has_no_entities() {
    let checked = super::super::check(&json!({}));
    assert_eq!((checked.problems.len(), checked.entities.len()), (1, 0));
}

#[test]
fn more_than_a_hundred_problems_are_cut_with_a_count() {
    let cells: Vec<Value> = (0..150)
        .map(|number| json!({ "id": format!("a b{number}") }))
        .collect();
    let checked = super::super::check(&json!({ "cells": cells }));
    assert_eq!((checked.problems.len(), checked.left_out), (100, 50));
}

/// The properties of a schema, by path.
fn properties(schema: &Value, path: &str, found: &mut Vec<(String, bool)>) {
    for branch in ["oneOf", "anyOf"] {
        for schema in schema[branch].as_array().into_iter().flatten() {
            if schema.get("type").is_some() {
                properties(schema, path, found);
            }
        }
    }
    if let Some(items) = schema.get("items") {
        properties(items, &format!("{path}[]"), found);
    }
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        found.push((path.clone(), schema["description"].is_string()));
        properties(schema, &path, found);
    }
}

fn sorted(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    properties(schema, "", &mut found);
    let mut found: Vec<String> = found.into_iter().map(|(path, _)| path).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn the_table_and_the_wire_types_have_the_same_members() {
    let mut settings = schemars::generate::SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let generator = &mut settings.into_generator();
    let schema = super::super::schema();
    for (section, wire) in [
        ("issuers", generator.subschema_for::<entity::Issuer>()),
        ("apis", generator.subschema_for::<entity::Api>()),
        ("clients", generator.subschema_for::<entity::Client>()),
        ("plans", generator.subschema_for::<entity::Plan>()),
        ("revocations", generator.subschema_for::<entity::Revocation>()),
        ("tenants", generator.subschema_for::<entity::Tenant>()),
        ("cells", generator.subschema_for::<entity::Cell>()),
    ] {
        let mut ours = sorted(&schema["properties"][section]["items"]);
        ours.retain(|path| path != ".id" && !path.starts_with(".keys[]."));
        assert_eq!(ours, sorted(&wire.to_value()), "{section}");
    }
}

#[test]
fn every_member_is_explained_in_the_schema() {
    let mut found = Vec::new();
    properties(&super::super::schema(), "", &mut found);
    let silent: Vec<&String> = found
        .iter()
        .filter(|(path, explained)| !explained && !path.ends_with(".type") && !path.ends_with(".kty"))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(silent, Vec::<&String>::new());
    assert!(found.len() > 60, "{found:?}");
}
