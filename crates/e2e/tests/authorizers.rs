//! Both authorizers as AWS Lambda runs them: the real `bootstrap`, and the real bundle in Node.js, over the Runtime API's
//! HTTP. Every case of the contract and every sample event gets one answer from both.

use e2e::{
    AuthorizerCase, Build, Function, Invoked, Scratch, authorizer_cases, case, given_floor, given_text,
    given_texts,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// What came of an invocation, as the cases write it; the one error is compared by its message.
fn told(invoked: &Invoked) -> Value {
    match invoked {
        Invoked::Response(text) => {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
        }
        Invoked::Error(error) => json!({ "error": error["errorMessage"] }),
    }
}

/// A function of each build, with this floor and these settings.
fn both(floor: &str, settings: &[(String, String)]) -> [Function; 2] {
    let mut all = vec![("SWITCHBOARD_FLOOR", floor)];
    all.extend(
        settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    Build::BOTH.map(|build| Function::start(build, &all))
}

/// Policy and settings of a case.
type Given = (String, Vec<(String, String)>);

/// All cases that a process can have, by what they are given.
fn cases_by_given() -> BTreeMap<Given, Vec<AuthorizerCase>> {
    let mut groups: BTreeMap<Given, Vec<AuthorizerCase>> = BTreeMap::new();
    for each in authorizer_cases()
        .into_iter()
        .filter(|each| !each.has_time && each.event.is_some())
    {
        groups
            .entry((each.policy.clone(), each.settings.clone()))
            .or_default()
            .push(each);
    }
    groups
}

/// The code with which a case is refused: nothing of a permit, and `None` where the answer does not tell it.
fn refusal(each: &AuthorizerCase) -> Option<Option<&str>> {
    match each.expect["context"]["code"].as_str() {
        Some(code) => Some(Some(code)),
        None if each.expect["error"].is_null() => None,
        None => Some(None),
    }
}

#[test]
fn every_case_of_the_contract_has_its_answer_and_its_line_from_both() {
    let scratch = Scratch::new();
    let mut lines = 0;
    for ((policy, settings), cases) in cases_by_given() {
        let floor = given_floor(&scratch, &policy).display().to_string();
        let functions = both(&floor, &settings);
        for each in &cases {
            case(&each.name);
            let event = each.event.as_deref().unwrap_or_default();
            for (build, function) in Build::BOTH.into_iter().zip(&functions) {
                assert_eq!(
                    told(&function.invoke(event.as_bytes())),
                    each.expect,
                    "{build:?}: {}",
                    each.name
                );
            }
        }
        let [rust, node] = functions.map(Function::into_log);
        assert_eq!(rust, node, "{policy} {settings:?}");
        rust.iter().for_each(|line| check_line(line));
        lines += rust.len();
        // An answer that is kept grants other requests, and so does not tell whether its own is refused.
        if settings
            .iter()
            .all(|(name, _)| name != "SWITCHBOARD_RESULT_TTL_S")
        {
            check_codes(&rust, &cases);
        }
    }
    assert!(lines > 100, "{lines} lines");
}

/// Short, JSON, and without any part of a token, a key or a certificate.
fn check_line(line: &str) {
    assert!(line.len() < 1_024, "{line}");
    let told: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    assert!(told["refused"].is_string() && told["status"].is_u64(), "{line}");
    for secret in given_texts() {
        // What stands before a key's secret is the credential's id, which is public.
        for part in secret.as_bytes().windows(8).map(String::from_utf8_lossy) {
            assert!(!line.contains(part.as_ref()), "{part} in {line}");
        }
    }
}

/// A line for each refusal, with its code, and none for a permit.
fn check_codes(lines: &[String], cases: &[AuthorizerCase]) {
    let refusals: Vec<_> = cases.iter().filter_map(refusal).collect();
    assert_eq!(lines.len(), refusals.len(), "{lines:#?}");
    for (line, code) in lines.iter().zip(refusals) {
        let told: Value = serde_json::from_str(line).expect("it was read before");
        match code {
            Some(code) => assert_eq!(told["refused"], code, "{line}"),
            None => assert_eq!(told["status"], 401, "{line}"),
        }
    }
}

/// A REST API's event, with this credential and the path of the shop's orders.
fn event(method: &str, path: &str, field: (&str, &str)) -> String {
    json!({ "type": "REQUEST", "headers": { field.0: field.1 },
        "methodArn": format!("arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/{method}{path}"),
        "requestContext": { "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef" } })
    .to_string()
}

#[test]
fn a_refusal_says_why_and_a_permit_says_nothing() {
    let scratch = Scratch::new();
    let floor = given_floor(&scratch, "shop").display().to_string();
    let apis = [("SWITCHBOARD_APIS".to_owned(), "orders".to_owned())];
    let (key, expired) = (
        given_text("key:k1"),
        format!("Bearer {}", given_text("token:expired")),
    );
    let unknown_key = format!(
        "Bearer {}",
        given_text("token:good").replacen("ImVkIn0", "Im5vIn0", 1)
    );
    let long = format!("/api/orders/{}", "x".repeat(300));
    let id = "\"request_id\":\"c6af9ac6-7b61-11e6-9a41-93e8deadbeef\"}";
    let orders = "\"api\":\"orders\",\"method\":";
    let expected = [
        (event("GET", "/api/orders/7", ("X-Api-Key", &key)), None),
        (
            event("GET", "/api/orders/7", ("Authorization", &expired)),
            Some(format!(
                "{{\"refused\":\"token_expired\",\"status\":401,{orders}\"GET\",\"path\":\"/api/orders/7\",{id}"
            )),
        ),
        (
            event("GET", "/api/orders/7", ("Authorization", &unknown_key)),
            Some(format!(
                "{{\"refused\":\"signature_invalid\",\"status\":401,\"detail\":\"key_unknown\",\
                 {orders}\"GET\",\"path\":\"/api/orders/7\",{id}"
            )),
        ),
        (
            event("POST", &long, ("X-Api-Key", &key)),
            Some(format!(
                "{{\"refused\":\"scope_missing\",\"status\":403,\"client\":\"mobile-app\",\
                 {orders}\"POST\",\"path\":\"{}\",{id}",
                &long[..256]
            )),
        ),
        (
            event("GET", "/api/orders/7", ("x_user_id", &key)),
            Some(format!(
                "{{\"refused\":\"operation_unknown\",\"status\":403,\"fault\":\"identity_field\",{id}"
            )),
        ),
        (
            // A client can choose the id of its request.
            event("PUT", "/api/orders/7", ("X-Api-Key", &key))
                .replace("c6af9ac6-7b61-11e6-9a41-93e8deadbeef", &key),
            Some(format!(
                "{{\"refused\":\"operation_unknown\",\"status\":403,\"client\":\"mobile-app\",\
                 {orders}\"PUT\",\"path\":\"/api/orders/7\"}}"
            )),
        ),
        (
            "[]".to_owned(),
            Some("{\"refused\":\"operation_unknown\",\"status\":403,\"fault\":\"not_an_event\"}".to_owned()),
        ),
    ];
    for (build, function) in Build::BOTH.into_iter().zip(both(&floor, &apis)) {
        for (event, _) in &expected {
            function.invoke(event.as_bytes());
        }
        let lines: Vec<&String> = expected.iter().filter_map(|(_, line)| line.as_ref()).collect();
        assert_eq!(function.into_log().iter().collect::<Vec<_>>(), lines, "{build:?}");
    }
}

#[test]
fn what_is_wrong_at_the_start_is_reported_by_both() {
    let scratch = Scratch::new();
    for each in authorizer_cases() {
        let Some(expected) = &each.start_error else {
            continue;
        };
        case(&each.name);
        let floor = given_floor(&scratch, &each.policy).display().to_string();
        for function in both(&floor, &each.settings) {
            let (error, code) = function.init_error();
            assert_eq!(
                error["errorMessage"].as_str(),
                Some(expected.as_str()),
                "{}",
                each.name
            );
            assert_eq!(code, Some(1), "{}", each.name);
        }
    }
}

#[test]
fn a_floor_that_is_missing_or_cut_is_an_error_of_the_start() {
    let scratch = Scratch::new();
    let apis = [("SWITCHBOARD_APIS".to_owned(), "orders".to_owned())];
    let whole = std::fs::read_to_string(given_floor(&scratch, "shop")).unwrap();
    let cut: String = whole.lines().take(3).map(|line| format!("{line}\n")).collect();
    let altered = whole.replacen("orders.read", "orders.rode", 1);
    for (name, content) in [
        ("missing", None),
        ("cut", Some(&cut)),
        ("altered", Some(&altered)),
    ] {
        case(name);
        let path = scratch.path(name);
        if let Some(content) = content {
            scratch.write(name, content);
        }
        let path = path.display().to_string();
        for function in both(&path, &apis) {
            let (error, code) = function.init_error();
            let message = error["errorMessage"].as_str().unwrap_or_default();
            assert!(
                message.starts_with(&format!("SWITCHBOARD_FLOOR is `{path}`: ")),
                "{error}"
            );
            assert_eq!(code, Some(1));
        }
    }
}

/// The sample events of the crate `aws_lambda_events` that are API Gateway's, wherever cargo keeps them.
fn samples() -> Vec<(String, Vec<u8>)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let asked = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    let metadata: Value = serde_json::from_slice(&asked.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let package = packages
        .iter()
        .find(|package| package["name"] == "aws_lambda_events");
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let manifest = PathBuf::from(manifest.expect("the crate is a dependency of this one"));
    let fixtures = manifest
        .parent()
        .expect("a manifest is in a directory")
        .join("src/fixtures");
    let listed = std::fs::read_dir(fixtures).expect("the crate has fixtures");
    let names = listed.map(|entry| entry.expect("they can be listed").path());
    let sample = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let wanted = name.starts_with("example-apigw") && name.ends_with(".json");
        wanted.then(|| (name, std::fs::read(path).expect("a fixture can be read")))
    };
    names.filter_map(sample).collect()
}

#[test]
fn every_sample_event_has_one_answer() {
    let scratch = Scratch::new();
    let floor = given_floor(&scratch, "everything").display().to_string();
    let samples = samples();
    assert!(samples.len() > 20, "{} samples", samples.len());
    let of = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs.iter().chain(&[("SWITCHBOARD_APIS", "a")]);
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let mut refused = 0;
    for settings in [
        of(&[]),
        of(&[("SWITCHBOARD_RESPONSE", "simple")]),
        of(&[("SWITCHBOARD_RESULT_TTL_S", "300")]),
    ] {
        let functions = both(&floor, &settings);
        for (name, event) in &samples {
            case(name);
            let [rust, node] = functions.each_ref().map(|function| told(&function.invoke(event)));
            assert_eq!(rust, node, "{name}");
            // Nothing in a sample opens anything here, and nothing is an error but the one that is a 401.
            let denied = rust["policyDocument"]["Statement"][0]["Effect"] == "Deny";
            assert!(
                denied || rust["isAuthorized"] == false || rust["error"] == "Unauthorized",
                "{name}: {rust}"
            );
            refused += usize::from(rust["error"] == "Unauthorized");
        }
    }
    assert!(refused > 0, "some sample is a whole event of an authorizer");
}

#[test]
fn the_error_is_one_word() {
    let scratch = Scratch::new();
    let floor = given_floor(&scratch, "shop").display().to_string();
    let apis = [("SWITCHBOARD_APIS".to_owned(), "orders".to_owned())];
    let event = json!({ "type": "TOKEN", "authorizationToken": "Bearer x",
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/api/orders/7" });
    for function in both(&floor, &apis) {
        let Invoked::Error(error) = function.invoke(event.to_string().as_bytes()) else {
            panic!("not an error");
        };
        assert_eq!(error["errorMessage"], "Unauthorized");
    }
}

#[test]
fn the_first_decision_is_made_from_a_cold_start() {
    let scratch = Scratch::new();
    let floor = given_floor(&scratch, "shop").display().to_string();
    let event = json!({ "type": "REQUEST", "headers": { "X-Api-Key": given_text("key:k1") },
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/api/orders/7" });
    for build in Build::BOTH {
        let settings = [
            ("SWITCHBOARD_FLOOR", floor.as_str()),
            ("SWITCHBOARD_APIS", "orders"),
        ];
        let (took, invoked) = Function::first_decision(build, &settings, event.to_string().as_bytes());
        assert_eq!(told(&invoked)["principalId"], "mobile-app", "{build:?}");
        assert!(!took.is_zero());
    }
}
