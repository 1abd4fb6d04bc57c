//! Logs that are cut off, rebuilt, or another's: what is shown stays until something of this feed counts again.

use super::Follower;
use super::follower::settings;
use e2e::Publisher;
use e2e::kafka::{Broker, Log};
use feed::kafka::{KafkaError, default_topic};
use serde_json::json;

const COMPACT: &[(&str, &str)] = &[("cleanup.policy", "compact")];

#[test]
fn a_log_that_is_cut_off_or_rebuilt_changes_nothing_until_it_is_whole() {
    let broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact,delete")]);
    let mut publisher = Publisher::new("prod");
    publisher.publish(&[("client/c1", Some(json!({}))), ("client/c2", Some(json!({})))]);
    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());
    let mut follower = Follower::new(&settings(&broker.far_address()), "prod", &publisher);
    follower.until_live(&publisher);

    // Cut off behind the reader's back, and it is only a later one that misses something.
    broker.cut();
    follower.until("word that nobody is there", |follower| follower.error.is_some());
    publisher.publish(&[("client/c3", Some(json!({})))]);
    log.write(&publisher.transaction());
    broker.delete_records(&topic, broker.offsets(&topic).1);
    broker.mend();
    follower.until("the loss", |follower| follower.losses > 0);
    follower.until("the end of what is left", |follower| follower.mismatches > 0);
    assert_ne!(follower.place(), Some(publisher.place()));
    assert!(follower.shown.contains_key("client/c1"), "the view stays");
    log.write(&publisher.log());
    follower.until_live(&publisher);

    // Rebuilt under its name, with as many records as there were: the position would be one of the new log.
    let before = broker.offsets(&topic).1;
    broker.delete_topic(&topic);
    follower.until("word that it is gone", |follower| {
        matches!(follower.error, Some(KafkaError::NoTopic(_)))
    });
    assert_eq!(follower.place(), Some(publisher.place()));
    broker.create_topic(&topic, COMPACT);
    publisher.publish(&[("client/c1", None)]);
    log.write(&publisher.log());
    while broker.offsets(&topic).1 < before {
        publisher.beat();
        log.write(&[publisher.heartbeat()]);
    }
    follower.until_live(&publisher);
}

#[test]
fn a_topic_of_another_environment_or_of_no_feed_shows_nothing() {
    let broker = Broker::start();
    let mut staging = Publisher::stranger("staging");
    staging.publish(&[("client/c1", Some(json!({})))]);
    let mut prod = Publisher::new("prod");
    prod.publish(&[("client/c9", Some(json!({})))]);
    let (ours, topic) = (default_topic("prod"), default_topic("staging"));
    for topic in [&ours, &topic] {
        broker.create_topic(topic, COMPACT);
    }
    Log::of(&broker, &topic, "staging").write(&staging.log());
    let log = Log::of(&broker, &ours, "prod");
    log.write(&prod.log());
    let mut follower = Follower::new(&settings(&broker.address()), "prod", &prod);
    follower.until_live(&prod);

    broker.delete_topic(&ours);
    follower.until("word that it is gone", |follower| follower.error.is_some());
    broker.create_topic(&ours, COMPACT);
    let copy = Log::of(&broker, &ours, "copy");
    copy.write(&staging.log());
    follower.mismatches = 0;
    follower.until("the end of the other's log", |follower| follower.mismatches > 1);
    assert_eq!(follower.place(), Some(prod.place()), "the view stays");
    assert_eq!(follower.shown, prod.records());

    broker.create_topic_of("wide", 3, COMPACT);
    let wide = feed::kafka::Settings::new(vec![broker.address().into()], Some("wide".into()), None, None);
    let mut lost = Follower::new(&wide.unwrap(), "prod", &prod);
    lost.until("word of the partitions", |lost| {
        matches!(lost.error, Some(KafkaError::Partitions { partitions: 3, .. }))
    });
}
