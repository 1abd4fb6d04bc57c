//! Entities: created, replaced, deleted, and refused by the member that is wrong.

use super::*;

#[test]
fn an_entity_is_created_replaced_shown_and_deleted() {
    on_both(|setup| {
        let portal = setup().start();
        let made = portal.ask("PUT", &at("apis", "orders"), Some(&api())).expect(201);
        assert_eq!(made.field("ETag"), Some("\"1\""));
        let body = made.json();
        let place = format!("{}:2", body["epoch"]);
        assert_eq!(made.field("Switchboard-Revision"), Some(place.as_str()));
        assert_eq!(
            (&body["id"], &body["version"], &body["status"]),
            (&json!("orders"), &json!(1), &json!("published"))
        );
        // What is shown may be sent back, and changes nothing.
        let shown = portal.get(&at("apis", "orders")).expect(200).json();
        let same = portal
            .ask("PUT", &at("apis", "orders"), Some(&shown))
            .expect(200)
            .json();
        assert_eq!(
            (&same["version"], &same["revision"]),
            (&json!(1), &json!(2)),
            "{same}"
        );
        let mut other = api();
        other["operations"] = json!([{ "match": "GET /api/orders/**", "scopes": ["orders.read"] }]);
        let replaced = portal
            .ask("PUT", &at("apis", "orders"), Some(&other))
            .expect(200)
            .json();
        assert_eq!(
            (&replaced["version"], &replaced["revision"]),
            (&json!(2), &json!(3)),
            "{replaced}"
        );
        let versions = portal
            .get(&format!("{}/versions", at("apis", "orders")))
            .expect(200)
            .json();
        let numbers: Vec<&Value> = versions["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["version"])
            .collect();
        assert_eq!(numbers, [2, 1]);
    });
}

#[test]
fn what_was_deleted_is_gone_and_its_id_is_never_used_again() {
    on_both(|setup| {
        let portal = setup().start();
        portal.put("apis", "orders", &api());
        let gone = portal
            .ask("DELETE", &at("apis", "orders"), None)
            .expect(200)
            .json();
        assert_eq!(
            (&gone["deleted"], &gone["revision"]),
            (&json!(true), &json!(3)),
            "{gone}"
        );
        refused(portal.get(&at("apis", "orders")), 404, "not_found");
        refused(
            portal.ask("DELETE", &at("apis", "orders"), None),
            404,
            "not_found",
        );
        refused_field(
            portal.ask("PUT", &at("apis", "orders"), Some(&api())),
            "id",
            "never used again",
        );
        refused(portal.get("/v1/environments/none/apis"), 404, "not_found");
        refused(portal.get("/v1/environments/prod/nothings"), 404, "not_found");
        refused(portal.get("/nowhere"), 404, "not_found");
        refused(
            portal.ask("PATCH", &at("apis", "orders"), None),
            405,
            "method_not_allowed",
        );
    });
}

#[test]
fn a_member_that_is_wrong_is_named() {
    let portal = Portal::start();
    shop(&portal);
    let put = |section: &str, id: &str, body: &Value| portal.ask("PUT", &at(section, id), Some(body));
    refused_field(
        put("apis", "x", &json!({ "team": "t", "base_path": "api" })),
        "base_path",
        "api",
    );
    refused_field(
        put(
            "apis",
            "x",
            &json!({ "team": "t", "base_path": "/x", "operation": [] }),
        ),
        "operation",
        "unknown key",
    );
    refused_field(
        put(
            "apis",
            "x",
            &json!({ "team": "t", "base_path": "/x", "operations": [{ "match": "GET /y" }] }),
        ),
        "operations[0].match",
        "/x",
    );
    refused_field(
        put(
            "clients",
            "x",
            &json!({ "team": "t", "grants": [{ "api": "nope" }] }),
        ),
        "grants[0].api",
        "nope",
    );
    refused_field(
        put(
            "clients",
            "x",
            &json!({ "team": "t", "grants": [{ "api": "orders", "plan": "nope" }] }),
        ),
        "grants[0].plan",
        "nope",
    );
    let jwt = json!([{ "type": "jwt", "id": "c9", "issuer": "nope", "client": "x" }]);
    refused_field(
        put("clients", "x", &json!({ "team": "t", "credentials": jwt })),
        "credentials[0].issuer",
        "nope",
    );
}

#[test]
fn a_member_that_leads_nowhere_or_is_anothers_is_named() {
    let portal = Portal::start();
    shop(&portal);
    let put = |section: &str, id: &str, body: &Value| portal.ask("PUT", &at(section, id), Some(body));
    refused_field(put("tenants", "x", &json!({ "cell": "nope" })), "cell", "nope");
    refused_field(
        put("revocations", "x", &json!({ "credential": "nope" })),
        "credential",
        "nope",
    );
    refused_field(put("plans", "x", &json!({})), "", "limits nothing");
    refused_field(put("plans", "a_b", &json!({ "rate": "1/s" })), "id", "an id has");
    refused_field(
        put(
            "apis",
            "x",
            &json!({ "team": "t", "base_path": "/x", "status": "gone" }),
        ),
        "status",
        "draft",
    );
    // Another client's credential, by its id.
    refused_field(
        put("clients", "x", &client(&[])),
        "credentials[0].id",
        "leads to client `app`",
    );
    refused(
        portal.ask_with(
            "PUT",
            &at("plans", "x"),
            None,
            &[&format!("Authorization: Bearer {}", portal.token())],
        ),
        400,
        "malformed",
    );
    let wrong = portal.ask_with(
        "GET",
        &at("plans", "x"),
        None,
        &["Authorization: Bearer sbp_wrong"],
    );
    assert!(
        wrong.field("WWW-Authenticate").is_some(),
        "RFC 9110 §15.5.2: {wrong:#?}"
    );
    refused(wrong, 401, "unauthenticated");
    // Nothing of it was written.
    assert_eq!(
        portal.get("/v1/environments/prod/revisions").json()["items"][0]["revision"],
        3
    );
}

#[test]
fn a_path_has_one_owner_and_is_delegated_in_writing() {
    on_both(|setup| {
        let portal = setup().start();
        shop(&portal);
        let below = json!({ "team": "returns", "base_path": "/api/orders/returns", "operations": [] });
        let put = |id: &str, body: &Value| portal.ask("PUT", &at("apis", id), Some(body));
        refused_field(put("returns", &below), "base_path", "commerce");
        refused_field(put("twin", &api()), "base_path", "orders");
        let mut owner = api();
        owner["delegates"] = json!([{ "path": "/api/orders/returns", "team": "returns" }]);
        put("orders", &owner).expect(200);
        put("returns", &below).expect(201);
        // It cannot be taken back while somebody relies on it, and the error says who does.
        let body = refused(put("orders", &api()), 422, "invalid");
        assert!(
            body["errors"][0]["message"].as_str().unwrap().contains("returns"),
            "{body}"
        );
        refused_field(
            portal.ask("DELETE", &at("apis", "orders"), None),
            "",
            "client `app`",
        );
    });
}

#[test]
fn what_is_still_named_is_not_deleted() {
    let portal = Portal::start();
    portal.put("cells", "eu-1", &json!({}));
    portal.put("tenants", "acme", &json!({ "cell": "eu-1" }));
    portal.put("plans", "gold", &json!({ "rate": "10/s" }));
    portal.put("apis", "orders", &api());
    let mut app = client(&["orders.read"]);
    app["tenant"] = json!("acme");
    app["grants"][0]["plan"] = json!("gold");
    portal.put("clients", "app", &app);
    let delete = |section: &str, id: &str| portal.ask("DELETE", &at(section, id), None);
    refused_field(delete("cells", "eu-1"), "", "tenant `acme`");
    refused_field(delete("tenants", "acme"), "", "client `app`");
    refused_field(delete("plans", "gold"), "", "client `app`");
    delete("clients", "app").expect(200);
    for (section, id) in [
        ("plans", "gold"),
        ("tenants", "acme"),
        ("cells", "eu-1"),
        ("apis", "orders"),
    ] {
        delete(section, id).expect(200);
    }
    // Once there are tenants again, all that are named have to be.
    portal.put("clients", "other", &json!({ "team": "t", "tenant": "zeta" }));
    refused_field(
        portal.ask("PUT", &at("tenants", "beta"), Some(&json!({}))),
        "",
        "zeta",
    );
}

#[test]
fn an_api_is_drafted_published_deprecated_and_retired() {
    on_both(|setup| {
        let portal = setup().start();
        portal.wait_published("prod", 1);
        let token = portal.enrol("gw");
        let mut stream = portal.stream(&token, "prod", "");
        stream.until(1);
        let with = |status: &str| {
            let mut body = api();
            body["status"] = json!(status);
            portal.put("apis", "orders", &body)
        };
        let draft = with("draft");
        assert_eq!(
            (&draft["status"], &draft["revision"]),
            (&json!("draft"), &json!(1)),
            "no reader sees a draft: {draft}"
        );
        let grant = json!({ "client": "app", "api": "orders" });
        portal.put("clients", "app", &json!({ "team": "mobile" }));
        refused_field(
            portal.ask("POST", "/v1/environments/prod/grants", Some(&grant)),
            "api",
            "draft",
        );
        let published = with("published");
        let lines = stream.until(published["revision"].as_i64().unwrap());
        assert!(lines.iter().any(|line| line["id"] == "orders"), "{lines:?}");
        let deprecated = with("deprecated");
        assert!(deprecated["deprecation"].is_string(), "{deprecated}");
        assert_eq!(
            deprecated["revision"], published["revision"],
            "readers have it as it was"
        );
        let retired = with("retired");
        let lines = stream.until(retired["revision"].as_i64().unwrap());
        assert!(
            lines
                .iter()
                .any(|line| line["deleted"] == true && line["key"] == "api/orders"),
            "{lines:?}"
        );
        assert_eq!(
            portal.get(&at("apis", "orders")).expect(200).json()["base_path"],
            "/api/orders"
        );
    });
}

#[test]
fn an_api_is_promoted_to_the_next_environment_alone() {
    let portal = PortalSetup::new().with_environments(&["dev", "prod"]).start();
    let dev = "/v1/environments/dev/apis/orders";
    portal.ask("PUT", dev, Some(&api())).expect(201);
    let promoted = portal
        .ask("POST", &format!("{dev}/promote"), None)
        .expect(201)
        .json();
    assert_eq!(
        (&promoted["environment"], &promoted["promoted_from"]),
        (&json!("prod"), &json!("dev")),
        "{promoted}"
    );
    assert_eq!(
        portal.get(&at("apis", "orders")).expect(200).json()["base_path"],
        "/api/orders"
    );
    refused(
        portal.ask("POST", &format!("{}/promote", at("apis", "orders")), None),
        409,
        "last_environment",
    );
    let list = portal.get("/v1/environments").json();
    let names: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(names, ["dev", "prod"]);
    portal
        .ask("POST", "/v1/environments", Some(&json!({ "name": "late" })))
        .expect(201);
    portal.wait_published("late", 1);
    refused(
        portal.ask("POST", "/v1/environments", Some(&json!({ "name": "late" }))),
        409,
        "environment_exists",
    );
}

#[test]
fn a_list_comes_in_parts() {
    on_both(|setup| {
        let portal = setup().start();
        let plans: Vec<Value> = (0..25)
            .map(|n| json!({ "id": format!("p{n:02}"), "rate": "1/s" }))
            .collect();
        let done = portal
            .ask(
                "POST",
                "/v1/environments/prod/policy",
                Some(&json!({ "plans": plans })),
            )
            .expect(200)
            .json();
        assert_eq!(
            (&done["entities"], &done["revision"]),
            (&json!(25), &json!(2)),
            "{done}"
        );
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let part = portal
                .get(&format!("/v1/environments/prod/plans?limit=10{cursor}"))
                .expect(200)
                .json();
            ids.extend(
                part["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one["id"].as_str().unwrap().to_owned()),
            );
            match part["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let expected: Vec<String> = (0..25).map(|n| format!("p{n:02}")).collect();
        assert_eq!(ids, expected);
        refused_field(
            portal.get("/v1/environments/prod/plans?limit=0"),
            "limit",
            "1 to 1000",
        );
    });
}
