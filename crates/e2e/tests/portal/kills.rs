//! The portal killed at random moments: what was answered is published, once, in order.

use super::*;
use e2e::Signal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MUTATIONS: usize = 500;

/// A small generator, so that a failure can be told by its seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn every_acknowledged_change_is_published_once(mut portal: Portal, seed: u64) {
    let token = portal.enrol("gw");
    let mut chance = Chance(seed);
    let mut acknowledged: Vec<(i64, String)> = Vec::new();
    let mut kills = 0;
    let mut sent = 0;
    while sent < MUTATIONS {
        // A killer that strikes a moment later, while requests are under way.
        let stop = AtomicBool::new(false);
        let process = portal.process();
        let after = Duration::from_millis(chance.below(120));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let at = Instant::now() + after;
                while Instant::now() < at && !stop.load(Ordering::Relaxed) {
                    std::thread::park_timeout(Duration::from_millis(1));
                }
                process.signal(Signal::KILL);
            });
            while sent < MUTATIONS {
                sent += 1;
                let id = format!("p{:02}", chance.below(40));
                let body = json!({ "rate": format!("{sent}/s") });
                match portal.try_ask("PUT", &at("plans", &id), Some(&body)) {
                    Some(answer) => {
                        assert!(matches!(answer.status, 200 | 201), "{answer:#?}");
                        let answer = answer.json();
                        acknowledged.push((
                            answer["revision"].as_i64().unwrap(),
                            format!("plan/{id} {sent}/s"),
                        ));
                    }
                    // Killed: whether this one was done is not known, and that is all that is not.
                    None => {
                        acknowledged.push((-1, format!("plan/{id} {sent}/s")));
                        break;
                    }
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        kills += 1;
        portal.kill();
        portal.restart();
    }
    let head = portal.get("/v1/environments/prod/revisions?limit=1").json()["items"][0]["revision"]
        .as_i64()
        .unwrap();
    portal.wait_published("prod", head);
    check(&portal, &token, head, &acknowledged);
    eprintln!("{kills} kills over {MUTATIONS} mutations, {head} revisions");
}

fn check(portal: &Portal, token: &str, head: i64, acknowledged: &[(i64, String)]) {
    let known: Vec<i64> = acknowledged
        .iter()
        .map(|(revision, _)| *revision)
        .filter(|revision| *revision > 0)
        .collect();
    assert!(
        known.is_sorted_by(|one, other| one < other),
        "revisions are given in order"
    );
    // Every revision has one commit, and what was acknowledged is in it.
    let mut cursor = String::new();
    let mut committed = std::collections::BTreeMap::new();
    loop {
        let part = portal
            .get(&format!("/v1/environments/prod/revisions?limit=1000{cursor}"))
            .json();
        for one in part["items"].as_array().unwrap() {
            assert!(
                one["digest"].is_string() && one["committed_at_ms"].is_i64(),
                "not published: {one}"
            );
            committed.insert(
                one["revision"].as_i64().unwrap(),
                one["committed_at_ms"].as_i64().unwrap(),
            );
        }
        match part["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let numbers: Vec<i64> = committed.keys().copied().collect();
    assert_eq!(
        numbers,
        (1..=head).collect::<Vec<_>>(),
        "no revision is missing, none is there twice"
    );
    assert!(committed.values().is_sorted(), "published in their order");
    for (revision, what) in acknowledged.iter().filter(|(revision, _)| *revision > 0) {
        let made = portal
            .get(&format!("/v1/environments/prod/revisions/{revision}"))
            .json();
        let id = what.split([' ', '/']).nth(1).unwrap();
        assert_eq!(made["changed"][0]["id"], id, "{what}: {made}");
    }
    // And a reader that begins now has the last of each.
    let mut stream = portal.stream(token, "prod", "");
    let lines = stream.until(head);
    let commit = lines.last().unwrap();
    let records = lines.iter().filter(|line| line.get("kind").is_some()).count();
    assert_eq!(commit["entities"].as_u64(), u64::try_from(records).ok());
}

#[test]
fn killed_at_random_moments_on_sqlite_every_acknowledged_change_is_published_once() {
    every_acknowledged_change_is_published_once(Portal::start(), 7);
}

#[test]
fn killed_at_random_moments_on_postgres_every_acknowledged_change_is_published_once() {
    let Some(postgres) = Postgres::start_where_there_is_one() else {
        eprintln!("no PostgreSQL is installed: not tried");
        return;
    };
    every_acknowledged_change_is_published_once(PortalSetup::new().on(&postgres).start(), 11);
}
