//! Sets that change: published like any change, and kept apart from what people gave.

use super::*;

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
fn the_same_request_again_asks_nobody() {
    let (old, new) = (SigningKey::new("k1"), SigningKey::new("k2"));
    let (idp, other) = (Issuer::start(&[&old]), Issuer::start(&[&old]));
    let portal = PortalSetup::new().with_config(SELDOM).start();
    let once = |key: &str, method: &str, target: &str, body: Option<&Value>| {
        let lines = [
            format!("Authorization: Bearer {}", portal.token()),
            format!("Idempotency-Key: {key}"),
        ];
        portal.ask_with(method, target, body, &lines.each_ref().map(String::as_str))
    };
    let put = |key: &str, idp: &Issuer| {
        let body = issuer(&idp.jwks_uri());
        once(key, "PUT", &at("issuers", "corp"), Some(&body))
    };
    put("a", &idp).expect(201);
    let fetch = |key: &str| {
        once(
            key,
            "POST",
            &format!("{}/key-set/fetch", at("issuers", "corp")),
            None,
        )
    };
    idp.publish(&[&new]);
    let first = fetch("b").expect(200);
    assert_eq!(first.json()["changed"], true);
    let asked = idp.fetches();
    let again = fetch("b").expect(200);
    assert_eq!(again.json(), first.json());
    assert_eq!(
        again.field("Switchboard-Revision"),
        first.field("Switchboard-Revision")
    );
    assert_eq!(fetch("c").expect(200).json()["changed"], false);
    assert_eq!(idp.fetches(), asked + 1);
    put("d", &other).expect(200);
    // It is followed elsewhere by now, so that it would be asked, were this done again.
    assert_eq!(
        put("a", &idp).expect(201).field("Idempotent-Replayed"),
        Some("true")
    );
    assert_eq!(idp.fetches(), asked + 1);
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
        let mut changed = given;
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
    });
}

#[test]
fn going_back_brings_back_what_people_gave_and_no_key_that_the_issuer_has_taken_away() {
    on_both(|setup| {
        let (old, new) = (SigningKey::new("k1"), SigningKey::new("k2"));
        let idp = Issuer::start(&[&old]);
        let portal = setup().with_config(SELDOM).start();
        let mut given = issuer(&idp.jwks_uri());
        let first = portal.put("issuers", "corp", &given);
        given["leeway_s"] = json!(10);
        portal.put("issuers", "corp", &given);
        idp.publish(&[&new]);
        fetch(&portal).expect(200);
        let back = json!({ "revision": first["revision"] });
        let back = portal.ask("POST", "/v1/environments/prod/revert", Some(&back));
        let back = back.expect(200).json();
        let body = published(&portal, &back["revision"]);
        assert_eq!(body.get("leeway_s"), None, "{body}");
        assert_eq!(kids(&body), ["k2"]);
        // So it is where the issuer was deleted, also while nobody answers there.
        let gone = portal.ask("DELETE", &format!("{}?confirm=true", at("issuers", "corp")), None);
        let gone = gone.expect(200).json()["revision"].as_i64().unwrap();
        idp.stop();
        let back = json!({ "revision": gone - 1 });
        let back = portal.ask("POST", "/v1/environments/prod/revert", Some(&back));
        let back = back.expect(200).json();
        assert_eq!(kids(&published(&portal, &back["revision"])), ["k2"], "{back}");
    });
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
