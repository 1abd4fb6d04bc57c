//! Both authorizers as AWS Lambda runs them: the real `bootstrap`, and the real bundle in Node.js, over the Runtime API's
//! HTTP. Every case of the contract and every sample event gets one answer from both.

use e2e::{
    AuthorizerCase, Build, Function, Invoked, Scratch, authorizer_cases, case, given_floor, given_text,
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

#[test]
fn every_case_of_the_contract_has_its_answer_from_both() {
    let scratch = Scratch::new();
    let mut groups: BTreeMap<_, Vec<AuthorizerCase>> = BTreeMap::new();
    for each in authorizer_cases()
        .into_iter()
        .filter(|each| !each.has_time && each.event.is_some())
    {
        groups
            .entry((each.policy.clone(), each.settings.clone()))
            .or_default()
            .push(each);
    }
    for ((policy, settings), cases) in groups {
        let floor = given_floor(&scratch, &policy).display().to_string();
        let functions = both(&floor, &settings);
        for each in cases {
            case(&each.name);
            let event = each.event.unwrap_or_default();
            for (build, function) in Build::BOTH.into_iter().zip(&functions) {
                assert_eq!(
                    told(&function.invoke(event.as_bytes())),
                    each.expect,
                    "{build:?}: {}",
                    each.name
                );
            }
        }
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
