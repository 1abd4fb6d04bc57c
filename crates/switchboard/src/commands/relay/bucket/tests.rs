//! Who writes, who is quicker, and what stands there in the end: on objects in memory, where every interleaving can be had.

use super::*;
use std::collections::BTreeMap;

/// Objects in memory, by the rules of S3; and somebody else who is quicker.
#[derive(Default)]
struct Memory {
    objects: BTreeMap<String, String>,
    /// What others write before a write is looked at, one for each.
    rivals: Vec<(&'static str, String)>,
    /// All that was written, in order.
    log: Vec<String>,
    may_not_read: bool,
    ignores_absent: bool,
    ignores_match: bool,
    /// The next write holds, and its answer is lost.
    loses_answer: bool,
}

fn tag(text: &str) -> Tag {
    Tag::new(&format!("\"of {}\"", text.replace('"', "'"))).expect("it is a tag")
}

impl Objects for Memory {
    fn tail(&mut self, name: &str) -> Result<Found, BucketError> {
        Ok(match self.objects.get(name) {
            _ if self.may_not_read => Found::Hidden,
            None => Found::Absent,
            Some(text) => Found::There(tag(text), text.clone().into()),
        })
    }

    fn put(&mut self, name: &str, body: Bytes, condition: Condition<'_>) -> Result<Option<Tag>, BucketError> {
        if let Some((name, text)) = self.rivals.pop() {
            self.objects.insert(name.to_owned(), text);
        }
        let there = self.objects.get(name).map(|text| tag(text));
        let holds = match (&there, condition) {
            (None, Condition::Absent) => true,
            (Some(there), Condition::Is(seen)) => there == seen,
            _ => false,
        };
        let is_ignored = match condition {
            Condition::Absent => self.ignores_absent,
            Condition::Is(_) => self.ignores_match,
        };
        if !holds && !is_ignored {
            return Ok(None);
        }
        let text = String::from_utf8(body.to_vec()).expect("it is text");
        self.objects.insert(name.to_owned(), text.clone());
        self.log.push(name.to_owned());
        match std::mem::take(&mut self.loses_answer) {
            true => Err(BucketError::Unreachable("it breaks off".to_owned())),
            false => Ok(Some(tag(&text))),
        }
    }

    fn hidden(&self) -> BucketError {
        BucketError::Denied {
            code: "AccessDenied".to_owned(),
            resource: String::new(),
        }
    }

    fn told(&self, name: &str) -> String {
        format!("s3://acme/{name}")
    }
}

fn commit(feed: &str, revision: u64, at: u64) -> String {
    let digest = "0".repeat(64);
    format!(
        "{{\"feed\":\"{feed}\",\"epoch\":7,\"revision\":{revision},\"entities\":0,\"digest\":\"{digest}\",\"at\":{at},\
         \"key\":\"a\",\"sig\":\"s\"}}\n"
    )
}

fn bundle(revision: u64, at: u64) -> String {
    format!("{{\"a record\":{revision}}}\n{}", commit("prod", revision, at))
}

fn written(revision: u64, at: u64) -> Written {
    let position = Position {
        epoch: 7,
        revision,
        at,
    };
    Written {
        bundle: bundle(revision, at).into(),
        commit: commit("prod", revision, at).into(),
        tag: "".into(),
        commit_tag: "".into(),
        position,
    }
}

fn store(objects: Memory) -> Store<Memory> {
    Store::new(objects, "prod")
}

/// Revisions of bundle and commit that are there.
fn revisions(store: &mut Store<Memory>) -> (u64, u64) {
    let mut of = |name| match store.look(name) {
        Ok((Known::There(_, there), _)) => there.revision,
        known => panic!("{name} is {known:?}"),
    };
    (of(BUNDLE), of(COMMIT))
}

#[test]
fn the_bundle_is_there_before_a_commit_names_it() {
    let mut store = store(Memory::default());
    assert_eq!(store.bundle(&written(1, 10)).unwrap(), Outcome::Written);
    assert_eq!(store.bundle(&written(2, 20)).unwrap(), Outcome::Written);
    assert_eq!(store.commit(&written(2, 30)).unwrap(), Outcome::Written);
    assert_eq!(
        store.objects.log,
        ["bundle", "commit", "bundle", "commit", "commit"]
    );
    assert_eq!(revisions(&mut store), (2, 2));
}

#[test]
fn an_older_one_takes_nothing_back() {
    let mut newer = store(Memory::default());
    newer.bundle(&written(5, 50)).unwrap();
    let mut older = store(newer.objects);
    let ahead = older.bundle(&written(4, 60)).unwrap();
    assert_eq!(ahead, Outcome::Ahead(written(5, 50).position));
    assert_eq!(revisions(&mut older), (5, 5));
    assert_eq!(older.bundle(&written(6, 70)).unwrap(), Outcome::Written);
    assert_eq!(revisions(&mut older), (6, 6));
}

#[test]
fn who_is_quicker_by_a_moment_is_seen() {
    let ahead = Outcome::Ahead(written(5, 31).position);
    for (rival, expected, outcome) in [(5, (5, 3), ahead), (3, (4, 4), Outcome::Written)] {
        let mut store = store(Memory::default());
        store.bundle(&written(3, 30)).unwrap();
        store.objects.rivals = vec![(BUNDLE, bundle(rival, 31))];
        assert_eq!(store.bundle(&written(4, 40)).unwrap(), outcome);
        assert_eq!(revisions(&mut store), expected, "rival {rival}");
    }
}

#[test]
fn two_side_by_side_write_each_heartbeat_once() {
    let mut one = store(Memory::default());
    one.bundle(&written(1, 10)).unwrap();
    let mut two = store(std::mem::take(&mut one.objects));
    two.bundle(&written(1, 10)).unwrap();
    two.commit(&written(1, 20)).unwrap();
    one.objects = two.objects;
    one.commit(&written(1, 20)).unwrap();
    assert_eq!(one.objects.log, ["bundle", "commit", "commit"]);
}

#[test]
fn a_lost_answer_is_no_lost_write_and_no_other_ones() {
    let mut store = store(Memory::default());
    store.bundle(&written(1, 10)).unwrap();
    store.objects.loses_answer = true;
    store.bundle(&written(2, 20)).unwrap_err();
    assert_eq!(store.bundle(&written(2, 20)).unwrap(), Outcome::Written);
    assert_eq!(store.objects.log, ["bundle", "commit", "bundle", "commit"]);
    assert_eq!(revisions(&mut store), (2, 2));
}

#[test]
fn what_may_not_be_read_is_made_and_never_replaced() {
    let mut hidden = store(Memory {
        may_not_read: true,
        ..Memory::default()
    });
    assert_eq!(hidden.bundle(&written(1, 10)).unwrap(), Outcome::Written);
    let mut other = store(hidden.objects);
    let error = other.bundle(&written(2, 20)).unwrap_err();
    assert!(error.is_lasting() && matches!(error, StoreError::Bucket(BucketError::Denied { .. })));
}

#[test]
fn what_is_not_ours_stays() {
    for (there, told) in [
        (commit("test", 1, 1), "s3://acme/bundle is of the feed test"),
        ("a letter\n".to_owned(), "no relay has written it"),
        (String::new(), "no relay has written it"),
    ] {
        let mut store = store(Memory::default());
        store.objects.objects.insert(BUNDLE.to_owned(), there);
        let error = store.bundle(&written(1, 10)).unwrap_err();
        assert!(error.is_lasting() && error.to_string().contains(told), "{error}");
        assert!(store.objects.log.is_empty());
    }
}

#[test]
fn a_prefix_that_was_emptied_has_the_bundle_again_before_a_commit() {
    for may_not_read in [false, true] {
        let mut store = store(Memory::default());
        store.bundle(&written(1, 10)).unwrap();
        store.objects.objects.clear();
        store.objects.may_not_read = may_not_read;
        store.objects.log.clear();
        assert_eq!(store.commit(&written(1, 20)).unwrap(), Outcome::Gone);
        assert!(store.objects.log.is_empty());
        assert_eq!(store.bundle(&written(1, 20)).unwrap(), Outcome::Written);
        assert_eq!(store.objects.log, ["bundle", "commit"]);
        assert_eq!(store.commit(&written(1, 30)).unwrap(), Outcome::Written);
    }
}

#[test]
fn a_bundle_that_was_deleted_alone_is_there_again_when_its_turn_comes() {
    // Whether there is a newer commit for it by then or not.
    for at in [10, 20] {
        let mut store = store(Memory::default());
        store.bundle(&written(1, 10)).unwrap();
        store.objects.objects.remove(BUNDLE);
        assert_eq!(store.bundle(&written(1, at)).unwrap(), Outcome::Written);
        assert_eq!(revisions(&mut store), (1, 1), "{at}");
    }
}

#[test]
fn what_was_ahead_and_was_deleted_is_missed_by_who_is_behind() {
    let mut newer = store(Memory::default());
    newer.bundle(&written(5, 50)).unwrap();
    let mut older = store(newer.objects);
    older.bundle(&written(4, 60)).unwrap();
    older.commit(&written(4, 60)).unwrap();
    older.objects.objects.clear();
    assert_eq!(older.bundle(&written(4, 70)).unwrap(), Outcome::Written);
    assert_eq!(revisions(&mut older), (4, 4));
}

/// That store is found out by what it has, by this sentence, and keeps what it has.
fn check_is_found_out(there: Memory, expected: &str) {
    let mut store = store(there);
    for attempt in 0..2 {
        let error = store.bundle(&written(2, 20)).unwrap_err();
        assert!(
            error.is_lasting() && error.to_string().contains(expected),
            "{error}"
        );
        let error = store.commit(&written(2, 30)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(attempt == 0 || store.objects.log.is_empty(), "it is written to");
        store.objects.log.clear();
    }
}

#[test]
fn a_store_that_ignores_a_condition_is_found_out() {
    for (ignores_absent, ignores_match, expected) in [
        (true, false, "ignores If-None-Match"),
        (false, true, "ignores If-Match"),
        (true, true, "ignores If-None-Match"),
    ] {
        let empty = || Memory {
            ignores_absent,
            ignores_match,
            ..Memory::default()
        };
        check_is_found_out(empty(), expected);
        let mut full = empty();
        full.objects.insert(BUNDLE.to_owned(), bundle(1, 10));
        full.objects.insert(COMMIT.to_owned(), commit("prod", 1, 10));
        check_is_found_out(full, expected);
    }
}

#[test]
fn nothing_is_replaced_before_the_store_is_proven() {
    for has_commit in [true, false] {
        let mut there = Memory {
            ignores_match: true,
            ..Memory::default()
        };
        there.objects.insert(BUNDLE.to_owned(), bundle(1, 10));
        if has_commit {
            there.objects.insert(COMMIT.to_owned(), commit("prod", 1, 10));
        }
        let mut store = store(there);
        store.bundle(&written(2, 20)).unwrap_err();
        assert_eq!(revisions(&mut store), (1, 1), "with a commit: {has_commit}");
    }
}

#[test]
fn others_who_write_all_the_time_end_the_attempt() {
    let mut store = store(Memory::default());
    store.bundle(&written(1, 10)).unwrap();
    store.objects.rivals = (0..9).map(|at| (BUNDLE, bundle(1, 30 - at))).collect();
    let error = store.bundle(&written(2, 40)).unwrap_err();
    assert!(
        !error.is_lasting() && error.to_string().contains("all the time"),
        "{error}"
    );
}
