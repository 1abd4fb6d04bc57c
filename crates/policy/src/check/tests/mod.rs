//! Every rule of the check with what it takes and what it refuses, through `check(document, expected)`.

mod apis;
mod issuers;
mod members;
mod names;
mod reach;
mod whole;

use super::{Checked, Mark, Severity};
use serde_json::{Value, json};

/// Each problem as `PLACE message | help`; warnings begin with `?`.
fn told(checked: &Checked) -> Vec<String> {
    let told = checked.problems.iter().map(|problem| {
        let mark = if problem.severity == Severity::Warning {
            "?"
        } else {
            ""
        };
        let help = problem.help.as_deref().unwrap_or("-");
        let related = problem
            .related
            .as_ref()
            .map_or(String::new(), |(place, label)| format!(" | {place}: {label}"));
        format!("{mark}{} {} | {help}{related}", problem.at, problem.message)
    });
    told.collect()
}

/// What is told of a document; each expected text is a part of what is told, in order, and there is nothing else.
#[track_caller]
fn check(document: &Value, expected: &[&str]) {
    let checked = super::check(document);
    let told = told(&checked);
    let fits = told.len() == expected.len()
        && told.iter().zip(expected).all(|(told, expected)| {
            // All of an expectation in its order, whatever stands between its parts.
            let mut rest = told.as_str();
            expected.split('…').all(|part| match rest.find(part) {
                Some(at) => {
                    rest = &rest[at + part.len()..];
                    true
                }
                None => false,
            })
        });
    assert!(
        fits,
        "{document:#}\ntold:\n  {}\nexpected:\n  {}",
        told.join("\n  "),
        expected.join("\n  ")
    );
    let wrong = told.iter().any(|problem| !problem.starts_with('?'));
    let some = document
        .as_object()
        .is_some_and(|object| object.values().any(|list| list != &json!([])));
    assert_eq!(
        checked.entities.is_empty(),
        wrong || !some,
        "entities are there exactly without errors"
    );
    taken(&checked, document);
    for problem in &checked.problems {
        assert!(problem.help.is_some(), "no help for {}", problem.message);
        let places = std::iter::once(&problem.at).chain(problem.related.iter().map(|(place, _)| place));
        for place in places {
            assert!(leads(document, place), "{place} is nowhere in {document:#}");
        }
    }
}

/// What the check lets pass is taken whole by who decides: nothing is unsupported, nothing contradicts.
fn taken(checked: &Checked, document: &Value) {
    let changes = checked.entities.iter().map(|entity| crate::Change::Put {
        kind: entity.kind.as_str(),
        id: &entity.id,
        body: (&*entity.body).into(),
        needs: &[],
    });
    let (policy, reports) = crate::Policy::build(changes);
    assert_eq!(reports, [], "{document:#}");
    let apis = checked
        .entities
        .iter()
        .filter(|entity| entity.kind == crate::entity::Kind::Api);
    assert_eq!(policy.apis().count(), apis.count());
}

/// Whether a place is one of the document.
fn leads(document: &Value, place: &super::Place) -> bool {
    let mut here = document;
    for step in &place.path {
        let next = match step {
            super::Step::Key(key) => here.get(&**key),
            super::Step::Index(index) => here.get(*index),
        };
        match next {
            Some(next) => here = next,
            None => return false,
        }
    }
    place.mark == Mark::Value || !place.path.is_empty()
}

/// A policy that nothing is wrong with.
fn good() -> Value {
    json!({
        "issuers": [{
            "id": "corp", "issuer": "https://auth.example.com", "audiences": ["api.example.com"],
            "jwks_uri": "https://auth.example.com/.well-known/jwks.json",
        }],
        "apis": [{
            "id": "orders", "team": "commerce", "hosts": ["shop.example.com"], "base_path": "/api/orders",
            "operations": [
                { "match": "GET /api/orders/**", "scopes": ["orders.read"] },
                { "match": "POST /api/orders/**", "scopes": ["orders.write"] },
            ],
        }],
        "clients": [{
            "id": "mobile-app", "team": "mobile", "tenant": "acme",
            "credentials": [
                { "type": "api_key", "id": "k7f3", "sha256": "a".repeat(64) },
                { "type": "jwt", "id": "c1", "issuer": "corp", "client": "mobile-app" },
                { "type": "certificate", "id": "c2", "spki_sha256": "b".repeat(64) },
            ],
            "grants": [{ "api": "orders", "scopes": ["orders.read", "orders.write"], "plan": "gold" }],
        }],
        "plans": [{ "id": "gold", "rate": "100/s", "burst": 20, "quota": "1000000/month" }],
        "revocations": [{ "id": "r3", "credential": "k7f3" }],
        "tenants": [{ "id": "acme", "cell": "eu-1" }],
        "cells": [{ "id": "eu-1" }],
    })
}

/// The good policy with another value at a JSON Pointer, or (`null`) without the member there; `-` appends to a list.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut policy = good();
    for (pointer, value) in changes {
        let (parent, last) = pointer.rsplit_once('/').expect("a pointer to a member");
        match policy.pointer_mut(parent).expect("the pointer leads somewhere") {
            Value::Object(object) if value.is_null() => {
                object.remove(last).expect("what is taken out is there");
            }
            Value::Object(object) => {
                object.insert(last.to_owned(), value.clone());
            }
            Value::Array(list) if last == "-" => list.push(value.clone()),
            Value::Array(list) => list[last.parse::<usize>().expect("an index")] = value.clone(),
            other => panic!("{pointer} leads into {other}"),
        }
    }
    policy
}

/// One change, and what is told of it.
#[track_caller]
fn check_with(pointer: &str, value: Value, expected: &[&str]) {
    check(&with(&[(pointer, value)]), expected);
}

/// Values that a member takes, and values that it refuses with what is told of each.
#[track_caller]
fn member(pointer: &str, taken: &[Value], refused: &[(Value, &str)]) {
    for value in taken {
        check_with(pointer, value.clone(), &[]);
    }
    for (value, told) in refused {
        check_with(pointer, value.clone(), &[told]);
    }
}
