//! Users, teams, members and tokens, on both databases.

use super::{at, on_both};
use e2e::Portal;
use serde_json::{Value, json};

#[test]
fn people_come_and_go_and_a_team_that_owns_things_stays() {
    on_both(|setup| {
        let portal = setup().start();
        let post = |target: &str, body: Value| portal.ask("POST", target, Some(&body));
        post("/v1/teams", json!({ "id": "orders" })).expect(201);
        let user = |id: &str, role: Value| json!({ "id": id, "name": id, "email": format!("{id}@example.com"), "role": role, "password": "correct horse battery" });
        post("/v1/users", user("ada", json!("platform_admin"))).expect(201);
        post("/v1/users", user("bob", Value::Null)).expect(201);
        let taken = json!({ "id": "eve", "name": "eve", "email": "bob@example.com" });
        assert_eq!(
            post("/v1/users", taken).expect(422).json()["errors"][0]["field"],
            "email"
        );
        for (member, role) in [("ada", "owner"), ("bob", "member")] {
            let target = format!("/v1/teams/orders/members/{member}");
            portal
                .ask("PUT", &target, Some(&json!({ "role": role })))
                .expect(200);
        }
        let first = portal.get("/v1/teams/orders/members?limit=1").expect(200).json();
        assert_eq!(first["items"][0]["user"], "ada");
        let next = first["next"].as_str().expect("there is another one");
        let second = portal.get(&format!("/v1/teams/orders/members?limit=1&cursor={next}"));
        assert_eq!(second.expect(200).json()["items"][0]["role"], "member");

        let typed = json!({ "user": "bob@example.com", "password": "correct horse battery" });
        let opened = portal
            .ask_with("POST", "/v1/sessions", Some(&typed), &[])
            .expect(201);
        assert_eq!(opened.json()["teams"], json!({ "orders": "member" }));
        let cookie = opened
            .field("Set-Cookie")
            .and_then(|set| set.split(';').next())
            .expect("a session");
        let cookie = format!("Cookie: {cookie}");
        let lines = [cookie.as_str(), "Sec-Fetch-Site: same-origin"];
        let new = json!({ "name": "ci", "team": "orders", "days": 7 });
        let made = portal
            .ask_with("POST", "/v1/tokens", Some(&new), &lines)
            .expect(201)
            .json();
        let token = format!(
            "Authorization: Bearer {}",
            made["token"].as_str().expect("shown once")
        );
        let plan = json!({ "rate": "1/s", "team": "orders" });
        portal
            .ask_with("PUT", &at("plans", "gold"), Some(&plan), &[&token])
            .expect(201);
        let listed = portal.ask_with("GET", "/v1/tokens", None, &[&token]).expect(200);
        assert!(!listed.text().contains("sbp_"));

        a_team_goes_with_what_reaches_it(&portal, &token);

        // Somebody who may undo it is always left.
        let barred = json!({ "barred": true });
        portal.ask("PATCH", "/v1/users/bob", Some(&barred)).expect(200);
        portal.ask_with("GET", "/v1/me", None, &[&cookie]).expect(401);
        portal.ask("DELETE", "/v1/users/ada", None).expect(200);
        let last = portal.ask("PATCH", "/v1/users/admin", Some(&barred)).expect(409);
        assert_eq!(last.json()["code"], "last_admin");
    });
}

/// `token`: the line of one that reaches the team alone.
fn a_team_goes_with_what_reaches_it(portal: &Portal, token: &str) {
    let post = |target: &str, body: Value| portal.ask("POST", target, Some(&body));
    // What it owns is named; then it goes, with what reaches it alone.
    post(
        "/v1/gateways",
        json!({ "name": "api-eu-3", "team": "orders", "environment": "prod" }),
    )
    .expect(201);
    let refused = portal.ask("DELETE", "/v1/teams/orders", None).expect(409).json();
    assert_eq!(refused["code"], "team_owns_things");
    let detail = refused["detail"].as_str().expect("it says what");
    assert!(
        detail.contains("prod/plan/gold") && detail.contains("prod/gateway/api-eu-3"),
        "{detail}"
    );
    portal.ask("DELETE", &at("plans", "gold"), None).expect(200);
    let gateways = portal.get("/v1/gateways").json();
    let id = gateways["items"][0]["id"].as_str().expect("an id").to_owned();
    portal
        .ask("DELETE", &format!("/v1/gateways/{id}"), None)
        .expect(200);
    portal.ask("DELETE", "/v1/teams/orders", None).expect(200);
    portal.ask_with("GET", "/v1/me", None, &[token]).expect(401);
    assert_eq!(
        post("/v1/teams", json!({ "id": "orders" })).expect(409).json()["code"],
        "id_taken"
    );
}
