//! Killed in the middle of what it sends: every acknowledged revision is published once, in order, and none without its commit.

use super::Publishing;
use super::seen::{FEED, kill};
use e2e::kafka::{Broker, Journal};
use feed::kafka::{Next, Reader};
use feed::{Line, Scratch};
use serde_json::json;
use std::time::{Duration, Instant};

const KILLS: usize = 6;
const REVISIONS: usize = 40;

#[test]
fn killed_at_any_moment_it_publishes_each_revision_once_and_in_order() {
    let broker = Broker::start();
    let publishing = Publishing::new(&broker);
    let mut seen = publishing.seen();
    for kills in 0..KILLS {
        let process = publishing.start("a");
        for revision in 0..REVISIONS {
            let body = json!({ "kills": kills, "revision": revision });
            let changes: Vec<_> = ["client/a", "client/b", "client/c", "plan/g"]
                .iter()
                .map(|key| (*key, Some(body.clone())))
                .collect();
            publishing.append(&changes);
        }
        // Somewhere between the first of them and the last.
        let wanted = kills * REVISIONS + 1 + kills * (REVISIONS - 2) / KILLS;
        seen.until("a part of what was written", |seen| {
            seen.place()
                .is_some_and(|(_, revision)| revision >= wanted as u64)
        });
        kill(process);
    }
    let process = publishing.start("a");
    seen.until_live(&publishing.journal());
    let journal = publishing.journal();
    check_order(&publishing, &journal);
    kill(process);
}

/// All of the topic, whose newest segment nothing has cleaned: each revision has one commit before its heartbeats, and holds there.
fn check_order(publishing: &Publishing, journal: &Journal) {
    let mut kafka = Reader::new(&publishing.settings, FEED);
    let mut feed = feed::Reader::new(journal.roots());
    let (mut last, mut fresh) = (None, 0_u64);
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        assert!(Instant::now() < until, "the topic has no end");
        match kafka.next(Duration::from_secs(1)).expect("the broker answers") {
            Next::Record { key, value } => {
                let value = value.unwrap_or_default();
                feed.record(&key, Some(&value), u64::MAX >> 12);
                let Some(Line::Commit(commit)) = Line::parse(&value, &mut Scratch::default()) else {
                    continue;
                };
                let place = (commit.epoch, commit.revision, commit.at);
                assert!(last < Some(place), "{place:?} came behind {last:?}");
                fresh += u64::from(last.is_none_or(|(_, revision, _)| revision != place.1));
                last = Some(place);
                let view = feed.view().map(|view| (view.epoch, view.revision));
                assert_eq!(
                    view,
                    Some((place.0, place.1)),
                    "a commit whose records are not there"
                );
            }
            Next::AtEnd => break,
            Next::Idle => {}
            Next::Lost => panic!("the topic was lost"),
        }
    }
    // Those of a first publish are one: a whole.
    let (_, revision) = journal.place();
    assert!(
        fresh <= revision + 1 && fresh > revision.saturating_sub(REVISIONS as u64),
        "{fresh} of {revision}"
    );
}
