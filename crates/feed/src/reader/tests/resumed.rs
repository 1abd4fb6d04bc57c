//! A carrier that goes on behind what is shown: all of it counts as given, and nothing that is not.

use crate::reader::world::{Logged, Publisher, Shower};
use crate::reader::{Ignored, Read};

fn published() -> (Publisher, Shower) {
    let mut publisher = Publisher::new();
    publisher.change(&[("client/a", Some(r#"{"n":1}"#)), ("client/b", Some(r#"{"n":1}"#))]);
    publisher.change(&[("client/b", Some(r#"{"n":2}"#)), ("plan/p", Some("{}"))]);
    let mut shower = Shower::new(publisher.roots());
    shower.read(&publisher.log, publisher.now);
    (publisher, shower)
}

/// What a publisher logs for this.
fn behind(publisher: &mut Publisher, change: impl FnOnce(&mut Publisher)) -> Vec<Logged> {
    let had = publisher.log.len();
    change(publisher);
    publisher.log.split_off(had)
}

fn check(change: impl Fn(&mut Publisher)) {
    let (mut publisher, mut shower) = published();
    // Also where the process begins anew with what was written down, and where something came that was never shown.
    shower = shower.killed(publisher.roots(), publisher.now);
    let unshown = behind(&mut Publisher::new(), |other| {
        other.change(&[("client/a", Some("{}")), ("client/z", Some("{}"))]);
    });
    for record in unshown.iter().filter(|record| record.key != "commit") {
        shower.give(record, publisher.now);
    }
    shower.reader.resume();
    assert!(!shower.reader.is_at_view(), "the carrier has said nothing yet");
    let log = behind(&mut publisher, change);
    assert!(shower.read(&log, publisher.now));
    assert_eq!(shower.shown, publisher.records);
    // And once more from there.
    shower.reader.resume();
    let log = behind(&mut publisher, |publisher| {
        publisher.change(&[("client/a", None)]);
    });
    assert!(shower.read(&log, publisher.now));
    assert_eq!(shower.shown, publisher.records);
}

#[test]
fn what_is_given_is_laid_over_what_is_shown() {
    check(|publisher| publisher.change(&[("client/c", Some("{}"))]));
    check(|publisher| publisher.change(&[("client/a", Some(r#"{"n":3}"#))]));
    check(|publisher| publisher.change(&[("client/b", None), ("plan/p", None)]));
    check(|publisher| publisher.change(&[("client/x", None)]));
    check(|publisher| publisher.republish(true));
    check(|publisher| {
        publisher.change(&[("client/b", None)]);
        publisher.change(&[("client/b", Some(r#"{"n":4}"#))]);
    });
}

#[test]
fn a_heartbeat_alone_renews() {
    let (mut publisher, mut shower) = published();
    shower.reader.resume();
    let log = behind(&mut publisher, Publisher::commit);
    assert_eq!(shower.give(&log[0], publisher.now), Read::Renewed);
    assert!(shower.reader.is_at_view());
}

#[test]
fn what_does_not_hold_over_it_is_read_from_the_start() {
    let (mut publisher, mut shower) = published();
    let before = shower.shown.clone();
    shower.reader.resume();
    // One change is kept back.
    publisher.change(&[("client/b", None)]);
    let log = behind(&mut publisher, |publisher| {
        publisher.change(&[("client/c", Some("{}"))]);
    });
    shower.give(&log[0], publisher.now);
    assert_eq!(
        shower.give(&log[1], publisher.now),
        Read::Ignored(Ignored::NotWhole)
    );
    assert!(!shower.reader.is_at_view());
    assert_eq!(shower.shown, before);
    shower.reader.restart();
    let all: Vec<Logged> = publisher.log.iter().chain(&log).cloned().collect();
    assert!(shower.read(&all, publisher.now));
    assert_eq!(shower.shown, publisher.records);
}

#[test]
fn where_nothing_is_shown_it_is_the_start() {
    let publisher = Publisher::new();
    let mut shower = Shower::new(publisher.roots());
    shower.reader.resume();
    assert!(shower.read(&publisher.log, publisher.now));
}
