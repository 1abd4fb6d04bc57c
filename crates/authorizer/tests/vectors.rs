//! Runs every case of `contract/vectors/authorizer/`: the exact answer to each event, and why an authorizer does not
//! start. Nothing is left out: a case or a member that this runner cannot take fails.

mod support;

use authorizer::{Answer, Authorizer, Settings};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{fill, read, source, vectors};

/// What a permit tells of who is let in, in order.
const IDENTITY: [&str; 6] = ["client", "user", "role", "tenant", "cell", "scopes"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    shows: String,
    settings: BTreeMap<String, String>,
    policy: Option<String>,
    now: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    event: Option<Box<RawValue>>,
    event_text: Option<String>,
    expect: Option<Value>,
    start_error: Option<String>,
}

/// Null is an event too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

fn start(case: &Case) -> Result<Authorizer, String> {
    let floor = ("SWITCHBOARD_FLOOR".to_owned(), "floor".to_owned());
    let settings = Settings::read(case.settings.clone().into_iter().chain([floor]))
        .map_err(|error| error.to_string())?;
    Authorizer::start(settings, source(case.policy.as_deref().unwrap_or("shop")))
        .map_err(|error| error.to_string())
}

/// As the vectors write it.
fn value(answer: &Answer) -> Value {
    match answer.error() {
        Some(error) => json!({ "error": error }),
        None => serde_json::from_str(&answer.to_json()).expect("the cases are sound"),
    }
}

fn run(case: &Case) {
    let shown = format!("{}: {}", case.name, case.shows);
    if let Some(expected) = &case.start_error {
        assert_eq!(start(case).err().as_ref(), Some(expected), "{shown}");
        return;
    }
    let text = case.event_text.as_deref();
    let event = fill(text.unwrap_or_else(|| case.event.as_ref().expect("a case has an event").get()));
    let now = case.now.unwrap_or(1_763_900_000);
    let authorizer = start(case).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let explained = authorizer.explain(event.as_bytes(), now);
    assert_eq!(Some(value(&explained.answer)), case.expect, "{shown}");
    check_context(&explained.answer, &shown);
    let mut told = None;
    let answer = authorizer.answer(event.as_bytes(), now, |refused| told = Some(refused.to_line()));
    assert_eq!(answer, explained.answer, "{shown}");
    let code = told.map(|line| check_line(&line, &shown));
    assert_eq!(code, explained.code.map(|code| code.to_string()), "{shown}");
}

/// One line with a limit, and no byte of a credential; its code.
fn check_line(line: &str, shown: &str) -> String {
    assert!(
        line.len() <= 1_024 && line.find('\n') == Some(line.len() - 1),
        "{shown}: {line}"
    );
    let secrets: BTreeMap<String, String> =
        serde_json::from_str(&read("given/texts.json")).expect("the cases are sound");
    for secret in secrets.values() {
        // No part of it either; what stands before a key's secret is a public id.
        let parts = secret.as_bytes().windows(12).map(String::from_utf8_lossy);
        for part in parts.filter(|part| !part.starts_with("-----")) {
            assert!(!line.contains(part.as_ref()), "{shown}: {part} in {line}");
        }
    }
    let told: BTreeMap<String, Value> = serde_json::from_str(line).expect("a line is an object");
    told["refused"].as_str().expect("a code").to_owned()
}

/// Of a permit every member is there, in order, and can be the value of one field; of a refusal code and sentence stand
/// first.
fn check_context(answer: &Answer, shown: &str) {
    let context = &value(answer)["context"];
    let written = |names: &[&str]| {
        let members: Vec<String> = names
            .iter()
            .filter(|name| !context[**name].is_null())
            .map(|name| format!("\"{name}\":{}", context[*name]))
            .collect();
        format!("\"context\":{{{}}}", members.join(","))
    };
    let expected = match answer {
        Answer::Unauthorized => return,
        _ if !context["code"].is_null() => {
            assert!(context["message"].is_string(), "{shown}: {context}");
            written(&["code", "message", "client", "revision", "state"])
        }
        _ => {
            for name in IDENTITY {
                let text = context[name]
                    .as_str()
                    .unwrap_or_else(|| panic!("{shown}: no {name}"));
                let words = if name == "scopes" {
                    text.split(' ').collect()
                } else {
                    vec![text]
                };
                let plain =
                    |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
                assert!(
                    text.is_empty() || words.iter().all(plain),
                    "{shown}: {name} is {text:?}"
                );
            }
            written(&[&IDENTITY[..], &["revision", "state"]].concat())
        }
    };
    assert!(
        answer.to_json().contains(&expected),
        "{shown}: {expected} in {}",
        answer.to_json()
    );
}

#[test]
fn every_case() {
    let mut cases = 0;
    for entry in std::fs::read_dir(vectors()).expect("the cases are sound") {
        let name = entry
            .expect("the cases are sound")
            .file_name()
            .into_string()
            .expect("the cases are sound");
        if !name.ends_with(".json") {
            continue;
        }
        let file: File = serde_json::from_str(&read(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!file.about.is_empty());
        file.cases.iter().for_each(run);
        cases += file.cases.len();
    }
    assert!(cases > 100, "{cases} cases");
}

#[test]
fn bytes_that_are_no_event_are_denied() {
    let settings = Settings::read(
        [("SWITCHBOARD_FLOOR", "f"), ("SWITCHBOARD_APIS", "orders")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    )
    .expect("the cases are sound");
    let authorizer = Authorizer::start(settings, source("shop")).expect("the cases are sound");
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    for bytes in [&b""[..], b"\xff", b"{", b"{} {}", b"\xef\xbb\xbf{}", &deep] {
        let answer = value(&authorizer.answer(bytes, 0, |_| ()));
        let statement = &answer["policyDocument"]["Statement"][0];
        assert_eq!(statement["Effect"], "Deny", "{answer}");
        assert_eq!(statement["Resource"], "arn:aws:execute-api:*:*:*", "{answer}");
    }
}
