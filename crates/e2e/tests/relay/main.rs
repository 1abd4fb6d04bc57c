//! `switchboard relay` as a process: it hands on what a feed says as a bundle with its commit beside it, in files, over HTTP and in a bucket, never
//! what it has not verified, and goes on with what it has when everything else is gone.

mod bucket;
mod directory;

use e2e::{Client, Function, Invoked, Process, Publisher, Scratch, switchboard, wait_for};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;

const FEED: &str = "prod";
const SOURCE: &str = "source.bundle";

/// Revision 1: one API that is open.
fn published() -> Publisher {
    let mut publisher = Publisher::new(FEED);
    publisher.publish(&[("api/orders", Some(api("GET")))]);
    publisher
}

/// An API that lets everybody call this method.
fn api(method: &str) -> Value {
    let matches = &format!("{method} /orders/**");
    json!({ "team": "t", "base_path": "/orders", "public": [matches], "operations": [{ "match": matches }] })
}

/// A relay that follows the bundle in `SOURCE`.
struct Relay {
    process: Process,
    address: SocketAddr,
}

impl Relay {
    /// Writes into this, with these arguments too.
    fn command(scratch: &Scratch, out: &str, more: &[&str]) -> Command {
        let path = |name: &str| scratch.path(name).display().to_string();
        let (floor, source) = (path("policy.floor"), path(SOURCE));
        let mut arguments = vec!["relay", "--floor", &floor, "--bundle", &source, "--out", out];
        arguments.extend(["--listen", "127.0.0.1:0"]);
        arguments.extend(more);
        switchboard(&arguments)
    }

    fn start(command: Command) -> Relay {
        let process = Process::start(command);
        let address = process.stderr().wait_for("the address", |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["fields"]["address"].as_str()?.parse().ok()
        });
        Relay { process, address }
    }

    fn get(&self, target: &str) -> e2e::Response {
        Client::connect(self.address).get(target)
    }

    fn ready(&self) -> Value {
        self.get("/ready").json()
    }

    /// Waits until this revision is handed on.
    fn wait_for(&self, revision: u64) {
        wait_for("a revision", || {
            (self.ready()["written_revision"] == revision).then_some(())
        });
    }
}

fn begin(publisher: &Publisher) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("policy.floor", &publisher.floor());
    scratch.replace(SOURCE, &publisher.bundle());
    scratch
}

fn effect(function: &Function) -> String {
    let event = json!({ "type": "REQUEST", "headers": {},
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/orders/7" });
    match function.invoke(event.to_string().as_bytes()) {
        Invoked::Response(text) => {
            let answer: Value = serde_json::from_str(&text).expect("an answer is JSON");
            answer["policyDocument"]["Statement"][0]["Effect"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        }
        // What is not open any more asks for a credential.
        Invoked::Error(_) => "Deny".to_owned(),
    }
}
