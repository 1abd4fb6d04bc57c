//! What a person is told of credentials' use: from a real gateway's requests, over its reports, to `client show` and `client list --unused`.

use super::*;
use e2e::{SigningKey, key_set, seconds_from_now};

/// A key of `app` that every live gateway knows and nobody used yet, and its id.
fn new_key(portal: &Portal) -> (String, String) {
    key_of(&ok(portal, &["key", "create", "app", "--wait"], &[]))
}

fn key_of(made: &Finished) -> (String, String) {
    let key = made.stdout.trim().to_owned();
    let id = key.split('_').nth(1).expect("a key has an id").to_owned();
    (key, id)
}

fn app(portal: &Portal) -> Value {
    portal.get("/v1/environments/prod/clients/app").json()
}

fn credential(client: &Value, id: &str) -> Value {
    let all = client["credentials"].as_array().expect("a list");
    let found = all.iter().find(|one| one["id"] == id);
    found.expect("the client has it").clone()
}

/// The minute in which it was used last, once the portal knows one.
fn wait_used(portal: &Portal, id: &str) -> String {
    wait_for(&format!("the use of {id} to be known"), || {
        let known = credential(&app(portal), id);
        known["last_used"].as_str().map(str::to_owned)
    })
}

#[test]
fn a_key_that_let_a_request_in_is_shown_as_used_and_nothing_else_changes_by_it() {
    let portal = shop();
    let gateway = follow(&portal, "api-eu-1");
    let (key, id) = new_key(&portal);
    let before = portal.get("/v1/environments/prod/clients/app");
    assert_eq!(credential(&before.json(), &id)["last_used"], Value::Null);
    let audit = portal.get("/v1/audit?environment=prod").expect(200).json();

    // Not by a key that is none, though it names a credential that there is.
    assert_eq!(with_key(&gateway, &format!("sb_k1_{}", "A".repeat(43))), 401);
    assert_eq!(with_key(&gateway, &key), 200);
    let used = wait_used(&portal, &id);
    assert!(used.ends_with(":00Z"), "it is told to the minute: {used}");

    let after = portal.get("/v1/environments/prod/clients/app");
    assert_eq!(before.field("ETag"), after.field("ETag"));
    let (before, after) = (before.json(), after.json());
    assert_eq!(
        (&before["version"], &before["revision"]),
        (&after["version"], &after["revision"])
    );
    assert_eq!(
        credential(&after, &id)["last_used_by"],
        json!({ "team": "platform", "gateway": "api-eu-1" })
    );
    assert_eq!(credential(&after, "k1")["last_used"], Value::Null);
    assert_eq!(portal.get("/v1/audit?environment=prod").json(), audit);
    let since = credential(&after, "k1")["watched_since"].clone();
    let since = since.as_str().expect("a time");
    ok(
        &portal,
        &["client", "show", "app"],
        &[
            "LAST USED",
            &format!("{used} at api-eu-1"),
            &format!("not since {since}"),
        ],
    );
    // What is shown may be sent back as it is, and is no part of the policy.
    let answer = portal.ask("PUT", "/v1/environments/prod/clients/app", Some(&after));
    answer.expect(200);
    assert_eq!(credential(&app(&portal), &id)["last_used"], used);
    let exported = ok(&portal, &["policy", "export"], &["clients"]).stdout;
    assert!(
        !exported.contains("last_used") && !exported.contains("watched"),
        "{exported}"
    );
}

#[test]
fn what_was_used_while_the_portal_was_down_is_known_once_it_is_back_and_a_change_of_policy_loses_nothing() {
    let mut portal = shop();
    let gateway = follow(&portal, "api-eu-1");
    let (key, id) = new_key(&portal);
    portal.kill();
    assert_eq!(with_key(&gateway, &key), 200);
    portal.restart();
    // The client as the gateway compiles it from now on is another one.
    let mut changed = app(&portal);
    changed["grants"] = json!([{ "api": "orders", "scopes": ["orders.read", "orders.write"] }]);
    let changed = portal.put("clients", "app", &changed);
    wait_used(&portal, &id);
    wait_for("the change to be in force", || {
        let revision = gateway.policy()["revision"].as_u64();
        (revision >= changed["revision"].as_u64()).then_some(())
    });
    // Two keys are all that it may have.
    ok(&portal, &["key", "revoke", "app", "k1"], &["is ended"]);
    let (next, next_id) = new_key(&portal);
    assert_eq!(with_key(&gateway, &next), 200);
    wait_used(&portal, &next_id);
}

#[test]
fn a_gateway_that_ends_tells_what_was_used_last_and_its_successor_goes_on() {
    let portal = shop();
    let gateway = follow(&portal, "api-eu-1");
    let (key, id) = new_key(&portal);
    assert_eq!(with_key(&gateway, &key), 200);
    // At once: the next report would have come in seconds.
    let scratch = gateway.end();
    assert_ne!(credential(&app(&portal), &id)["last_used"], Value::Null);

    // Nobody lives that could be waited for.
    ok(&portal, &["key", "revoke", "app", "k1"], &["is ended"]);
    let (next, next_id) = key_of(&ok(&portal, &["key", "create", "app"], &[]));
    let setup = Setup {
        scratch,
        ..Setup::default()
    };
    let file = setup.scratch.path("gateway.yaml");
    let gateway = setup.start_file(file);
    wait_for("the key to be known", || {
        (with_key(&gateway, &next) == 200).then_some(())
    });
    wait_used(&portal, &next_id);
}

#[test]
fn credentials_that_nobody_uses_are_listed() {
    let portal = shop();
    let token = portal.enrol("gw");
    let day_s = 86_400;
    let report = json!({
        "instance": "host:7-1", "kind": "gateway", "name": "gw", "environment": "prod", "version": "0.1.0",
        "policy": { "state": "live", "source": "feed", "epoch": 1, "revision": 1 },
        "used": [{ "credential": "k1", "at": seconds_from_now(-100 * day_s) }],
    });
    let line = format!("Authorization: Bearer {token}");
    portal
        .ask_with("POST", "/v1/fleet/reports", Some(&report), &[&line])
        .expect(200);
    // Nothing is known of the time before it was made, whatever is told of it.
    let none = ok(&portal, &["client", "list", "--unused", "90d"], &[]);
    assert_eq!(none.stdout, "");
    let listed = wait_for("it to be unused", || {
        let listed = ok(&portal, &["client", "list", "--unused", "1s"], &[]);
        (!listed.stdout.is_empty()).then_some(listed)
    });
    for part in ["CREDENTIAL", "k1", "mobile", "at gw"] {
        assert!(listed.stdout.contains(part), "{part}: {listed:#?}");
    }
    assert_eq!(listed.stdout.lines().count(), 2, "{listed:#?}");
    let json = ok(&portal, &["client", "list", "--unused", "1s", "--json"], &[]);
    assert_eq!(json_of(&json)["id"], "app");
    check(
        &run(&portal, &["client", "list", "--unused", "90"]),
        2,
        &[],
        &["is no span"],
    );
    check(
        &run(&portal, &["client", "list", "--unused", "4000d"]),
        1,
        &[],
        &["unused_for_s"],
    );
}

#[test]
fn a_token_of_a_registered_client_is_a_use_of_its_credential() {
    let portal = shop();
    let key = SigningKey::new("a");
    let keys: Value = serde_json::from_str(&key_set(&[&key])).expect("a key set is JSON");
    let issuer = json!({ "issuer": "https://auth.example.com", "audiences": ["api"], "keys": keys["keys"] });
    portal.put("issuers", "corp", &issuer);
    let mut client = app(&portal);
    let credentials = client["credentials"].as_array_mut().expect("a list");
    credentials.push(json!({ "type": "jwt", "id": "t1", "issuer": "corp", "client": "mobile" }));
    portal.put("clients", "app", &client);
    let gateway = follow(&portal, "api-eu-1");
    let claims = json!({
        "iss": "https://auth.example.com", "aud": "api", "exp": seconds_from_now(600), "azp": "mobile",
        "scope": "orders.read",
    });
    let line = format!("Authorization: Bearer {}", key.sign(&claims));
    let answer = gateway.client().get_with("/api/orders/1", &[&line]);
    assert_eq!(answer.status, 200, "{answer:#?}");
    wait_used(&portal, "t1");
    assert_eq!(credential(&app(&portal), "k1")["last_used"], Value::Null);
}
