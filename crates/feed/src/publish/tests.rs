//! One publisher, step by step: what it asks for, and what it refuses before anything of it is sent. Whole histories are the simulation's.

use super::*;
use crate::simulation::database::{Database, roots, signing_key, write};

const NOW: u64 = 1_763_900_000;
const NOW_MS: u64 = NOW * 1_000;

fn begun(keys: &[u8]) -> (Publisher, Database) {
    let keys = keys.iter().map(|key| signing_key(*key)).collect();
    (Publisher::new(roots(), keys), Database::new(NOW))
}

/// Answers all that it asks, with a topic into which nobody else writes. Its last action that was a wait; and what was sent.
fn run(publisher: &mut Publisher, database: &mut Database, sent: &mut Vec<Sent>, now_ms: u64) {
    loop {
        let event = match publisher.next(now_ms) {
            Action::Wait { .. } => return,
            Action::Standing => Event::Standing(database.standing(true)),
            Action::Mark(revision) => Event::Mark(database.mark_at(revision)),
            Action::Revision(revision) => Event::Revision(database.revision(revision)),
            Action::Open => Event::Opened(database.mark),
            Action::Rewind => Event::Rewound,
            Action::Page => Event::Page(Page {
                records: database
                    .live
                    .iter()
                    .map(|(key, value)| (key.as_str().into(), value.as_slice().into()))
                    .collect(),
                is_last: true,
            }),
            Action::Note(epoch, revision) => {
                database.published = Some((epoch, revision));
                Event::Noted
            }
            Action::Fence => Event::Fenced,
            Action::Read(mut topic) => {
                for (key, value) in sent.iter() {
                    topic.record(key, value.as_deref(), now_ms / 1_000);
                }
                Event::Read(topic)
            }
            Action::Transact(records) => {
                sent.extend(records);
                Event::Committed
            }
            Action::Look { .. } => Event::Looked(true),
        };
        publisher.answer(event, now_ms);
    }
}

fn change(database: &mut Database, key: &str, body: &str) {
    database.change(&[(key.to_owned(), Some(body.to_owned()))]);
}

fn keys(sent: &[Sent]) -> Vec<&str> {
    sent.iter()
        .map(|(key, _)| std::str::from_utf8(key).unwrap())
        .collect()
}

#[test]
fn the_first_publish_is_the_whole_and_then_comes_one_revision_after_the_other() {
    let (mut publisher, mut database) = begun(&[0]);
    change(&mut database, "client/a", "{}");
    change(&mut database, "client/b", "{}");
    let mut sent = Vec::new();
    run(&mut publisher, &mut database, &mut sent, NOW_MS);
    assert_eq!(keys(&sent), ["client/a", "client/b", "keyring", "commit"]);
    assert_eq!(publisher.status().word(), "leading");
    change(&mut database, "client/b", "{\"n\":1}");
    publisher.changed();
    let from = sent.len();
    run(&mut publisher, &mut database, &mut sent, NOW_MS + 1);
    assert_eq!(keys(&sent[from..]), ["client/b", "commit"]);
    let from = sent.len();
    run(
        &mut publisher,
        &mut database,
        &mut sent,
        NOW_MS + HEARTBEAT_MS - 1,
    );
    assert_eq!(sent.len(), from, "no heartbeat is due");
    run(
        &mut publisher,
        &mut database,
        &mut sent,
        NOW_MS + HEARTBEAT_MS + 1_000,
    );
    assert_eq!(keys(&sent[from..]), ["commit"]);
}

#[test]
fn a_clock_that_is_set_back_stops_no_heartbeat() {
    let hour_ms = 3_600_000;
    let (mut publisher, mut database) = begun(&[0]);
    let mut sent = Vec::new();
    run(&mut publisher, &mut database, &mut sent, NOW_MS);
    for (at_ms, commits) in [
        (NOW_MS - hour_ms, 0),
        (NOW_MS - hour_ms + HEARTBEAT_MS - 1, 0),
        (NOW_MS - hour_ms + HEARTBEAT_MS, 1),
        // And once more.
        (NOW_MS - 2 * hour_ms, 0),
        (NOW_MS - 2 * hour_ms + HEARTBEAT_MS, 1),
    ] {
        let from = sent.len();
        run(&mut publisher, &mut database, &mut sent, at_ms);
        assert_eq!(keys(&sent[from..]), vec!["commit"; commits], "{at_ms}");
        let Action::Wait { until_ms } = publisher.next(at_ms) else {
            panic!("it has something to do at {at_ms}");
        };
        assert!(until_ms <= at_ms + POLL_MS, "{until_ms} at {at_ms}");
    }
}

#[test]
fn a_clock_that_is_set_back_keeps_a_pause_and_makes_it_no_longer() {
    let (mut publisher, mut database) = begun(&[7]);
    run(&mut publisher, &mut database, &mut Vec::new(), NOW_MS);
    refused(&publisher);
    let Action::Wait { until_ms } = publisher.next(NOW_MS) else {
        panic!("it was refused");
    };
    let pause_ms = until_ms - NOW_MS;
    let at_ms = NOW_MS - 3_600_000;
    assert!(matches!(publisher.next(at_ms), Action::Wait { until_ms } if until_ms == at_ms + pause_ms));
    assert!(matches!(publisher.next(at_ms + pause_ms), Action::Standing));
}

#[test]
fn a_new_keyring_goes_with_the_first_commit_under_it() {
    let (mut publisher, mut database) = begun(&[0, 1]);
    let mut sent = Vec::new();
    run(&mut publisher, &mut database, &mut sent, NOW_MS);
    database.rotate(NOW + 1, 1, false, &[]);
    publisher.changed();
    let from = sent.len();
    run(&mut publisher, &mut database, &mut sent, NOW_MS + 1_000);
    assert_eq!(keys(&sent[from..]), ["keyring", "commit"]);
}

fn refused(publisher: &Publisher) -> &Refusal {
    match &publisher.status().doing {
        Doing::Refused(refusal) => refusal,
        doing => panic!("{doing:?}"),
    }
}

#[test]
fn a_key_that_no_reader_would_believe_signs_nothing() {
    let (mut publisher, mut database) = begun(&[7]);
    let mut sent = Vec::new();
    run(&mut publisher, &mut database, &mut sent, NOW_MS);
    assert_eq!(refused(&publisher), &Refusal::Key(crate::CommitError::Key));
    assert!(sent.is_empty());
    publisher.set_keys(vec![signing_key(0)]);
    run(&mut publisher, &mut database, &mut sent, NOW_MS + 2 * CHECK_MS);
    assert_eq!(publisher.status().word(), "leading");
}

/// A publisher that leads and asked for the revision that follows.
fn fetching() -> (Publisher, Database) {
    let (mut publisher, mut database) = begun(&[0]);
    run(&mut publisher, &mut database, &mut Vec::new(), NOW_MS);
    change(&mut database, "client/a", "{}");
    publisher.changed();
    assert!(matches!(publisher.next(NOW_MS), Action::Standing));
    publisher.answer(Event::Standing(database.standing(true)), NOW_MS);
    assert!(matches!(publisher.next(NOW_MS), Action::Revision(1)));
    (publisher, database)
}

#[test]
fn what_no_reader_would_take_is_refused_before_any_of_it_is_sent() {
    let large: Box<[u8]> = vec![b' '; crate::RECORD_BYTES_MAX + 1].into();
    let cases: [(&str, Box<[u8]>); 5] = [
        ("client/a", write(NOW, 2, "client/a", "{}").into()),
        ("client/a", write(NOW + 1, 1, "client/a", "{}").into()),
        ("client/a", write(NOW, 1, "client/b", "{}").into()),
        ("client/a", large),
        ("commit", b"{}"[..].into()),
    ];
    for (key, value) in cases {
        let (mut publisher, database) = fetching();
        let mut revision = database.revision(1).unwrap();
        revision.changes = vec![(key.into(), Some(value))];
        publisher.answer(Event::Revision(Some(revision)), NOW_MS);
        assert_eq!(refused(&publisher), &Refusal::Record { key: key.into() });
    }
}

#[test]
fn a_revision_has_a_limit() {
    let (mut publisher, database) = fetching();
    let mut revision = database.revision(1).unwrap();
    let value: Box<[u8]> = write(NOW, 1, "client/a", "{}").into();
    revision.changes = vec![("client/a".into(), Some(value)); REVISION_RECORDS_MAX + 1];
    publisher.answer(Event::Revision(Some(revision)), NOW_MS);
    assert!(matches!(
        refused(&publisher),
        Refusal::TooLarge { records: 10_001, .. }
    ));
}

#[test]
fn who_is_fenced_starts_again_only_with_the_lease() {
    let (mut publisher, database) = fetching();
    publisher.answer(Event::Revision(database.revision(1)), NOW_MS);
    assert!(matches!(publisher.next(NOW_MS), Action::Transact(_)));
    publisher.answer(Event::Failed(Fault::Fenced), NOW_MS);
    assert!(matches!(publisher.next(NOW_MS), Action::Wait { .. }));
    let later = NOW_MS + 60_000;
    assert!(matches!(publisher.next(later), Action::Standing));
    publisher.answer(Event::Standing(database.standing(false)), later);
    assert_eq!(publisher.status().word(), "standby");
    let later = later + 60_000;
    assert!(matches!(publisher.next(later), Action::Standing));
    publisher.answer(Event::Standing(database.standing(true)), later);
    assert!(matches!(publisher.next(later), Action::Fence));
}

#[test]
fn gateways_that_are_ahead_are_an_alarm_and_stop_a_topic_from_being_filled() {
    let (mut publisher, mut database) = begun(&[0]);
    publisher.fleet(NOW, 9);
    let mut sent = Vec::new();
    run(&mut publisher, &mut database, &mut sent, NOW_MS);
    let ahead = Refusal::FleetAhead {
        epoch: NOW,
        revision: 9,
    };
    assert_eq!(refused(&publisher), &ahead);
    assert_eq!(publisher.status().fleet_ahead, Some((NOW, 9)));
    assert!(sent.is_empty());
}

#[test]
fn numbers_of_epochs_and_keyrings_are_the_time_and_above_all_that_is_held() {
    assert_eq!(next_number(NOW, []), NOW);
    assert_eq!(next_number(NOW, [NOW - 9, NOW + 7]), NOW + 8);
}
