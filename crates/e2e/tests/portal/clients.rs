//! A client's keys, grants and status.

use super::*;

#[test]
fn a_key_is_shown_once_and_stored_as_its_digest() {
    on_both(|setup| {
        let portal = setup().start();
        portal.put("clients", "app", &json!({ "team": "mobile" }));
        let target = format!("{}/credentials", at("clients", "app"));
        let lines = [
            format!("Authorization: Bearer {}", portal.token()),
            "Idempotency-Key: once".to_owned(),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let made = portal.ask_with("POST", &target, None, &lines).expect(201).json();
        let key = made["key"].as_str().unwrap().to_owned();
        let id = made["id"].as_str().unwrap().to_owned();
        assert!(key.starts_with(&format!("sb_{id}_")), "{made}");
        let shown = portal.get(&at("clients", "app")).json();
        assert_eq!(shown["credentials"][0]["sha256"], sha256(&key));
        // The same request again makes no second key, and does not show the first.
        let again = portal.ask_with("POST", &target, None, &lines).expect(201);
        assert_eq!(again.field("Idempotent-Replayed"), Some("true"));
        assert!(
            again.json()["key"].is_null() && again.json()["id"] == id.as_str(),
            "{again:#?}"
        );
        let secret = key.rsplit('_').next().unwrap();
        let audit = portal.get("/v1/audit?environment=prod").expect(200).text();
        assert!(
            !audit.contains(secret) && !audit.contains(&sha256(&key)),
            "{audit}"
        );
        for file in std::fs::read_dir(portal.scratch.directory()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "the key is in a file");
        }
    });
}

#[test]
fn a_key_is_rotated_with_an_overlap_and_two_of_a_kind_are_the_most() {
    let portal = Portal::start();
    portal.put("clients", "app", &json!({ "team": "mobile" }));
    let target = format!("{}/credentials", at("clients", "app"));
    let first = portal.ask("POST", &target, None).expect(201).json();
    let rotate = |id: &Value, body: &Value| {
        portal.ask(
            "POST",
            &format!("{target}/{}/rotate", id.as_str().unwrap()),
            Some(body),
        )
    };
    let second = rotate(&first["id"], &json!({ "overlap_s": 3_600 }))
        .expect(201)
        .json();
    let credentials = portal.get(&at("clients", "app")).json()["credentials"].clone();
    assert_eq!(credentials.as_array().unwrap().len(), 2);
    assert!(
        credentials[0]["expires_at"].is_string() && credentials[1]["expires_at"].is_null(),
        "{credentials}"
    );
    refused_field(portal.ask("POST", &target, None), "credentials", "at most 2");
    // Without an overlap the former key ends with the answer, and its id is nobody's again.
    let id = first["id"].as_str().unwrap();
    portal.ask("DELETE", &format!("{target}/{id}"), None).expect(200);
    let third = rotate(&second["id"], &json!({ "overlap_s": 0 }))
        .expect(201)
        .json();
    let credentials = portal.get(&at("clients", "app")).json()["credentials"].clone();
    assert_eq!(credentials.as_array().unwrap().len(), 1);
    assert_eq!(credentials[0]["id"], third["id"]);
    let back = json!({ "type": "api_key", "id": id });
    refused_field(
        portal.ask("POST", &target, Some(&back)),
        "credentials[1].id",
        "has ended",
    );
    refused(rotate(&json!("none"), &json!({})), 404, "not_found");
    refused_field(
        rotate(&third["id"], &json!({ "overlap_s": -1 })),
        "overlap_s",
        "from 0",
    );
}

#[test]
fn a_grant_is_asked_for_given_and_taken_back() {
    on_both(|setup| {
        let portal = setup().start();
        portal.put("apis", "orders", &api());
        portal.put("clients", "app", &json!({ "team": "mobile" }));
        let grants = "/v1/environments/prod/grants";
        let wanted = json!({ "client": "app", "api": "orders", "scopes": ["orders.read"] });
        // A platform admin decides for every API, so it is given at once.
        let given = portal.ask("POST", grants, Some(&wanted)).expect(201).json();
        assert_eq!(given["grants"][0]["scopes"], json!(["orders.read"]), "{given}");
        let id = given["grant"]["id"].as_str().unwrap().to_owned();
        let unknown = json!({ "client": "app", "api": "orders", "plan": "none" });
        refused_field(
            portal.ask("POST", grants, Some(&unknown)),
            "grants[0].plan",
            "none",
        );
        let active = portal.get(&format!("{grants}?state=active&api=orders")).json();
        assert_eq!(active["items"][0]["id"], id.as_str());
        let taken = portal
            .ask("DELETE", &format!("{grants}/{id}"), None)
            .expect(200)
            .json();
        assert!(taken["grants"].is_null(), "{taken}");
        refused(
            portal.ask("DELETE", &format!("{grants}/{id}"), None),
            409,
            "grant_ended",
        );
        assert_eq!(
            portal.get(&format!("{grants}?state=revoked")).json()["items"][0]["id"],
            id.as_str()
        );
        // What stands in a client's body is a grant like any other.
        let put = portal.put(
            "clients",
            "app",
            &json!({ "team": "mobile", "grants": [{ "api": "orders" }] }),
        );
        assert_eq!(
            portal.get(&format!("{grants}?state=active")).json()["items"]
                .as_array()
                .unwrap()
                .len(),
            1,
            "{put}"
        );
    });
}

#[test]
fn a_client_is_suspended_and_let_in_again() {
    let portal = Portal::start();
    shop(&portal);
    let client = at("clients", "app");
    let ask = |what: &str| {
        portal
            .ask("POST", &format!("{client}/{what}"), None)
            .expect(200)
            .json()
    };
    assert_eq!(ask("suspend")["status"], "suspended");
    let again = ask("suspend");
    assert_eq!(again["revision"], 4, "nothing changed: {again}");
    assert!(ask("activate")["status"].is_null());
}
