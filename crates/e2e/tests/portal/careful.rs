//! If-Match, idempotency keys, limits of a revision, and the seat belt.

use super::*;

fn ask_with(portal: &Portal, method: &str, target: &str, body: &Value, line: &str) -> Response {
    let token = format!("Authorization: Bearer {}", portal.token());
    portal.ask_with(method, target, Some(body), &[&token, line])
}

#[test]
fn a_version_that_is_not_the_last_changes_nothing() {
    on_both(|setup| {
        let portal = setup().start();
        let (plan, gold) = (at("plans", "gold"), json!({ "rate": "1/s" }));
        let put = |body: &Value, line: &str| ask_with(&portal, "PUT", &plan, body, line);
        refused(put(&gold, "If-Match: \"1\""), 412, "version_stale");
        put(&gold, "If-None-Match: *").expect(201);
        refused(put(&gold, "If-None-Match: *"), 412, "version_stale");
        put(&json!({ "rate": "2/s" }), "If-Match: \"1\"").expect(200);
        refused(
            put(&json!({ "rate": "3/s" }), "If-Match: \"1\""),
            412,
            "version_stale",
        );
        refused_field(put(&gold, "If-Match: 1"), "If-Match", "as `\"3\"`");
        refused(
            ask_with(&portal, "DELETE", &plan, &Value::Null, "If-Match: \"1\""),
            412,
            "version_stale",
        );
        assert_eq!(portal.get(&plan).json()["rate"], "2/s");
    });
}

#[test]
fn the_same_request_again_is_answered_and_not_done_again() {
    on_both(|setup| {
        let portal = setup().start();
        let plan = at("plans", "gold");
        let put = |rate: &str, key: &str| {
            ask_with(
                &portal,
                "PUT",
                &plan,
                &json!({ "rate": rate }),
                &format!("Idempotency-Key: {key}"),
            )
        };
        let first = put("1/s", "a").expect(201);
        put("2/s", "b").expect(200);
        let again = put("1/s", "a").expect(201);
        assert_eq!(again.field("Idempotent-Replayed"), Some("true"));
        assert_eq!(
            (again.json(), again.field("ETag")),
            (first.json(), first.field("ETag"))
        );
        assert_eq!(
            again.field("Switchboard-Revision"),
            first.field("Switchboard-Revision")
        );
        assert_eq!(portal.get(&plan).json()["rate"], "2/s", "it was not done again");
        refused(put("3/s", "a"), 422, "idempotency_key_reused");
    });
}

#[test]
fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let portal = Portal::start();
    shop(&portal);
    let target = format!("{}?dry_run=true", at("clients", "app"));
    let said = portal.ask("PUT", &target, Some(&client(&[]))).expect(200).json();
    assert_eq!(
        (&said["changed"], &said["narrowed"], &said["changes"]),
        (&json!(1), &json!(1), &json!(["client/app"]))
    );
    assert_eq!(
        portal.get(&at("clients", "app")).json()["grants"][0]["scopes"],
        json!(["orders.read"])
    );
    portal.put("plans", "gold", &json!({ "rate": "1/s" }));
    assert_eq!(
        portal.get("/v1/environments/prod/revisions").json()["items"][0]["revision"],
        4,
        "no revision was used up"
    );
}

/// So many clients of one API.
fn many(count: usize) -> Value {
    let clients =
        (0..count).map(|n| json!({ "id": format!("c{n:05}"), "team": "t", "grants": [{ "api": "orders" }] }));
    let mut apis = api();
    apis["id"] = json!("orders");
    json!({ "apis": [apis], "clients": clients.collect::<Vec<_>>() })
}

#[test]
fn what_takes_much_away_has_to_be_confirmed() {
    on_both(|setup| {
        let portal = setup().start();
        let policy = "/v1/environments/prod/policy";
        portal.ask("POST", policy, Some(&many(30))).expect(200);
        let fewer = json!({ "clients": many(5)["clients"] });
        let body = refused(
            portal.ask("POST", &format!("{policy}?replace=true"), Some(&fewer)),
            409,
            "confirm_needed",
        );
        assert!(body["detail"].as_str().unwrap().contains("25 entities"), "{body}");
        // One API that thirty clients use is not one entity.
        let mut narrowed = api();
        narrowed["operations"] = json!([]);
        refused(
            portal.ask("PUT", &at("apis", "orders"), Some(&narrowed)),
            409,
            "confirm_needed",
        );
        portal
            .ask(
                "POST",
                &format!("{policy}?replace=true&confirm=true"),
                Some(&fewer),
            )
            .expect(200);
        portal
            .ask("PUT", &at("apis", "orders"), Some(&narrowed))
            .expect(200);
        let left = portal.get("/v1/environments/prod/clients").json();
        assert_eq!(left["items"].as_array().unwrap().len(), 5);
        // The threshold is the environment's.
        portal
            .ask(
                "PATCH",
                "/v1/environments/prod",
                Some(&json!({ "confirm_above": 0 })),
            )
            .expect(200);
        refused(
            portal.ask("DELETE", &at("clients", "c00000"), None),
            409,
            "confirm_needed",
        );
    });
}

#[test]
fn a_second_person_has_to_approve_where_that_is_set() {
    let portal = Portal::start();
    portal
        .ask("POST", "/v1/environments/prod/policy", Some(&many(12)))
        .expect(200);
    let belt = json!({ "confirm_above": 3, "second_approver": true });
    portal
        .ask("PATCH", "/v1/environments/prod", Some(&belt))
        .expect(200);
    let none = json!({ "clients": [] });
    let proposed = portal
        .ask(
            "POST",
            "/v1/environments/prod/policy?replace=true&confirm=true",
            Some(&none),
        )
        .expect(202)
        .json();
    let id = proposed["proposal"].as_str().unwrap();
    let proposals = "/v1/environments/prod/proposals";
    refused(
        portal.ask("POST", &format!("{proposals}/{id}/approve"), None),
        403,
        "forbidden",
    );
    let listed = portal.get(proposals).json();
    assert_eq!(
        (&listed["items"][0]["state"], &listed["items"][0]["narrowed"]),
        (&json!("open"), &json!(12)),
        "{listed}"
    );
    assert_eq!(
        portal.get("/v1/environments/prod/clients").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        12
    );
    portal
        .ask("POST", &format!("{proposals}/{id}/reject"), None)
        .expect(200);
    refused(
        portal.ask("POST", &format!("{proposals}/{id}/reject"), None),
        409,
        "proposal_decided",
    );
}

#[test]
fn a_revision_and_a_record_have_a_limit() {
    let portal = Portal::start();
    let plans: Vec<Value> = (0..10_001)
        .map(|n| json!({ "id": format!("p{n}"), "rate": "1/s" }))
        .collect();
    let body = refused(
        portal.ask(
            "POST",
            "/v1/environments/prod/policy",
            Some(&json!({ "plans": plans })),
        ),
        422,
        "revision_too_large",
    );
    assert!(body["detail"].as_str().unwrap().contains("10001"), "{body}");
    let operations: Vec<Value> = (0..2_000)
        .map(|n| json!({ "match": format!("GET /x/{}{n}", "long".repeat(40)), "scopes": ["some.scope"] }))
        .collect();
    let large = json!({ "team": "t", "base_path": "/x", "operations": operations });
    refused_field(portal.ask("PUT", &at("apis", "x"), Some(&large)), "", "262144");
}
