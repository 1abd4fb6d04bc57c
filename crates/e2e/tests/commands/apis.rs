//! `api apply`: a team's pipeline with a team's token, again and again.

use super::*;

const API: &str = "\
apis:
  - id: returns
    team: commerce
    base_path: /api/returns
    operations:
      - { match: GET /api/returns/**, scopes: [returns.read] }
plans:
  - { id: gold, rate: 100/s }
";

#[test]
fn a_pipeline_applies_its_api_and_the_same_again_is_unchanged() {
    let portal = shop();
    let gateway = follow(&portal, "api-eu-1");
    let file = portal.scratch.write("api.yaml", API);
    ok(
        &portal,
        &["api", "apply", path(&file), "--wait"],
        &[
            "+ api returns\n",
            "+ plan gold\n",
            "applied",
            "in force on 1 of 1 in ",
        ],
    );
    assert_eq!(gateway.policy()["state"], "live");
    // What people set in the portal stays, and is none of the pipeline's.
    let mut body = portal.get("/v1/environments/prod/apis/returns").json();
    body["title"] = json!("Returns");
    portal.put("apis", "returns", &body);
    let before = portal.get("/v1/environments/prod/policy").json();
    ok(
        &portal,
        &["api", "apply", path(&file)],
        &["0 new, 0 changed", "unchanged"],
    );
    assert_eq!(portal.get("/v1/environments/prod/policy").json(), before);
    assert_eq!(
        portal.get("/v1/environments/prod/apis/returns").json()["title"],
        "Returns"
    );
    assert_eq!(
        portal.get("/v1/environments/prod/plans/gold").json()["team"],
        "commerce",
        "its API's team owns a plan"
    );

    portal.scratch.write(
        "api.yaml",
        &API.replace("GET /api/returns/**", "ANY /api/returns/**"),
    );
    ok(
        &portal,
        &["api", "apply", path(&file)],
        &[
            "~ api returns\n",
            "operations[ANY /api/returns/**]",
            "- operations[GET /api/returns/**]",
            "applied",
        ],
    );
    assert_eq!(
        portal.get("/v1/environments/prod/apis/returns").json()["title"],
        "Returns"
    );
}

#[test]
fn a_file_that_is_wrong_or_of_another_kind_is_not_sent() {
    let portal = shop();
    let before = portal.get("/v1/environments/prod/policy").json();
    let file = portal
        .scratch
        .write("api.yaml", &API.replace("GET /api/returns", "GET /api/return"));
    let finished = run(&portal, &["api", "apply", path(&file)]);
    check(
        &finished,
        1,
        &[],
        &["api.yaml:6:18: ", "nothing was sent; mend the errors above"],
    );
    let file = portal.scratch.write("api.yaml", POLICY);
    let finished = run(&portal, &["api", "apply", path(&file)]);
    check(
        &finished,
        2,
        &[],
        &["the client app is neither an API nor a plan"],
    );
    assert_eq!(portal.get("/v1/environments/prod/policy").json(), before);
    // The path is another's: only the portal knows.
    let taken = API
        .replace("returns", "refunds")
        .replace("/api/refunds", "/api/orders")
        .replace("commerce", "refunds");
    let file = portal.scratch.write("api.yaml", &taken);
    let finished = run(&portal, &["api", "apply", path(&file)]);
    check(
        &finished,
        1,
        &[],
        &[
            "api.yaml:4:16: ",
            "belongs to the API `orders` of the team `commerce`",
        ],
    );
    assert_eq!(portal.get("/v1/environments/prod/policy").json(), before);
}

const OPENAPI: &str = "\
openapi: 3.1.0
info: { title: Returns, version: '1' }
paths:
  /{id}:
    get: { responses: { 200: { description: one } } }
    delete: { responses: {} }
";

#[test]
fn a_document_goes_with_its_api() {
    let portal = shop();
    let file = portal.scratch.write("api.yaml", API);
    let document = portal.scratch.write("openapi.yaml", OPENAPI);
    let apply = |given: &str| run(&portal, &["api", "apply", path(&file), "--openapi", given]);
    check(
        &apply(path(&document)),
        0,
        &[
            "+ api returns\n",
            "openapi returns: stored, version 1, 2 operations\n",
            "applied",
        ],
        &["warning: returns: paths./{id}.delete: `DELETE /{id}` is described"],
    );
    let there = portal.get("/v1/environments/prod/apis/returns/openapi");
    assert_eq!(there.expect(200).text(), OPENAPI);
    let named = format!("returns={}", path(&document));
    check(
        &apply(&named),
        0,
        &["openapi returns: unchanged, version 1", "unchanged"],
        &[],
    );
    let json = run(
        &portal,
        &[
            "api",
            "apply",
            path(&file),
            "--json",
            "--openapi",
            path(&document),
        ],
    );
    let told: Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    assert_eq!(
        (&told["openapi"][0]["version"], &told["openapi"][0]["changed"]),
        (&json!(1), &json!(false)),
        "{told}"
    );
}

#[test]
fn a_document_that_cannot_be_read_or_taken_is_told() {
    let portal = shop();
    let file = portal.scratch.write("api.yaml", API);
    let document = portal.scratch.write("openapi.yaml", OPENAPI);
    let apply = |given: &str| run(&portal, &["api", "apply", path(&file), "--openapi", given]);
    let before = portal.get("/v1/environments/prod/policy").json();
    check(&apply("none.yaml"), 2, &[], &["none.yaml: "]);
    assert_eq!(portal.get("/v1/environments/prod/policy").json(), before);
    let wrong = portal
        .scratch
        .write("wrong.yaml", &OPENAPI.replace("paths", "path"));
    check(
        &apply(path(&wrong)),
        1,
        &[],
        &[
            "the APIs are applied; the OpenAPI document",
            "write a map of paths",
        ],
    );
    let two = API.replace(
        "plans:",
        "  - { id: other, team: commerce, base_path: /api/other, public: [GET /api/other] }\nplans:",
    );
    portal.scratch.write("api.yaml", &two);
    check(
        &apply(path(&document)),
        2,
        &[],
        &["name one of the file's APIs", "returns"],
    );
    check(
        &apply(&format!("returns={}", path(&document))),
        0,
        &["+ api other\n", "openapi returns: stored"],
        &[],
    );
}

/// A personal access token of a member of the team commerce, who is nothing else.
fn team_token(portal: &Portal) -> String {
    let password = "correct horse battery";
    let user = json!({ "id": "ada", "name": "Ada", "password": password });
    portal.ask("POST", "/v1/users", Some(&user)).expect(201);
    let member = json!({ "role": "member" });
    let at = "/v1/teams/commerce/members/ada";
    assert!(portal.ask("PUT", at, Some(&member)).status < 300);
    let typed = json!({ "user": "ada", "password": password });
    let opened = portal
        .ask_with("POST", "/v1/sessions", Some(&typed), &[])
        .expect(201);
    let cookie = opened.field("Set-Cookie").expect("a session has a cookie");
    let cookie = cookie.split(';').next().expect("its value is first");
    let lines = [&format!("Cookie: {cookie}"), "Sec-Fetch-Site: same-origin"];
    let new = json!({ "name": "pipeline", "team": "commerce" });
    let made = portal
        .ask_with("POST", "/v1/tokens", Some(&new), &lines)
        .expect(201);
    made.json()["token"]
        .as_str()
        .expect("it is shown once")
        .to_owned()
}

#[test]
fn a_teams_token_is_enough_for_what_is_the_teams() {
    let portal = shop();
    let token = team_token(&portal);
    let as_team = |arguments: &[&str]| {
        let mut command = against(&portal, arguments);
        command.env("SWITCHBOARD_TOKEN", &token);
        e2e::run(command)
    };
    let own = "apis:\n  - id: orders\n    team: commerce\n    base_path: /api/orders\n    operations:\n      \
               - { match: GET /api/orders/**, scopes: [orders.read] }\n      \
               - { match: POST /api/orders/**, scopes: [orders.write] }\n      \
               - { match: PUT /api/orders/**, scopes: [orders.write] }\n";
    let file = portal.scratch.write("api.yaml", own);
    let more = ["~ api orders\n    + operations[PUT /api/orders/**]", "applied"];
    check(&as_team(&["api", "apply", path(&file)]), 0, &more, &[]);
    check(&as_team(&["api", "apply", path(&file)]), 0, &["unchanged"], &[]);
    // It may not read the whole policy: what the file has is asked for one by one.
    let export = as_team(&["policy", "export"]);
    check(&export, 1, &[], &["403 "]);
    check(
        &as_team(&["policy", "diff", path(&file)]),
        0,
        &["1 unchanged"],
        &[],
    );
    let part = own.replace("PUT /api", "PATCH /api");
    let file = portal.scratch.write("policy.yaml", &part);
    let finished = as_team(&["policy", "import", path(&file)]);
    check(
        &finished,
        0,
        &["- operations[PUT /api/orders/**]", "imported"],
        &[],
    );
    // What is not the team's own say.
    let file = portal.scratch.write("api.yaml", API);
    check(
        &as_team(&["api", "apply", path(&file)]),
        1,
        &[],
        &["403 needs_prefix"],
    );
    check(
        &as_team(&["client", "disable", "app"]),
        1,
        &[],
        &["404 not_found"],
    );
}
