//! The gateway's own process on a real broker: what is published is in force at once, and what was in force stays, whatever happens to either.

use e2e::kafka::{Broker, Log};
use e2e::{Gateway, Publisher, Scratch, Setup, Signal, wait_within};
use feed::kafka::default_topic;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(40);

fn api_key() -> String {
    format!("sb_k1_{}", "A".repeat(43))
}

fn client(scopes: &[&str]) -> Option<Value> {
    let digest = Sha256::digest(api_key());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(json!({
        "team": "t",
        "credentials": [{ "type": "api_key", "id": "k1", "sha256": digest }],
        "grants": [{ "api": "orders", "scopes": scopes }],
    }))
}

fn published() -> Publisher {
    let mut publisher = Publisher::new("prod");
    let api = json!({
        "team": "t", "base_path": "/orders", "credentials": ["api_key"],
        "operations": [{ "match": "GET /orders/**", "scopes": ["orders.read"] }],
    });
    let orders = [
        ("api/orders", Some(api)),
        ("client/app", client(&["orders.read"])),
    ];
    publisher.publish(&orders);
    publisher
}

fn start(address: &str, publisher: &Publisher) -> Gateway {
    start_in(Scratch::new(), address, publisher)
}

fn start_in(scratch: Scratch, address: &str, publisher: &Publisher) -> Gateway {
    scratch.write("policy.floor", &publisher.floor());
    let setup = Setup {
        scratch,
        ..Setup::default()
    };
    setup.start(&format!(
        "policy: {{ floor: policy.floor, feed: {{ kafka: {{ brokers: [\"{address}\"] }} }} }}\n\
         environment: prod\nstate_dir: state\nroutes: [{{ path: /**, respond: {{ body: fixed }} }}]"
    ))
}

fn status(gateway: &Gateway) -> u16 {
    let key = format!("X-Api-Key: {}", api_key());
    gateway.client().get_with("/orders/1", &[&key]).status
}

fn wait_for_status(gateway: &Gateway, expected: u16) {
    let began = Instant::now();
    while status(gateway) != expected {
        let log = gateway.log().so_far().join("\n");
        assert!(began.elapsed() < LIMIT, "waited in vain for {expected}:\n{log}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

fn wait_for_state(gateway: &Gateway, expected: &str) {
    wait_within(LIMIT, &format!("the state {expected}"), || {
        (gateway.policy()["state"] == expected).then_some(())
    });
}

#[test]
fn a_change_is_in_force_within_a_second_and_stays_when_the_broker_is_gone() {
    let mut broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    let mut publisher = published();
    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());
    let gateway = start(&broker.address(), &publisher);
    wait_for_state(&gateway, "live");
    assert_eq!(status(&gateway), 200);

    for scopes in [&[][..], &["orders.read"], &[]] {
        publisher.publish(&[("client/app", client(scopes))]);
        log.write(&publisher.transaction());
        let written = Instant::now();
        let expected = if scopes.is_empty() { 403 } else { 200 };
        wait_for_status(&gateway, expected);
        assert!(
            written.elapsed() < Duration::from_secs(1),
            "{:?}",
            written.elapsed()
        );
    }

    broker.kill();
    wait_for_state(&gateway, "catching_up");
    let told = gateway.policy()["last_error"].to_string();
    assert!(told.contains("no broker answers"), "{told}");
    assert_eq!(status(&gateway), 403, "it decides as before");
    broker.start_again();
    wait_for_state(&gateway, "live");
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
    log.write(&publisher.transaction());
    wait_for_status(&gateway, 200);
}

/// A process that was frozen goes on where it was. What was deleted, and whose tombstone expired meanwhile, is not in its log any more.
#[test]
fn a_client_that_was_deleted_during_a_long_freeze_is_gone_behind_it() {
    let broker = Broker::start();
    let topic = default_topic("prod");
    let quick = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "50"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("delete.retention.ms", "100"),
    ];
    broker.create_topic(&topic, &quick);
    let mut publisher = published();
    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());
    let gateway = start(&broker.far_address(), &publisher);
    wait_for_state(&gateway, "live");
    assert_eq!(status(&gateway), 200);

    gateway.signal(Signal::STOP);
    broker.cut();
    publisher.publish(&[("client/app", None)]);
    log.write(&publisher.transaction());
    for round in 0.. {
        assert!(round < 2_000, "the cleaner does not clean");
        publisher.publish(&[("client/other", Some(json!({ "team": "t" })))]);
        log.write(&publisher.transaction());
        let left = broker.records(&topic);
        if left.iter().all(|(_, key, _)| key != "client/app") {
            break;
        }
    }
    broker.mend();
    gateway.signal(Signal::CONT);
    wait_for_status(&gateway, 401);
    wait_for_state(&gateway, "live");
    let mismatches = gateway.metrics().sum("switchboard_policy_mismatches_total", &[]);
    assert!(mismatches >= 1.0, "a digest told that something was missing");

    // And a restart shows nothing older, though its floor has the client and nobody can be asked.
    broker.cut();
    let gateway = start_in(gateway.kill(), &broker.far_address(), &published());
    assert_eq!(status(&gateway), 401);
}
