//! A bucket of object storage, with signatures that are checked, and whoever reads there.

use super::{Relay, SOURCE, api, begin, effect, published};
use e2e::{
    Build, Client, Distance, Emulator, Function, ObjectStore, Owner, Scratch, Signal, case, run, wait_for,
    wait_within,
};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

const OUT: &str = "s3://acme-policy/prod";
const READS_AND_WRITES: [&str; 2] = ["s3:GetObject", "s3:PutObject"];

/// Twice the longest pause of a relay whose store is down.
const PAUSE_MAX: Duration = Duration::from_secs(120);

/// A relay that writes into the bucket of the store there.
fn command(scratch: &Scratch, store: SocketAddr, owner: &Owner, more: &[&str]) -> Command {
    let endpoint = format!("http://{store}");
    let mut arguments = vec!["--s3-endpoint", &endpoint];
    arguments.extend(more);
    let mut command = of_nobody(Relay::command(scratch, OUT, &arguments), scratch);
    command
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", &owner.id)
        .env("AWS_SECRET_ACCESS_KEY", &owner.secret);
    command
}

/// Without what the caller's own environment says of AWS.
fn of_nobody(mut command: Command, scratch: &Scratch) -> Command {
    let names = std::env::vars().map(|(name, _)| name);
    for name in names.filter(|name| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", scratch.directory());
    command
}

fn start(scratch: &Scratch, store: &ObjectStore) -> Relay {
    let owner = Owner::stranger();
    Relay::start(command(scratch, store.address(), &owner, &[]))
}

fn revision(commit: &str) -> u64 {
    let commit: Value = serde_json::from_str(commit.lines().last().unwrap_or_default()).expect("it is JSON");
    commit["revision"].as_u64().expect("a commit has one")
}

#[test]
fn what_is_published_stands_in_the_bucket_and_heartbeats_change_the_commit_alone() {
    let store = ObjectStore::start();
    let owner = store.owner("relay", &READS_AND_WRITES);
    store.check_signatures(true);
    let mut publisher = published();
    let scratch = begin(&publisher);
    let relay = Relay::start(command(&scratch, store.address(), &owner, &[]));
    relay.wait_for(1);
    for revision in 2..4 {
        publisher.publish(&[
            ("api/orders", Some(api("POST"))),
            ("plan/p", Some(json!({ "revision": revision }))),
        ]);
        publisher.beat_aged(60);
        scratch.replace(SOURCE, &publisher.bundle());
        relay.wait_for(revision);
    }
    relay.get("/ready").expect(200);
    store.check_signatures(false);
    let bundle = publisher.bundle();
    assert_eq!(store.object("bundle"), bundle);
    assert_eq!(store.object("commit"), format!("{}\n", publisher.commit()));
    let found = store.get("bundle", &[]).expect(200);
    assert_eq!(found.field("Content-Type"), Some("application/x-ndjson"));
    assert_eq!(found.field("Cache-Control"), Some("no-cache"));

    publisher.beat();
    scratch.replace(SOURCE, &publisher.bundle());
    let commit = format!("{}\n", publisher.commit());
    wait_for("the heartbeat", || {
        (store.object("commit") == commit).then_some(())
    });
    assert_eq!(store.object("bundle"), bundle);
    // Two more of the commit, which had to be refused: whether the store knows conditions is tried once.
    assert_eq!(store.writes("bundle"), (3, 0));
    assert_eq!(store.writes("commit"), (4, 2));

    // A commit that names no bundle would be worse than none.
    store.delete("bundle");
    store.delete("commit");
    publisher.beat();
    scratch.replace(SOURCE, &publisher.bundle());
    wait_for("a commit", || {
        (store.get("commit", &[]).status == 200).then_some(())
    });
    assert_eq!(store.object("bundle"), publisher.bundle());
}

#[test]
fn a_relay_that_lags_takes_nothing_back_and_goes_on_when_it_has_come_as_far() {
    let store = ObjectStore::start();
    let mut publisher = published();
    let behind = begin(&publisher);
    publisher.publish(&[("api/orders", Some(api("POST")))]);
    publisher.publish(&[("api/orders", Some(api("PUT")))]);
    let before = begin(&publisher);
    let newer = start(&before, &store);
    newer.wait_for(3);
    let bundle = publisher.bundle();
    // It begins with the floor, as one without a disk does after each restart.
    let older = start(&behind, &store);
    let ready = wait_for("the newer revision", || {
        let ready = older.ready();
        (ready["ahead_revision"] == 3).then_some(ready)
    });
    assert_eq!(ready["written_revision"], 1, "{ready}");
    // What it serves itself is older than what others know.
    older.get("/ready").expect(503);
    newer.get("/ready").expect(200);
    assert_eq!(newer.ready()["ahead_revision"], Value::Null);
    assert_eq!(store.object("bundle"), bundle);
    assert_eq!(revision(&store.object("commit")), 3);

    publisher.publish(&[("api/orders", Some(api("PATCH")))]);
    behind.replace(SOURCE, &publisher.bundle());
    older.wait_for(4);
    assert_eq!(older.ready()["ahead_revision"], Value::Null);
    older.get("/ready").expect(200);
    assert_eq!(store.object("bundle"), publisher.bundle());
    // The one that was newer did not write meanwhile, and finds it there.
    before.replace(SOURCE, &publisher.bundle());
    newer.wait_for(4);
    publisher.publish(&[("api/orders", Some(api("HEAD")))]);
    for scratch in [&before, &behind] {
        scratch.replace(SOURCE, &publisher.bundle());
    }
    newer.wait_for(5);
    older.wait_for(5);
    assert_eq!(store.object("bundle"), publisher.bundle());
    assert_eq!(store.object("commit"), format!("{}\n", publisher.commit()));
}

#[test]
fn a_store_that_is_down_is_waited_for_and_made_good_when_it_is_back_with_nothing() {
    let place = Distance::nowhere();
    let publisher = published();
    let scratch = begin(&publisher);
    let relay = Relay::start(command(&scratch, place.address(), &Owner::stranger(), &[]));
    let ready = relay.get("/ready").expect(503).json();
    let error = ready["last_error"].as_str().expect("it says why");
    assert!(error.contains("the store is not there"), "{error}");
    assert_eq!(ready["written_revision"], Value::Null);
    relay.get("/bundle").expect(503);
    for revision in [1, 2] {
        let store = ObjectStore::start();
        place.lead(store.address().port());
        // The emulator takes its time to start, and the relay asks less and less often meanwhile.
        wait_within(PAUSE_MAX, "a revision in the store", || {
            (relay.ready()["written_revision"] == revision).then_some(())
        });
        wait_within(PAUSE_MAX, "a good relay", || {
            (relay.get("/ready").status == 200).then_some(())
        });
        assert_eq!(store.object("bundle"), relay.get("/bundle").expect(200).text());
        place.cut();
        drop(store);
        let mut publisher = publisher.clone();
        publisher.publish(&[("api/orders", Some(api("POST")))]);
        scratch.replace(SOURCE, &publisher.bundle());
        if revision == 1 {
            wait_for("the failure", || {
                (relay.get("/ready").status == 503).then_some(())
            });
            assert_eq!(relay.ready()["written_revision"], 1);
        }
    }
}

#[test]
fn a_commit_waits_for_its_turn_and_a_revision_does_not() {
    let store = ObjectStore::start();
    let mut publisher = published();
    publisher.beat_aged(600);
    let scratch = begin(&publisher);
    let owner = Owner::stranger();
    let relay = Relay::start(command(
        &scratch,
        store.address(),
        &owner,
        &["--commit-every-s", "3600"],
    ));
    relay.wait_for(1);
    let first = store.object("commit");
    publisher.beat();
    scratch.replace(SOURCE, &publisher.bundle());
    wait_for("the heartbeat", || {
        let age = relay.ready()["policy"]["age_s"].as_u64();
        age.is_some_and(|age| age < 300).then_some(())
    });
    assert_eq!(store.object("commit"), first);
    publisher.publish(&[("api/orders", Some(api("POST")))]);
    scratch.replace(SOURCE, &publisher.bundle());
    relay.wait_for(2);
    assert_eq!(store.object("commit"), format!("{}\n", publisher.commit()));
    assert_eq!(store.writes("commit"), (2, 2));
}

#[test]
fn authorizers_and_other_relays_read_the_bucket_over_http() {
    let store = ObjectStore::start();
    let mut publisher = published();
    let scratch = begin(&publisher);
    let relay = start(&scratch, &store);
    relay.wait_for(1);
    let floor = scratch.path("policy.floor").display().to_string();
    let bundle = format!("http://{}/acme-policy/prod/bundle", store.address());
    let settings = [
        ("SWITCHBOARD_FLOOR", floor.as_str()),
        ("SWITCHBOARD_APIS", "orders"),
        ("SWITCHBOARD_BUNDLE", bundle.as_str()),
        ("SWITCHBOARD_SYNC_AFTER_MS", "0"),
    ];
    let functions = Build::BOTH.map(|build| Function::start(build, &settings));
    let out = scratch.path("out").display().to_string();
    let arguments = [
        "relay",
        "--floor",
        &floor,
        "--bundle",
        &bundle,
        "--out",
        &out,
        "--listen",
        "127.0.0.1:0",
    ];
    let second = Relay::start(e2e::switchboard(&arguments));
    for function in &functions {
        assert_eq!(effect(function), "Allow");
    }
    for (method, expected) in [("POST", "Deny"), ("GET", "Allow")] {
        publisher.publish(&[("api/orders", Some(api(method)))]);
        scratch.replace(SOURCE, &publisher.bundle());
        let (_, revision) = publisher.place();
        relay.wait_for(revision);
        for function in &functions {
            // A look has a budget, and what is not finished within it goes on with the next.
            wait_for("the revision", || (effect(function) == expected).then_some(()));
        }
        second.wait_for(revision);
        assert_eq!(second.get("/bundle").expect(200).text(), publisher.bundle());
    }
    relay.process.signal(Signal::KILL);
    for function in &functions {
        assert_eq!(effect(function), "Allow", "what is in the bucket stays");
    }
}

#[test]
fn another_store_that_speaks_s3_is_written_to_by_the_same_rules() {
    let emulator = Emulator::start();
    let mut client = Client::connect(emulator.address());
    let head = format!(
        "PUT /acme-policy HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n",
        emulator.address()
    );
    client.exchange(head).expect(200);
    let mut publisher = published();
    let scratch = begin(&publisher);
    let mut command = command(&scratch, emulator.address(), &Owner::stranger(), &[]);
    // Where it puts every bucket that is made without a word about it.
    command.env("AWS_REGION", "us-east-1");
    let relay = Relay::start(command);
    relay.wait_for(1);
    publisher.publish(&[("api/orders", Some(api("POST")))]);
    scratch.replace(SOURCE, &publisher.bundle());
    relay.wait_for(2);
    for (name, expected) in [
        ("bundle", publisher.bundle()),
        ("commit", format!("{}\n", publisher.commit())),
    ] {
        let line = format!("GET /acme-policy/prod/{name} HTTP/1.1");
        let found = client.exchange(format!("{line}\r\nHost: {}\r\n\r\n", emulator.address()));
        assert_eq!(found.expect(200).text(), expected);
    }
}

/// What is asked for where the credentials may do too little.
const RIGHTS: &str = "allow s3:GetObject and s3:PutObject on arn:aws:s3:::acme-policy/prod/*";

#[test]
fn who_may_not_write_is_told_what_to_do() {
    let store = ObjectStore::start();
    let good = store.owner("relay", &READS_AND_WRITES);
    let reader = store.owner("reader", &["s3:GetObject"]);
    let writer = store.owner("writer", &["s3:PutObject"]);
    let forged = Owner {
        secret: reader.secret.clone(),
        ..good.clone()
    };
    let mut publisher = published();
    let first = publisher.bundle();
    store.put("bundle", &first);
    store.put("commit", &format!("{}\n", publisher.commit()));
    store.check_signatures(true);
    publisher.publish(&[("api/orders", Some(api("POST")))]);
    let scratch = begin(&publisher);
    for (name, owner, expected) in [
        (
            "a stranger",
            Owner::stranger(),
            "does not take these credentials (InvalidAccessKeyId)",
        ),
        (
            "a wrong secret",
            forged,
            "does not take these credentials (SignatureDoesNotMatch)",
        ),
        ("who may not read", writer, RIGHTS),
        ("who may not write", reader, RIGHTS),
    ] {
        case(name);
        fails(command(&scratch, store.address(), &owner, &[]), expected);
    }
    for (variable, expected) in [
        ("AWS_ACCESS_KEY_ID", "set AWS_ACCESS_KEY_ID"),
        ("AWS_REGION", "set AWS_REGION"),
    ] {
        case(variable);
        let mut without = command(&scratch, store.address(), &good, &[]);
        without.env_remove(variable);
        fails(without, expected);
    }
    store.check_signatures(false);
    assert_eq!(revision(&store.object("commit")), 1);
    assert_eq!(store.object("bundle"), first);
}

#[test]
fn what_is_not_this_feeds_is_never_replaced() {
    let store = ObjectStore::start();
    let scratch = begin(&published());
    let other = published().bundle().replace("\"prod\"", "\"test\"");
    for (there, expected) in [
        (
            "a letter\n",
            "s3://acme-policy/prod/bundle is there and no relay has written it",
        ),
        (
            "",
            "s3://acme-policy/prod/bundle is there and no relay has written it",
        ),
        (other.as_str(), "s3://acme-policy/prod/bundle is of the feed test"),
    ] {
        case(expected);
        store.put("bundle", there);
        fails(
            command(&scratch, store.address(), &Owner::stranger(), &[]),
            expected,
        );
        assert_eq!(store.object("bundle"), there);
    }
}

#[test]
fn a_place_that_is_none_is_told() {
    let store = ObjectStore::start();
    let scratch = begin(&published());
    let endpoint = format!("http://{}", store.address());
    for (out, more, expected) in [
        (
            "s3://acme-other/x",
            ["--s3-endpoint", &endpoint],
            "there is no bucket acme-other",
        ),
        (
            "s3://Acme/x",
            ["--s3-endpoint", &endpoint],
            "write for example s3://acme-policy/prod",
        ),
        (
            "gs://acme/x",
            ["--s3-endpoint", &endpoint],
            "write for example s3://acme-policy/prod",
        ),
        (
            OUT,
            ["--s3-endpoint", "minio:9000"],
            "the endpoint is no http or https URL",
        ),
        (OUT, ["--commit-every-s", "0"], "--commit-every-s"),
        (
            "out",
            ["--s3-endpoint", &endpoint],
            "--s3-endpoint has no effect on a directory",
        ),
    ] {
        case(out);
        let mut command = of_nobody(Relay::command(&scratch, out, &more), &scratch);
        command
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "a")
            .env("AWS_SECRET_ACCESS_KEY", "b")
            .current_dir(scratch.directory());
        fails(command, expected);
    }
}

fn fails(command: Command, expected: &str) {
    let finished = run(command);
    assert_ne!(finished.code, Some(0));
    assert!(finished.stderr.contains(expected), "{}", finished.stderr);
    assert!(!finished.stderr.contains("EXAMPLEKEY"), "{}", finished.stderr);
}
