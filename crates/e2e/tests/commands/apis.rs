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
