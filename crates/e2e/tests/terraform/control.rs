//! Every example applied to an emulator of AWS's control plane (moto), by the real Terraform and the real provider: made,
//! found unchanged, changed in one route, and removed without rest.
//!
//! What moto does otherwise than AWS is named here, so that a second plan says nothing else.

use e2e::terraform::{Change, Dialect, Example, Front, Moto, Plan, Terraform, examples};
use e2e::{Issuer, Scratch, SigningKey, case, run, switchboard};
use serde_json::json;
use std::collections::BTreeSet;

/// What a second plan says of moto, and why.
const OF_MOTO: [(&str, &[&str], &str); 3] = [
    (
        "aws_lambda_function.authorizer",
        &[
            "logging_config",
            "version",
            "qualified_arn",
            "qualified_invoke_arn",
        ],
        "it keeps no LoggingConfig; to set it again is another version",
    ),
    (
        "aws_lambda_alias.authorizer",
        &["function_version"],
        "follows that version",
    ),
    (
        "aws_api_gateway_stage.this",
        &["canary_settings"],
        "it keeps no canary",
    ),
];

/// One change of one route, as its team would write it, and the paths of that route.
const CHANGES: [(&str, &str, &str, &[&str]); 5] = [
    (
        "smallest",
        "url = \"https://orders.example.com\"",
        "url = \"https://orders-2.example.com\"",
        &["/api/orders", "/api/orders/{proxy+}"],
    ),
    (
        "rust",
        "timeout_ms = 10000",
        "timeout_ms = 12000",
        &["/api/orders", "/api/orders/{proxy+}"],
    ),
    (
        "typescript",
        "status = \"up\"",
        "status = \"well\"",
        &["/api/catalog/health"],
    ),
    (
        "two-teams/commerce",
        "path = \"/api/orders/**\",",
        "path = \"/api/orders/**\", timeout_ms = 5000,",
        &["/api/orders", "/api/orders/{proxy+}"],
    ),
    (
        "two-teams/returns",
        "path = \"/api/orders/returns/**\",",
        "path = \"/api/orders/returns/**\", timeout_ms = 5000,",
        &["/api/orders/returns", "/api/orders/returns/{proxy+}"],
    ),
];

fn moto_alone(plan: &Plan) -> Vec<Change> {
    let named = |change: &Change| {
        OF_MOTO.iter().any(|(address, attributes, _)| {
            change.address == *address && attributes.contains(&change.what.as_str())
        })
    };
    plan.differences()
        .into_iter()
        .filter(|change| !named(change))
        .collect()
}

fn check_change(name: &str, front: &Front, example: &Example, before: &Plan) {
    let (_, from, to, paths) = CHANGES
        .iter()
        .find(|(of, ..)| *of == name)
        .expect("every example has a change");
    example.edit(from, to);
    let plan = example.plan();
    let touched: BTreeSet<String> = moto_alone(&plan)
        .into_iter()
        .map(|change| change.address)
        .collect();
    let expected = [
        "aws_api_gateway_deployment.this",
        "aws_api_gateway_rest_api.this",
        "aws_api_gateway_stage.this",
    ];
    assert_eq!(touched, expected.map(str::to_owned).into());
    let (mut old, mut new) = (before.document(), plan.document());
    for path in *paths {
        let of = |document: &mut serde_json::Value| {
            document["paths"]
                .as_object_mut()
                .and_then(|all| all.remove(*path))
        };
        let (old, new) = (of(&mut old), of(&mut new));
        assert!(old.is_some() && new.is_some() && old != new, "{path} changes");
    }
    assert_eq!(old, new, "nothing else of the document changes");

    let count = front.calls().len();
    example.apply();
    let calls = front.calls().split_off(count);
    let at = |begin: &str, end: &str| {
        let found = calls
            .iter()
            .rposition(|call| call.starts_with(begin) && call.contains(end));
        found.unwrap_or_else(|| panic!("no {begin}…{end} among {calls:#?}"))
    };
    let document = at("PUT /restapis/", "mode=overwrite");
    assert!(
        document < at("POST /restapis/", "/deployments"),
        "what is deployed is the new document: {calls:#?}"
    );
    assert_eq!(moto_alone(&example.plan()), [], "after the change");
}

/// After an import the provider puts the policy that it remembers over the one of the document, so that the policy has to
/// be a resource of its own; and what is deployed is what was decided last.
fn check_policy(moto: &Moto, front: &Front, example: &Example) {
    let api = example.outputs()["gateway"]["execution_arn"]
        .as_str()
        .expect("an output")
        .to_owned();
    let statements = || moto.policy()["Statement"].clone();
    let denied = json!({
        "Sid": "OnlyThroughTheEndpoints", "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": format!("{api}/*"),
        "Condition": { "StringNotEquals": { "aws:SourceVpce": ["vpce-0123456789abcdef0"] } },
    });
    assert_eq!(statements(), json!([denied]));

    let count = front.calls().len();
    example.edit(
        "  throttling ",
        "  cors = { allow_origins = [\"https://shop.example.com\"] }\n  throttling ",
    );
    example.plan_and_apply();
    let statements = statements();
    assert_eq!(
        (&statements[0], &statements[1]["Effect"]),
        (&denied, &json!("Allow"))
    );
    assert_eq!(
        statements[1]["Resource"],
        json!([format!("{api}/prod/OPTIONS/*")])
    );
    let calls = front.calls().split_off(count);
    let document = calls
        .iter()
        .find_map(|call| call.strip_prefix("PUT ")?.split('?').next())
        .expect("the document is put");
    let settled = calls
        .iter()
        .rposition(|call| *call == format!("PATCH {document}"));
    let deployed = calls
        .iter()
        .position(|call| *call == format!("POST {document}/deployments"));
    assert!(
        settled < deployed,
        "the policy is there before it is deployed: {calls:#?}"
    );
    assert_eq!(moto_alone(&example.plan()), [], "after another policy");
}

/// What the module tells a router is what the gateway takes, as it stands.
fn check_descriptor(example: &Example) {
    let scratch = Scratch::new();
    let told = &example.outputs()["gateway"]["route_descriptor"]["private_api"];
    let gateway = json!({
        "listen": "127.0.0.1:8080",
        "routes": [{ "path": "/api/orders/**", "upstream": { "private_api": told } }],
    });
    let file = scratch.write("gateway.json", &gateway.to_string());
    let checked = run(switchboard(&["check", &file.to_string_lossy()]));
    assert_eq!(
        checked.code,
        Some(0),
        "{}{} {gateway}",
        checked.stdout,
        checked.stderr
    );
}

fn check(name: &str) {
    case(name);
    let (moto, issuer) = (Moto::start(), Issuer::start(&[&SigningKey::new("k1")]));
    let front = Front::before(moto.address(), Dialect::Moto);
    let terraform = Terraform::copy(&front, &issuer);
    let given = examples("http://orders.internal:8080");
    let given = given
        .iter()
        .find(|given| given.name == name)
        .expect("there is such an example");
    if name == "typescript" {
        moto.create_function("products");
    }
    let before = moto.inventory();

    let example = terraform.open(given);
    let plan = example.plan_and_apply();
    for kind in ["APIs", "alarms", "functions", "layers", "log groups", "roles"] {
        assert!(
            moto.inventory()[kind].len() > before[kind].len(),
            "{kind} are made"
        );
    }
    assert_eq!(
        moto_alone(&example.plan()),
        [],
        "what was applied is what is wanted"
    );
    check_change(name, &front, &example, &plan);
    if name == "rust" {
        check_descriptor(&example);
        check_policy(&moto, &front, &example);
    }
    example.destroy();
    assert_eq!(moto.inventory(), before, "destroyed without rest");
}

#[test]
#[ignore = "needs Terraform: run by cargo xtask test"]
fn the_smallest_is_applied_changed_and_destroyed() {
    check("smallest");
}

#[test]
#[ignore = "needs Terraform: run by cargo xtask test"]
fn a_private_one_with_usage_plans_and_a_canary_is_applied_changed_and_destroyed() {
    check("rust");
}

#[test]
#[ignore = "needs Terraform: run by cargo xtask test"]
fn one_before_functions_and_state_machines_is_applied_changed_and_destroyed() {
    check("typescript");
}

#[test]
#[ignore = "needs Terraform: run by cargo xtask test"]
fn both_of_two_teams_are_applied_changed_and_destroyed() {
    check("two-teams/commerce");
    check("two-teams/returns");
}
