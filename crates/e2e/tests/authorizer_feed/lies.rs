//! A server that lies can delay policy, and never change it: what is not signed, older, cut off or another's is not decided by.

use super::{FEED, PERMIT, REFUSED, ask, give_back, published, settles, start, take_away, told};
use e2e::{Build, FeedServer, Manner, Publisher, Scratch, case, wait_for};
use serde_json::json;

#[test]
fn nothing_that_is_not_the_feeds_newest_is_decided_by() {
    for build in Build::BOTH {
        let (scratch, mut publisher) = (Scratch::new(), published());
        let first = publisher.bundle();
        take_away(&mut publisher);
        let second = publisher.bundle();
        let server = FeedServer::start(&second);
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        settles(&function, &told(REFUSED, 2, "live"));
        let mut stranger = Publisher::stranger(FEED);
        stranger.publish(&[
            ("api/orders", Some(super::api())),
            ("client/app", super::client(&["orders.read"])),
        ]);
        stranger.publish(&[("client/b", super::client(&[]))]);
        stranger.publish(&[("client/b", None)]);
        let mut ahead = published();
        take_away(&mut ahead);
        give_back(&mut ahead);
        let third = ahead.bundle();
        let forged = third.replace("\"scopes\":[\"orders.read\"]}]", "\"scopes\":[\"orders.more\"]}]");
        assert_ne!(forged, third);
        for (name, bundle) in [
            ("older", first.as_str()),
            ("a stranger's", stranger.bundle().as_str()),
            ("forged", forged.as_str()),
            ("cut off", &third[..third.len() / 2]),
            (
                "without its commit",
                &third[..third.trim_end().rfind('\n').unwrap_or(0) + 1],
            ),
            ("garbage", "{\"a\":"),
            ("empty", ""),
        ] {
            case(format!("{build:?}, {name}"));
            server.serve(bundle);
            let answer = ask(&function);
            assert_eq!((answer.verdict.as_str(), answer.revision), (REFUSED, 2), "{name}");
            assert_ne!(answer.state, "live", "{name}");
            // Alone again it is live again.
            server.serve(&second);
            settles(&function, &told(REFUSED, 2, "live"));
        }
    }
}

#[test]
fn a_commit_that_promises_more_than_the_bundle_has_is_not_believed() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let first = publisher.bundle();
        let server = FeedServer::start(&first);
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        settles(&function, &told(PERMIT, 1, "live"));
        take_away(&mut publisher);
        server.serve_with(&first, publisher.commit());
        for _ in 0..3 {
            let answer = ask(&function);
            assert_eq!((answer.verdict.as_str(), answer.revision), (PERMIT, 1));
        }
        // It is not fetched again and again for that.
        let (_, bundles) = server.counts();
        assert_eq!(bundles, 1);
        let log = function.into_errors();
        assert!(
            log.iter()
                .any(|line| line.contains("the bundle's end is not what is shown")),
            "{log:?}"
        );
    }
}

#[test]
fn one_revision_with_two_contents_is_told_and_changes_nothing() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let mut other = published();
        take_away(&mut publisher);
        other.publish(&[("client/app", super::client(&["orders.read", "more"]))]);
        let server = FeedServer::start(&publisher.bundle());
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        settles(&function, &told(REFUSED, 2, "live"));
        server.serve(&other.bundle());
        settles(&function, &told(REFUSED, 2, "forked"));
    }
}

#[test]
fn an_answer_that_is_none_leaves_everything_as_it_is() {
    for build in Build::BOTH {
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &[]);
        settles(&function, &told(PERMIT, 1, "live"));
        take_away(&mut publisher);
        server.serve(&publisher.bundle());
        for manner in [
            Manner::Status(500),
            Manner::Status(302),
            Manner::Status(404),
            Manner::BreakingOff(40),
        ] {
            case(format!("{build:?}, {manner:?}"));
            server.behave(manner);
            assert_eq!(ask(&function).verdict, PERMIT);
        }
        server.behave(Manner::Good);
        wait_for("the newest policy", || {
            (ask(&function) == told(REFUSED, 2, "live")).then_some(())
        });
    }
}

#[test]
fn a_policy_that_does_not_go_with_the_settings_permits_nothing() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let server = FeedServer::start(&publisher.bundle());
        let settings = [("SWITCHBOARD_RESULT_TTL_S", "60")];
        let function = start(build, &scratch, &publisher.floor(), &server.bundle(), &settings);
        settles(&function, &told(PERMIT, 1, "live"));
        let mut api = super::api();
        api["operations"] = json!([{ "match": "GET /orders/{id}", "scopes": ["orders.read"] }]);
        publisher.publish(&[("api/orders", Some(api))]);
        server.serve(&publisher.bundle());
        settles(&function, &told("policy_unsupported", 2, "live"));
        publisher.publish(&[("api/orders", Some(super::api()))]);
        server.serve(&publisher.bundle());
        settles(&function, &told(PERMIT, 3, "live"));
        publisher.publish(&[("api/orders", None)]);
        server.serve(&publisher.bundle());
        settles(&function, &told("operation_unknown", 4, "live"));
    }
}
