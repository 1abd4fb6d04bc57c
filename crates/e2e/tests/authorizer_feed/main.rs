//! Both authorizers, following a signed bundle as Lambda runs them: what is published is decided by in the next invocation, what is not
//! published never is, and whatever happens to the server, the connection or the process in between, an answer comes in time.

mod freezing;
mod lies;
mod settings;
mod slowness;

use e2e::{Build, Function, Invoked, LIMIT, Publisher, Scratch};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::time::Instant;

const FEED: &str = "prod";

fn api_key() -> String {
    format!("sb_k1_{}", "A".repeat(43))
}

fn client(scopes: &[&str]) -> Option<Value> {
    let digest: String = Sha256::digest(api_key())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(json!({
        "team": "t",
        "credentials": [{ "type": "api_key", "id": "k1", "sha256": digest }],
        "grants": [{ "api": "orders", "scopes": scopes }],
    }))
}

fn api() -> Value {
    json!({
        "team": "t", "base_path": "/orders", "credentials": ["api_key"],
        "operations": [{ "match": "GET /orders/**", "scopes": ["orders.read"] }],
    })
}

/// Revision 1: one API, and one client that may read it.
fn published() -> Publisher {
    let mut publisher = Publisher::new(FEED);
    publisher.publish(&[
        ("api/orders", Some(api())),
        ("client/app", client(&["orders.read"])),
    ]);
    publisher
}

/// The next revision takes the scope away.
fn take_away(publisher: &mut Publisher) {
    publisher.publish(&[("client/app", client(&[]))]);
}

/// The next revision gives it back.
fn give_back(publisher: &mut Publisher) {
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
}

fn event() -> Vec<u8> {
    json!({ "type": "REQUEST", "headers": { "X-Api-Key": api_key() },
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/orders/7" })
    .to_string()
    .into_bytes()
}

/// A function with this floor, this bundle and these further settings.
fn start(build: Build, scratch: &Scratch, floor: &str, bundle: &str, more: &[(&str, &str)]) -> Function {
    let floor = scratch.write("policy.floor", floor).display().to_string();
    let mut settings = vec![
        ("SWITCHBOARD_FLOOR", floor.as_str()),
        ("SWITCHBOARD_APIS", "orders"),
        ("SWITCHBOARD_BUNDLE", bundle),
    ];
    if !more.iter().any(|(name, _)| *name == "SWITCHBOARD_SYNC_AFTER_MS") {
        settings.push(("SWITCHBOARD_SYNC_AFTER_MS", "0"));
    }
    settings.extend(more);
    Function::start(build, &settings)
}

/// What an answer says: the code of a refusal or `permit`, the revision and the state.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    verdict: String,
    revision: u64,
    state: String,
}

fn told(verdict: &str, revision: u64, state: &str) -> Told {
    Told {
        verdict: verdict.to_owned(),
        revision,
        state: state.to_owned(),
    }
}

fn ask(function: &Function) -> Told {
    let invoked = function.invoke(&event());
    let Invoked::Response(text) = &invoked else {
        panic!("{invoked:?}");
    };
    let answer: Value = serde_json::from_str(text).expect("an answer is JSON");
    let context = &answer["context"];
    Told {
        verdict: context["code"].as_str().unwrap_or("permit").to_owned(),
        revision: context["revision"].as_u64().unwrap_or_default(),
        state: context["state"].as_str().unwrap_or_default().to_owned(),
    }
}

/// Asks until the answer is this one: a machine that stalls may miss a budget, and then the next invocation goes on.
fn settles(function: &Function, expected: &Told) {
    let begun = Instant::now();
    loop {
        let answer = ask(function);
        if answer == *expected {
            return;
        }
        assert!(begun.elapsed() < LIMIT, "{answer:?}, and not {expected:?}");
        std::thread::yield_now();
    }
}

const PERMIT: &str = "permit";
const REFUSED: &str = "scope_missing";
