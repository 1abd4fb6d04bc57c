//! What is published while a function lives, and while it is frozen: SIGSTOP and SIGCONT to the real processes.

use super::{PERMIT, REFUSED, ask, give_back, published, settles, start, take_away, told};
use e2e::{Build, FeedServer, Manner, Scratch, Signal, case, wait_for};
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn what_is_published_is_decided_by_in_the_next_invocation() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        settles(&function, &told(PERMIT, 1, "live"));
        assert_eq!(server.counts().1, 0, "a floor that is the newest needs no bundle");
        take_away(&mut publisher);
        server.serve(&publisher.bundle());
        settles(&function, &told(REFUSED, 2, "live"));
        give_back(&mut publisher);
        server.serve(&publisher.bundle());
        settles(&function, &told(PERMIT, 3, "live"));
        assert_eq!(server.counts().1, 2);
        publisher.beat();
        server.serve(&publisher.bundle());
        settles(&function, &told(PERMIT, 3, "live"));
        assert_eq!(
            server.counts().1,
            2,
            "a commit of the same revision needs no bundle"
        );
    }
}

#[test]
fn a_look_is_good_for_as_long_as_it_is_set_to() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let settings = [("SWITCHBOARD_SYNC_AFTER_MS", "600000")];
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &settings);
        settles(&function, &told(PERMIT, 1, "live"));
        let (before, _) = server.counts();
        for _ in 0..5 {
            settles(&function, &told(PERMIT, 1, "live"));
        }
        take_away(&mut publisher);
        server.serve(&publisher.bundle());
        settles(&function, &told(PERMIT, 1, "live"));
        let (commits, bundles) = server.counts();
        assert_eq!((commits, bundles), (before, 0));
    }
}

#[test]
fn nothing_is_asked_at_the_start_or_between_invocations() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        assert_eq!(server.counts(), (0, 0));
        for count in 1..4 {
            ask(&function);
            let (commits, _) = server.counts();
            assert!(commits <= count, "{commits} {count}");
        }
    }
}

#[test]
fn a_function_that_thaws_decides_by_what_was_published_meanwhile_though_its_connection_was_cut() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        for revision in 1..6 {
            let verdict = if revision % 2 == 1 { PERMIT } else { REFUSED };
            settles(&function, &told(verdict, revision, "live"));
            function.process().signal(Signal::STOP);
            server.cut();
            match revision % 2 == 1 {
                true => take_away(&mut publisher),
                false => give_back(&mut publisher),
            }
            server.serve(&publisher.bundle());
            function.process().signal(Signal::CONT);
        }
        settles(&function, &told(REFUSED, 6, "live"));
    }
}

/// Long enough for a view to be older than a second.
fn pass_two_seconds() {
    let begun = Instant::now();
    wait_for("two seconds", || {
        (begun.elapsed() > Duration::from_secs(2)).then_some(())
    });
}

#[test]
fn a_function_that_was_frozen_beyond_staleness_takes_its_time_and_tries_first() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let settings = [("SWITCHBOARD_MAX_STALENESS_S", "1")];
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &settings);
        settles(&function, &told(PERMIT, 1, "live"));
        function.process().signal(Signal::STOP);
        server.cut();
        take_away(&mut publisher);
        server.serve(&publisher.bundle());
        // More than any usual budget, less than what is taken where the policy is too old.
        server.behave(Manner::Late(Duration::from_millis(200)));
        pass_two_seconds();
        function.process().signal(Signal::CONT);
        publisher.beat();
        server.serve(&publisher.bundle());
        assert_eq!(ask(&function).verdict, REFUSED);
    }
}

#[test]
fn a_sync_that_was_not_finished_goes_on_in_the_next_invocation() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        settles(&function, &told(PERMIT, 1, "live"));
        take_away(&mut publisher);
        server.serve(&publisher.bundle());
        server.behave(Manner::Halting(publisher.bundle().len() / 2));
        let begun = Instant::now();
        assert_eq!(
            ask(&function).verdict,
            PERMIT,
            "within its budget there is no other policy"
        );
        assert!(
            begun.elapsed() < Duration::from_millis(700),
            "{:?}",
            begun.elapsed()
        );
        function.process().signal(Signal::STOP);
        server.go_on();
        function.process().signal(Signal::CONT);
        settles(&function, &told(REFUSED, 2, "live"));
        // Node.js goes on as soon as it thaws, and may have looked once more.
        let (commits, bundles) = server.counts();
        assert!(commits <= 3 && bundles == 1, "{commits} {bundles}");
    }
}

#[test]
fn a_sync_whose_connection_was_cut_goes_on_with_the_rest() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        settles(&function, &told(PERMIT, 1, "live"));
        take_away(&mut publisher);
        server.serve(&publisher.bundle());
        server.behave(Manner::Halting(publisher.bundle().len() / 2));
        assert_eq!(ask(&function).verdict, PERMIT);
        function.process().signal(Signal::STOP);
        server.behave(Manner::Good);
        server.cut();
        // The commit's time is another one, and the rest is that of the same revision.
        publisher.beat();
        server.serve(&publisher.bundle());
        function.process().signal(Signal::CONT);
        let refused = wait_for("the rest", || {
            let told = ask(&function);
            (told.verdict == REFUSED).then_some(told)
        });
        assert_eq!(refused, told(REFUSED, 2, "live"));
        let statuses: Vec<u16> = server
            .asked()
            .into_iter()
            .filter(|asked| asked.path.ends_with("/bundle"))
            .map(|asked| asked.status)
            .collect();
        assert_eq!(statuses, [200, 206], "what came already is not asked for again");
    }
}

#[test]
fn a_rest_of_another_bundle_is_not_taken_for_the_rest_of_this_one() {
    for (build, is_shorter) in Build::BOTH
        .into_iter()
        .flat_map(|build| [(build, false), (build, true)])
    {
        case(format!("{build:?}, shorter: {is_shorter}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        settles(&function, &told(PERMIT, 1, "live"));
        let mut longer = publisher.clone();
        let text = "x".repeat(4_000);
        longer.publish(&[("plan/long", Some(json!({ "text": text })))]);
        server.serve(&longer.bundle());
        server.behave(Manner::Halting(longer.bundle().len() - 100));
        assert_eq!(ask(&function).verdict, PERMIT);
        function.process().signal(Signal::STOP);
        server.behave(Manner::RangesAlone);
        server.cut();
        let newer = if is_shorter { &mut publisher } else { &mut longer };
        take_away(newer);
        give_back(newer);
        take_away(newer);
        server.serve(&newer.bundle());
        function.process().signal(Signal::CONT);
        let (_, revision) = newer.place();
        settles(&function, &told(REFUSED, revision, "live"));
        let bundles = server
            .asked()
            .into_iter()
            .filter(|asked| asked.path.ends_with("/bundle"));
        let statuses: Vec<u16> = bundles.map(|asked| asked.status).collect();
        assert_eq!(statuses, [200, if is_shorter { 416 } else { 206 }, 200]);
        let log = function.into_errors();
        let mixed = log.iter().find(|line| line.contains("the bundle's end"));
        assert_eq!(mixed, None, "two bundles were read as one");
    }
}
