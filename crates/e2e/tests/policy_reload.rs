//! A policy that changes while the gateway serves: it holds from the next request on, a bad one changes nothing, and the
//! admin port says which one is in force.

use e2e::{Gateway, Setup, SigningKey, key_set, seconds_from_now, wait_for};
use serde_json::{Value, json};

fn policy(key: &SigningKey, more: &str) -> String {
    let keys = serde_json::from_str::<Value>(&key_set(&[key])).expect("a key set is JSON");
    format!(
        "issuers: [{{ id: corp, issuer: \"https://issuer.example\", audiences: [api], clients: any, keys: {} }}]\n\
         apis: [{{ id: all, team: t, base_path: /, operations: [{{ match: ANY /** }}] }}]\n{more}\n",
        keys["keys"]
    )
}

fn start(policy: &str) -> Gateway {
    let setup = Setup::new();
    setup.scratch.write("policy.yaml", policy);
    setup.start("policy: { file: policy.yaml }\nroutes: [{ path: /**, respond: { body: fixed } }]")
}

fn token(key: &SigningKey, jti: &str) -> String {
    let claims = json!({
        "iss": "https://issuer.example", "aud": "api", "jti": jti, "sub": "u1", "exp": seconds_from_now(300),
    });
    key.sign(&claims)
}

fn revision(gateway: &Gateway) -> u64 {
    gateway.config()["revision"].as_u64().expect("a number")
}

/// Replaces the policy and waits until it is in force.
fn change(gateway: &Gateway, policy: &str) {
    let before = revision(gateway);
    gateway.scratch.replace("policy.yaml", policy);
    wait_for("the next revision", || (revision(gateway) > before).then_some(()));
}

#[test]
fn a_revocation_holds_from_the_next_request_on_and_no_proof_is_forgotten() {
    let key = SigningKey::new("a");
    let gateway = start(&policy(&key, ""));
    let mut client = gateway.client();
    let (taken_back, other) = (token(&key, "t1"), token(&key, "t2"));
    for token in [&taken_back, &other] {
        client.get_as(token, "/").expect(200);
    }
    change(
        &gateway,
        &policy(&key, "revocations: [{ id: r1, issuer: corp, jti: t1 }]"),
    );
    client.get_as(&taken_back, "/").expect_error(401, "token_revoked");
    client.get_as(&other, "/").expect(200);
    let metrics = gateway.metrics();
    let verified = metrics.sum("switchboard_token_signatures_total", &[("result", "verified")]);
    assert_eq!(verified, 2.0, "both are still known");
}

#[test]
fn a_key_that_is_replaced_under_its_id_takes_its_proofs_with_it() {
    let (key, other) = (SigningKey::new("a"), SigningKey::new("a"));
    let gateway = start(&policy(&key, ""));
    let mut client = gateway.client();
    let token = token(&key, "t1");
    client.get_as(&token, "/").expect(200);
    change(&gateway, &policy(&other, ""));
    client.get_as(&token, "/").expect_error(401, "signature_invalid");
    change(&gateway, &policy(&key, ""));
    client.get_as(&token, "/").expect(200);
}

#[test]
fn a_bad_policy_changes_nothing_and_says_what_is_wrong() {
    let key = SigningKey::new("a");
    let gateway = start(&policy(&key, ""));
    let token = token(&key, "t1");
    let in_force = gateway.ask_admin("/ready").expect(200).json()["policy"].clone();
    assert_eq!(in_force["source"], "file");
    assert_eq!(in_force["entities"]["issuers"], 1);
    assert_eq!(in_force["digest"].as_str().map(str::len), Some(64));
    gateway.scratch.replace(
        "policy.yaml",
        &policy(&key, "revocations: [{ id: r1, isuer: corp, jti: t1 }]"),
    );
    let error = wait_for("the failure to show", || {
        let error = gateway.config()["last_error"].clone();
        (!error.is_null()).then_some(error)
    });
    let problem = &error["problems"]["problems"][0];
    assert!(
        problem["line"].is_u64() && problem["message"].is_string(),
        "{error}"
    );
    gateway
        .log()
        .wait_for("the diagnostics", |line| line.contains("isuer").then_some(()));
    gateway.client().get_as(&token, "/").expect(200);
    assert_eq!(gateway.ask_admin("/ready").expect(200).json()["policy"], in_force);
    change(
        &gateway,
        &policy(&key, "revocations: [{ id: r1, issuer: corp, jti: t1 }]"),
    );
    assert!(gateway.config()["last_error"].is_null());
    gateway
        .client()
        .get_as(&token, "/")
        .expect_error(401, "token_revoked");
    assert_ne!(gateway.ask_admin("/ready").expect(200).json()["policy"], in_force);
}

#[test]
fn a_policy_that_was_emptied_to_be_written_anew_changes_nothing() {
    let key = SigningKey::new("a");
    let gateway = start(&policy(&key, ""));
    gateway.scratch.replace("policy.yaml", "");
    let error = wait_for("the failure to show", || {
        let error = gateway.config()["last_error"].clone();
        (!error.is_null()).then_some(error)
    });
    assert!(error.to_string().contains("is empty"), "{error}");
    gateway.client().get_as(&token(&key, "t1"), "/").expect(200);
}

#[test]
fn a_gateway_does_not_start_on_a_bad_policy_nor_without_one() {
    let key = SigningKey::new("a");
    let file =
        "policy: { file: policy.yaml }\nlisten: 127.0.0.1:0\nroutes: [{ path: /**, respond: { body: x } }]";
    for bad in [None, Some("apis: [{ id: all }]"), Some("{")] {
        let scratch = e2e::Scratch::new();
        let config = scratch.write("gateway.yaml", file);
        if let Some(bad) = bad {
            scratch.write("policy.yaml", bad);
        }
        let mut command = e2e::switchboard(&["gateway", "--config"]);
        command.arg(config);
        let finished = e2e::run(command);
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        assert!(finished.stderr.contains("policy.yaml"), "{finished:#?}");
    }
    drop(key);
}

#[test]
fn a_policy_under_another_name_is_followed_after_a_reload() {
    let (first, second) = (SigningKey::new("a"), SigningKey::new("a"));
    let gateway = start(&policy(&first, ""));
    let mut client = gateway.client();
    client.get_as(&token(&first, "t"), "/").expect(200);
    gateway.scratch.write("other.yaml", &policy(&second, ""));
    gateway.reload("policy: { file: other.yaml }\nroutes: [{ path: /**, respond: { body: fixed } }]");
    client.get_as(&token(&second, "t"), "/").expect(200);
    let before = revision(&gateway);
    gateway.scratch.replace("other.yaml", &policy(&first, ""));
    wait_for("the next revision", || {
        (revision(&gateway) > before).then_some(())
    });
    client.get_as(&token(&first, "t"), "/").expect(200);
    client
        .get_as(&token(&second, "t"), "/")
        .expect_error(401, "signature_invalid");
}
