//! What the cases of `contract/vectors/authorizer/` share: policies by name, and texts that stand for `{NAME}`.

use authorizer::Source;
use policy::{Change, Policy};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Where the cases are.
pub(crate) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract/vectors/authorizer")
}

/// A file of the cases' directory.
pub(crate) fn read(name: &str) -> String {
    let path = vectors().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The policy of this name, as revision 42 of the feed `test`.
#[allow(dead_code, reason = "not every test takes one by name")]
pub(crate) fn source(name: &str) -> Source {
    let policies: Map<String, Value> =
        serde_json::from_str(&read("given/policies.json")).expect("the cases are sound");
    source_of(&policies[name])
}

/// The same of a policy as a person writes it, in JSON.
pub(crate) fn source_of(document: &Value) -> Source {
    let mut entities = Vec::new();
    for (section, listed) in document.as_object().expect("the cases are sound") {
        let kind = section.strip_suffix('s').expect("the cases are sound");
        for entity in listed.as_array().expect("the cases are sound") {
            let mut body = entity.as_object().expect("the cases are sound").clone();
            let id = body
                .remove("id")
                .expect("the cases are sound")
                .as_str()
                .expect("the cases are sound")
                .to_owned();
            entities.push((kind, id, Value::Object(body).to_string()));
        }
    }
    let changes = entities.iter().map(|(kind, id, body)| Change::Put {
        kind,
        id,
        body: body.as_str().into(),
        needs: &[],
    });
    Source {
        policy: Policy::build(changes).0,
        feed: "test".into(),
        revision: 42,
    }
}

/// The JSON text with every `{NAME}` in it replaced, as JSON writes it in a string.
#[allow(dead_code, reason = "not every test has events of the cases")]
pub(crate) fn fill(json: &str) -> String {
    let texts: Map<String, Value> =
        serde_json::from_str(&read("given/texts.json")).expect("the cases are sound");
    texts.iter().fold(json.to_owned(), |json, (name, text)| {
        let text = text.to_string();
        json.replace(&format!("{{{name}}}"), &text[1..text.len() - 1])
    })
}
