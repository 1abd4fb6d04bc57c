//! Measures both authorizers as processes: from the start to the first decision, and decisions one behind the other, on a
//! floor of 10,000 clients. `cargo run --release -p e2e --example authorizers`, after both builds.
//!
//! What it says is about the process and the Runtime API on loopback; Lambda's own share of a cold start is not in it.

use anyhow::{Context, Result};
use e2e::{Build, Function, Invoked, Scratch, floor_of, given_text};
use serde_json::{Value, json};
use std::time::Duration;

const CLIENTS: usize = 10_000;
const STARTS: usize = 21;
const INVOCATIONS: u32 = 5_000;

/// The shop of the cases, with this many clients more.
fn policy() -> Result<Value> {
    let text = include_str!("../../../contract/vectors/authorizer/given/policies.json");
    let mut policy = serde_json::from_str::<Value>(text)?["shop"].take();
    let clients = policy["clients"].as_array_mut().context("the shop has clients")?;
    for number in 0..CLIENTS {
        clients.push(json!({
            "id": format!("client-{number}"), "team": "mobile",
            "credentials": [{ "type": "api_key", "id": format!("n{number}"), "sha256": format!("{number:064x}") }],
            "grants": [{ "api": "orders", "scopes": ["orders.read"], "plan": "gold" }],
        }));
    }
    Ok(policy)
}

fn event(name: &str, value: &str) -> Vec<u8> {
    json!({
        "type": "REQUEST", "headers": { name: value },
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/api/orders/7",
    })
    .to_string()
    .into_bytes()
}

#[allow(clippy::print_stdout, reason = "the figures are this program's output")]
fn main() -> Result<()> {
    let scratch = Scratch::new();
    let floor = floor_of(&scratch, "large", &policy()?).display().to_string();
    let settings = [
        ("SWITCHBOARD_FLOOR", floor.as_str()),
        ("SWITCHBOARD_APIS", "orders"),
    ];
    let key = event("X-Api-Key", &given_text("key:k1"));
    let token = event("Authorization", &format!("Bearer {}", given_text("token:good")));
    for build in Build::BOTH {
        let mut starts: Vec<Duration> = Vec::new();
        for _ in 0..STARTS {
            let (took, invoked) = Function::first_decision(build, &settings, &key);
            anyhow::ensure!(matches!(invoked, Invoked::Response(_)), "{invoked:?}");
            starts.push(took);
        }
        starts.sort();
        println!(
            "{build:?}: start to first decision {:.1?} (median of {STARTS})",
            starts[STARTS / 2]
        );
        let function = Function::start(build, &settings);
        for (name, event) in [("API key", &key), ("EdDSA token", &token)] {
            function.warm_decisions(event, INVOCATIONS / 5);
            let took = function.warm_decisions(event, INVOCATIONS);
            println!(
                "{build:?}: {name}: {:.0} decisions/s",
                f64::from(INVOCATIONS) / took.as_secs_f64()
            );
        }
    }
    Ok(())
}
