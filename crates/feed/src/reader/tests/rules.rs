//! The rules of feed.md §2, one by one.

use crate::keys::{CommitError, KeyringError};
use crate::reader::world::{FEED, Logged, Publisher, Shower};
use crate::reader::{Bounds, Ignored, Read, State};

const BOUNDS: Bounds = Bounds { staleness_s_max: 60 };

fn published() -> (Publisher, Shower) {
    let mut publisher = Publisher::new();
    publisher.change(&[("client/a", Some(r#"{"n":1}"#)), ("client/b", Some(r#"{"n":1}"#))]);
    let shower = Shower::new(publisher.roots());
    (publisher, shower)
}

fn place(shower: &Shower) -> Option<(u64, u64)> {
    shower.reader.view().map(|view| (view.epoch, view.revision))
}

fn forged(value: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8(value.to_vec())
        .unwrap()
        .replace(from, to)
        .into_bytes()
}

#[test]
fn whole() {
    let (mut publisher, mut shower) = published();
    publisher.change(&[("client/a", None), ("client/c", Some(r#"{"n":2}"#))]);
    for record in &publisher.log {
        let before = shower.shown.clone();
        let read = shower.give(record, publisher.now);
        if record.key == "commit" {
            assert_eq!(shower.shown, publisher.history[&place(&shower).unwrap()]);
        } else {
            assert_eq!(shower.shown, before, "{read:?}");
        }
    }
    assert_eq!(shower.shown, publisher.records);
    assert!(shower.reader.is_at_view());
}

#[test]
fn whole_means_the_signature_too() {
    let (publisher, mut shower) = published();
    let mut log = publisher.log.clone();
    let commit = log.last_mut().unwrap();
    let value = commit.value.take().unwrap();
    for (from, to, expected) in [
        (r#""entities":2"#, r#""entities":1"#, CommitError::Signature),
        (r#""revision":1"#, r#""revision":9"#, CommitError::Signature),
        (r#""key":"2026-a""#, r#""key":"2026-b""#, CommitError::Key),
        (r#","key":"2026-a""#, "", CommitError::Unsigned),
        (
            r#""epoch":1763900000"#,
            r#""epoch":1763900001"#,
            CommitError::Epoch,
        ),
    ] {
        let mut other = Shower::new(publisher.roots());
        other.read(&log[..log.len() - 1], publisher.now);
        let line = forged(&value, from, to);
        let read = other.reader.line(&line, publisher.now);
        assert_eq!(read, Read::Ignored(Ignored::Commit(expected)), "{from}");
        assert_eq!(place(&other).map(|(_, revision)| revision), Some(0));
    }
    shower.read(&log[..log.len() - 1], publisher.now);
    assert!(matches!(
        shower.reader.line(&value, publisher.now),
        Read::Shown(_)
    ));
}

#[test]
fn keyrings_are_signed_by_a_pinned_root_and_never_go_back() {
    let (mut publisher, mut shower) = published();
    let old = publisher.keyring();
    publisher.republish(true);
    shower.read(&publisher.log, publisher.now);
    let now = publisher.now;
    let ignored = |error| Read::Ignored(Ignored::Keyring(error));
    assert_eq!(shower.reader.line(&old, now), ignored(KeyringError::Older));
    let new = publisher.keyring();
    for (from, to, expected) in [
        (r#""root":"r1""#, r#""root":"r2""#, KeyringError::Root),
        (
            r#""epoch":1763900001"#,
            r#""epoch":1763900002"#,
            KeyringError::Signature,
        ),
        (FEED, "acme-test", KeyringError::Feed),
        (r#"],"root""#, r#"],"x":1,"root""#, KeyringError::Signature),
    ] {
        assert_eq!(
            shower.reader.line(&forged(&new, from, to), now),
            ignored(expected),
            "{from}"
        );
    }
    // What stands behind the signature is not covered by it, so nothing may.
    let behind = forged(&new, "\"}", "\",\"more\":1}");
    assert_eq!(shower.reader.line(&behind, now), ignored(KeyringError::Signature));
    assert_eq!(shower.reader.line(&new, now), Read::Keyring);
}

#[test]
fn patient() {
    let (mut publisher, mut shower) = published();
    publisher.change(&[("client/a", Some(r#"{"n":2}"#))]);
    // Compaction took the first record of client/a: the commit in the middle cannot hold any more, the last one does.
    let mut log = publisher.log.clone();
    let taken = log.iter().position(|record| record.key == "client/a").unwrap();
    log.remove(taken);
    let reads: Vec<Read> = log
        .iter()
        .map(|record| shower.give(record, publisher.now))
        .collect();
    assert!(reads.contains(&Read::Ignored(Ignored::NotWhole)));
    assert_eq!(shower.shown, publisher.records);
    // Where the last one does not hold either, the old view stays, and the end says so.
    publisher.change(&[("client/b", Some(r#"{"n":3}"#))]);
    let missing = publisher.log.len() - 2;
    let before = shower.shown.clone();
    let mut cut = publisher.log.clone();
    cut.remove(missing);
    shower.reader.restart();
    assert!(!shower.read(&cut, publisher.now));
    assert_eq!(shower.shown, before);
    // From the start again, into an empty state.
    shower.reader.restart();
    assert!(shower.read(&publisher.log, publisher.now));
    assert_eq!(shower.shown, publisher.records);
}

#[test]
fn what_was_deleted_while_nobody_read_is_gone() {
    let (mut publisher, mut shower) = published();
    shower.read(&publisher.log, publisher.now);
    publisher.change(&[("client/a", None)]);
    // The tombstone and the record expired meanwhile.
    publisher.log.retain(|record| record.key != "client/a");
    shower.reader.restart();
    assert!(shower.read(&publisher.log, publisher.now));
    assert_eq!(shower.shown, publisher.records);
}

#[test]
fn forward() {
    let (mut publisher, mut shower) = published();
    let early = publisher.log.clone();
    publisher.change(&[("client/a", None)]);
    shower.read(&publisher.log, publisher.now);
    let (shown, view) = (shower.shown.clone(), shower.reader.view().cloned());
    shower.reader.restart();
    // An older log, with a commit that was good once.
    assert!(!shower.read(&early, publisher.now));
    assert_eq!(
        (shower.shown.clone(), shower.reader.view().cloned()),
        (shown, view)
    );
    assert_eq!(
        shower.reader.state(true, BOUNDS, publisher.now),
        State::CatchingUp
    );
}

#[test]
fn forward_says_who_forked() {
    let (publisher, mut shower) = published();
    shower.read(&publisher.log, publisher.now);
    let (mut other, _) = published();
    other.revision -= 1;
    other.change(&[("client/a", Some(r#"{"n":666}"#))]);
    let before = shower.shown.clone();
    let read = shower.give(other.log.last().unwrap(), other.now);
    assert_eq!(read, Read::Ignored(Ignored::Forked));
    assert_eq!(shower.shown, before);
    assert_eq!(shower.reader.state(true, BOUNDS, publisher.now), State::Forked);
}

#[test]
fn never_below() {
    let (mut publisher, mut shower) = published();
    let early = publisher.log.clone();
    publisher.change(&[("client/a", None)]);
    shower.read(&publisher.log, publisher.now);
    let mut next = shower.killed(publisher.roots(), publisher.now);
    assert_eq!(next.shown, publisher.records);
    next.read(&early, publisher.now);
    assert_eq!(next.shown, publisher.records);
    // An empty topic replaces nothing.
    next.reader.restart();
    assert!(!next.read(&[], publisher.now));
    assert_eq!(next.shown, publisher.records);
}

#[test]
fn honest() {
    let (mut publisher, mut shower) = published();
    let state = |shower: &Shower, at_end, now| shower.reader.state(at_end, BOUNDS, now);
    assert_eq!(state(&shower, false, publisher.now), State::Floor);
    shower.read(&publisher.log, publisher.now);
    assert_eq!(state(&shower, false, publisher.now), State::CatchingUp);
    assert_eq!(state(&shower, true, publisher.now), State::Live);
    // Records behind the last commit belong to a revision that is not there yet.
    publisher.change(&[("client/c", Some("{}"))]);
    let end = publisher.log.len();
    shower.give(&publisher.log[end - 2], publisher.now);
    assert_eq!(state(&shower, true, publisher.now), State::Live);
    shower.give(&publisher.log[end - 1], publisher.now);
    assert_eq!(state(&shower, true, publisher.now), State::Live);
}

#[test]
fn honest_means_that_nothing_newer_was_said() {
    // A commit that does not hold yet, and an old one that is said again behind it.
    let (mut publisher, mut shower) = published();
    shower.read(&publisher.log, publisher.now);
    let old = publisher.log.last().unwrap().clone();
    publisher.change(&[("client/a", None)]);
    let newest = publisher.log.last().unwrap().clone();
    assert!(!shower.read(&[newest], publisher.now));
    assert!(!shower.read(std::slice::from_ref(&old), publisher.now));
    assert_eq!(
        shower.reader.state(true, BOUNDS, publisher.now),
        State::CatchingUp
    );
    // From the start again, all is there.
    shower.reader.restart();
    assert!(shower.read(&publisher.log, publisher.now));
    // A commit by a key that is not known: its keyring was withheld.
    publisher.replace_key(9);
    publisher.commit();
    let unknown = publisher.log.last().unwrap().clone();
    assert!(!shower.read(&[unknown], publisher.now));
    shower.reader.restart();
    assert!(shower.read(&publisher.log, publisher.now));
}

#[test]
fn aged() {
    let (mut publisher, mut shower) = published();
    shower.read(&publisher.log, publisher.now);
    let shown_at = publisher.now;
    assert_eq!(shower.reader.state(true, BOUNDS, shown_at + 61), State::Stale);
    publisher.now += 50;
    publisher.commit();
    let heartbeat = publisher.log.last().unwrap().clone();
    assert_eq!(shower.give(&heartbeat, publisher.now), Read::Renewed);
    assert_eq!(shower.reader.state(true, BOUNDS, shown_at + 61), State::Live);
    // The same again renews nothing, nor does one from the future.
    assert_eq!(
        shower.give(&heartbeat, publisher.now),
        Read::Ignored(Ignored::Behind)
    );
    let now = publisher.now;
    publisher.now += 1_000;
    publisher.commit();
    assert_eq!(
        shower.give(publisher.log.last().unwrap(), now),
        Read::Ignored(Ignored::Behind)
    );
    // A revision is applied whatever it says of its time; its age counts from when it came.
    publisher.change(&[("client/c", Some("{}"))]);
    let log = publisher.log.clone();
    shower.read(&log[log.len() - 2..], now);
    assert_eq!(shower.shown, publisher.records);
    assert_eq!(shower.reader.view().unwrap().fresh_at, now);
}

#[test]
fn alone() {
    let (publisher, shower) = published();
    // A floor is all there is: nobody ever says anything.
    let mut shower = {
        let mut alone = shower;
        alone.read(&publisher.log, publisher.now);
        alone.killed(publisher.roots(), publisher.now)
    };
    shower.reader.set_heard(false);
    let (built, day) = (publisher.now, 86_400);
    for now in [built, built + day, built + 400 * day] {
        assert_eq!(shower.shown, publisher.records);
        assert_eq!(shower.reader.state(false, BOUNDS, now), State::Floor);
        assert_eq!(
            shower.reader.view().map(|view| view.age_s(now)),
            Some(now - built)
        );
    }
    // Nor does a feed that has nothing take anything away.
    shower.reader.restart();
    assert!(!shower.read(&[], built + day));
    assert_eq!(shower.shown, publisher.records);
}

#[test]
fn unmoved() {
    let (publisher, _) = published();
    let now = publisher.now;
    for at in 0..publisher.log.len() {
        let lies: [fn(&mut Vec<Logged>, usize); 4] = [
            |log, at| drop(log.remove(at)),
            |log, at| log[at].value = None,
            |log, at| {
                let value = log[at].value.take();
                log[at].value = value.map(|value| forged(&value, "\"n\":1", "\"n\":7"));
            },
            |log, at| log[at].key = "client/z".to_owned(),
        ];
        for lie in lies {
            let mut log = publisher.log.clone();
            lie(&mut log, at);
            let mut shower = Shower::new(publisher.roots());
            shower.read(&log, now);
            if let Some(place) = place(&shower) {
                assert_eq!(shower.shown, publisher.history[&place], "{at}");
            }
        }
    }
}

#[test]
fn a_record_under_anothers_key_is_none() {
    let (publisher, mut shower) = published();
    let mut log = publisher.log.clone();
    for record in &mut log {
        if record.key == "client/b" {
            record.key = "client/a".to_owned();
        }
    }
    assert!(!shower.read(&log, publisher.now));
    assert_eq!(shower.reader.skipped(), 1);
}

#[test]
fn a_key_that_has_ended_signs_nothing_later() {
    use crate::{Line, Scratch, SigningKey};
    let root = SigningKey::from_seed("r1", &[1; 32]).unwrap();
    let key = SigningKey::from_seed("2026-a", &[2; 32]).unwrap();
    let publisher = Publisher::new();
    let keyring = root.keyring_line(
        FEED,
        publisher.epoch,
        publisher.epoch,
        &[key.public(Some(publisher.now - 1))],
    );
    let Some(Line::Keyring(Some(line))) = Line::parse(keyring.as_bytes(), &mut Scratch::default()) else {
        panic!("{keyring}");
    };
    let keyring = publisher.roots().keyring(&line, None).unwrap();
    let bytes = publisher.commit_line();
    let Some(Line::Commit(commit)) = Line::parse(&bytes, &mut Scratch::default()) else {
        panic!();
    };
    assert_eq!(keyring.judge(FEED, &commit), Err(CommitError::KeyEnded));
}
