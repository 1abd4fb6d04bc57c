//! Where a bundle is and who may read it: files, TLS, tokens; what is wrong with them at the start; and reports to the portal.

use super::{FEED, PERMIT, REFUSED, ask, published, settles, start, take_away, told};
use e2e::{Authority, Build, FeedServer, Function, Scratch, case, floor_of, given_floor, seconds_from_now};
use serde_json::{Value, json};

#[test]
fn a_file_is_followed_as_a_server_is() {
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let bundle = scratch.path("bundle").display().to_string();
        let function = start(build, &scratch, &publisher.floor(), &bundle, &[]);
        assert_eq!(ask(&function), told(PERMIT, 1, "floor"), "there is no file yet");
        scratch.replace("bundle", &publisher.bundle());
        e2e::wait_for("the file", || {
            (ask(&function) == told(PERMIT, 1, "live")).then_some(())
        });
        take_away(&mut publisher);
        scratch.replace("bundle", &publisher.bundle());
        settles(&function, &told(REFUSED, 2, "live"));
    }
}

#[test]
fn a_server_over_tls_is_verified() {
    for build in Build::BOTH {
        let (scratch, mut publisher) = (Scratch::new(), published());
        let floor = publisher.floor();
        take_away(&mut publisher);
        let (authority, other) = (Authority::new(), Authority::new());
        let server = FeedServer::start_tls(&authority.identity(&["localhost"]), &publisher.bundle());
        let good = authority.pem_file(&scratch, "good.pem").display().to_string();
        let bad = other.pem_file(&scratch, "bad.pem").display().to_string();
        let right = server.bundle_at("localhost");
        for (name, bundle, ca, expected) in [
            ("verified", &right, Some(&good), told(REFUSED, 2, "live")),
            (
                "another authority's",
                &right,
                Some(&bad),
                told(PERMIT, 1, "floor"),
            ),
            (
                "an authority that nobody knows",
                &right,
                None,
                told(PERMIT, 1, "floor"),
            ),
            (
                "another name",
                &server.bundle(),
                Some(&good),
                told(PERMIT, 1, "floor"),
            ),
        ] {
            case(format!("{build:?}, {name}"));
            let ca = ca.map(|ca| ("SWITCHBOARD_CA_FILE", ca.as_str()));
            let settings: Vec<(&str, &str)> = ca.into_iter().collect();
            let function = start(build, &scratch, &floor, bundle, &settings);
            // The first handshake of a debug build may take longer than one budget.
            ask(&function);
            let begun = std::time::Instant::now();
            while ask(&function) != expected {
                assert!(begun.elapsed() < e2e::LIMIT, "{:?}", function.into_errors());
                std::thread::yield_now();
            }
        }
    }
}

#[test]
fn a_server_that_asks_for_a_token_is_shown_it() {
    for build in Build::BOTH {
        let (scratch, mut publisher) = (Scratch::new(), published());
        let floor = publisher.floor();
        take_away(&mut publisher);
        let server = FeedServer::start(&publisher.bundle());
        server.ask_for("sbg_secret");
        let file = scratch.write("token", "sbg_secret\n").display().to_string();
        for (settings, expected) in [
            (
                ("SWITCHBOARD_BUNDLE_TOKEN", "sbg_secret"),
                told(REFUSED, 2, "live"),
            ),
            (
                ("SWITCHBOARD_BUNDLE_TOKEN_FILE", file.as_str()),
                told(REFUSED, 2, "live"),
            ),
            (
                ("SWITCHBOARD_BUNDLE_TOKEN", "sbg_other"),
                told(PERMIT, 1, "floor"),
            ),
        ] {
            case(format!("{build:?}, {}", settings.0));
            let function = start(build, &scratch, &floor, &server.bundle(), &[settings]);
            match expected.revision {
                1 => assert_eq!(ask(&function), expected),
                _ => settles(&function, &expected),
            }
            let log = function.into_errors().join("\n");
            assert!(!log.contains("sbg_"), "{log}");
            assert_eq!(log.contains("the answer is 401"), expected.revision == 1, "{log}");
        }
    }
}

#[test]
fn what_cannot_be_followed_is_an_error_of_the_start() {
    let (scratch, publisher) = (Scratch::new(), published());
    let signed = scratch
        .write("signed.floor", &publisher.floor())
        .display()
        .to_string();
    let unsigned = given_floor(&scratch, "shop").display().to_string();
    let empty = scratch.write("empty", " \n").display().to_string();
    let bundle = ("SWITCHBOARD_BUNDLE", "https://relay.example.com/bundle");
    let token = |path: &'static str| ("SWITCHBOARD_BUNDLE_TOKEN_FILE", path);
    let cases = [
        (
            &unsigned,
            vec![bundle],
            "SWITCHBOARD_BUNDLE is set, and the floor is not signed",
        ),
        (
            &signed,
            vec![bundle, token("/nowhere/token")],
            "SWITCHBOARD_BUNDLE_TOKEN_FILE is `/nowhere/token`: cannot be read",
        ),
        (
            &signed,
            vec![bundle, ("SWITCHBOARD_BUNDLE_TOKEN_FILE", &empty)],
            "SWITCHBOARD_BUNDLE_TOKEN_FILE is `",
        ),
        (
            &signed,
            vec![bundle, ("SWITCHBOARD_CA_FILE", "/nowhere/ca")],
            "SWITCHBOARD_CA_FILE is `/nowhere/ca`: cannot be read",
        ),
        (
            &signed,
            vec![bundle, ("SWITCHBOARD_CA_FILE", &empty)],
            "SWITCHBOARD_CA_FILE is `",
        ),
    ];
    for build in Build::BOTH {
        for (floor, more, expected) in &cases {
            case(format!("{build:?}, {expected}"));
            let mut settings = vec![
                ("SWITCHBOARD_FLOOR", floor.as_str()),
                ("SWITCHBOARD_APIS", "orders"),
            ];
            settings.extend(more);
            let (error, code) = Function::start(build, &settings).init_error();
            let message = error["errorMessage"].as_str().unwrap_or_default();
            assert!(message.starts_with(expected), "{message}");
            assert_eq!(code, Some(1));
        }
    }
}

#[test]
fn the_portal_is_told_once_in_an_invocation_what_is_decided_by() {
    let mut configs = Vec::new();
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let (scratch, mut publisher) = (Scratch::new(), published());
        let floor = publisher.floor();
        take_away(&mut publisher);
        let server = FeedServer::start(&publisher.bundle());
        server.ask_for("sbg_secret");
        let portal = server.portal();
        let settings = [
            ("SWITCHBOARD_PORTAL", portal.as_str()),
            ("SWITCHBOARD_PORTAL_TOKEN", "sbg_secret"),
            ("SWITCHBOARD_BUNDLE_TOKEN", "sbg_secret"),
            ("SWITCHBOARD_CELL", "eu-1"),
        ];
        let function = start(build, &scratch, &floor, "/nowhere/bundle", &settings[..2]);
        assert_eq!(ask(&function), told(PERMIT, 1, "floor"));
        let [report] = &server.reports(1)[..] else {
            panic!("one report")
        };
        let (epoch, revision) = published().place();
        check(
            report,
            &json!({ "state": "floor", "source": "floor", "epoch": epoch, "revision": revision,
            "applied_at_ms": null, "applied": [] }),
        );
        let [used] = &report["used"].as_array().expect("a list")[..] else {
            panic!("one credential was used: {report}")
        };
        assert_eq!(used["credential"], "k1");
        let at = used["at"].as_i64().expect("a time");
        assert!(
            at % 60 == 0 && (0..600).contains(&(seconds_from_now(0) - at)),
            "{report}"
        );
        let function = start(build, &scratch, &floor, &server.bundle(), &settings);
        for _ in 0..3 {
            settles(&function, &told(REFUSED, 2, "live"));
        }
        let reports = server.reports(2);
        assert_eq!(reports.len(), 2, "at most once a minute");
        let config = reports[1]["config"].as_str().unwrap_or_default().to_owned();
        assert_eq!(config.len(), 64);
        assert_ne!(reports[0]["config"], reports[1]["config"]);
        assert_ne!(reports[0]["instance"], reports[1]["instance"]);
        configs.push(reports[0]["config"].clone());
        drop(config);
    }
}

/// What is in every report, and what the policy in it says but for its age.
fn check(report: &Value, policy: &Value) {
    assert_eq!(report["kind"], "authorizer", "{report}");
    assert_eq!(report["name"], "authorizer");
    assert_eq!(report["environment"], FEED);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["quarantined"], json!([]));
    let mut found = report["policy"].clone();
    let age = found.as_object_mut().and_then(|policy| policy.remove("age_s"));
    assert!(
        age.is_some_and(|age| age.as_u64().is_some_and(|age| age < 600)),
        "{report}"
    );
    assert_eq!(&found, policy);
}

#[test]
fn an_authorizer_without_a_feed_reports_its_floor() {
    let scratch = Scratch::new();
    let policy = json!({ "apis": [{ "id": "orders", "team": "t", "base_path": "/orders", "operations": [{ "match": "GET /orders/**" }] }] });
    let floor = floor_of(&scratch, "unsigned", &policy).display().to_string();
    for build in Build::BOTH {
        case(format!("{build:?}"));
        let server = FeedServer::start("");
        let portal = server.portal();
        let settings = [
            ("SWITCHBOARD_FLOOR", floor.as_str()),
            ("SWITCHBOARD_APIS", "orders"),
            ("SWITCHBOARD_PORTAL", portal.as_str()),
            ("SWITCHBOARD_PORTAL_TOKEN", "sbg_secret"),
        ];
        let function = Function::start(build, &settings);
        function.invoke(&super::event());
        let report = server.reports(1).remove(0);
        assert_eq!(report["policy"]["source"], "floor");
        assert_eq!(report["policy"]["epoch"], 0);
        assert!(report["policy"]["revision"].as_u64().is_some());
    }
}
