//! What is sent: revisions, heartbeats, and a whole of more than one transaction, into a topic that is as it should be.

use super::Publishing;
use super::seen::{FEED, LIMIT, until_says};
use e2e::kafka::Broker;
use feed::Read;
use feed::kafka::default_topic;
use feed::kafka::doctor::{Grade, judge, look_at_topic};
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn each_revision_is_seen_once_and_heartbeats_follow_it() {
    let broker = Broker::start();
    let publishing = Publishing::new(&broker);
    let process = publishing.start("a");
    until_says(&process, "leading");
    let mut seen = publishing.seen();
    for revision in 1..=20 {
        publishing.append(&[
            ("client/a", Some(json!({ "n": revision }))),
            ("client/b", (revision % 3 > 0).then(|| json!({ "n": revision }))),
        ]);
        seen.until_live(&publishing.journal());
    }
    let began = Instant::now();
    let mut renewed = 0;
    while renewed < 2 {
        renewed += u32::from(seen.step() == Some(Read::Renewed));
        assert!(began.elapsed() < LIMIT, "no heartbeat: {process:?}");
    }
    assert_eq!(
        process.stdout().so_far().last().map(|line| line.trim()),
        Some("leading")
    );
}

#[test]
fn the_topic_that_it_makes_is_as_the_doctor_wants_it() {
    let broker = Broker::start();
    let publishing = Publishing::new(&broker);
    let topic = default_topic(FEED);
    let facts = look_at_topic(&publishing.settings, &topic, Duration::ZERO).unwrap();
    for finding in judge(&facts, &broker.address(), &topic) {
        // One broker holds one copy, which nothing but a second one would mend.
        let is_copies = finding.what.contains("repli") || finding.what.contains("insync");
        assert!(finding.grade < Grade::Warning || is_copies, "{finding:?}");
    }
}

#[test]
fn a_whole_may_span_transactions_of_which_only_the_last_counts() {
    let broker = Broker::start();
    let publishing = Publishing::new(&broker);
    let keys: Vec<String> = (0..25_000).map(|number| format!("client/c{number}")).collect();
    for some in keys.chunks(10_000) {
        let changes: Vec<_> = some
            .iter()
            .map(|key| (key.as_str(), Some(json!({ "n": 1 }))))
            .collect();
        publishing.append(&changes);
    }
    let began = Instant::now();
    let process = publishing.start("a");
    until_says(&process, "leading");
    println!("25,000 records published and seen in {:?}", began.elapsed());
    publishing.seen().until_live(&publishing.journal());
}
