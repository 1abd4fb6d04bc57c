//! Issuers' key sets: fetched where `jwks_uri` says. Here is what the scenarios share.

mod refused;
mod rotation;

use super::*;
use e2e::{
    Gateway, Issuer, Setup, SigningKey, Upstream, json_answer, seconds_from_now, wait_for, wait_within,
};
use std::time::Duration;

const ISS: &str = "https://issuer.example";

/// Where issuers of the harness may be asked; each as often as is permitted.
const CONFIG: &str = "key_sets: { refresh_s: 5, plain_http: [127.0.0.1] }\n";
/// By nobody but who wants it now: within a test no turn comes twice.
const SELDOM: &str = "key_sets: { refresh_s: 86400, plain_http: [127.0.0.1] }\n";
/// More than `refresh_s` of `CONFIG`, on any machine.
const ROUNDS: Duration = Duration::from_secs(60);

fn issuer(uri: &str) -> Value {
    json!({ "issuer": ISS, "audiences": ["api"], "clients": "any", "jwks_uri": uri })
}

fn with_keys(mut issuer: Value, keys: &[&SigningKey]) -> Value {
    issuer["keys"] = keys.iter().map(|key| key.jwk()).collect();
    issuer
}

fn token(key: &SigningKey) -> String {
    key.sign(&json!({
        "iss": ISS, "aud": "api", "sub": "u1", "azp": "c1", "scope": "orders.read",
        "iat": seconds_from_now(0), "exp": seconds_from_now(600),
    }))
}

fn key_set(portal: &Portal) -> Value {
    portal
        .get(&format!("{}/key-set", at("issuers", "corp")))
        .expect(200)
        .json()
}

fn fetch(portal: &Portal) -> Response {
    portal.ask("POST", &format!("{}/key-set/fetch", at("issuers", "corp")), None)
}

fn kids(set: &Value) -> Vec<&str> {
    let keys = set["keys"].as_array().expect("a list").iter();
    keys.filter_map(|key| key["kid"].as_str()).collect()
}

/// What readers have of the issuer.
fn published(portal: &Portal, revision: &Value) -> Value {
    portal.wait_published("prod", revision.as_i64().unwrap());
    let bundle = portal.get("/v1/feeds/prod/bundle").expect(200).text();
    let mut lines = bundle
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find(|line| line["id"] == "corp").expect("it is published")["body"].clone()
}

fn revision(portal: &Portal) -> Value {
    portal.get("/v1/environments/prod/revisions").json()["items"][0]["revision"].clone()
}

/// A gateway that follows this portal and may dial nobody: the issuer, which is on loopback, is out of its reach.
fn cut_off(portal: &Portal) -> Gateway {
    let token = portal.enrol("gw");
    let line = format!("Authorization: Bearer {token}");
    let floor = portal.ask_with("GET", "/v1/feeds/prod/floor", None, &[&line]);
    let setup = Setup::new();
    setup.scratch.write("policy.floor", &floor.expect(200).text());
    setup.scratch.write("token", &token);
    let address = portal.address();
    setup.start(&format!(
        "policy: {{ floor: policy.floor, feed: {{ portal: \"http://{address}\", token: \"${{file:token}}\" }} }}\n\
         environment: prod\nstate_dir: state\nallow_targets: []\n\
         routes: [{{ path: /api/orders/**, respond: {{ status: 200 }} }}]\n"
    ))
}

fn ask(gateway: &Gateway, key: &SigningKey) -> (u16, String) {
    let line = format!("Authorization: Bearer {}", token(key));
    let answer = gateway.client().get_with("/api/orders/1", &[&line]);
    let code = serde_json::from_str::<Value>(&answer.text()).unwrap_or_default();
    let code = code["error"]
        .as_str()
        .or(code["code"].as_str())
        .unwrap_or_default();
    (answer.status, code.to_owned())
}
