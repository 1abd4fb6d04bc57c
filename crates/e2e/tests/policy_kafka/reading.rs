//! From the start to an end that was asked for, in committed transactions alone, and what stands at that end.

use super::Follower;
use super::follower::settings;
use e2e::Publisher;
use e2e::kafka::{Broker, Log};
use feed::State;
use feed::kafka::default_topic;
use serde_json::json;

#[test]
fn a_reader_shows_what_is_committed_and_follows() {
    let broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    let mut publisher = Publisher::new("prod");
    let mut follower = Follower::new(&settings(&broker.address()), "prod", &publisher);
    follower.until("the end of an empty topic", |follower| follower.mismatches > 0);
    assert_eq!(follower.place(), None, "an empty topic shows nothing");

    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());
    follower.until_live(&publisher);
    for n in 0..20 {
        publisher.publish(&[(&format!("client/c{}", n % 3), Some(json!({ "n": n })))]);
        log.write(&publisher.transaction());
        follower.until_live(&publisher);
    }
    publisher.publish(&[("client/c1", None)]);
    log.write(&publisher.transaction());
    follower.until_live(&publisher);
    assert_eq!(follower.state(), State::Live);

    // What is taken back was never there, also where it is the last of the log.
    let before = publisher.place();
    let mut next = publisher.clone();
    next.publish(&[("client/evil", Some(json!({})))]);
    log.write_and_abort(&next.transaction());
    follower.at_end = false;
    follower.until("the end behind what was taken back", |follower| follower.at_end);
    assert_eq!(follower.place(), Some(before));
    let mut fresh = Follower::new(&settings(&broker.address()), "prod", &publisher);
    fresh.until_live(&publisher);
    assert_eq!((fresh.mismatches, fresh.losses), (0, 0));
}

#[test]
fn a_strangers_open_transaction_hides_what_comes_behind_it_and_nothing_else() {
    let broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    let mut publisher = Publisher::new("prod");
    publisher.publish(&[("client/c1", Some(json!({})))]);
    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());
    let stranger = Log::of(&broker, &topic, "stranger");
    stranger.begin(&[("client/evil".to_owned(), Some("{}".to_owned()))]);
    let hidden_from = broker.offsets(&topic).1;

    let before = publisher.clone();
    publisher.publish(&[("client/c1", None)]);
    log.write(&publisher.transaction());
    let mut follower = Follower::new(&settings(&broker.address()), "prod", &publisher);
    follower.until_live(&before);
    assert!(broker.offsets(&topic).1 > hidden_from, "the records are there");
    stranger.abort();
    follower.until_live(&publisher);
    assert_eq!(follower.mismatches, 0, "what was hidden was never half seen");
}
