//! The past: revisions, the audit log and its chain, export and import, going back.

use super::*;

#[test]
fn what_was_done_is_recorded_in_a_chain_that_nobody_can_change() {
    let portal = Portal::start();
    shop(&portal);
    portal
        .ask_with(
            "POST",
            &format!("{}/suspend", at("clients", "app")),
            None,
            &[
                &format!("Authorization: Bearer {}", portal.token()),
                "X-Request-Id: why-1",
            ],
        )
        .expect(200);
    let log = portal
        .get("/v1/audit?environment=prod&object=client/app")
        .expect(200)
        .json();
    let last = &log["items"][0];
    assert_eq!(
        (&last["actor"], &last["operation"], &last["request_id"]),
        (&json!("admin"), &json!("client.suspend"), &json!("why-1"))
    );
    assert_eq!(
        (&last["before"]["status"], &last["after"]["status"]),
        (&Value::Null, &json!("suspended"))
    );
    assert_eq!(last["after"]["credentials"][0]["sha256"], "…", "{last}");
    let proof = portal.get("/v1/audit/proof?environment=prod").expect(200).json();
    assert_eq!(
        (&proof["holds"], &proof["proved"]),
        (&json!(true), &json!(3)),
        "{proof}"
    );
    assert_eq!(
        portal.get("/v1/audit/proof").json()["holds"],
        true,
        "that of the organisation too"
    );
}

#[test]
fn the_database_itself_refuses_to_change_what_was_recorded() {
    let Some(postgres) = Postgres::start_where_there_is_one() else {
        eprintln!("no PostgreSQL is installed: not tried");
        return;
    };
    let url = postgres.url();
    let portal = PortalSetup::new().at(&url).start();
    shop(&portal);
    for statement in [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
    ] {
        let said = postgres.psql(&url, statement);
        assert!(
            said.contains("neither changed nor removed"),
            "{statement}: {said}"
        );
    }
    postgres.psql(&url, "ALTER TABLE audit DISABLE TRIGGER ALL; UPDATE audit SET actor = 'x' WHERE chain = 'prod' AND position = 2");
    let proof = portal.get("/v1/audit/proof?environment=prod").json();
    assert_eq!(
        (&proof["holds"], &proof["broken_at"]),
        (&json!(false), &json!(2)),
        "whoever has all rights is found out: {proof}"
    );
}

#[test]
fn a_policy_comes_out_as_it_goes_in() {
    on_both(|setup| {
        let portal = setup().with_environments(&["prod", "copy"]).start();
        shop(&portal);
        portal.put("cells", "eu-1", &json!({}));
        portal.put("revocations", "r1", &json!({ "credential": "k1" }));
        let exported = portal.get("/v1/environments/prod/policy").expect(200).json();
        let imported = portal
            .ask("POST", "/v1/environments/copy/policy", Some(&exported))
            .expect(200)
            .json();
        assert_eq!(imported["entities"], 4, "{imported}");
        let mut copy = portal.get("/v1/environments/copy/policy").expect(200).json();
        copy["epoch"] = exported["epoch"].clone();
        copy["revision"] = exported["revision"].clone();
        assert_eq!(copy, exported);
        // All or nothing: one that is wrong keeps the others out.
        let wrong = json!({ "plans": [{ "id": "a", "rate": "1/s" }, { "id": "b", "rate": "soon" }] });
        refused_field(
            portal.ask("POST", "/v1/environments/copy/policy", Some(&wrong)),
            "plans[b].rate",
            "soon",
        );
        refused(portal.get("/v1/environments/copy/plans/a"), 404, "not_found");
        refused_field(
            portal.ask(
                "POST",
                "/v1/environments/copy/policy",
                Some(&json!({ "clinets": [] })),
            ),
            "clinets",
            "no section",
        );
    });
}

#[test]
fn going_back_gives_nothing_back_that_was_taken_away_on_purpose() {
    on_both(|setup| {
        let portal = setup().start();
        shop(&portal);
        portal.put(
            "clients",
            "other",
            &json!({ "team": "t", "grants": [{ "api": "orders" }] }),
        );
        let good = 4;
        // A mistake, and beside it three things that were meant.
        let mut broken = api();
        broken["operations"] = json!([]);
        portal.put("apis", "orders", &broken);
        portal.put("plans", "late", &json!({ "rate": "1/s" }));
        portal
            .ask("POST", &format!("{}/suspend", at("clients", "other")), None)
            .expect(200);
        portal.put("revocations", "r1", &json!({ "credential": "k1" }));
        portal
            .ask(
                "DELETE",
                &format!("{}/credentials/k1", at("clients", "app")),
                None,
            )
            .expect(200);
        let back = |named: &[&str]| {
            let body = json!({ "revision": good, "named": named });
            portal
                .ask("POST", "/v1/environments/prod/revert", Some(&body))
                .expect(200)
                .json()
        };
        let done = back(&[]);
        assert_eq!(done["reverted_to"], good, "{done}");
        assert_eq!(
            portal.get(&at("apis", "orders")).json()["operations"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        refused(portal.get(&at("plans", "late")), 404, "not_found");
        assert_eq!(portal.get(&at("clients", "other")).json()["status"], "suspended");
        portal.get(&at("revocations", "r1")).expect(200);
        assert!(
            portal.get(&at("clients", "app")).json()["credentials"].is_null(),
            "an ended key stays ended"
        );
        back(&["client/other", "revocation/r1", "credential/k1"]);
        assert!(portal.get(&at("clients", "other")).json()["status"].is_null());
        refused(portal.get(&at("revocations", "r1")), 404, "not_found");
        assert_eq!(
            portal.get(&at("clients", "app")).json()["credentials"][0]["id"],
            "k1"
        );
    });
}

#[test]
fn going_back_is_a_revision_like_any_other() {
    let portal = Portal::start();
    shop(&portal);
    let back = |revision: i64| {
        let body = json!({ "revision": revision });
        portal.ask("POST", "/v1/environments/prod/revert", Some(&body))
    };
    refused_field(back(99), "revision", "from 1 to 3");
    let done = back(2).expect(200).json();
    assert_eq!(
        (&done["revision"], &done["changed"]),
        (&json!(4), &json!(1)),
        "{done}"
    );
    let revision = portal.get("/v1/environments/prod/revisions/4").expect(200).json();
    assert_eq!(revision["operation"], "policy.revert", "{revision}");
    assert_eq!(
        revision["changed"][0]["deleted"], true,
        "the client came later: {revision}"
    );
    back(3).expect(200);
    portal.get(&at("clients", "app")).expect(200);
}
