//! The cases of `contract/vectors/authorizer/`, for whoever runs them in real processes: events with their texts filled in,
//! and floors of the policies that they share.

use crate::scratch::Scratch;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// One case of a file.
#[derive(Debug, Clone)]
pub struct AuthorizerCase {
    /// File and name.
    pub name: String,
    /// Settings by name, without the floor.
    pub settings: Vec<(String, String)>,
    /// The name of its policy.
    pub policy: String,
    /// The JSON text of its event; `None` where it is about the start.
    pub event: Option<String>,
    /// What comes of it; an error as `{"error": …}`.
    pub expect: Value,
    /// Why the authorizer does not start.
    pub start_error: Option<String>,
    /// Whether it holds at one time only, and so not in a process, which has the time of day.
    pub has_time: bool,
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract/vectors/authorizer")
}

fn read(name: &str) -> Value {
    let path = directory().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All cases of all files.
pub fn authorizer_cases() -> Vec<AuthorizerCase> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(directory()).expect("the cases can be listed") {
        let file = entry
            .expect("the cases can be listed")
            .file_name()
            .to_string_lossy()
            .into_owned();
        if !file.ends_with(".json") {
            continue;
        }
        let read = read(&file);
        cases.extend(
            read["cases"]
                .as_array()
                .expect("a list of cases")
                .iter()
                .map(|case| of(&file, case)),
        );
    }
    cases
}

fn of(file: &str, case: &Value) -> AuthorizerCase {
    let text = |name: &str| case[name].as_str().map(str::to_owned);
    let settings = case["settings"].as_object().expect("a case has settings");
    let event = text("event_text").or_else(|| case.get("event").map(Value::to_string));
    AuthorizerCase {
        name: format!("{file} {}", text("name").expect("a case has a name")),
        settings: settings
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        policy: text("policy").unwrap_or_else(|| "shop".to_owned()),
        event: event.map(|event| fill(&event)),
        expect: case["expect"].clone(),
        start_error: text("start_error"),
        has_time: case.get("now").is_some(),
    }
}

/// Every text that stands for a name in events.
pub fn given_texts() -> Vec<String> {
    let texts = read("given/texts.json");
    let texts = texts.as_object().expect("texts by name").values();
    texts
        .map(|text| text.as_str().expect("a text").to_owned())
        .collect()
}

/// The text that stands for this name in events.
pub fn given_text(name: &str) -> String {
    read("given/texts.json")[name]
        .as_str()
        .expect("there is such a text")
        .to_owned()
}

fn fill(json: &str) -> String {
    let texts: Map<String, Value> = read("given/texts.json").as_object().cloned().unwrap_or_default();
    texts.iter().fold(json.to_owned(), |json, (name, text)| {
        let text = text.to_string();
        json.replace(&format!("{{{name}}}"), text.trim_matches('"'))
    })
}

/// Writes the floor of a policy that cases share, as revision 42 of the feed `test`; its path.
pub fn given_floor(scratch: &Scratch, policy: &str) -> PathBuf {
    floor_of(scratch, policy, &read("given/policies.json")[policy])
}

/// The same of a policy as a person writes it, in JSON.
pub fn floor_of(scratch: &Scratch, name: &str, policy: &Value) -> PathBuf {
    let sections = policy.as_object().expect("a policy is an object");
    let mut entities = Vec::new();
    for (section, listed) in sections {
        for entity in listed.as_array().expect("a section is a list") {
            let mut body = entity.as_object().cloned().expect("an entity is an object");
            let id = body.remove("id").and_then(|id| id.as_str().map(str::to_owned));
            let id = id.expect("an entity has an id");
            entities.push((
                section.trim_end_matches('s').to_owned(),
                id,
                Value::Object(body).to_string(),
            ));
        }
    }
    let borrowed = entities
        .iter()
        .map(|(kind, id, body)| (kind.as_str(), id.as_str(), body.as_str()));
    let written = feed::write_floor("test", 42, 1_763_900_000, borrowed);
    let text = String::from_utf8(written.bytes).expect("a floor is text");
    scratch.write(&format!("{name}.floor"), &text)
}
