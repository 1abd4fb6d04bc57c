//! A gateway that follows a signed bundle: what is published is in force without a restart, what is not published never is, and nothing that
//! was in force is taken back, whatever happens to the bundle, the process or the floor.

mod ages;
mod alone;
mod carriers;
mod fleet;
mod following;
mod lies;
mod restarts;
mod stream;

use e2e::{
    BundleServer, Gateway, Process, Publisher, Response, Scratch, Setup, Upstream, case, run, switchboard,
    wait_for,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const ROUTES: &str = "routes: [{ path: /**, respond: { body: fixed } }]";
const FEED: &str = "prod";
const BUNDLE: &str = "prod.bundle";

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

/// Revision 1: one API, and one client that may read it.
fn published() -> Publisher {
    let mut publisher = Publisher::new(FEED);
    let api = json!({
        "team": "t", "base_path": "/orders", "credentials": ["api_key"],
        "operations": [{ "match": "GET /orders/**", "scopes": ["orders.read"] }],
    });
    publisher.publish(&[
        ("api/orders", Some(api)),
        ("client/app", client(&["orders.read"])),
    ]);
    publisher
}

/// The next revision takes the scope away.
fn take_away(publisher: &mut Publisher) {
    publisher.publish(&[("client/app", client(&[]))]);
}

/// A configuration with this bundle and these further keys of `policy`.
fn configuration(bundle: &str, more: &str) -> String {
    format!(
        "policy: {{ floor: policy.floor, feed: {{ bundle: \"{bundle}\" }}{more} }}\nenvironment: prod\nstate_dir: state\n{ROUTES}"
    )
}

fn start_with(scratch: Scratch, yaml: &str) -> Gateway {
    let setup = Setup {
        scratch,
        ..Setup::default()
    };
    setup.start(yaml)
}

/// A gateway with this floor and this bundle in a file.
fn start(floor: &str, bundle: &str, more: &str) -> Gateway {
    let scratch = Scratch::new();
    scratch.write("policy.floor", floor);
    scratch.write(BUNDLE, bundle);
    start_with(scratch, &configuration(BUNDLE, more))
}

fn ask(gateway: &Gateway) -> Response {
    let key = format!("X-Api-Key: {}", api_key());
    gateway.client().get_with("/orders/1", &[&key])
}

fn place(gateway: &Gateway) -> (u64, u64) {
    let policy = gateway.policy();
    let number = |name: &str| {
        policy[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} in {policy}"))
    };
    (number("epoch"), number("revision"))
}

fn wait_for_place(gateway: &Gateway, expected: (u64, u64)) {
    wait_for(&format!("the policy {expected:?} to be in force"), || {
        (place(gateway) == expected).then_some(())
    });
}

fn wait_for_state(gateway: &Gateway, state: &str) {
    wait_for(&format!("the state {state}"), || {
        (gateway.policy()["state"] == state).then_some(())
    });
}

fn counted(gateway: &Gateway, name: &str) -> f64 {
    gateway
        .metrics()
        .sum(&format!("switchboard_policy_{name}_total"), &[])
}
