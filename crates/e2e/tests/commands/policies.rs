//! `policy import`, `export`, `diff` and `revert`: a portal's policy as a whole.

use super::*;

fn write(portal: &Portal, text: &str) -> String {
    let file = portal.scratch.write("policy.yaml", text);
    path(&file).to_owned()
}

fn policy(portal: &Portal) -> Value {
    portal.get("/v1/environments/prod/policy").json()
}

#[test]
fn what_is_imported_is_exported_and_the_same_again_changes_nothing() {
    let portal = Portal::start();
    let file = write(&portal, POLICY);
    ok(
        &portal,
        &["policy", "import", &file],
        &[
            "+ api orders\n",
            "+ client app\n",
            "2 new, 0 changed, 0 deleted, 0 unchanged",
            "imported",
            "(revision ",
        ],
    );
    let before = policy(&portal);
    ok(
        &portal,
        &["policy", "import", &file],
        &["0 new, 0 changed, 0 deleted, 2 unchanged", "unchanged"],
    );
    assert_eq!(policy(&portal), before);
    let exported = ok(
        &portal,
        &["policy", "export"],
        &[
            "# environment prod, revision ",
            "apis:\n  - id: orders\n",
            "clients:\n  - id: app\n",
        ],
    );
    let file = write(&portal, &exported.stdout);
    ok(
        &portal,
        &["policy", "diff", &file],
        &["0 new, 0 changed, 0 deleted, 2 unchanged"],
    );
    let json = json_of(&ok(&portal, &["policy", "export", "--json"], &[]));
    assert_eq!(json, before);
}

#[test]
fn a_diff_says_what_would_change_by_member_and_a_dry_run_changes_nothing() {
    let portal = shop();
    let before = policy(&portal);
    let file = write(
        &portal,
        &POLICY.replace("[orders.read] }\n\"", "").replace(
            "- { api: orders, scopes: [orders.read] }",
            "- { api: orders, scopes: [orders.read, orders.write] }",
        ),
    );
    let finished = run(&portal, &["policy", "diff", &file]);
    check(
        &finished,
        1,
        &[
            "~ client app\n    ~ grants[orders].scopes: [orders.read] becomes [orders.read, orders.write]\n",
            "1 changed",
        ],
        &[],
    );
    let json = json_of(&run(&portal, &["policy", "diff", &file, "--json"]));
    assert_eq!(json["changes"][0]["members"][0]["path"], "grants[orders].scopes");
    ok(
        &portal,
        &["policy", "import", &file, "--dry-run"],
        &["nothing was changed (dry run); it would be taken"],
    );
    assert_eq!(policy(&portal), before);
}

#[test]
fn a_part_may_name_what_the_portal_has_and_what_is_wrong_is_told_at_its_place_before_anything_is_sent() {
    let portal = shop();
    let part = "clients:\n  - { id: other, team: web, grants: [{ api: orders, scopes: [orders.read] }] }\n";
    ok(&portal, &["policy", "import", &write(&portal, part)], &["1 new"]);
    let before = policy(&portal);
    let finished = run(
        &portal,
        &[
            "policy",
            "import",
            &write(&portal, &part.replace("api: orders", "api: order")),
        ],
    );
    check(
        &finished,
        1,
        &[],
        &[
            "policy.yaml:2:45: no API has the id `order`",
            "write `orders`?",
            "nothing was sent; mend the errors above",
        ],
    );
    let missing = run(&portal, &["policy", "import", "no-such-file.yaml"]);
    check(&missing, 2, &[], &["no-such-file.yaml"]);
    assert_eq!(policy(&portal), before);
}

#[test]
fn what_only_the_portal_knows_to_be_wrong_is_told_at_the_files_place_too() {
    let portal = shop();
    let client =
        |id: &str| format!("clients:\n  - {{ id: kept, team: web }}\n  - {{ id: {id}, team: web }}\n");
    ok(
        &portal,
        &["policy", "import", &write(&portal, &client("gone"))],
        &[],
    );
    portal
        .ask("DELETE", "/v1/environments/prod/clients/gone", None)
        .expect(200);
    let finished = run(&portal, &["policy", "import", &write(&portal, &client("gone"))]);
    check(
        &finished,
        1,
        &[],
        &[
            "policy.yaml:3:11: client `gone` was deleted, and ids are never used again",
            "nothing was changed",
        ],
    );
}

#[test]
fn what_is_not_in_the_file_goes_only_with_prune_and_a_revocation_stays() {
    let portal = shop();
    portal.put("clients", "old", &json!({ "team": "web" }));
    portal.put("revocations", "r1", &json!({ "credential": "k1" }));
    let file = write(&portal, POLICY);
    ok(&portal, &["policy", "import", &file], &["unchanged"]);
    let finished = run(&portal, &["policy", "diff", &file, "--prune"]);
    check(
        &finished,
        1,
        &["- client old\n", "0 new, 0 changed, 1 deleted"],
        &[],
    );
    ok(
        &portal,
        &["policy", "import", &file, "--prune"],
        &["- client old\n", "imported"],
    );
    let left = policy(&portal);
    assert_eq!(left["clients"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["revocations"][0]["id"], "r1");
}

#[test]
fn what_deletes_much_needs_a_word_and_a_revert_brings_it_back() {
    let portal = shop();
    let many: String = (0..20)
        .map(|n| format!("  - {{ id: c{n}, team: web }}\n"))
        .collect();
    ok(
        &portal,
        &["policy", "import", &write(&portal, &format!("{POLICY}{many}"))],
        &["20 new"],
    );
    let revision = policy(&portal)["revision"].to_string();
    let file = write(&portal, POLICY);
    let dry = ok(
        &portal,
        &["policy", "import", &file, "--prune", "--dry-run"],
        &["it would need --confirm"],
    );
    assert!(dry.stdout.contains("20 deleted"), "{dry:#?}");
    let refused = run(&portal, &["policy", "import", &file, "--prune"]);
    check(&refused, 1, &[], &["409 confirm_needed", "say --confirm"]);
    ok(
        &portal,
        &["policy", "import", &file, "--prune", "--confirm"],
        &["imported"],
    );
    assert_eq!(policy(&portal)["clients"].as_array().map(Vec::len), Some(1));
    let then = ok(
        &portal,
        &["policy", "export", "--revision", &revision],
        &["- id: c19\n"],
    );
    assert!(then.stdout.contains(&format!(":{revision}\n")), "{then:#?}");

    ok(&portal, &["client", "disable", "app"], &[]);
    ok(
        &portal,
        &["policy", "revert", &revision],
        &["reverted to what revision"],
    );
    let now = policy(&portal);
    assert_eq!(now["clients"].as_array().map(Vec::len), Some(21));
    assert_eq!(
        now["clients"][0]["status"], "suspended",
        "what was taken away stays so"
    );
    let also = ["policy", "revert", &revision, "--also", "client/app"];
    ok(&portal, &also, &["reverted"]);
    assert!(policy(&portal)["clients"][0]["status"].is_null());
    let none = run(&portal, &["policy", "revert", "4711"]);
    check(&none, 1, &[], &["revision: write one from 1 to"]);
}
