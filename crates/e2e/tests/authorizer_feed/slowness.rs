//! A server that is down, silent or slow: an answer comes within the budget, what is too old is told, and denied where that is set.

use super::{PERMIT, REFUSED, ask, published, settles, start, take_away, told};
use e2e::{Build, FeedServer, Manner, Publisher, Scratch, case, wait_for};
use std::time::{Duration, Instant};

/// Far above the budget of 50 ms, and far below a second.
const SOON: Duration = Duration::from_millis(700);

fn timed<T>(act: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let done = act();
    (begun.elapsed(), done)
}

#[test]
fn a_server_that_is_gone_costs_nothing_and_is_found_again() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        settles(&function, &told(PERMIT, 1, "live"));
        server.behave(Manner::Status(503));
        server.cut();
        take_away(&mut publisher);
        server.serve(&publisher.bundle());
        for _ in 0..5 {
            let (took, answer) = timed(|| ask(&function));
            assert_eq!(answer, told(PERMIT, 1, "catching_up"));
            assert!(took < SOON, "{took:?}");
        }
        let (commits, _) = server.counts();
        assert!(commits < 5, "it is not asked each time: {commits}");
        server.behave(Manner::Good);
        wait_for("the newest policy", || {
            (ask(&function) == told(REFUSED, 2, "live")).then_some(())
        });
    }
}

#[test]
fn nobody_at_the_address_is_no_reason_to_wait() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let bundle = server.bundle();
        server.stop();
        let function = start(build, &scratch, &publisher.floor(), &bundle, &[]);
        for _ in 0..3 {
            let (took, answer) = timed(|| ask(&function));
            assert_eq!(answer, told(PERMIT, 1, "floor"));
            assert!(took < SOON, "{took:?}");
        }
    }
}

#[test]
fn a_server_that_says_nothing_takes_one_budget_and_then_none_for_a_while() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        server.behave(Manner::Silent);
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        let (took, answer) = timed(|| ask(&function));
        assert_eq!(answer, told(PERMIT, 1, "floor"));
        assert!(took < SOON, "{took:?}");
        let (took, _) = timed(|| (0..40).for_each(|_| drop(ask(&function))));
        assert!(
            took < Duration::from_millis(1_600),
            "forty budgets would be two seconds: {took:?}"
        );
    }
}

/// A floor that is older than a feed may get.
fn aged(publisher: &mut Publisher, seconds: u64) -> String {
    publisher.beat_aged(seconds);
    publisher.floor()
}

#[test]
fn a_floor_that_is_too_old_takes_a_second_once_and_then_decides() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let floor = aged(&mut publisher, 100);
        let server = FeedServer::start(&publisher.bundle());
        server.behave(Manner::Silent);
        let settings = [("SWITCHBOARD_MAX_STALENESS_S", "60")];
        let function = start(build, &scratch, &floor, &server.bundle(), &settings);
        let (took, answer) = timed(|| ask(&function));
        assert_eq!(answer, told(PERMIT, 1, "floor"));
        assert!(
            took > Duration::from_millis(900) && took < Duration::from_secs(5),
            "{took:?}"
        );
        let (took, _) = timed(|| ask(&function));
        assert!(took < SOON, "{took:?}");
    }
}

#[test]
fn what_is_too_old_is_served_or_denied_as_it_is_set() {
    for build in Build::BOTH {
        let (scratch, mut publisher) = (Scratch::new(), published());
        let floor = publisher.floor();
        publisher.beat_aged(100);
        let old = publisher.bundle();
        publisher.beat();
        let fresh = publisher.bundle();
        let serve = [("SWITCHBOARD_MAX_STALENESS_S", "60")];
        let deny = [
            ("SWITCHBOARD_MAX_STALENESS_S", "60"),
            ("SWITCHBOARD_ON_STALE", "deny"),
            ("SWITCHBOARD_FLOOR_MAX_AGE_S", "50"),
        ];
        let old_floor = floor_of(&mut published(), 100);
        let young_floor = floor_of(&mut published(), 40);
        for (name, floor, settings, state, verdict) in [
            ("served", &old_floor, &serve[..], "stale", PERMIT),
            ("denied", &old_floor, &deny[..], "stale", "policy_stale"),
        ] {
            case(format!("{build:?}, {name}"));
            let server = FeedServer::start(&old);
            let function = start(build, &scratch, floor, &server.bundle(), settings);
            settles(&function, &told(verdict, 1, state));
            server.serve(&fresh);
            settles(&function, &told(PERMIT, 1, "live"));
        }
        for (name, floor, verdict) in [
            ("an old floor", &old_floor, "policy_stale"),
            ("a young floor", &young_floor, PERMIT),
        ] {
            case(format!("{build:?}, {name}"));
            let server = FeedServer::start(&floor_of(&mut published(), 0));
            server.behave(Manner::Status(503));
            let function = start(build, &scratch, floor, &server.bundle(), &deny);
            assert_eq!(ask(&function), told(verdict, 1, "floor"));
        }
        drop(floor);
    }
}

fn floor_of(publisher: &mut Publisher, seconds: u64) -> String {
    aged(publisher, seconds)
}
