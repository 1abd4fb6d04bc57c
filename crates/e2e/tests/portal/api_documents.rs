//! OpenAPI documents of APIs: kept as they were sent, beside the API and out of the feed.

use super::*;

const YAML: &str = "openapi: 3.1.0\ninfo: { title: Orders, version: '7' }\npaths:\n  /{id}:\n    get: { responses: { 200: { description: one } } }\n    \
                    post: { responses: {} }\n";

fn document(version: &str) -> Value {
    json!({
        "openapi": "3.0.3", "info": { "title": "Orders", "version": version },
        "paths": { "/api/orders/{id}": { "get": {} } },
    })
}

fn target(more: &str) -> String {
    format!("{}/openapi{more}", at("apis", "orders"))
}

/// With a body as it is.
fn send(portal: &Portal, body: &str, lines: &[&str]) -> Response {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!(
        "PUT {} HTTP/1.1\r\nHost: portal.test\r\nConnection: close\r\nAuthorization: Bearer {}\r\n{lines}Content-Length: {}\r\n\r\n{body}",
        target(""),
        portal.token(),
        body.len()
    );
    let mut client = e2e::Client::try_connect(portal.address()).expect("the portal listens");
    client.try_send(request).expect("it takes what is sent");
    client.receive("PUT").expect("it answers")
}

#[test]
fn a_document_is_kept_as_it_was_sent() {
    on_both(|setup| {
        let portal = setup().start();
        shop(&portal);
        refused(portal.get(&target("")), 404, "not_found");
        let made = send(&portal, YAML, &[]).expect(201);
        assert_eq!(made.field("ETag"), Some("\"1\""));
        let said = made.json();
        assert_eq!(
            (&said["title"], &said["operations"]),
            (&json!("Orders"), &json!(2)),
            "{said}"
        );
        assert_eq!(said["sha256"], sha256(YAML));
        let again = send(&portal, YAML, &["If-Match: \"1\""]).expect(200).json();
        assert_eq!(
            (&again["version"], &again["changed"]),
            (&json!(1), &json!(false)),
            "{again}"
        );
        let read = portal.get(&target("")).expect(200);
        assert_eq!((read.text().as_str(), read.field("ETag")), (YAML, Some("\"1\"")));
        assert_eq!(read.field("Content-Type"), Some("application/yaml"));
        assert_eq!(read.field("X-Content-Type-Options"), Some("nosniff"));
        let second = document("8").to_string();
        refused(send(&portal, &second, &["If-Match: \"7\""]), 412, "version_stale");
        refused(
            send(&portal, &second, &["If-None-Match: *"]),
            412,
            "version_stale",
        );
        let made = send(&portal, &second, &["If-Match: \"1\""]).expect(200).json();
        assert_eq!(
            (&made["version"], &made["format"]),
            (&json!(2), &json!("json")),
            "{made}"
        );
        assert_eq!(portal.get(&target("")).expect(200).json(), document("8"));
    });
}

#[test]
fn earlier_versions_are_kept_and_none_of_it_is_in_the_feed() {
    on_both(|setup| {
        let portal = setup().start();
        shop(&portal);
        portal.wait_published("prod", 3);
        let revisions = portal.get("/v1/environments/prod/revisions").json();
        send(&portal, YAML, &[]).expect(201);
        send(&portal, &document("8").to_string(), &[]).expect(200);
        assert_eq!(portal.get(&target("?version=1")).expect(200).text(), YAML);
        let listed = portal.get(&target("/versions")).expect(200).json();
        let versions: Vec<&Value> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["version"])
            .collect();
        assert_eq!(versions, [2, 1], "{listed}");
        portal.ask("DELETE", &target(""), None).expect(200);
        refused(portal.get(&target("")), 404, "not_found");
        refused(portal.ask("DELETE", &target(""), None), 404, "not_found");
        assert_eq!(
            portal.get(&target("?version=2")).expect(200).json(),
            document("8")
        );
        assert_eq!(send(&portal, YAML, &[]).expect(201).json()["version"], 4);
        // The last twenty are kept.
        for number in 5..=24 {
            let sent = send(&portal, &document(&number.to_string()).to_string(), &[]);
            assert_eq!(sent.expect(200).json()["version"], number);
        }
        refused(portal.get(&target("?version=4")), 404, "not_found");
        portal.get(&target("?version=5")).expect(200);
        // Nobody decides anything by it.
        assert_eq!(portal.get("/v1/environments/prod/revisions").json(), revisions);
        let bundle = portal.get("/v1/feeds/prod/bundle").expect(200).text();
        assert!(!bundle.contains("3.0.3"), "{bundle}");
        let log = portal
            .get("/v1/audit?environment=prod&object=api/orders&limit=1000")
            .expect(200);
        assert!(!log.text().contains("/api/orders/{id}"), "the text is not in it");
        let log = log.json();
        let rows = log["items"].as_array().unwrap();
        assert_eq!(rows.len(), 25, "each once, and the API itself");
        let first = &rows[23]["after"]["openapi_document"];
        let told = json!({ "version": 1, "sha256": sha256(YAML), "size_bytes": YAML.len() });
        assert_eq!(*first, told, "{log:#}");
        assert_eq!(
            portal.get("/v1/audit/proof?environment=prod").json()["holds"],
            true
        );
    });
}

#[test]
fn the_same_request_again_brings_no_older_document_back() {
    on_both(|setup| {
        let portal = setup().start();
        shop(&portal);
        let second = document("8").to_string();
        let first = send(&portal, YAML, &["Idempotency-Key: a"]).expect(201);
        send(&portal, &second, &["Idempotency-Key: b"]).expect(200);
        let again = send(&portal, YAML, &["Idempotency-Key: a"]).expect(201);
        assert_eq!(again.field("Idempotent-Replayed"), Some("true"));
        assert_eq!(
            (again.json(), again.field("ETag")),
            (first.json(), first.field("ETag"))
        );
        assert_eq!(portal.get(&target("")).expect(200).json(), document("8"));
        let reused = send(&portal, &second, &["Idempotency-Key: a"]);
        refused(reused, 422, "idempotency_key_reused");
        // Also one that changed nothing when it came first.
        send(&portal, &second, &["Idempotency-Key: c"]).expect(200);
        send(&portal, YAML, &[]).expect(200);
        send(&portal, &second, &["Idempotency-Key: c"]).expect(200);
        assert_eq!(portal.get(&target("")).expect(200).text(), YAML);
        let delete = || {
            let lines = [
                format!("Authorization: Bearer {}", portal.token()),
                "Idempotency-Key: d".to_owned(),
            ];
            portal.ask_with("DELETE", &target(""), None, &lines.each_ref().map(String::as_str))
        };
        delete().expect(200);
        send(&portal, YAML, &[]).expect(201);
        delete().expect(200);
        assert_eq!(portal.get(&target("")).expect(200).text(), YAML);
    });
}

#[test]
fn what_is_no_document_is_refused_with_its_place() {
    let portal = Portal::start();
    shop(&portal);
    refused_field(send(&portal, "swagger: '2.0'\n", &[]), "openapi", "Swagger 2.0");
    refused_field(
        send(&portal, "swagger: '2.0'\n", &[]),
        "paths",
        "write a map of paths",
    );
    refused_field(
        send(&portal, &YAML.replace("post: { responses: {} }", "post: 1"), &[]),
        "paths./{id}.post",
        "is a map",
    );
    refused_field(send(&portal, "{\"openapi\":", &[]), "", "this is no JSON");
    let large = format!("{YAML}# {}", "x".repeat(2 * 1024 * 1024));
    refused(send(&portal, &large, &[]), 413, "too_large");
    let most = format!("{YAML}# {}", "x".repeat(2 * 1024 * 1024 - YAML.len() - 2));
    send(&portal, &most, &[]).expect(201);
    let missing = portal.ask(
        "PUT",
        &format!("{}/openapi", at("apis", "none")),
        Some(&document("1")),
    );
    refused(missing, 404, "not_found");
}

#[test]
fn what_an_api_and_its_document_do_not_have_in_common_is_told() {
    let portal = Portal::start();
    shop(&portal);
    let mut more = document("1");
    more["paths"]["/api/orders/{id}"]["delete"] = json!({});
    let said = send(&portal, &more.to_string(), &[]).expect(201).json();
    let told = said["warnings"].as_array().unwrap().iter();
    let fields: Vec<&str> = told.filter_map(|one| one["field"].as_str()).collect();
    assert_eq!(
        fields,
        ["operations[1]", "paths./api/orders/{id}.delete"],
        "{said}"
    );
    assert_eq!(send(&portal, YAML, &[]).expect(200).json().get("warnings"), None);
}

#[test]
fn a_document_goes_along_where_its_api_is_promoted() {
    on_both(|setup| {
        let portal = setup().with_environments(&["prod", "copy"]).start();
        shop(&portal);
        send(&portal, YAML, &[]).expect(201);
        let promote = format!("{}/promote", at("apis", "orders"));
        let there = "/v1/environments/copy/apis/orders/openapi";
        portal
            .ask("POST", &format!("{promote}?dry_run=true"), None)
            .expect(200);
        refused(portal.get(there), 404, "not_found");
        portal.ask("POST", &promote, None).expect(201);
        let read = portal.get(there).expect(200);
        assert_eq!((read.text().as_str(), read.field("ETag")), (YAML, Some("\"1\"")));
        // The API is the same, and its document another one.
        send(&portal, &document("8").to_string(), &[]).expect(200);
        portal.ask("POST", &promote, None).expect(200);
        assert_eq!(portal.get(there).expect(200).json(), document("8"));
        let log = portal.get("/v1/audit?environment=copy&object=api/orders").json();
        assert_eq!(log["items"][0]["operation"], "api.promote_document", "{log:#}");
        portal.ask("POST", &promote, None).expect(200);
        assert_eq!(portal.get(there).expect(200).field("ETag"), Some("\"2\""));
    });
}
