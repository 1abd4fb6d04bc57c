//! Answers that are none, issuers without keys, and who may make the portal ask.

use super::*;

#[test]
fn an_answer_that_is_no_key_set_takes_nothing_away_and_is_told_once() {
    let key = SigningKey::new("k1");
    let idp = Issuer::start(&[&key]);
    let portal = PortalSetup::new().with_config(SELDOM).start();
    portal.put("issuers", "corp", &issuer(&idp.jwks_uri()));
    let before = revision(&portal);
    let many = json!({ "keys": vec![key.jwk(); 129] });
    let large = json!({ "keys": [key.jwk()], "more": "x".repeat(600_000) });
    for (answer, words) in [
        (answered("500 No"), "it answered 500"),
        (
            answered("302 Found\r\nLocation: /elsewhere"),
            "a redirect, which is not followed",
        ),
        (json_answer("<html>"), "is no key set"),
        (json_answer("{\"keys\":[]}"), "no key that may be used"),
        (
            json_answer(&json!({ "keys": [symmetric()] }).to_string()),
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
    let alarm = portal.get("/ready").expect(200).json()["alarms"][0].clone();
    assert_eq!(
        (&alarm["issuer"], &alarm["failures"]),
        (&json!("corp"), &json!(7)),
        "{alarm}"
    );
    idp.publish(&[&key]);
    let set = fetch(&portal).expect(200).json();
    assert_eq!(
        (&set["failures"], &set["failure"]),
        (&json!(0), &Value::Null),
        "{set}"
    );
    assert_eq!(portal.get("/ready").json()["alarms"], json!([]));
    let told = |text: &str| {
        let log = portal.process().stderr().so_far();
        log.iter().filter(|line| line.contains(text)).count()
    };
    wait_for("the end to be told", || {
        (told("can be fetched again") == 1).then_some(())
    });
    assert_eq!(told("key set cannot be fetched"), 1);
}

#[test]
fn what_is_not_for_everybodys_eyes_is_not_published() {
    let key = SigningKey::new("k1");
    let mut private = key.jwk();
    private["d"] = json!("do-not-tell");
    let idp = Issuer::start(&[]);
    idp.answer_with(json_answer(
        &json!({ "keys": [private, symmetric()] }).to_string(),
    ));
    let portal = PortalSetup::new().with_config(SELDOM).start();
    let made = portal.put("issuers", "corp", &issuer(&idp.jwks_uri()));
    assert_eq!(published(&portal, &made["revision"])["keys"], json!([key.jwk()]));
    assert_eq!(key_set(&portal)["skipped"], 1);
    let bundle = portal.get("/v1/feeds/prod/bundle").expect(200).text();
    assert!(
        !bundle.contains("do-not-tell") && !bundle.contains("c2VjcmV0"),
        "{bundle}"
    );
}

fn symmetric() -> Value {
    json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "s" })
}

fn answered(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn an_issuer_without_any_key_is_refused_and_one_with_keys_of_its_own_waits_for_the_others() {
    on_both(|setup| {
        let (own, key) = (SigningKey::new("own"), SigningKey::new("k1"));
        let idp = Issuer::start(&[&key]);
        idp.answer_with(answered("503 No"));
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
        idp.answer_with(answered("503 No"));
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
