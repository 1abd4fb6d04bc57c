//! What changes make of a policy: what is shared, what is reported, and that order leaves no trace.

#![allow(clippy::needless_pass_by_value, reason = "values are written in place")]

mod properties;

use super::*;
use crate::entity::Kind;
use serde_json::{Value, json};
use std::sync::Arc;

/// One entity, put or (without a body) deleted.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) body: Option<Value>,
    pub(super) needs: Vec<Box<str>>,
}

pub(super) fn put(kind: Kind, id: &str, body: Value) -> Record {
    Record {
        kind,
        id: id.to_owned(),
        body: Some(body),
        needs: Vec::new(),
    }
}

fn delete(kind: Kind, id: &str) -> Record {
    Record {
        kind,
        id: id.to_owned(),
        body: None,
        needs: Vec::new(),
    }
}

pub(super) fn apply(policy: &Policy, records: &[Record]) -> (Policy, Vec<Report>) {
    let bodies: Vec<_> = records
        .iter()
        .map(|record| record.body.as_ref().map(Value::to_string))
        .collect();
    let changes = records.iter().zip(&bodies).map(|(record, body)| match body {
        Some(body) => Change::Put {
            kind: record.kind.as_str(),
            id: &record.id,
            body: body.as_str().into(),
            needs: &record.needs,
        },
        None => Change::Delete {
            kind: record.kind.as_str(),
            id: &record.id,
        },
    });
    policy.apply(changes)
}

fn build(records: &[Record]) -> Policy {
    let (policy, reports) = apply(&Policy::default(), records);
    assert_eq!(reports, []);
    policy
}

fn key(id: &str, fill: &str) -> Value {
    json!({ "type": "api_key", "id": id, "sha256": fill.repeat(32) })
}

fn client(id: &str, credentials: Value) -> Record {
    put(
        Kind::Client,
        id,
        json!({ "team": "t", "credentials": credentials }),
    )
}

fn api(id: &str, base_path: &str) -> Record {
    put(Kind::Api, id, json!({ "team": "t", "base_path": base_path }))
}

fn issuer(id: &str, body: Value) -> Record {
    let mut whole = json!({ "issuer": "https://i", "audiences": ["a"] });
    whole
        .as_object_mut()
        .expect("an object")
        .extend(body.as_object().expect("an object").clone());
    put(Kind::Issuer, id, whole)
}

fn owner<'p>(policy: &'p Policy, shown: Shown<'_>) -> Option<&'p str> {
    policy.held(shown).map(|held| held.client.id())
}

#[test]
fn a_change_leaves_the_former_policy_as_it_was() {
    let before = build(&[client("a", json!([key("k", "00")])), api("orders", "/orders")]);
    let (after, _) = apply(&before, &[delete(Kind::Client, "a"), delete(Kind::Api, "orders")]);
    assert_eq!(owner(&before, Shown::Id("k")), Some("a"));
    assert!(before.api("orders").is_some());
    assert_eq!(owner(&after, Shown::Id("k")), None);
    assert_eq!(after.counts(), Counts::default());
}

#[test]
fn what_a_change_does_not_touch_is_shared() {
    let before = build(&[
        client("a", json!([])),
        client("b", json!([])),
        api("orders", "/orders"),
        api("users", "/users"),
    ]);
    let (after, _) = apply(
        &before,
        &[client("a", json!([key("k", "00")])), api("orders", "/orders/v2")],
    );
    let same = |policy: &Policy, id: &str| Arc::clone(policy.client(id).expect("a client"));
    assert!(Arc::ptr_eq(&same(&before, "b"), &same(&after, "b")));
    assert!(!Arc::ptr_eq(&same(&before, "a"), &same(&after, "a")));
    let same = |policy: &Policy, id: &str| Arc::clone(policy.api(id).expect("an API"));
    assert!(Arc::ptr_eq(&same(&before, "users"), &same(&after, "users")));
    let (clients_alone, _) = apply(&before, &[client("a", json!([]))]);
    assert!(Arc::ptr_eq(&before.apis, &clients_alone.apis));
}

#[test]
fn of_two_clients_with_one_credential_the_lowest_id_has_it() {
    let records = [
        client("b", json!([key("k", "00")])),
        client("a", json!([key("k", "11")])),
        client("c", json!([key("k", "22")])),
    ];
    let (policy, reports) = apply(&Policy::default(), &records);
    assert_eq!(owner(&policy, Shown::Id("k")), Some("a"));
    // a meets b, and c meets both.
    assert_eq!(reports.len(), 3, "{reports:?}");
    let (policy, _) = apply(&policy, &[delete(Kind::Client, "a")]);
    assert_eq!(owner(&policy, Shown::Id("k")), Some("b"));
    let (policy, _) = apply(&policy, &[client("b", json!([key("other", "00")]))]);
    assert_eq!(owner(&policy, Shown::Id("k")), Some("c"));
}

#[test]
fn credentials_are_found_by_what_they_prove() {
    let spki = [0xAB; 32];
    let policy = build(&[client(
        "a",
        json!([
            { "type": "jwt", "id": "t", "issuer": "i", "client": "app" },
            { "type": "certificate", "id": "s", "spki_sha256": "ab".repeat(32) },
            { "type": "certificate", "id": "n", "san": "a.example.com" },
        ]),
    )]);
    for shown in [
        Shown::Token("i", "app"),
        Shown::Spki(&spki),
        Shown::San("a.example.com"),
        Shown::Id("t"),
    ] {
        assert_eq!(owner(&policy, shown), Some("a"), "{shown:?}");
    }
    for shown in [
        Shown::Token("app", "i"),
        Shown::Token("i", "t"),
        Shown::San("t"),
        Shown::Id("app"),
    ] {
        assert_eq!(owner(&policy, shown), None, "{shown:?}");
    }
}

#[test]
fn what_is_not_understood_is_reported_and_takes_the_place_of_what_was() {
    let before = build(&[
        api("orders", "/orders"),
        issuer("i", json!({})),
        client("a", json!([])),
    ]);
    let needing = Record {
        needs: vec!["time-windows".into()],
        ..client("a", json!([key("k", "00")]))
    };
    let bad = put(Kind::Api, "orders", json!({ "team": "t", "base_path": "orders" }));
    let worse = issuer("i", json!({ "algorithms": ["none"] }));
    let (after, reports) = apply(&before, &[needing, bad, worse]);
    let told: Vec<_> = reports
        .iter()
        .map(|report| (&*report.kind, &*report.id))
        .collect();
    assert_eq!(told, [("client", "a"), ("api", "orders"), ("issuer", "i")]);
    assert!(reports[0].message.contains("time-windows"), "{reports:?}");
    assert!(after.api("orders").is_none());
    assert!(!after.issuer("i").expect("recognised").is_supported());
    assert_eq!(owner(&after, Shown::Id("k")), Some("a"));
}

#[test]
fn unknown_kinds_and_ids_that_are_none_are_ignored_and_reported() {
    let changes = [
        Change::Put {
            kind: "quota",
            id: "q",
            body: "{}".into(),
            needs: &[],
        },
        Change::Put {
            kind: "cell",
            id: "a b",
            body: "{}".into(),
            needs: &[],
        },
        Change::Delete {
            kind: "quota",
            id: "q",
        },
    ];
    let (policy, reports) = Policy::build(changes);
    assert_eq!(policy.counts(), Counts::default());
    assert_eq!(reports.len(), 2, "{reports:?}");
}

#[test]
fn of_two_apis_at_one_place_the_lowest_id_has_it_and_the_other_is_reported() {
    let (policy, reports) = apply(&Policy::default(), &[api("b", "/x"), api("a", "/x")]);
    assert_eq!(reports.len(), 1);
    assert_eq!(&*reports[0].id, "b");
    // A change elsewhere does not tell it again.
    let (_, reports) = apply(&policy, &[api("c", "/y")]);
    assert_eq!(reports, []);
}

#[test]
fn fetched_keys_stay_until_the_issuer_has_them_elsewhere() {
    let keys: Value =
        serde_json::from_str(include_str!("../../../../contract/vectors/keys.json")).expect("JSON");
    let set = |id: &str| json!({ "keys": [keys[id]["jwk"]] }).to_string();
    let there = json!({ "jwks_uri": "https://i/keys" });
    let policy = build(&[issuer("i", there.clone())]);
    assert!(!policy.issuer("i").expect("there").has_keys());
    let fetched = policy
        .with_fetched_keys("i", set("rs").as_bytes())
        .expect("a set");
    let kids = |policy: &Policy| {
        let issuer = policy.issuer("i").expect("there");
        issuer.kids().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(kids(&fetched), ["rs"]);
    assert!(!policy.issuer("i").expect("there").has_keys());

    let mut inline = there;
    inline["keys"] = json!([keys["ed"]["jwk"], keys["rs"]["jwk"]]);
    let (both, _) = apply(&fetched, &[issuer("i", inline)]);
    assert_eq!(kids(&both), ["rs", "ed"]);
    let replaced = both.with_fetched_keys("i", set("rs2").as_bytes()).expect("a set");
    assert_eq!(kids(&replaced), ["rs2", "ed", "rs"]);
    let (elsewhere, _) = apply(&fetched, &[issuer("i", json!({ "jwks_uri": "https://j/keys" }))]);
    assert_eq!(kids(&elsewhere), [""; 0]);
    assert!(!elsewhere.issuer("i").expect("there").has_keys());
    let empty = policy.with_fetched_keys("i", b"{\"keys\":[]}").expect("a set");
    assert!(empty.issuer("i").expect("there").has_keys());
    assert_eq!(
        policy.with_fetched_keys("j", b"{\"keys\":[]}").err(),
        Some(crate::KeySetError::IssuerUnknown)
    );
}
