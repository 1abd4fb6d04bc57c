//! Queries that cannot be taken, of every operation that the OpenAPI document has.

use super::*;

/// A parameter: its name, its type, whether it is needed.
type Parameter = (String, Value, bool);

/// Method and path of every operation that people use, with any values in the path, and its parameters.
fn operations(portal: &Portal) -> Vec<(String, String, Vec<Parameter>)> {
    let document = portal.get("/openapi.json").json();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let travels = ["/v1/feeds/", "/v1/fleet/reports", "/v1/sign-in/oidc/callback"];
        if travels.iter().any(|start| path.starts_with(start)) {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let of_query = parameters.iter().filter(|one| one["in"] == "query");
            let of_query = of_query.map(|one| {
                let name = one["name"].as_str().unwrap();
                (
                    name.to_owned(),
                    one["schema"]["type"].clone(),
                    one["required"] == true,
                )
            });
            let path = path.replace("{environment}", "prod").replace(['{', '}'], "");
            all.push((method.to_uppercase(), path, of_query.collect()));
        }
    }
    assert!(all.len() > 50, "{}", all.len());
    all
}

#[test]
fn a_parameter_that_is_none_is_refused_by_every_operation_and_nothing_is_done() {
    let portal = Portal::start();
    shop(&portal);
    for (method, path, known) in operations(&portal) {
        let answer = portal.ask(&method, &format!("{path}?dryrun=true"), Some(&json!({})));
        let body = refused(answer, 400, "unknown_parameter");
        assert_eq!(body["errors"][0]["field"], "dryrun", "{method} {path}: {body}");
        for (name, ..) in known {
            let detail = body["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("`{name}`")), "{method} {path}: {body}");
        }
    }
    let app = at("clients", "app");
    let typo = portal.ask("DELETE", &format!("{app}?dry_run=true&dry-run=true"), None);
    refused(typo, 400, "unknown_parameter");
    portal.get(&app).expect(200);
}

#[test]
fn a_value_of_another_type_is_told_with_the_parameters_name() {
    let portal = Portal::start();
    let mut tried = 0;
    for (method, path, known) in operations(&portal) {
        let needed: String = known
            .iter()
            .filter(|(.., is_needed)| *is_needed)
            .map(|(name, ..)| format!("&{name}=prod"))
            .collect();
        for (name, of_type, _) in known {
            if of_type == "string" || of_type.as_array().is_some_and(|of| of.contains(&json!("string"))) {
                continue;
            }
            let answer = portal.ask(
                &method,
                &format!("{path}?{name}=perhaps{needed}"),
                Some(&json!({})),
            );
            let body = refused(answer, 400, "malformed");
            assert_eq!(body["errors"][0]["field"], *name, "{method} {path}: {body}");
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
    let missing = refused(portal.get("/v1/fleet"), 400, "malformed");
    assert_eq!(missing["errors"][0]["field"], "environment", "{missing}");
    refused(portal.get("/v1/teams/%ff"), 400, "malformed");
    refused(
        portal.ask("DELETE", "/v1/fleet/versions", None),
        405,
        "method_not_allowed",
    );
}

#[test]
fn readers_and_identity_providers_may_ask_with_more() {
    let portal = Portal::start();
    portal.wait_published("prod", 1);
    portal.get("/v1/feeds/prod/commit?since=1").expect(200);
    let token = portal.enrol("gw-1");
    let stream = portal.stream(&token, "prod", "?epoch=1&revision=1&digest=x&zstd=true");
    assert_eq!(stream.how, "reset");
    let back = portal.get("/v1/sign-in/oidc/callback?state=x&code=y&session_state=z");
    assert_ne!(back.json()["code"], "unknown_parameter", "{}", back.text());
}
