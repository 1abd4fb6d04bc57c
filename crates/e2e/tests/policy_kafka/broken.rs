//! Brokers that end, die, freeze or are out of reach: what is shown stays, what is missed is caught up with, and nothing is read twice.

use super::Follower;
use super::follower::settings;
use e2e::Publisher;
use e2e::kafka::{Broker, Log};
use feed::kafka::{KafkaError, default_topic};
use serde_json::json;

fn change(publisher: &mut Publisher, log: &Log, n: u64) {
    publisher.publish(&[(&format!("client/c{}", n % 5), Some(json!({ "n": n })))]);
    log.write(&publisher.transaction());
}

#[test]
fn a_reader_outlives_its_broker() {
    let mut broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    let mut publisher = Publisher::new("prod");
    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());
    let mut follower = Follower::new(&settings(&broker.address()), "prod", &publisher);
    follower.until_live(&publisher);

    broker.stop();
    follower.until("word that nobody is there", |follower| {
        matches!(follower.error, Some(KafkaError::Unreachable(_)))
    });
    assert_eq!(follower.place(), Some(publisher.place()), "the view stays");
    broker.start_again();
    change(&mut publisher, &log, 1);
    follower.until_live(&publisher);

    broker.kill();
    follower.until("word that nobody is there", |follower| follower.error.is_some());
    broker.start_again();
    change(&mut publisher, &log, 2);
    follower.until_live(&publisher);

    broker.freeze();
    follower.at_end = false;
    follower.until("word that nobody answers", |follower| {
        matches!(follower.error, Some(KafkaError::Unreachable(_)))
    });
    broker.thaw();
    change(&mut publisher, &log, 3);
    follower.until_live(&publisher);
    assert_eq!(
        (follower.losses, follower.mismatches),
        (0, 0),
        "it went on where it was"
    );
}

#[test]
fn what_was_compacted_away_during_an_absence_is_noticed_and_read_anew() {
    let broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(
        &topic,
        &[
            ("cleanup.policy", "compact"),
            ("segment.ms", "50"),
            ("min.cleanable.dirty.ratio", "0.01"),
            ("min.compaction.lag.ms", "0"),
            ("delete.retention.ms", "100"),
        ],
    );
    let mut publisher = Publisher::new("prod");
    let log = Log::of(&broker, &topic, "portal");
    publisher.publish(&[
        ("client/gone", Some(json!({}))),
        ("client/stays", Some(json!({}))),
    ]);
    log.write(&publisher.log());
    let mut follower = Follower::new(&settings(&broker.far_address()), "prod", &publisher);
    follower.until_live(&publisher);

    broker.cut();
    follower.until("word that nobody is there", |follower| follower.error.is_some());
    publisher.publish(&[("client/gone", None)]);
    log.write(&publisher.transaction());
    // The cleaner works on what lies behind it.
    let mut n = 0;
    let is_gone = |broker: &Broker| {
        broker
            .records(&topic)
            .iter()
            .all(|(_, key, _)| key != "client/gone")
    };
    while !is_gone(&broker) {
        n += 1;
        change(&mut publisher, &log, n);
        assert!(n < 2_000, "the cleaner does not clean");
    }
    broker.mend();
    follower.until_live(&publisher);
    assert!(
        follower.mismatches > 0,
        "the deletion is gone, and a digest alone tells"
    );
    assert!(!follower.shown.contains_key("client/gone"));

    // And who reads while all this goes on sees nothing but revisions that were.
    for more in 0..100 {
        change(&mut publisher, &log, more);
        follower.step();
    }
    follower.until_live(&publisher);
    let mut fresh = Follower::new(&settings(&broker.address()), "prod", &publisher);
    fresh.until_live(&publisher);
}
