//! A policy that grew by any changes decides as one that was built at once of what is left.

use super::*;
use crate::method::Method;
use crate::path::{CanonicalPath, Host};
use crate::{Certificate, Facts, Principal, decide, permitted, present, verify};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const IDS: [&str; 4] = ["a", "b", "c", "d"];
const NOW: u64 = 1_763_900_000;

fn id() -> impl Strategy<Value = String> {
    prop::sample::select(&IDS[..]).prop_map(str::to_owned)
}

/// One member, or none.
fn maybe(
    name: &'static str,
    value: impl Strategy<Value = Value> + 'static,
) -> BoxedStrategy<Vec<(&'static str, Value)>> {
    prop::option::of(value)
        .prop_map(move |value| value.map(|value| (name, value)).into_iter().collect())
        .boxed()
}

fn body(parts: Vec<BoxedStrategy<Vec<(&'static str, Value)>>>) -> impl Strategy<Value = Value> {
    parts.prop_map(|parts| {
        let members = parts.into_iter().flatten();
        Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect())
    })
}

fn always(
    name: &'static str,
    value: impl Strategy<Value = Value> + 'static,
) -> BoxedStrategy<Vec<(&'static str, Value)>> {
    value.prop_map(move |value| vec![(name, value)]).boxed()
}

fn text(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(texts).prop_map(Value::from)
}

fn texts(all: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::collection::vec(text(all), 0..3).prop_map(Value::Array)
}

fn credential() -> impl Strategy<Value = Value> {
    let expires = prop::option::of(text(&["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]));
    let kinds = prop_oneof![
        (id(), id()).prop_map(|(id, secret)| {
            let hash: [u8; 32] = Sha256::digest(format!("sb_{id}_{secret}")).into();
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "type": "api_key", "id": id, "sha256": hash })
        }),
        (id(), id()).prop_map(|(id, name)| json!({ "type": "certificate", "id": id, "san": name })),
        (id(), id(), id()).prop_map(
            |(id, issuer, client)| json!({ "type": "jwt", "id": id, "issuer": issuer, "client": client })
        ),
    ];
    (kinds, expires).prop_map(|(mut credential, expires)| {
        if let Some(expires) = expires {
            credential["expires_at"] = expires;
        }
        credential
    })
}

fn api_body() -> impl Strategy<Value = Value> {
    let operation = (
        text(&["GET /**", "ANY /a/{x}", "POST /a/b", "GET /a/{y}"]),
        prop::option::of(texts(&["r", "w"])),
    );
    let operation = operation.prop_map(|(matches, scopes)| match scopes {
        Some(scopes) => json!({ "match": matches, "scopes": scopes }),
        None => json!({ "match": matches }),
    });
    body(vec![
        always("team", text(&["t"])),
        always("base_path", text(&["/", "/a", "/a/b", "bad"])),
        maybe("hosts", texts(&["h.example", "*.example", "x"])),
        maybe("public", texts(&["GET /a/b/p", "ANY /a/{x}"])),
        maybe("credentials", texts(&["api_key", "certificate", "jwt"])),
        maybe(
            "operations",
            prop::collection::vec(operation, 0..4).prop_map(Value::Array),
        ),
    ])
}

fn client_body() -> impl Strategy<Value = Value> {
    let grant =
        (id(), texts(&["r", "w"]), prop::option::of(id())).prop_map(|(api, scopes, plan)| match plan {
            Some(plan) => json!({ "api": api, "scopes": scopes, "plan": plan }),
            None => json!({ "api": api, "scopes": scopes }),
        });
    body(vec![
        always("team", text(&["t"])),
        maybe("status", text(&["active", "active", "suspended", "odd"])),
        maybe("tenant", id().prop_map(Value::from)),
        maybe(
            "credentials",
            prop::collection::vec(credential(), 0..4).prop_map(Value::Array),
        ),
        maybe(
            "grants",
            prop::collection::vec(grant, 0..4).prop_map(Value::Array),
        ),
    ])
}

fn record() -> impl Strategy<Value = Record> {
    let entity = prop_oneof![
        4 => api_body().prop_map(|body| (Kind::Api, body)),
        8 => client_body().prop_map(|body| (Kind::Client, body)),
        1 => body(vec![always("rate", text(&["1/s", "1/d"]))]).prop_map(|body| (Kind::Plan, body)),
        1 => body(vec![maybe("cell", text(&["a", "b", "_"])), maybe("status", text(&["active", "suspended"]))])
            .prop_map(|body| (Kind::Tenant, body)),
        1 => Just((Kind::Cell, json!({}))),
        2 => body(vec![
            always("credential", id().prop_map(Value::from)),
            maybe("until", text(&["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"])),
        ]).prop_map(|body| (Kind::Revocation, body)),
        1 => body(vec![always("issuer", text(&["i", "j"])), always("audiences", texts(&["x"]))])
            .prop_map(|body| (Kind::Issuer, body)),
    ];
    (entity, id(), 0..5, 0..8).prop_map(|((kind, body), id, deleted, needs)| Record {
        kind,
        id,
        body: (deleted > 0).then_some(body),
        needs: if needs == 0 {
            vec!["more".into()]
        } else {
            Vec::new()
        },
    })
}

/// All that can be seen of a policy by asking it.
fn seen(policy: &Policy) -> Vec<String> {
    let mut seen = vec![format!("{:?}", policy.counts())];
    for issuer in ["i", "j"] {
        seen.push(format!(
            "{:?}",
            policy.issuer_of_token(issuer).map(|issuer| issuer.id())
        ));
    }
    for (issuer, client) in IDS
        .iter()
        .flat_map(|issuer| IDS.iter().map(move |client| (issuer, client)))
    {
        let held = policy.held(Shown::Token(issuer, client));
        seen.push(format!(
            "{:?}",
            held.map(|held| (held.client.id(), &*held.credential.id))
        ));
    }
    for id in IDS {
        if let Some(client) = policy.client(id) {
            for api in IDS {
                let operations = permitted(policy, &Principal::of(client), api);
                seen.extend(
                    operations
                        .iter()
                        .map(|operation| format!("{id} {api} {}", operation.matches())),
                );
            }
        }
        for secret in IDS {
            let key = format!("sb_{id}_{secret}");
            for (host, path) in [
                ("h.example", "/a/b"),
                ("x", "/a"),
                ("g.example", "/a/b/p"),
                ("y", "/"),
            ] {
                seen.push(decided(policy, host, path, &key, secret));
            }
        }
    }
    seen
}

fn decided(policy: &Policy, host: &str, path: &str, key: &str, name: &str) -> String {
    let host = Host::parse(host.as_bytes()).expect("a host");
    let path = CanonicalPath::parse(path.as_bytes()).expect("a path");
    let fields: &[(&[u8], &[u8])] = &[(b"x-api-key", key.as_bytes())];
    let certificate = Certificate {
        sans: vec![name.into()],
        ..Certificate::default()
    };
    let fronted = [Box::from("b")];
    let mut told = String::new();
    for apis in [None, Some(&fronted[..])] {
        let facts = Facts {
            host: Some(&host),
            path: &path,
            method: Some(Method::GET),
            fields: &fields,
            certificate: Some(&certificate),
            apis,
            cell: Some("a"),
        };
        let proof = verify(present(policy, &facts, &()));
        let decision = decide(policy, &facts, &proof, NOW);
        let code = match &decision {
            crate::Decision::Permit(_) => "permit",
            crate::Decision::Reject(rejection) => rejection.code().as_str(),
        };
        told.push_str(&format!("{code} {:?} ", decision.reasons()));
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn order_and_grouping_leave_no_trace(
        records in prop::collection::vec(record(), 0..40),
        cut in 0..40usize,
    ) {
        let mut one_by_one = Policy::default();
        for record in &records {
            one_by_one = apply(&one_by_one, std::slice::from_ref(record)).0;
        }
        let (first, second) = records.split_at(cut.min(records.len()));
        let in_two = apply(&apply(&Policy::default(), first).0, second).0;
        let mut left: BTreeMap<(Kind, &str), &Record> = BTreeMap::new();
        for record in &records {
            left.insert((record.kind, &record.id), record);
        }
        let left: Vec<_> = left.into_values().rev().filter(|record| record.body.is_some()).cloned().collect();
        let at_once = apply(&Policy::default(), &left).0;
        let expected = seen(&at_once);
        prop_assert_eq!(&seen(&one_by_one), &expected);
        prop_assert_eq!(&seen(&in_two), &expected);
    }
}
