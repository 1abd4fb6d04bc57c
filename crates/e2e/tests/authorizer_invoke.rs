//! `switchboard authorizer invoke` as a person calls it: what it prints in either form, its exit codes, and that its answer
//! is the function's.

use e2e::{Finished, Scratch, authorizer_cases, case, given_floor, run, switchboard};
use serde_json::{Value, json};

fn invoke(scratch: &Scratch, event: &str, arguments: &[&str]) -> Finished {
    let floor = given_floor(scratch, "shop").display().to_string();
    let event = scratch.write("event.json", event).display().to_string();
    let mut all = vec!["authorizer", "invoke", &event, "--floor", &floor];
    all.extend(arguments);
    run(switchboard(&all))
}

#[test]
fn the_answers_are_those_of_the_function() {
    let scratch = Scratch::new();
    let ours = authorizer_cases()
        .into_iter()
        .filter(|each| each.policy == "shop" && each.name.starts_with("rest.json") && !each.has_time);
    for each in ours.take(12) {
        case(&each.name);
        let option = |name: &str| match name {
            "SWITCHBOARD_APIS" => "--apis",
            "SWITCHBOARD_PATH_PREFIX" => "--path-prefix",
            "SWITCHBOARD_RESPONSE" => "--response",
            "SWITCHBOARD_RESULT_TTL_S" => "--ttl",
            "SWITCHBOARD_CELL" => "--cell",
            "SWITCHBOARD_GATEWAY" => "--gateway",
            other => panic!("no option for {other}"),
        };
        let settings = each
            .settings
            .iter()
            .flat_map(|(name, value)| [option(name), value.as_str()]);
        let arguments: Vec<&str> = settings.chain(["--format", "json"]).collect();
        let finished = invoke(&scratch, each.event.as_deref().unwrap_or_default(), &arguments);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        let printed: Value = serde_json::from_str(&finished.stdout).expect("JSON");
        assert_eq!(printed["answer"], each.expect, "{}", each.name);
    }
}

#[test]
fn a_person_sees_decision_reasons_and_answer() {
    let scratch = Scratch::new();
    let event = json!({ "type": "REQUEST", "headers": {},
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/api/orders/health" });
    let finished = invoke(&scratch, &event.to_string(), &["--apis", "orders"]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    for line in [
        "REST API, REQUEST: GET /api/orders/health",
        "permit",
        "  api/orders",
        "  public/GET /api/orders/health",
        "  \"principalId\": \"anonymous\",",
    ] {
        assert!(
            finished.stdout.lines().any(|printed| printed == line),
            "{line} in\n{}",
            finished.stdout
        );
    }
    let refused = json!({ "type": "TOKEN", "authorizationToken": "Bearer x",
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/api/orders/7" });
    let finished = invoke(&scratch, &refused.to_string(), &["--apis", "orders"]);
    assert!(
        finished.stdout.contains("reject token_malformed (401): "),
        "{finished:#?}"
    );
    assert!(
        finished.stdout.contains("the function fails with `Unauthorized`"),
        "{finished:#?}"
    );
    let no_event = invoke(&scratch, "[]", &["--apis", "orders"]);
    assert!(
        no_event
            .stdout
            .contains("none that API Gateway sends to an authorizer"),
        "{no_event:#?}"
    );
    assert!(!no_event.stdout.contains('\u{1b}'), "no colour in a pipe");
}

#[test]
fn time_is_an_option() {
    let scratch = Scratch::new();
    let timed = authorizer_cases().into_iter().filter(|each| each.has_time);
    let good = timed
        .into_iter()
        .find(|each| each.name.ends_with("not_yet_expired"))
        .expect("there is one");
    let event = good.event.unwrap_or_default();
    for (now, code) in [
        ("1763900000", Value::Null),
        ("1763900130", json!("token_expired")),
    ] {
        let finished = invoke(
            &scratch,
            &event,
            &["--apis", "orders", "--now", now, "--format", "json"],
        );
        let printed: Value = serde_json::from_str(&finished.stdout).expect("JSON");
        assert_eq!(printed["code"], code, "{finished:#?}");
    }
}

#[test]
fn exit_codes() {
    let scratch = Scratch::new();
    let floor = given_floor(&scratch, "shop").display().to_string();
    let event = scratch.write("event.json", "{}").display().to_string();
    let code = |arguments: &[&str]| run(switchboard(arguments)).code;
    assert_eq!(
        code(&[
            "authorizer",
            "invoke",
            &event,
            "--floor",
            &floor,
            "--apis",
            "orders"
        ]),
        Some(0)
    );
    assert_eq!(
        code(&[
            "authorizer",
            "invoke",
            &event,
            "--floor",
            &floor,
            "--apis",
            "basket"
        ]),
        Some(1)
    );
    assert_eq!(
        code(&["authorizer", "invoke", &event, "--floor", &floor]),
        Some(1),
        "two on one base path"
    );
    assert_eq!(
        code(&["authorizer", "invoke", &event, "--floor", &event]),
        Some(2)
    );
    assert_eq!(
        code(&["authorizer", "invoke", "/no/such/event", "--floor", &floor]),
        Some(2)
    );
}
