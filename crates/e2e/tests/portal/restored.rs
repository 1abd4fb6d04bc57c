//! A portal that was restored from a backup, before gateways that have more: what was taken from a client since stays taken.

use super::following::{follow, wait_for_state};
use super::*;
use e2e::{Gateway, wait_for};
use std::path::PathBuf;

/// The key of each client, by its credential's id.
fn key(id: &str) -> String {
    format!("sb_{id}_{}", "A".repeat(43))
}

fn holder(id: &str, scopes: &[&str]) -> Value {
    let mut client = client(scopes);
    client["credentials"] = json!([{ "type": "api_key", "id": id, "sha256": sha256(&key(id)) }]);
    client
}

/// Of one user's tokens.
fn revocation(issued_before: &str) -> Value {
    json!({ "issuer": "corp", "subject": "u1", "issued_before": issued_before })
}

const CLIENTS: [(&str, &str); 5] = [
    ("suspended", "k1"),
    ("revoked", "k2"),
    ("narrowed", "k3"),
    ("gone", "k4"),
    ("untouched", "k5"),
];

fn statuses(gateway: &Gateway) -> Vec<u16> {
    let ask = |id: &str| {
        let line = format!("X-Api-Key: {}", key(id));
        gateway.client().get_with("/api/orders/1", &[&line]).status
    };
    CLIENTS.iter().map(|(_, id)| ask(id)).collect()
}

fn in_force(gateway: &Gateway, revision: &Value) {
    wait_for(&format!("revision {revision} to be in force"), || {
        (gateway.policy()["revision"] == *revision).then_some(())
    });
}

/// The files of the database.
fn database(portal: &Portal) -> Vec<PathBuf> {
    let files = ["portal.sqlite", "portal.sqlite-wal", "portal.sqlite-shm"];
    files.iter().map(|file| portal.scratch.path(file)).collect()
}

/// A portal whose database is that of before four clients lost something, and a gateway that knows of it.
fn scene() -> (Portal, Gateway) {
    let mut portal = Portal::start();
    portal.put("apis", "orders", &api());
    for (client, id) in CLIENTS {
        portal.put("clients", client, &holder(id, &["orders.read"]));
    }
    let keys = json!([{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }]);
    let issuer = json!({ "issuer": "https://corp.test", "audiences": ["api"], "keys": keys });
    portal.put("issuers", "corp", &issuer);
    portal.put("revocations", "user", &revocation("2026-11-23T00:00:00Z"));
    portal.put("plans", "gold", &json!({ "rate": "1/s" }));
    portal.wait_published("prod", 10);
    let gateway = follow(&portal, "gw-1");
    wait_for_state(&gateway, "live");
    assert_eq!(statuses(&gateway), [200; 5]);
    assert_eq!(portal.terminate(), Some(0));
    let backup: Vec<_> = database(&portal)
        .into_iter()
        .map(|file| (std::fs::read(&file).ok(), file))
        .collect();
    portal.restart();

    let suspended = portal.ask("POST", &at("clients", "suspended/suspend"), Some(&json!({})));
    assert_eq!(suspended.status, 200, "{suspended:#?}");
    portal.put("revocations", "stolen", &json!({ "credential": "k2" }));
    portal.put("revocations", "user", &revocation("2026-11-25T00:00:00Z"));
    portal.put("plans", "gold", &json!({ "rate": "2/s" }));
    portal.put("clients", "narrowed", &holder("k3", &[]));
    let deleted = portal.ask("DELETE", &at("clients", "gone"), None);
    assert_eq!(deleted.status, 200, "{deleted:#?}");
    in_force(&gateway, &deleted.json()["revision"]);
    assert_eq!(statuses(&gateway), [403, 401, 403, 401, 200]);

    assert_eq!(portal.terminate(), Some(0));
    for (bytes, file) in backup {
        match bytes {
            Some(bytes) => std::fs::write(file, bytes).unwrap(),
            None => drop(std::fs::remove_file(file)),
        }
    }
    portal.restart();
    wait_for("the gateway to report more than the database has", || {
        let fleet = portal.get("/v1/fleet?environment=prod").json();
        (!fleet["alarm"].is_null()).then_some(())
    });
    (portal, gateway)
}

fn epoch_of(gateway: &Gateway) -> u64 {
    gateway.policy()["epoch"].as_u64().unwrap()
}

fn wait_for_next_epoch(gateway: &Gateway, former: u64) {
    wait_for("the new epoch to be in force", || {
        (epoch_of(gateway) > former && gateway.policy()["state"] == "live").then_some(())
    });
}

#[test]
fn what_was_taken_after_the_backup_stays_taken_in_the_new_epoch() {
    let (portal, gateway) = scene();
    let former = epoch_of(&gateway);
    let vain = portal.command(&["new-epoch", "--environment", "prod"]);
    assert_eq!(vain.code, Some(1), "{vain:#?}");
    for words in [
        " and the newest that is known here is ",
        "--known FILE",
        "--accept-loss",
    ] {
        assert!(vain.stderr.contains(words), "{words}: {vain:#?}");
    }
    assert_eq!(statuses(&gateway), [403, 401, 403, 401, 200]);

    let kept = gateway.file().with_file_name("state/policy/last_known_good");
    let kept = kept.display().to_string();
    let new_epoch = |more: &[&str]| {
        let mut arguments = vec!["new-epoch", "--environment", "prod", "--known", &kept];
        arguments.extend(more);
        portal.command(&arguments)
    };
    let told = new_epoch(&["--dry-run"]);
    assert_eq!(told.code, Some(0), "{told:#?}");
    assert!(
        told.stdout.contains("client/suspended: suspended\n") && told.stdout.contains("nothing was changed"),
        "{told:#?}"
    );
    let active = portal.get(&at("clients", "suspended")).expect(200).json();
    assert_eq!(active.get("status"), None, "{active}");
    let done = new_epoch(&[]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    for words in [
        "client/suspended: suspended\n",
        "revocation/stolen: in force again\n",
        "client/narrowed: no `orders.read` for `orders`\n",
        "client/gone: suspended, since readers do not have it any more\n",
        "revocation/user: of tokens issued until later\n",
        "plan/gold: readers have it otherwise\n",
        "now again (5):",
    ] {
        assert!(done.stdout.contains(words), "{words}: {done:#?}");
    }
    wait_for_next_epoch(&gateway, former);
    assert_eq!(statuses(&gateway), [403, 401, 403, 403, 200]);
    let audit = portal
        .get("/v1/audit?environment=prod&limit=100")
        .expect(200)
        .text();
    assert!(audit.contains("policy.take_again"), "{audit}");

    // Once more, by what is in force: nothing is taken twice.
    let former = epoch_of(&gateway);
    let again = new_epoch(&[]);
    assert_eq!(again.code, Some(0), "{again:#?}");
    assert!(!again.stdout.contains("now again"), "{again:#?}");
    wait_for_next_epoch(&gateway, former);
    assert_eq!(statuses(&gateway), [403, 401, 403, 403, 200]);
}

#[test]
fn who_is_named_gets_back_what_the_backup_has() {
    let (portal, gateway) = scene();
    let former = epoch_of(&gateway);
    let kept = gateway.file().with_file_name("state/policy/last_known_good");
    let kept = kept.display().to_string();
    let except = |name: &str| {
        let arguments = [
            "new-epoch",
            "--environment",
            "prod",
            "--known",
            &kept,
            "--except",
            name,
        ];
        portal.command(&arguments)
    };
    let vain = except("client/suspendet");
    assert_eq!(vain.code, Some(1), "{vain:#?}");
    assert!(vain.stderr.contains("`client/suspendet`"), "{vain:#?}");
    let done = except("client/suspended");
    assert_eq!(done.code, Some(0), "{done:#?}");
    wait_for_next_epoch(&gateway, former);
    assert_eq!(statuses(&gateway), [200, 401, 403, 403, 200]);
}

#[test]
fn a_loss_is_accepted_in_so_many_words_and_a_strangers_file_never() {
    let (portal, gateway) = scene();
    let former = epoch_of(&gateway);
    let other = Portal::start();
    shop(&other);
    other.wait_published("prod", 3);
    let floor = other.get("/v1/feeds/prod/floor").expect(200).text();
    let file = portal.scratch.write("other.floor", &floor);
    let file = file.display().to_string();
    let vain = portal.command(&[
        "new-epoch",
        "--environment",
        "prod",
        "--known",
        &file,
        "--accept-loss",
    ]);
    assert_eq!(vain.code, Some(1), "{vain:#?}");
    assert!(vain.stderr.contains("no commit that counts"), "{vain:#?}");
    assert_eq!(epoch_of(&gateway), former);

    let done = portal.command(&["new-epoch", "--environment", "prod", "--accept-loss"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    wait_for_next_epoch(&gateway, former);
    assert_eq!(statuses(&gateway), [200; 5]);
}

#[test]
fn a_portal_that_hears_nobody_begins_no_epoch_by_itself() {
    let portal = Portal::start();
    shop(&portal);
    portal.wait_published("prod", 3);
    let vain = portal.command(&["new-epoch", "--environment", "prod"]);
    assert_eq!(vain.code, Some(1), "{vain:#?}");
    for words in [
        "no gateway of `prod` has reported",
        "--known FILE",
        "--accept-loss",
    ] {
        assert!(vain.stderr.contains(words), "{words}: {vain:#?}");
    }
    // A gateway that has nothing more is heard, and that is enough.
    let gateway = follow(&portal, "gw-1");
    wait_for_state(&gateway, "live");
    wait_for("a report", || {
        let fleet = portal.get("/v1/fleet?environment=prod").json();
        let processes = fleet["instances"].as_array().map_or(0, Vec::len);
        (processes > 0).then_some(())
    });
    let former = epoch_of(&gateway);
    let done = portal.command(&["new-epoch", "--environment", "prod"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    wait_for_next_epoch(&gateway, former);
}
