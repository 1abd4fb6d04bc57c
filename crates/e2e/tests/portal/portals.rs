//! Several portals: on one PostgreSQL one of them publishes, another takes over; on SQLite there is one.

use super::*;
use e2e::{Scratch, wait_for};
use std::time::{Duration, Instant};

fn publishes(portal: &Portal) -> bool {
    portal.get("/ready").json()["publishes"] == true
}

#[test]
fn of_several_portals_on_one_postgres_one_publishes_and_another_takes_over() {
    let Some(postgres) = Postgres::start_where_there_is_one() else {
        eprintln!("no PostgreSQL is installed: not tried");
        return;
    };
    let url = postgres.url();
    let mut first = PortalSetup::new().at(&url).start();
    first.wait_published("prod", 1);
    // The second has the online key, which it needs to publish.
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path("keys")).unwrap();
    for entry in std::fs::read_dir(first.scratch.path("keys")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), scratch.path("keys").join(entry.file_name())).unwrap();
    }
    let mut second = PortalSetup::new().at(&url).start_in(scratch);
    second.use_token(first.token());
    assert!(publishes(&first) && !publishes(&second));
    // A change through the one that does not publish reaches readers of both.
    let token = first.enrol("gw");
    let (mut of_first, mut of_second) = (
        first.stream(&token, "prod", ""),
        second.stream(&token, "prod", ""),
    );
    let made = second.put("plans", "gold", &json!({ "rate": "1/s" }));
    let revision = made["revision"].as_i64().unwrap();
    of_first.until(revision);
    of_second.until(revision);
    first.kill();
    let since = Instant::now();
    let made = second.put("plans", "silver", &json!({ "rate": "1/s" }));
    second.wait_published("prod", made["revision"].as_i64().unwrap());
    assert!(
        since.elapsed() < Duration::from_secs(6),
        "taken over within seconds: {:?}",
        since.elapsed()
    );
    of_second.until(made["revision"].as_i64().unwrap());
    // The first comes back, and waits. One that ends in order hands over at once.
    first.restart();
    assert!(!publishes(&first));
    assert_eq!(second.terminate(), Some(0));
    wait_for("the first to publish again", || publishes(&first).then_some(()));
}

#[test]
fn a_portal_without_the_online_key_leaves_publishing_to_others() {
    let Some(postgres) = Postgres::start_where_there_is_one() else {
        eprintln!("no PostgreSQL is installed: not tried");
        return;
    };
    let url = postgres.url();
    let mut first = PortalSetup::new().at(&url).start();
    first.wait_published("prod", 1);
    let mut second = PortalSetup::new().at(&url).start();
    second.use_token(first.token());
    first.kill();
    let ready = wait_for("the second to say what it lacks", || {
        let ready = second.get("/ready");
        (ready.status == 503).then(|| ready.json())
    });
    assert!(
        ready["troubles"][0]["why"]
            .as_str()
            .unwrap()
            .contains("SWITCHBOARD_FEED_KEY_PROD"),
        "{ready}"
    );
    first.restart();
    wait_for("the first to publish again", || publishes(&first).then_some(()));
}

#[test]
fn with_sqlite_a_directory_has_one_portal() {
    let portal = Portal::start();
    let data = portal.scratch.directory().display().to_string();
    let second = e2e::run(e2e::switchboard(&[
        "portal",
        "--data",
        &data,
        "--listen",
        "127.0.0.1:0",
    ]));
    assert!(
        second.code == Some(1) && second.stderr.contains("another portal runs on"),
        "{second:#?}"
    );
    assert!(!data.is_empty() && portal.get("/healthz").status == 200);
}

#[test]
fn a_database_that_was_restored_is_not_published_from_until_a_new_epoch() {
    let mut portal = Portal::start();
    shop(&portal);
    portal.wait_published("prod", 3);
    assert_eq!(portal.terminate(), Some(0));
    // A row that is not what its digest was made of: as after a partial restore.
    let database = portal.scratch.path("portal.sqlite");
    let mut bytes = std::fs::read(&database).unwrap();
    let record = br#""id":"app","body""#;
    let mut changed = 0;
    for at in 0..bytes.len() - record.len() {
        if bytes[at..].starts_with(record) {
            bytes[at + 6] = b'b';
            changed += 1;
        }
    }
    assert!(changed > 0);
    std::fs::write(&database, bytes).unwrap();
    portal.restart();
    let ready = wait_for("the portal to refuse", || {
        let ready = portal.get("/ready");
        (ready.status == 503).then(|| ready.json())
    });
    assert!(
        ready["troubles"][0]["why"]
            .as_str()
            .unwrap()
            .contains("new-epoch"),
        "{ready}"
    );
    let done = portal.command(&["new-epoch", "--environment", "prod", "--accept-loss"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    wait_for("the new epoch to be published", || {
        (portal.get("/ready").status == 200).then_some(())
    });
}
