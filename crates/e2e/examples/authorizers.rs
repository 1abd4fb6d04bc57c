//! Measures both authorizers as processes: from the start to the first decision, and decisions one behind the other, on a
//! floor of 10,000 clients; and the same of a signed floor whose feed is followed: at its newest revision, and one behind. `cargo run --release -p e2e --example authorizers`, after both builds.
//!
//! What it says is about the process and the Runtime API on loopback; Lambda's own share of a cold start is not in it.

use anyhow::{Context, Result};
use e2e::{Build, FeedServer, Function, Invoked, Publisher, Scratch, floor_of, given_text};
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

/// Signed floors of the same clients: the newest, and one of the revision before; and a server of the newest bundle.
fn feed(scratch: &Scratch) -> Result<(String, String, FeedServer)> {
    let policy = policy()?;
    let mut publisher = Publisher::new("prod");
    let mut bodies = Vec::new();
    for (section, listed) in policy.as_object().context("a policy is an object")? {
        let kind = section.trim_end_matches('s');
        for entity in listed.as_array().context("a section is a list")? {
            let mut body = entity.clone();
            let id = body.as_object_mut().and_then(|body| body.remove("id"));
            let id = id
                .as_ref()
                .and_then(Value::as_str)
                .context("an entity has an id")?
                .to_owned();
            bodies.push((format!("{kind}/{id}"), body));
        }
    }
    let changes: Vec<(&str, Option<Value>)> = bodies
        .iter()
        .map(|(key, body)| (key.as_str(), Some(body.clone())))
        .collect();
    publisher.publish(&changes);
    let behind = scratch.write("behind", &publisher.floor()).display().to_string();
    publisher.publish(&[("client/client-0", None)]);
    let current = scratch.write("current", &publisher.floor()).display().to_string();
    Ok((current, behind, FeedServer::start(&publisher.bundle())))
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
    let (current, behind, server) = feed(&scratch)?;
    let bundle = server.bundle();
    let following = |floor| {
        let mut settings = settings.to_vec();
        settings[0].1 = floor;
        settings.push(("SWITCHBOARD_BUNDLE", bundle.as_str()));
        settings
    };
    for build in Build::BOTH {
        for (name, settings) in [
            ("a floor", settings.to_vec()),
            ("a feed that says the same", following(&current)),
            ("a feed that is a revision ahead", following(&behind)),
        ] {
            let mut starts: Vec<Duration> = Vec::new();
            for _ in 0..STARTS {
                let (took, invoked) = Function::first_decision(build, &settings, &key);
                anyhow::ensure!(matches!(invoked, Invoked::Response(_)), "{invoked:?}");
                starts.push(took);
            }
            starts.sort();
            println!(
                "{build:?}: {name}: start to first decision {:.1?} (median of {STARTS})",
                starts[STARTS / 2]
            );
        }
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
