//! A relay on a real broker: what is published there is handed on, and a broker that is gone takes nothing back.

use super::follower::LIMIT;
use e2e::kafka::{Broker, Log};
use e2e::{Client, Process, Publisher, Scratch, run, switchboard, wait_within};
use feed::kafka::default_topic;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

fn change(publisher: &mut Publisher, log: &Log, n: u64) {
    publisher.publish(&[(&format!("client/c{n}"), Some(json!({ "n": n })))]);
    log.write(&publisher.transaction());
}

pub(super) fn ready(address: SocketAddr) -> Value {
    Client::connect(address).get("/ready").json()
}

/// Waits until exactly this is handed on.
pub(super) fn wait_for(address: SocketAddr, publisher: &Publisher) {
    let revision = publisher.place().1;
    wait_within(LIMIT, "the revision", || {
        (ready(address)["written_revision"] == revision).then_some(())
    });
    let bundle = Client::connect(address).get("/bundle").expect(200).text();
    assert_eq!(bundle, publisher.bundle());
}

fn wait_for_state(address: SocketAddr, state: &str) {
    wait_within(LIMIT, state, || {
        (ready(address)["policy"]["state"] == state).then_some(())
    });
}

/// A relay of this floor's feed and that broker.
pub(super) fn relay(scratch: &Scratch, floor: &Path, kafka: &Path) -> Command {
    let mut command = switchboard(&["relay", "--listen", "127.0.0.1:0", "--floor"]);
    command.arg(floor).arg("--kafka").arg(kafka);
    command.arg("--out").arg(scratch.path("out"));
    command
}

/// Where it listens.
pub(super) fn address_of(relay: &Process) -> SocketAddr {
    relay.stderr().wait_for("the relay's address", |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line["fields"]["address"].as_str()?.parse().ok()
    })
}

#[test]
fn a_relay_hands_on_what_a_broker_holds_and_outlives_it() {
    let mut broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    let mut publisher = Publisher::new("prod");
    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());
    change(&mut publisher, &log, 1);

    let scratch = Scratch::new();
    let floor = scratch.write("policy.floor", &publisher.floor());
    let kafka = scratch.write("kafka.yaml", &format!("brokers: [\"{}\"]\n", broker.address()));
    let relay = Process::start(relay(&scratch, &floor, &kafka));
    let address = address_of(&relay);
    wait_for(address, &publisher);
    change(&mut publisher, &log, 2);
    wait_for(address, &publisher);
    wait_for_state(address, "live");

    broker.kill();
    wait_for_state(address, "catching_up");
    wait_for(address, &publisher);
    broker.start_again();
    change(&mut publisher, &log, 3);
    wait_for(address, &publisher);
    wait_for_state(address, "live");
}

#[test]
fn a_file_that_says_nothing_of_use_is_refused() {
    let scratch = Scratch::new();
    let floor = scratch.write("policy.floor", &Publisher::new("prod").floor());
    let (floor, out) = (
        floor.display().to_string(),
        scratch.path("out").display().to_string(),
    );
    for (text, expected) in [
        ("brokers: []", "1 to 64 brokers"),
        ("broker: [\"k:1\"]", "broker"),
        (
            "brokers: [\"k:1\"]\nsasl: { mechanism: SCRAM-SHA-512, user: u, password_file: none }",
            "none",
        ),
    ] {
        let kafka = scratch.path("kafka.yaml").display().to_string();
        scratch.replace("kafka.yaml", text);
        let arguments = ["--floor", &floor, "--out", &out, "--kafka", &kafka];
        let finished = run(switchboard(&[&["relay"], &arguments[..]].concat()));
        assert_eq!(finished.code, Some(1), "{text}");
        assert!(finished.stderr.contains("--kafka"), "{}", finished.stderr);
        assert!(finished.stderr.contains(expected), "{}", finished.stderr);
        let doctor = ["feed", "doctor", "--feed", "prod", "--kafka", &kafka];
        let finished = run(switchboard(&doctor));
        assert_eq!(finished.code, Some(2), "{text}");
        assert!(finished.stderr.contains(expected), "{}", finished.stderr);
    }
}
