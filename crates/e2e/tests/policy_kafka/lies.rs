//! Whoever may write to the topic, or is the broker, and lies: policy is delayed and never changed, and the delay shows (feed.md §2, rule 8).

use super::Follower;
use super::follower::settings;
use e2e::Publisher;
use e2e::kafka::{Broker, Log, Written};
use feed::State;
use feed::kafka::{Settings, default_topic};
use serde_json::json;

const COMPACT: &[(&str, &str)] = &[("cleanup.policy", "compact")];

fn text(key: &str, value: impl Into<String>) -> Written {
    (key.to_owned(), Some(value.into()))
}

#[test]
fn a_malicious_record_means_nothing_and_an_old_commit_takes_nothing_back() {
    let broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[COMPACT[0], ("max.message.bytes", "2000000")]);
    let mut publisher = Publisher::new("prod");
    publisher.publish(&[("client/c1", Some(json!({}))), ("client/c2", Some(json!({})))]);
    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());
    let old = publisher.heartbeat();
    let mut follower = Follower::new(&settings(&broker.address()), "prod", &publisher);
    follower.until_live(&publisher);
    publisher.publish(&[("client/c2", None)]);
    log.write(&publisher.transaction());
    follower.until_live(&publisher);

    let evil = Log::plain(&broker, &topic);
    let mut stranger = Publisher::stranger("prod");
    stranger.publish(&[("client/evil", Some(json!({ "state": "active" })))]);
    let records = publisher.records();
    evil.write(&[
        // Another's key: it would hide the one whose key that is.
        text("client/c2", records["client/c1"].clone()),
        text("client/large", format!("{{\"x\":\"{}\"}}", "x".repeat(1_500_000))),
        text("", "{}"),
        text("commit", "no JSON"),
        ("commit".to_owned(), None),
        ("keyring".to_owned(), None),
        text("client/none", "\u{0}\u{fffd}"),
    ]);
    evil.write(&stranger.log()[..1]);
    evil.write(&[stranger.heartbeat(), old]);
    follower.until("the end of all that", |follower| follower.mismatches > 0);
    assert_eq!(follower.place(), Some(publisher.place()), "the view stays");
    assert_eq!(follower.shown, publisher.records());
    assert_ne!(
        follower.state(),
        State::Live,
        "an old commit at the end is not the view"
    );
    publisher.beat();
    log.write(&[publisher.heartbeat()]);
    follower.until_live(&publisher);

    // A record of the stranger's within the feed is counted, so that nothing holds until the portal sends the whole again.
    evil.write(&stranger.transaction()[..1]);
    publisher.publish(&[("client/c3", Some(json!({})))]);
    log.write(&publisher.transaction());
    let behind = follower.mismatches;
    follower.until("a commit that does not hold", |follower| {
        follower.mismatches > behind
    });
    assert_ne!(follower.place(), Some(publisher.place()));
    assert!(!follower.shown.contains_key("client/evil"));
    log.write(&[("client/evil".to_owned(), None), publisher.heartbeat()]);
    follower.until_live(&publisher);
}

/// A broker that leaves records out is one that serves another log: this one is made by copying.
#[test]
fn a_broker_that_withholds_records_and_passes_heartbeats_shows_nothing_new() {
    let broker = Broker::start();
    broker.create_topic("true", COMPACT);
    broker.create_topic("filtered", COMPACT);
    let mut publisher = Publisher::new("prod");
    let log = Log::of(&broker, "true", "portal");
    publisher.publish(&[("client/c1", Some(json!({})))]);
    log.write(&publisher.log());
    let filtered = Log::of(&broker, "filtered", "liar");
    filtered.write(&publisher.log());
    let of =
        |topic: &str| Settings::new(vec![broker.address().into()], Some(topic.into()), None, None).unwrap();
    let mut follower = Follower::new(&of("filtered"), "prod", &publisher);
    follower.until_live(&publisher);

    let before = publisher.clone();
    publisher.publish(&[("client/c1", None)]);
    log.write(&publisher.transaction());
    for _ in 0..3 {
        publisher.beat();
        log.write(&[publisher.heartbeat()]);
        filtered.write(&[publisher.heartbeat()]);
        let behind = follower.mismatches;
        follower.until("a commit that does not hold", |follower| {
            follower.mismatches > behind
        });
    }
    assert_eq!(follower.place(), Some(before.place()), "the view stays");
    assert_ne!(follower.state(), State::Live);
    let heard = follower.feed.view().expect("it shows something").at;
    assert!(heard <= before_at(&before), "what does not count renews no age");
    let mut honest = Follower::new(&of("true"), "prod", &publisher);
    honest.until_live(&publisher);
}

fn before_at(publisher: &Publisher) -> u64 {
    let commit: serde_json::Value = serde_json::from_str(publisher.commit()).expect("a commit is JSON");
    commit["at"].as_u64().expect("a time")
}
