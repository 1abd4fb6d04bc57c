//! What a publisher does not do by itself: fill a topic that was lost, publish from a database that was put back, or behind what it cannot see.

use super::Publishing;
use super::seen::{EPOCH, FEED, kill, until_says};
use e2e::kafka::{Broker, Journal, Log};
use feed::kafka::{default_topic, make_topic};
use serde_json::json;

#[test]
fn a_topic_that_was_lost_is_filled_when_somebody_says_so() {
    let broker = Broker::start();
    let publishing = Publishing::new(&broker);
    let process = publishing.start("a");
    publishing.append(&[("client/a", Some(json!({ "n": 1 })))]);
    let mut seen = publishing.seen();
    seen.until_live(&publishing.journal());
    kill(process);
    let topic = default_topic(FEED);
    broker.delete_topic(&topic);
    make_topic(&publishing.settings, &topic).unwrap();

    let process = publishing.start("a");
    until_says(&process, "topic_lost");
    publishing.append(&[("client/b", Some(json!({ "n": 2 })))]);
    Journal::forget_published(&publishing.scratch.path(""));
    until_says(&process, "leading");
    seen.until_live(&publishing.journal());
    kill(process);
}

#[test]
fn a_database_that_was_put_back_needs_a_new_epoch() {
    let broker = Broker::start();
    let publishing = Publishing::new(&broker);
    let process = publishing.start("a");
    for revision in 1..=4 {
        publishing.append(&[("client/a", Some(json!({ "n": revision })))]);
    }
    let mut seen = publishing.seen();
    seen.until_live(&publishing.journal());
    // Beneath a publisher that runs; and then it goes another way, past where it was.
    Journal::restore(&publishing.scratch.path(""), 2);
    until_says(&process, "needs_new_epoch");
    for revision in 3..=6 {
        publishing.append(&[("client/a", Some(json!({ "other": revision })))]);
    }
    kill(process);
    let process = publishing.start("a");
    until_says(&process, "needs_new_epoch");
    assert_eq!(seen.place(), Some((EPOCH, 4)));
    Journal::set_epoch(&publishing.scratch.path(""), EPOCH + 1);
    until_says(&process, "leading");
    seen.until_live(&publishing.journal());
    kill(process);
}

#[test]
fn an_open_transaction_of_a_stranger_is_told_of_and_nothing_is_lost_by_it() {
    let broker = Broker::start();
    let publishing = Publishing::new(&broker);
    let process = publishing.start("a");
    publishing.append(&[("client/a", Some(json!({ "n": 1 })))]);
    let mut seen = publishing.seen();
    seen.until_live(&publishing.journal());
    let stranger = Log::of(&broker, &default_topic(FEED), "stranger");
    stranger.begin(&[("client/z".to_owned(), Some("{}".to_owned()))]);
    publishing.append(&[("client/a", None)]);
    until_says(&process, "not_visible");
    // Who starts now cannot know what is hidden, and does not go on over it.
    kill(process);
    let process = publishing.start("a");
    until_says(&process, "not_visible");
    stranger.abort();
    until_says(&process, "leading");
    seen.until_live(&publishing.journal());
    kill(process);
}

#[test]
fn what_a_stranger_wrote_is_put_right() {
    let broker = Broker::start();
    let publishing = Publishing::new(&broker);
    let process = publishing.start("a");
    publishing.append(&[("client/a", Some(json!({ "n": 1 })))]);
    publishing.seen().until_live(&publishing.journal());
    kill(process);
    let stranger = Log::plain(&broker, &default_topic(FEED));
    let record = publishing.journal().live()["client/a"].replace("\"n\":1", "\"n\":666");
    stranger.write(&[
        ("client/a".to_owned(), Some(record)),
        ("client/z".to_owned(), Some("{}".to_owned())),
    ]);
    let process = publishing.start("a");
    until_says(&process, "leading");
    let mut seen = publishing.seen();
    seen.until_live(&publishing.journal());
    kill(process);
}
