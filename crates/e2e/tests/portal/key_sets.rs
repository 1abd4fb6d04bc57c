//! Issuers' key sets: fetched where `jwks_uri` says, published like any change, kept apart from what people gave.

use super::*;
use e2e::{
    Gateway, Issuer, Setup, SigningKey, Upstream, json_answer, seconds_from_now, wait_for, wait_within,
};
use std::time::Duration;

const ISS: &str = "https://issuer.example";

/// Where issuers of the harness may be asked; each as often as is permitted.
const CONFIG: &str = "key_sets: { refresh_s: 5, plain_http: [127.0.0.1] }\n";
/// By nobody but who wants it now: within a test no turn comes twice.
const SELDOM: &str = "key_sets: { refresh_s: 86400, plain_http: [127.0.0.1] }\n";
/// More than `refresh_s` of `CONFIG`, on any machine.
const ROUNDS: Duration = Duration::from_secs(60);

fn issuer(uri: &str) -> Value {
    json!({ "issuer": ISS, "audiences": ["api"], "clients": "any", "jwks_uri": uri })
}

fn with_keys(mut issuer: Value, keys: &[&SigningKey]) -> Value {
    issuer["keys"] = keys.iter().map(|key| key.jwk()).collect();
    issuer
}

fn token(key: &SigningKey) -> String {
    key.sign(&json!({
        "iss": ISS, "aud": "api", "sub": "u1", "azp": "c1", "scope": "orders.read",
        "iat": seconds_from_now(0), "exp": seconds_from_now(600),
    }))
}

fn key_set(portal: &Portal) -> Value {
    portal
        .get(&format!("{}/key-set", at("issuers", "corp")))
        .expect(200)
        .json()
}

fn fetch(portal: &Portal) -> Response {
    portal.ask("POST", &format!("{}/key-set/fetch", at("issuers", "corp")), None)
}

fn kids(set: &Value) -> Vec<&str> {
    let keys = set["keys"].as_array().expect("a list").iter();
    keys.filter_map(|key| key["kid"].as_str()).collect()
}

/// What readers have of the issuer.
fn published(portal: &Portal, revision: &Value) -> Value {
    portal.wait_published("prod", revision.as_i64().unwrap());
    let bundle = portal.get("/v1/feeds/prod/bundle").expect(200).text();
    let mut lines = bundle
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find(|line| line["id"] == "corp").expect("it is published")["body"].clone()
}

fn revision(portal: &Portal) -> Value {
    portal.get("/v1/environments/prod/revisions").json()["items"][0]["revision"].clone()
}

/// A gateway that follows this portal and may dial nobody: the issuer, which is on loopback, is out of its reach.
fn cut_off(portal: &Portal) -> Gateway {
    let token = portal.enrol("gw");
    let line = format!("Authorization: Bearer {token}");
    let floor = portal.ask_with("GET", "/v1/feeds/prod/floor", None, &[&line]);
    let setup = Setup::new();
    setup.scratch.write("policy.floor", &floor.expect(200).text());
    setup.scratch.write("token", &token);
    let address = portal.address();
    setup.start(&format!(
        "policy: {{ floor: policy.floor, feed: {{ portal: \"http://{address}\", token: \"${{file:token}}\" }} }}\n\
         environment: prod\nstate_dir: state\nallow_targets: []\n\
         routes: [{{ path: /api/orders/**, respond: {{ status: 200 }} }}]\n"
    ))
}

fn ask(gateway: &Gateway, key: &SigningKey) -> (u16, String) {
    let line = format!("Authorization: Bearer {}", token(key));
    let answer = gateway.client().get_with("/api/orders/1", &[&line]);
    let code = serde_json::from_str::<Value>(&answer.text()).unwrap_or_default();
    let code = code["error"]
        .as_str()
        .or(code["code"].as_str())
        .unwrap_or_default();
    (answer.status, code.to_owned())
}

#[test]
fn a_new_key_of_an_issuer_holds_at_a_gateway_that_cannot_reach_it() {
    on_both(|setup| {
        let (old, new) = (SigningKey::new("k1"), SigningKey::new("k2"));
        let idp = Issuer::start(&[&old]);
        let portal = setup().with_config(CONFIG).start();
        portal.put("apis", "orders", &api());
        let made = portal.put("issuers", "corp", &issuer(&idp.jwks_uri()));
        assert_eq!(kids(&published(&portal, &made["revision"])), ["k1"]);
        let gateway = cut_off(&portal);
        assert_eq!(ask(&gateway, &old).0, 200);
        assert_eq!(ask(&gateway, &new).0, 401);
        idp.publish(&[&old, &new]);
        wait_within(ROUNDS, "the new key to be let through", || {
            (ask(&gateway, &new).0 == 200).then_some(())
        });
        assert_eq!(ask(&gateway, &old).0, 200, "both hold while both are published");
        idp.publish(&[&new]);
        fetch(&portal).expect(200);
        wait_for("the old key to be refused", || {
            (ask(&gateway, &old).0 == 401).then_some(())
        });
        // An issuer that is down takes nothing away.
        idp.stop();
        refused(fetch(&portal), 502, "key_set_unavailable");
        refused(fetch(&portal), 502, "key_set_unavailable");
        assert!(key_set(&portal)["failures"].as_i64() >= Some(2));
        assert_eq!(ask(&gateway, &new).0, 200);
        // A revocation does, whatever the issuer publishes.
        let revoked = portal.put("revocations", "r1", &json!({ "issuer": "corp", "kid": "k2" }));
        wait_for("the revocation to hold", || {
            (gateway.policy()["revision"] == revoked["revision"]).then_some(())
        });
        assert_eq!(ask(&gateway, &new).0, 401);
    });
}

#[test]
fn a_changed_set_is_a_change_like_any_other_and_an_unchanged_one_is_none() {
    on_both(|setup| {
        let (old, new) = (SigningKey::new("k1"), SigningKey::new("k2"));
        let idp = Issuer::start(&[&old]);
        let portal = setup().with_config(SELDOM).start();
        portal.put("issuers", "corp", &issuer(&idp.jwks_uri()));
        let before = revision(&portal);
        let answer = fetch(&portal).expect(200);
        assert_eq!(answer.json()["changed"], false, "{answer:#?}");
        assert_eq!(answer.field("Switchboard-Revision"), None);
        assert_eq!(revision(&portal), before, "nothing was published");
        idp.publish(&[&new, &old]);
        let answer = fetch(&portal).expect(200);
        assert_eq!(answer.json()["changed"], true, "{answer:#?}");
        let place = answer
            .field("Switchboard-Revision")
            .expect("it was published")
            .to_owned();
        let now = revision(&portal);
        assert_eq!(place.split_once(':').unwrap().1, now.to_string());
        assert_eq!(now.as_i64().unwrap(), before.as_i64().unwrap() + 1);
        assert_eq!(kids(&published(&portal, &now)), ["k1", "k2"]);
        let told = portal
            .get(&format!("/v1/environments/prod/revisions/{now}"))
            .expect(200)
            .json();
        assert_eq!(told["operation"], "issuer.fetch_keys", "{told}");
        assert_eq!(
            told["changed"],
            json!([{ "kind": "issuer", "id": "corp", "fetched_keys": true }])
        );
        // In another order it is the same set.
        idp.publish(&[&old, &new]);
        assert_eq!(fetch(&portal).expect(200).json()["changed"], false);
        let log = portal
            .get("/v1/audit?environment=prod&object=issuer/corp")
            .expect(200)
            .json();
        let rows = log["items"].as_array().unwrap();
        let told: Vec<&str> = rows.iter().filter_map(|row| row["operation"].as_str()).collect();
        assert_eq!(
            told,
            ["issuer.fetch_keys", "issuer.fetch_keys", "issuer.put"],
            "{log:#}"
        );
        assert_eq!(
            (kids(&rows[0]["before"]), kids(&rows[0]["after"])),
            (vec!["k1"], vec!["k1", "k2"])
        );
        assert_eq!(
            portal.get("/v1/audit/proof?environment=prod").json()["holds"],
            true
        );
    });
}

#[test]
fn rotations_by_themselves_are_the_portals_own() {
    let (old, new) = (SigningKey::new("k1"), SigningKey::new("k2"));
    let idp = Issuer::start(&[&old]);
    let portal = PortalSetup::new().with_config(CONFIG).start();
    portal.put("issuers", "corp", &issuer(&idp.jwks_uri()));
    idp.publish(&[&new]);
    wait_within(ROUNDS, "the portal to ask", || {
        (kids(&key_set(&portal)) == ["k2"]).then_some(())
    });
    let log = portal.get("/v1/audit?environment=prod&object=issuer/corp").json();
    let last = &log["items"][0];
    assert_eq!(
        (&last["actor"], &last["actor_kind"]),
        (&json!("portal"), &json!("system")),
        "{last}"
    );
    let revisions = portal.get("/v1/environments/prod/revisions").json();
    assert_eq!(revisions["items"][0]["actor"], "system:portal", "{revisions}");
}

#[test]
fn what_people_gave_stays_as_they_gave_it() {
    on_both(|setup| {
        let (own, old, new) = (
            SigningKey::new("own"),
            SigningKey::new("k1"),
            SigningKey::new("k2"),
        );
        let idp = Issuer::start(&[&old]);
        let portal = setup().with_config(SELDOM).start();
        let given = with_keys(issuer(&idp.jwks_uri()), &[&own]);
        let made = portal.put("issuers", "corp", &given);
        assert_eq!(kids(&made), ["own"], "{made}");
        let exported = portal.get("/v1/environments/prod/policy").expect(200).json();
        idp.publish(&[&new]);
        fetch(&portal).expect(200);
        let now = revision(&portal);
        assert_eq!(kids(&published(&portal, &now)), ["own", "k2"]);
        let read = portal.get(&at("issuers", "corp")).expect(200);
        assert_eq!(read.field("ETag"), Some("\"1\""), "nobody changed it");
        assert_eq!(kids(&read.json()), ["own"]);
        let listed = portal.get("/v1/environments/prod/issuers").expect(200).json();
        assert_eq!(kids(&listed["items"][0]), ["own"]);
        let again = portal.get("/v1/environments/prod/policy").expect(200).json();
        assert_eq!(again["issuers"], exported["issuers"]);
        let sent = portal
            .ask("POST", "/v1/environments/prod/policy", Some(&exported))
            .expect(200);
        assert_eq!(sent.json()["revision"], now, "nothing of it is a change");
        // Whoever read it before the rotation may still change it; the fetched keys stay.
        let mut changed = given.clone();
        changed["leeway_s"] = json!(10);
        let answer = portal.ask_with(
            "PUT",
            &at("issuers", "corp"),
            Some(&changed),
            &[
                &format!("Authorization: Bearer {}", portal.token()),
                "If-Match: \"1\"",
            ],
        );
        let made = answer.expect(200).json();
        assert_eq!(kids(&published(&portal, &made["revision"])), ["own", "k2"]);
        assert_eq!(
            idp.fetches(),
            2,
            "a place that is followed is not asked for a change"
        );
        // Going back brings back what people gave, and no key that the issuer has taken away.
        let back = portal.ask(
            "POST",
            "/v1/environments/prod/revert",
            Some(&json!({ "revision": 2 })),
        );
        let back = back.expect(200).json();
        let body = published(&portal, &back["revision"]);
        assert_eq!(body.get("leeway_s"), None, "{body}");
        assert_eq!(kids(&body), ["own", "k2"]);
    });
}

#[test]
fn an_answer_that_is_no_key_set_takes_nothing_away_and_is_told_once() {
    let key = SigningKey::new("k1");
    let idp = Issuer::start(&[&key]);
    let portal = PortalSetup::new().with_config(SELDOM).start();
    portal.put("issuers", "corp", &issuer(&idp.jwks_uri()));
    let before = revision(&portal);
    let symmetric = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "kid": "s" }] });
    let many = json!({ "keys": vec![key.jwk(); 129] });
    let large = json!({ "keys": [key.jwk()], "more": "x".repeat(600_000) });
    for (answer, words) in [
        (answered("500 No", ""), "it answered 500"),
        (
            answered("302 Found\r\nLocation: /elsewhere", ""),
            "a redirect, which is not followed",
        ),
        (json_answer("<html>"), "is no key set"),
        (json_answer("{\"keys\":[]}"), "no key that may be used"),
        (
            json_answer(&symmetric.to_string()),
            "no key that may be used (1 were skipped)",
        ),
        (json_answer(&many.to_string()), "129 keys, at most 128"),
        (json_answer(&large.to_string()), "larger than 512 KiB"),
    ] {
        idp.answer_with(answer);
        let refused = refused(fetch(&portal), 502, "key_set_unavailable");
        assert!(
            refused["detail"].as_str().unwrap().contains(words),
            "{words}: {refused}"
        );
        assert!(
            key_set(&portal)["failure"].as_str().unwrap().contains(words),
            "{words}"
        );
    }
    let set = key_set(&portal);
    assert_eq!((&set["failures"], kids(&set)), (&json!(7), vec!["k1"]), "{set}");
    assert!(
        set["failing_since"].is_i64() && set["fetched_at"].is_i64(),
        "{set}"
    );
    assert_eq!(revision(&portal), before);
    let ready = portal.get("/ready").expect(200).json();
    assert_eq!(
        (&ready["alarms"][0]["issuer"], &ready["alarms"][0]["failures"]),
        (&json!("corp"), &json!(7)),
        "{ready}"
    );
    let told = |portal: &Portal, text: &str| {
        let log = portal.process().stderr().so_far();
        log.iter().filter(|line| line.contains(text)).count()
    };
    assert_eq!(told(&portal, "key set cannot be fetched"), 1);
    // What is not for everybody's eyes is not published, and what comes beside a usable key is counted.
    let mut private = key.jwk();
    private["d"] = json!("do-not-tell");
    idp.answer_with(json_answer(
        &json!({ "keys": [private, symmetric["keys"][0]] }).to_string(),
    ));
    let set = fetch(&portal).expect(200).json();
    assert_eq!(
        (&set["skipped"], &set["failures"], &set["failure"]),
        (&json!(1), &json!(0), &Value::Null),
        "{set}"
    );
    let bundle = portal.get("/v1/feeds/prod/bundle").expect(200).text();
    assert!(
        !bundle.contains("do-not-tell") && !bundle.contains("c2VjcmV0"),
        "{bundle}"
    );
    assert_eq!(told(&portal, "can be fetched again"), 1);
    assert_eq!(portal.get("/ready").json()["alarms"], json!([]));
}

fn answered(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn an_issuer_without_any_key_is_refused_and_one_with_keys_of_its_own_waits_for_the_others() {
    on_both(|setup| {
        let (own, key) = (SigningKey::new("own"), SigningKey::new("k1"));
        let idp = Issuer::start(&[&key]);
        idp.answer_with(answered("503 No", ""));
        let portal = setup().with_config(CONFIG).start();
        let given = issuer(&idp.jwks_uri());
        let put = |body: &Value| portal.ask("PUT", &at("issuers", "corp"), Some(body));
        refused_field(put(&given), "jwks_uri", "it answered 503");
        refused_field(put(&given), "jwks_uri", "give `keys` as well");
        let mut document = given.clone();
        document["id"] = json!("corp");
        let document = json!({ "issuers": [document], "cells": [{ "id": "c1" }] });
        let import = portal.ask("POST", "/v1/environments/prod/policy", Some(&document));
        refused_field(import, "issuers[corp].jwks_uri", "it answered 503");
        refused_field(
            put(&issuer("http://localhost:9/keys")),
            "jwks_uri",
            "`key_sets.plain_http`",
        );
        let made = put(&with_keys(given, &[&own])).expect(201).json();
        let warning = &made["warnings"][0];
        assert_eq!(warning["field"], "jwks_uri", "{made}");
        assert!(
            warning["message"].as_str().unwrap().contains("hold alone"),
            "{made}"
        );
        assert_eq!(kids(&published(&portal, &made["revision"])), ["own"]);
        idp.publish(&[&key]);
        wait_within(ROUNDS, "the portal to have it", || {
            (kids(&key_set(&portal)) == ["k1"]).then_some(())
        });
        assert_eq!(kids(&published(&portal, &revision(&portal))), ["own", "k1"]);
        // An import of what is there asks nobody, and one that names another place asks that.
        let elsewhere = Issuer::start(&[&own]);
        let mut other = document["issuers"][0].clone();
        other["jwks_uri"] = json!(elsewhere.jwks_uri());
        let moved = json!({ "issuers": [other] });
        portal
            .ask("POST", "/v1/environments/prod/policy?confirm=true", Some(&moved))
            .expect(200);
        assert_eq!(elsewhere.fetches(), 1);
        assert_eq!(kids(&published(&portal, &revision(&portal))), ["own"]);
        // Back to a place that is down by now: what was fetched there last holds.
        idp.answer_with(answered("503 No", ""));
        let answer = portal.ask(
            "PUT",
            &format!("{}?confirm=true", at("issuers", "corp")),
            Some(&issuer(&idp.jwks_uri())),
        );
        let made = answer.expect(200).json();
        assert!(
            made["warnings"][0]["message"]
                .as_str()
                .unwrap()
                .contains("before hold"),
            "{made}"
        );
        assert_eq!(kids(&published(&portal, &made["revision"])), ["k1"]);
        portal
            .ask("DELETE", &format!("{}?confirm=true", at("issuers", "corp")), None)
            .expect(200);
        refused(fetch(&portal), 404, "not_found");
    });
}

#[test]
fn nobody_but_who_may_put_issuers_makes_the_portal_ask() {
    let idp = Issuer::start(&[&SigningKey::new("k1")]);
    let portal = PortalSetup::new().with_config(SELDOM).start();
    portal.put("clients", "app", &json!({ "team": "mobile" }));
    let user = json!({ "id": "mia", "name": "Mia", "password": "correct horse battery" });
    portal.ask("POST", "/v1/users", Some(&user)).expect(201);
    let opened = portal.ask_with(
        "POST",
        "/v1/sessions",
        Some(&json!({ "user": "mia", "password": "correct horse battery" })),
        &[],
    );
    let cookie = opened
        .field("Set-Cookie")
        .expect("a session")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let lines = [
        format!("Cookie: {cookie}"),
        "Sec-Fetch-Site: same-origin".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let given = issuer(&idp.jwks_uri());
    let ask = |method: &str, target: &str, body: &Value| portal.ask_with(method, target, Some(body), &lines);
    refused(
        ask("PUT", &at("issuers", "corp"), &given),
        403,
        "needs_platform_admin",
    );
    let mut item = given.clone();
    item["id"] = json!("corp");
    let document = json!({ "issuers": [item] });
    refused(
        ask("POST", "/v1/environments/prod/policy", &document),
        403,
        "needs_platform_admin",
    );
    assert_eq!(idp.fetches(), 0);
    portal.put("issuers", "corp", &given);
    let target = format!("{}/key-set/fetch", at("issuers", "corp"));
    refused(ask("POST", &target, &Value::Null), 403, "needs_platform_admin");
    assert_eq!(idp.fetches(), 1);
}

#[test]
fn of_several_portals_one_asks_and_another_takes_over() {
    let Some(postgres) = Postgres::start_where_there_is_one() else {
        eprintln!("no PostgreSQL is installed: not tried");
        return;
    };
    let url = postgres.url();
    let (old, new) = (SigningKey::new("k1"), SigningKey::new("k2"));
    let idp = Issuer::start(&[&old]);
    let mut first = PortalSetup::new().at(&url).with_config(CONFIG).start();
    first.wait_published("prod", 1);
    let scratch = e2e::Scratch::new();
    std::fs::create_dir_all(scratch.path("keys")).unwrap();
    for entry in std::fs::read_dir(first.scratch.path("keys")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), scratch.path("keys").join(entry.file_name())).unwrap();
    }
    let mut second = PortalSetup::new().at(&url).with_config(CONFIG).start_in(scratch);
    second.use_token(first.token());
    // Through the one that does not publish: it asks for the request, and the other one from then on.
    second.put("issuers", "corp", &issuer(&idp.jwks_uri()));
    idp.publish(&[&new]);
    wait_within(ROUNDS, "the new key", || {
        (kids(&key_set(&second)) == ["k2"]).then_some(())
    });
    let by = |portal: &Portal| portal.log_says("keys are others");
    wait_for("the one that publishes to say so", || by(&first).then_some(()));
    assert!(!by(&second), "the other one leaves it to that one");
    first.kill();
    idp.publish(&[&old, &new]);
    wait_within(ROUNDS, "the other one to take over", || {
        (kids(&key_set(&second)) == ["k1", "k2"]).then_some(())
    });
    wait_for("it to say so", || by(&second).then_some(()));
    let revisions = second.get("/v1/environments/prod/revisions").json();
    let fetched = revisions["items"].as_array().unwrap().iter();
    let fetched = fetched
        .filter(|one| one["operation"] == "issuer.fetch_keys")
        .count();
    assert_eq!(fetched, 2, "each rotation once: {revisions}");
}

#[test]
fn a_slow_issuer_holds_up_no_change() {
    let idp = Upstream::start(|mut peer| {
        peer.request();
        // Nothing comes until the portal gives it up.
        peer.wait_until_closed();
    });
    let portal = PortalSetup::new().with_config(SELDOM).start();
    std::thread::scope(|scope| {
        let uri = format!("{}/keys", idp.url());
        let portal = &portal;
        let waiting = scope.spawn(move || portal.ask("PUT", &at("issuers", "corp"), Some(&issuer(&uri))));
        idp.wait_for_connections(1);
        portal.put("cells", "c1", &json!({}));
        assert!(!waiting.is_finished(), "the change did not wait for the issuer");
        let answer = waiting.join().expect("it is answered");
        refused_field(answer, "jwks_uri", "no whole answer within 5000 ms");
    });
}
