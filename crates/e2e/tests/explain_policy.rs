//! `switchboard explain` says how policy decides, by the same rules as the gateway, and never prints a secret.

use e2e::{Finished, Issuer, Scratch, SigningKey, case, key_set, run, seconds_from_now, switchboard};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;

const GATEWAY: &str = "policy: { file: policy.yaml }\nallow_targets: [127.0.0.0/8]\n\
                       routes: [{ path: /**, upstream: \"http://10.0.0.1:1\" }]";

fn secret() -> String {
    format!("sb_k1_{}", "Z".repeat(43))
}

fn policy(issuer: &str) -> String {
    let digest: String = Sha256::digest(secret())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        "issuers: [{{ id: corp, issuer: \"https://issuer.example\", audiences: [api], {issuer} }}]
apis: [{{ id: orders, team: t, base_path: /, operations: [{{ match: GET /orders/**, scopes: [orders.read] }}] }}]
clients:
  - id: app
    team: t
    credentials: [{{ type: api_key, id: k1, sha256: {digest} }}, {{ type: jwt, id: c1, issuer: corp, client: app }}]
    grants: [{{ api: orders, scopes: [orders.read] }}]"
    )
}

fn explain(config: &Path, header: &str, more: &[&str]) -> Finished {
    let config = config.display().to_string();
    let mut arguments = vec!["explain", "GET", "/orders/7", "--config", &config, "-H", header];
    arguments.extend(more);
    run(switchboard(&arguments))
}

fn claims(scope: &str, seconds: i64) -> Value {
    json!({
        "iss": "https://issuer.example", "aud": "api", "azp": "app", "sub": "u1", "scope": scope,
        "exp": seconds_from_now(seconds),
    })
}

/// Explains a request with this field, as JSON and as text: `expected` is `permit` or a code.
fn expect(config: &Path, field: &str, value: &str, expected: &str, signature: &str) {
    let header = format!("{field}: {value}");
    let shown = explain(config, &header, &["--format", "json"]);
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    let explanation: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let authorization = &explanation["authorization"];
    let verdict = &authorization["verdict"];
    match expected {
        "permit" => {
            assert_eq!(verdict, "permit", "{authorization}");
            assert_eq!(explanation["decision"]["action"], "forward");
        }
        code => {
            assert_eq!(
                (verdict, &authorization["code"]),
                (&json!("reject"), &json!(code))
            );
            assert_eq!(explanation["decision"]["code"], code);
        }
    }
    assert_eq!(authorization["signature"], signature, "{authorization}");
    let found = authorization["found"].as_array().expect("a list");
    assert_eq!(found[0], json!({ "rule": "api", "found": "orders" }));
    check_rules(&authorization["rules"], expected);
    let text = explain(config, &header, &[]).stdout;
    let word = if expected == "permit" {
        "permitted"
    } else {
        expected
    };
    assert!(text.contains(word), "{text}");
    // All of the secret, and of a token the signature alone, without which it proves nothing.
    let secret = value.rsplit([' ', '_']).next().expect("there is one");
    let signature = secret.rsplit('.').next().expect("there is one");
    for printed in [&text, &shown.stdout] {
        assert!(
            !printed.contains(secret) && !printed.contains(signature),
            "{printed}"
        );
    }
}

/// Every rule is told; the one that refuses stands between those that passed and those that were not reached.
fn check_rules(rules: &Value, expected: &str) {
    let rules = rules.as_array().expect("a list");
    assert_eq!(rules.len(), 14, "{rules:#?}");
    let refuses = match expected {
        "permit" => None,
        "scope_missing" => Some("scopes"),
        "api_key_unknown" => Some("API key"),
        _ => Some("token"),
    };
    let at = rules.iter().position(|rule| rule["outcome"] == "refused");
    assert_eq!(
        at.map(|at| rules[at]["rule"].clone()),
        refuses.map(Value::from),
        "{rules:#?}"
    );
    for (index, rule) in rules.iter().enumerate() {
        let is_behind = at.is_some_and(|at| index > at);
        assert_eq!(rule["outcome"] == "not_reached", is_behind, "{rules:#?}");
    }
    assert_eq!(rules[0]["outcome"], "passed", "something was shown");
}

#[test]
fn each_credential_is_explained_and_none_is_shown() {
    let key = SigningKey::new("a");
    let scratch = Scratch::new();
    let keys = serde_json::from_str::<Value>(&key_set(&[&key])).expect("a key set is JSON");
    scratch.write("policy.yaml", &policy(&format!("keys: {}", keys["keys"])));
    let config = scratch.write("gateway.yaml", GATEWAY);
    let cases = [
        (
            "Authorization",
            format!("Bearer {}", key.sign(&claims("orders.read", 60))),
            "permit",
            "good",
        ),
        (
            "Authorization",
            format!("Bearer {}", key.sign(&claims("other", 60))),
            "scope_missing",
            "good",
        ),
        (
            "Authorization",
            format!("Bearer {}", key.sign(&claims("orders.read", -60))),
            "token_expired",
            "good",
        ),
        (
            "Authorization",
            format!("Bearer {}", SigningKey::new("a").sign(&claims("x", 60))),
            "signature_invalid",
            "bad",
        ),
        ("X-Api-Key", secret(), "permit", "not_verified"),
        (
            "X-Api-Key",
            format!("{}x", secret()),
            "api_key_unknown",
            "not_verified",
        ),
    ];
    for (field, value, expected, signature) in cases {
        case(format!("{field}: {expected}"));
        expect(&config, field, &value, expected, signature);
    }
    let later = seconds_from_now(3_600).to_string();
    let header = format!("Authorization: Bearer {}", key.sign(&claims("orders.read", 60)));
    let text = explain(&config, &header, &["--now", &later]).stdout;
    assert!(text.contains("token_expired"), "{text}");
}

#[test]
fn keys_are_fetched_only_where_that_is_asked_for() {
    let key = SigningKey::new("a");
    let issuer = Issuer::start(&[&key]);
    let scratch = Scratch::new();
    scratch.write(
        "policy.yaml",
        &policy(&format!("jwks_uri: \"{}\"", issuer.jwks_uri())),
    );
    let config = scratch.write("gateway.yaml", GATEWAY);
    let header = format!("Authorization: Bearer {}", key.sign(&claims("orders.read", 60)));
    let without = explain(&config, &header, &[]).stdout;
    assert!(
        without.contains("keys_unavailable") && without.contains("--fetch-keys"),
        "{without}"
    );
    assert_eq!(issuer.fetches(), 0);
    let with = explain(&config, &header, &["--fetch-keys"]).stdout;
    assert!(
        with.contains("permitted") && with.contains("keys of corp: fetched"),
        "{with}"
    );
    assert_eq!(issuer.fetches(), 1);
    issuer.answer_with("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let failed = explain(&config, &header, &["--fetch-keys"]).stdout;
    assert!(
        failed.contains("keys of corp: never (answered 404 Not Found)"),
        "{failed}"
    );
}

#[test]
fn check_calls_good_only_what_would_be_served() {
    let scratch = Scratch::new();
    let config = scratch.write("gateway.yaml", GATEWAY).display().to_string();
    let missing = run(switchboard(&["check", &config]));
    assert_eq!(missing.code, Some(1), "{missing:#?}");
    assert!(missing.stdout.contains("policy.yaml"), "{missing:#?}");
    scratch.write(
        "policy.yaml",
        "apis: [{ id: all, team: t, base_path: /, opperations: [] }]",
    );
    let bad = run(switchboard(&["check", &config, "--format", "json"]));
    assert_eq!(bad.code, Some(1));
    let problems: Value = serde_json::from_str(&bad.stdout).expect("JSON");
    let of_policy = problems["problems"].as_array().expect("a list").iter();
    let said = of_policy.filter(|problem| {
        problem["file"]
            .as_str()
            .is_some_and(|file| file.ends_with("policy.yaml"))
    });
    assert!(said.clone().any(|problem| {
        problem["message"]
            .as_str()
            .is_some_and(|text| text.contains("opperations"))
    }));
    scratch.write(
        "policy.yaml",
        &policy("jwks_uri: \"https://issuer.example/keys\""),
    );
    assert_eq!(run(switchboard(&["check", &config])).code, Some(0));
}
