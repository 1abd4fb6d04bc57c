//! Keys and epochs: rotated, revoked, begun anew, and what a reader makes of it.

use super::*;
use e2e::wait_for;
use std::os::unix::fs::PermissionsExt as _;

fn floor(portal: &Portal) -> (u64, u64, String) {
    told(&portal.get("/v1/feeds/prod/floor").expect(200))
}

/// Epoch, revision, and the key that signed.
fn told(floor: &Response) -> (u64, u64, String) {
    let read = feed::read_floor(&floor.body).expect("the floor holds");
    let commit = floor.text().lines().last().unwrap().to_owned();
    let commit: Value = serde_json::from_str(&commit).unwrap();
    (
        read.epoch(),
        read.revision(),
        commit["key"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn private_keys_are_files_that_only_their_owner_reads() {
    let portal = Portal::start();
    portal.wait_published("prod", 1);
    let mut files = 0;
    for entry in std::fs::read_dir(portal.scratch.path("keys")).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{entry:?}"
        );
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let key: Value = serde_json::from_str(&text).unwrap();
        let private = key["private"].as_str().unwrap().as_bytes();
        let database = std::fs::read(portal.scratch.path("portal.sqlite")).unwrap();
        assert!(!database.windows(private.len()).any(|window| window == private));
        files += 1;
    }
    assert_eq!(files, 2);
    let token = std::fs::metadata(portal.scratch.path("admin.token")).unwrap();
    assert_eq!(token.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_rotated_key_signs_at_once_and_a_revoked_one_no_more() {
    on_both(|setup| {
        let portal = setup().start();
        shop(&portal);
        portal.wait_published("prod", 3);
        let (epoch, _, first) = floor(&portal);
        let token = portal.enrol("gw");
        let mut stream = portal.stream(&token, "prod", "");
        stream.until(3);
        let done = portal.command(&["keys", "rotate", "--environment", "prod"]);
        assert_eq!(done.code, Some(0), "{done:#?}");
        // The keyring goes out with the first commit under it, to those who follow as well.
        let lines = stream.until(3);
        assert!(
            lines[0].get("keys").is_some() && lines[0]["keys"].as_array().unwrap().len() == 2,
            "{lines:?}"
        );
        let (same_epoch, _, second) = floor(&portal);
        assert_eq!(same_epoch, epoch);
        assert_ne!(second, first);
        let done = portal.command(&["keys", "revoke", &second, "--environment", "prod"]);
        assert_eq!(done.code, Some(0), "{done:#?}");
        wait_for("a third key to sign", || {
            (floor(&portal).2 != second).then_some(())
        });
        assert_ne!(
            floor(&portal).2,
            first,
            "the one that ends is not the one that signs"
        );
        let done = portal.command(&["keys", "revoke", "none", "--environment", "prod"]);
        assert!(
            done.code == Some(1) && done.stderr.contains("has no key `none`"),
            "{done:#?}"
        );
    });
}

#[test]
fn without_the_root_key_nothing_is_signed() {
    let portal = Portal::start();
    portal.wait_published("prod", 1);
    let directory = portal.scratch.path("keys");
    let root = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let root = root
        .into_iter()
        .find(|path| path.display().to_string().contains(".root."))
        .unwrap();
    let safe = portal.scratch.path("safe.json");
    std::fs::rename(&root, &safe).unwrap();
    let done = portal.command(&["keys", "rotate", "--environment", "prod"]);
    assert!(
        done.code == Some(1) && done.stderr.contains("--root-key"),
        "{done:#?}"
    );
    let done = portal.command(&[
        "keys",
        "rotate",
        "--environment",
        "prod",
        "--root-key",
        &safe.display().to_string(),
    ]);
    assert_eq!(done.code, Some(0), "{done:#?}");
}

#[test]
fn a_new_epoch_publishes_everything_anew() {
    on_both(|setup| {
        let portal = setup().start();
        shop(&portal);
        portal.wait_published("prod", 3);
        let (epoch, revision, _) = floor(&portal);
        let token = portal.enrol("gw");
        let mut stream = portal.stream(&token, "prod", "");
        stream.until(3);
        let done = portal.command(&["new-epoch", "--environment", "prod", "--accept-loss"]);
        assert_eq!(done.code, Some(0), "{done:#?}");
        let (new_epoch, new_revision, _) = wait_for("the new epoch", || {
            let answer = portal.get("/v1/feeds/prod/floor");
            // Between the epochs there is none.
            (answer.status == 200)
                .then(|| told(&answer))
                .filter(|(now, _, _)| *now > epoch)
        });
        assert_eq!(new_revision, revision + 1);
        // A stream is no way from one epoch into the next: the reader comes again.
        while stream.line().is_some() {}
        let mut stream = portal.stream(
            &token,
            "prod",
            &format!("?epoch={epoch}&revision={revision}&digest=x"),
        );
        assert_eq!(stream.how, "reset");
        let lines = stream.until(1);
        assert!(
            lines
                .iter()
                .filter(|line| line.get("kind").is_some())
                .all(|line| line["epoch"] == new_epoch),
            "{lines:?}"
        );
        assert_eq!(lines.iter().filter(|line| line.get("kind").is_some()).count(), 2);
        let next = portal.put("plans", "gold", &json!({ "rate": "1/s" }));
        assert_eq!(next["epoch"], new_epoch);
        stream.until(next["revision"].as_i64().unwrap());
    });
}

#[test]
fn gateways_are_enrolled_listed_and_ended_on_the_command_line() {
    let portal = Portal::start();
    portal.wait_published("prod", 1);
    let made = portal.command(&["gateways", "create", "api-eu-3", "--team", "commerce"]);
    let token = made.stdout.trim().to_owned();
    assert!(made.code == Some(0) && token.starts_with("sbg_"), "{made:#?}");
    let read = |token: &str| {
        portal.ask_with(
            "GET",
            "/v1/feeds/prod/commit",
            None,
            &[&format!("Authorization: Bearer {token}")],
        )
    };
    read(&token).expect(200);
    // It reads its feed and nothing else.
    refused(
        portal.ask_with(
            "GET",
            &at("clients", "app"),
            None,
            &[&format!("Authorization: Bearer {token}")],
        ),
        403,
        "not_for_gateways",
    );
    let listed = portal.command(&["gateways", "list"]);
    assert!(
        listed.stdout.contains("api-eu-3  team commerce  prod"),
        "{listed:#?}"
    );
    let id = listed.stdout.split_whitespace().next().unwrap().to_owned();
    assert_eq!(portal.command(&["gateways", "revoke", &id]).code, Some(0));
    refused(read(&token), 401, "unauthenticated");
    assert!(portal.command(&["gateways", "list"]).stdout.contains("revoked"));
}
