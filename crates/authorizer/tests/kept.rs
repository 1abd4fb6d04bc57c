//! An answer that is kept says the same as a decision would: random APIs, prefixes and clients; every operation, and paths
//! that nearly are one. Each answer is put to a small evaluator of IAM policies, and compared with the answers to each
//! request alone.

#[path = "support/iam.rs"]
mod iam;
mod support;

use authorizer::{Answer, Authorizer, Effect, Settings, StartError};
use iam::{Verdict, evaluate};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use support::{read, source_of};

const FRONT: &str = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/";

/// Those that API Gateway carries, and two that it does not.
const METHODS: [&str; 9] = [
    "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "PROPFIND", "BREW",
];

/// What is appended to a path to make one that is near it.
const NEAR: [&str; 17] = [
    "",
    "/",
    "x",
    "/x",
    "/a",
    "/b",
    "/a/b",
    "/x/y",
    "/a/",
    "//",
    "//a",
    "/.",
    "/../a",
    "/..;/a",
    "/%2e%2e/a",
    "/%61",
    "/;x",
];

/// What a random API is made of.
#[derive(Debug, Clone)]
struct Made {
    base: &'static str,
    public: Vec<String>,
    operations: Vec<(String, Option<&'static str>)>,
    nested: Option<&'static str>,
    ignores: bool,
    prefix: Option<&'static str>,
}

impl Made {
    fn policy(&self, key_sha256: &str) -> Value {
        let operations = self.operations.iter().map(|(matches, scope)| match scope {
            Some(scope) => json!({ "match": matches, "scopes": [scope] }),
            None => json!({ "match": matches }),
        });
        let mut apis = vec![json!({
            "id": "a", "team": "t", "base_path": self.base, "public": self.public,
            "public_credentials": if self.ignores { "ignore" } else { "check" },
            "operations": operations.collect::<Vec<_>>(),
        })];
        if let Some(nested) = self.nested {
            apis.push(json!({ "id": "b", "team": "u", "base_path": nested,
                "operations": [{ "match": "ANY /a/b/**" }] }));
        }
        json!({
            "apis": apis,
            "clients": [{ "id": "c", "team": "t", "credentials": [{ "type": "api_key", "id": "k1", "sha256": key_sha256 }],
                "grants": [{ "api": "a", "scopes": ["s"] }] }],
        })
    }

    fn authorizer(&self, key_sha256: &str, ttl_s: &str) -> Result<Authorizer, StartError> {
        let mut variables = vec![("FLOOR", "f"), ("APIS", "a"), ("RESULT_TTL_S", ttl_s)];
        variables.extend(self.prefix.map(|prefix| ("PATH_PREFIX", prefix)));
        let named = variables
            .iter()
            .map(|(name, value)| (format!("SWITCHBOARD_{name}"), (*value).to_owned()));
        Authorizer::start(
            Settings::read(named).expect("the cases are sound"),
            source_of(&self.policy(key_sha256)),
        )
    }

    /// Paths, as API Gateway has them.
    fn paths(&self) -> BTreeSet<String> {
        let written = self
            .operations
            .iter()
            .map(|(matches, _)| matches)
            .chain(&self.public);
        let bases = written
            .filter_map(|matches| matches.split_once(' '))
            .map(|(_, pattern)| pattern.trim_end_matches("/**").trim_end_matches('/'))
            .chain(self.nested)
            .chain(["", "/a"]);
        let behind = |path: String| match self.prefix {
            None => Some(path),
            Some(prefix) => path
                .strip_prefix(prefix)
                .filter(|rest| rest.starts_with('/'))
                .map(str::to_owned),
        };
        let near = bases.flat_map(|base| NEAR.iter().map(move |near| format!("{base}{near}")));
        near.filter_map(behind)
            .filter(|path| path.starts_with('/'))
            .chain(["/".to_owned()])
            .collect()
    }
}

fn pattern(base: &'static str) -> impl Strategy<Value = String> {
    let end = prop_oneof![Just(""), Just("/"), Just("/**"), Just("/**")];
    let segments = prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 0..3);
    (segments, end).prop_map(move |(segments, end)| {
        let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
        let text = format!("{}{path}{end}", base.trim_end_matches('/'));
        if text.is_empty() { "/".to_owned() } else { text }
    })
}

fn made() -> impl Strategy<Value = Made> {
    prop::sample::select(vec!["/", "/a"]).prop_flat_map(|base| {
        let method = || prop::sample::select(vec!["GET", "GET", "HEAD", "POST", "DELETE", "ANY"]);
        let matches = move || (method(), pattern(base)).prop_map(|(method, text)| format!("{method} {text}"));
        let scope = prop::sample::select(vec![None, Some("s"), Some("s"), Some("other")]);
        (
            prop::collection::vec(matches(), 0..2),
            prop::collection::vec((matches(), scope), 1..6),
            prop::sample::select(vec![None, Some("/a/b")]),
            any::<bool>(),
            prop::sample::select(vec![None, None, Some("/a"), Some("/a/b")]),
        )
            .prop_map(move |(public, operations, nested, ignores, prefix)| Made {
                base,
                public,
                operations,
                nested,
                ignores,
                prefix,
            })
    })
}

fn event(method: &str, path: &str, key: Option<&str>) -> Vec<u8> {
    let headers: Map<String, Value> = key
        .map(|key| ("x-api-key".to_owned(), json!(key)))
        .into_iter()
        .collect();
    json!({
        "version": "2.0", "type": "REQUEST", "routeArn": format!("{FRONT}{method}{path}"), "headers": headers,
    })
    .to_string()
    .into_bytes()
}

fn statements(answer: Answer) -> Vec<authorizer::Statement> {
    match answer {
        Answer::Policy(policy) => policy.policy_document.statement,
        other => panic!("{other:?}"),
    }
}

fn check(made: &Made, key: &str, key_sha256: &str) -> Result<(), TestCaseError> {
    let Ok(keeping) = made.authorizer(key_sha256, "60") else {
        return Err(TestCaseError::reject("not exact"));
    };
    let alone = made.authorizer(key_sha256, "0").expect("the cases are sound");
    for shown in [Some(key), None, Some("bad")] {
        let answer = keeping.answer(&event("GET", "/", shown), 0, |_| ());
        // More than fits into an answer is denied as a whole, which the cases of the contract show.
        if answer.to_json().contains("policy_unsupported") {
            return Err(TestCaseError::reject("too large"));
        }
        let kept = statements(answer);
        for path in made.paths() {
            for method in METHODS {
                let resource = format!("{FRONT}{method}{path}");
                let verdict = evaluate(&kept, &resource);
                prop_assert_ne!(
                    verdict,
                    Verdict::Silent,
                    "{} says nothing of {}",
                    json!(kept),
                    resource
                );
                let expected = statements(alone.answer(&event(method, &path, shown), 0, |_| ()));
                let permits = expected[0].effect == Effect::Allow && method != "PROPFIND";
                let says = (verdict == Verdict::Allow, permits);
                prop_assert_eq!(says.0, says.1, "{} of {} with {:?}", resource, json!(kept), shown);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, max_global_rejects: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_says_what_a_decision_would(made in made()) {
        let texts: Map<String, Value> = serde_json::from_str(&read("given/texts.json")).expect("the cases are sound");
        let policies: Value = serde_json::from_str(&read("given/policies.json")).expect("the cases are sound");
        let sha256 = &policies["shop"]["clients"][0]["credentials"][0]["sha256"];
        check(&made, texts["key:k1"].as_str().expect("the cases are sound"), sha256.as_str().expect("the cases are sound"))?;
    }
}
