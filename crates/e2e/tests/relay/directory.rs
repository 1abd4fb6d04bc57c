//! Files in a directory, and the same over HTTP.

use super::{FEED, Relay, SOURCE, api, begin, effect, published};
use e2e::{Build, Client, Function, Publisher, Scratch, Signal, case, run, switchboard, wait_for};
use serde_json::{Value, json};
use std::path::Path;

const PORTAL: &str = "https://portal.example.com";

fn start(scratch: &Scratch, more: &[&str]) -> Relay {
    let out = scratch.path("out").display().to_string();
    Relay::start(Relay::command(scratch, &out, more))
}

fn read(scratch: &Scratch, name: &str) -> String {
    std::fs::read_to_string(scratch.path("out").join(name)).expect("it is there")
}

#[test]
fn what_is_published_is_handed_on_in_files_and_over_http() {
    let mut publisher = published();
    let scratch = begin(&publisher);
    let relay = start(&scratch, &[]);
    for revision in 1..4 {
        relay.wait_for(revision);
        let commit = format!("{}\n", publisher.commit());
        assert_eq!(relay.get("/bundle").expect(200).text(), publisher.bundle());
        assert_eq!(relay.get("/commit").expect(200).text(), commit);
        assert_eq!(read(&scratch, "bundle"), publisher.bundle());
        assert_eq!(read(&scratch, "commit"), commit);
        publisher.publish(&[
            ("api/orders", Some(api("POST"))),
            ("plan/p", Some(json!({ "revision": revision }))),
        ]);
        scratch.replace(SOURCE, &publisher.bundle());
    }
    let ready = wait_for("a live relay", || {
        let ready = relay.ready();
        (ready["policy"]["state"] == "live" && ready["policy"]["revision"] == 4).then_some(ready)
    });
    assert_eq!(ready["policy"]["source"], "feed");
    assert!(
        ready["policy"]["age_s"].as_u64().is_some_and(|age| age < 60),
        "{ready}"
    );
    assert_eq!(relay.get("/healthz").expect(200).text(), "ok\n");
}

#[test]
fn a_heartbeat_passes_through_and_changes_the_commit_alone() {
    let mut publisher = published();
    publisher.beat_aged(60);
    let scratch = begin(&publisher);
    let relay = start(&scratch, &[]);
    relay.wait_for(1);
    let (tag, commit_tag) = (etag(&relay, "/bundle"), etag(&relay, "/commit"));
    publisher.beat();
    scratch.replace(SOURCE, &publisher.bundle());
    let commit = format!("{}\n", publisher.commit());
    wait_for("the heartbeat", || {
        (relay.get("/commit").text() == commit).then_some(())
    });
    assert_eq!(etag(&relay, "/bundle"), tag);
    assert_ne!(etag(&relay, "/commit"), commit_tag);
    assert_eq!(read(&scratch, "commit"), commit);
}

fn etag(relay: &Relay, target: &str) -> String {
    relay.get(target).field("ETag").expect("it has a tag").to_owned()
}

#[test]
fn who_has_it_already_is_told_so_and_who_has_its_front_gets_the_rest() {
    let publisher = published();
    let scratch = begin(&publisher);
    let relay = start(&scratch, &[]);
    relay.wait_for(1);
    let (tag, bundle) = (etag(&relay, "/bundle"), publisher.bundle());
    let mut client = Client::connect(relay.address);
    let known = client
        .get_with("/bundle", &[&format!("If-None-Match: {tag}")])
        .expect(304);
    assert_eq!(known.text(), "");
    client
        .get_with("/bundle", &["If-None-Match: \"1-1-0\""])
        .expect(200);
    let rest = client
        .get_with("/bundle", &["Range: bytes=10-", &format!("If-Range: {tag}")])
        .expect(206);
    assert_eq!(rest.text(), &bundle[10..]);
    let last = bundle.len() - 1;
    assert_eq!(
        rest.field("Content-Range"),
        Some(format!("bytes 10-{last}/{}", bundle.len()).as_str())
    );
    for lines in [
        ["Range: bytes=10-", "If-Range: \"1-1-0\""],
        ["Range: bytes=10-20", &format!("If-Range: {tag}")],
        ["Range: bytes=99999999-", &format!("If-Range: {tag}")],
    ] {
        let whole = client.get_with("/bundle", &lines).expect(200);
        assert_eq!(whole.text(), bundle, "{lines:?}");
    }
    client.send("HEAD /bundle HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.response_to("HEAD").expect(200);
    assert_eq!(
        head.field("Content-Length"),
        Some(bundle.len().to_string().as_str())
    );
    assert_eq!(head.field("ETag"), Some(tag.as_str()));
    client.get("/policy").expect(404);
    client.send("POST /bundle HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.response().expect(405).field("Allow"), Some("GET, HEAD"));
}

#[test]
fn what_is_not_verified_is_not_handed_on() {
    let mut publisher = published();
    let first = publisher.bundle();
    publisher.publish(&[("api/orders", Some(api("POST")))]);
    let scratch = begin(&publisher);
    let relay = start(&scratch, &[]);
    relay.wait_for(2);
    let good = publisher.bundle();
    let mut stranger = Publisher::stranger(FEED);
    for _ in 0..3 {
        stranger.publish(&[("api/orders", Some(api("ANY")))]);
    }
    let mut next = publisher.clone();
    next.publish(&[("api/orders", Some(api("PUT")))]);
    let next = next.bundle();
    for (name, bundle) in [
        ("older", first.as_str()),
        ("a stranger's", &stranger.bundle()),
        ("forged", &next.replace("PUT", "ANY")),
        ("cut off", &next[..next.len() - 20]),
        ("garbage", "{}"),
    ] {
        case(name);
        let before = relay.process.stderr().so_far().len();
        scratch.replace(SOURCE, bundle);
        // Told once for each thing that is wrong; of two that are alike the second is only not live.
        wait_for("the mismatch", || {
            let is_told = relay.process.stderr().so_far().len() > before;
            (is_told || relay.ready()["policy"]["state"] != "live").then_some(())
        });
        assert_eq!(relay.get("/bundle").expect(200).text(), good, "{name}");
        assert_eq!(read(&scratch, "bundle"), good, "{name}");
    }
}

#[test]
fn killed_and_without_its_source_it_hands_on_what_it_had() {
    let mut publisher = published();
    let scratch = begin(&publisher);
    let relay = start(&scratch, &[]);
    publisher.publish(&[("api/orders", Some(api("POST")))]);
    scratch.replace(SOURCE, &publisher.bundle());
    relay.wait_for(2);
    relay.process.signal(Signal::KILL);
    drop(relay);
    std::fs::remove_file(scratch.path(SOURCE)).expect("it is there");
    // What it had written is there, whoever loses it.
    std::fs::remove_file(scratch.path("out").join("bundle")).expect("it is there");
    let relay = start(&scratch, &[]);
    assert_eq!(relay.get("/bundle").expect(200).text(), publisher.bundle());
    let ready = relay.ready();
    assert_eq!(ready["policy"]["source"], "last_known_good", "{ready}");
    assert_eq!(ready["written_revision"], 2);
}

#[test]
fn whoever_reads_while_it_writes_finds_a_sound_pair() {
    let mut publisher = published();
    let roots = publisher
        .floor()
        .lines()
        .next()
        .expect("roots are line 1")
        .to_owned();
    let scratch = begin(&publisher);
    let relay = start(&scratch, &[]);
    relay.wait_for(1);
    let out = scratch.path("out");
    let (mut seen, mut last) = (0, 1);
    wait_for("some revisions", || {
        publisher.publish(&[("plan/p", Some(json!({ "n": last })))]);
        scratch.replace(SOURCE, &publisher.bundle());
        for _ in 0..20 {
            let (commit, bundle) = pair(&out, &roots);
            assert!(
                bundle >= commit,
                "a commit beside an older bundle: {commit} {bundle}"
            );
            seen += u64::from(bundle > last);
            last = last.max(bundle);
        }
        (seen >= 4).then_some(())
    });
}

/// The revisions of the commit and then of the bundle that stand in the files; the bundle has to hold.
fn pair(out: &Path, roots: &str) -> (u64, u64) {
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect("it is always there");
    let (commit, bundle) = (read("commit"), read("bundle"));
    let commit: Value = serde_json::from_str(&commit).expect("it is always whole");
    let floor = format!("{roots}\n{bundle}");
    let held = feed::read_floor(floor.as_bytes()).expect("it always holds");
    (
        commit["revision"].as_u64().expect("a commit has one"),
        held.revision(),
    )
}

#[test]
fn what_cannot_be_written_is_told_and_written_later() {
    let mut publisher = published();
    let scratch = begin(&publisher);
    let relay = start(&scratch, &[]);
    relay.wait_for(1);
    let bundle = scratch.path("out").join("bundle");
    std::fs::remove_file(&bundle).expect("it is there");
    std::fs::create_dir(&bundle).expect("it can be made");
    publisher.publish(&[("api/orders", Some(api("POST")))]);
    scratch.replace(SOURCE, &publisher.bundle());
    wait_for("the failure", || {
        (relay.get("/ready").status == 503).then_some(())
    });
    assert!(relay.ready()["last_error"].is_string());
    assert_eq!(relay.ready()["written_revision"], 1);
    std::fs::remove_dir(&bundle).expect("it is empty");
    relay.wait_for(2);
    relay.get("/ready").expect(200);
}

#[test]
fn authorizers_decide_by_what_a_relay_hands_on() {
    let mut publisher = published();
    let scratch = begin(&publisher);
    let relay = start(&scratch, &[]);
    let floor = scratch.path("policy.floor").display().to_string();
    let bundle = format!("http://{}/bundle", relay.address);
    let settings = [
        ("SWITCHBOARD_FLOOR", floor.as_str()),
        ("SWITCHBOARD_APIS", "orders"),
        ("SWITCHBOARD_BUNDLE", bundle.as_str()),
        ("SWITCHBOARD_SYNC_AFTER_MS", "0"),
    ];
    let functions = Build::BOTH.map(|build| Function::start(build, &settings));
    for function in &functions {
        assert_eq!(effect(function), "Allow");
    }
    publisher.publish(&[("api/orders", Some(api("POST")))]);
    scratch.replace(SOURCE, &publisher.bundle());
    relay.wait_for(2);
    for function in &functions {
        // A look has a small budget; one that is not done within it is gone on with in the next.
        wait_for("the change to be decided by", || {
            (effect(function) == "Deny").then_some(())
        });
    }
    relay.process.signal(Signal::KILL);
    for function in &functions {
        assert_eq!(
            effect(function),
            "Deny",
            "a relay that is gone takes nothing back"
        );
    }
}

#[test]
fn what_is_wrong_at_the_start_is_said() {
    let publisher = published();
    let scratch = begin(&publisher);
    let path = |name: &str| scratch.path(name).display().to_string();
    let (floor, out, nowhere) = (path("policy.floor"), path("out"), path("nowhere"));
    scratch.write("unsigned.floor", "{}\n");
    let unsigned = path("unsigned.floor");
    scratch.write("a-file", "");
    let file = format!("{}/out", path("a-file"));
    let from = ["--floor", &floor, "--out", &out];
    for (arguments, expected) in [
        (vec![], "--portal"),
        (vec!["--portal", PORTAL], "--token-file"),
        (vec!["--portal", PORTAL, "--token-file", &nowhere], "--token-file"),
        (
            vec!["--portal", "portal", "--token-file", &floor],
            "--portal is no http or https URL",
        ),
        (
            vec!["--bundle", "ftp://x/bundle"],
            "--bundle is no http or https URL",
        ),
        (
            vec!["--bundle", &nowhere, "--floor", &nowhere],
            "cannot begin with the floor",
        ),
        (
            vec!["--bundle", &nowhere, "--floor", &unsigned],
            "cannot begin with the floor",
        ),
        (vec!["--bundle", &nowhere, "--out", &file], "cannot write to"),
    ] {
        case(format!("{arguments:?}"));
        let mut all = vec!["relay"];
        // What stands twice is an error too.
        let given = |name: &str| arguments.contains(&name);
        for pair in from.chunks(2).filter(|pair| !given(pair[0])) {
            all.extend(pair);
        }
        all.extend(&arguments);
        let finished = run(switchboard(&all));
        assert_ne!(finished.code, Some(0));
        assert!(finished.stderr.contains(expected), "{}", finished.stderr);
    }
}

#[test]
fn it_ends_when_it_is_told_to() {
    let scratch = begin(&published());
    let mut relay = start(&scratch, &[]);
    relay.wait_for(1);
    relay.process.signal(Signal::TERM);
    assert_eq!(relay.process.wait(), Some(0));
}
