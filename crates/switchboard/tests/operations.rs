//! docs/operations.md names everything that there is to set and to read: every configuration key, every member of an
//! access-log line, every metric; and nothing that is in neither.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use gateway::usage::Metrics;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

fn page() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    std::fs::read_to_string(file).unwrap()
}

/// Parts of a configuration that are refused as a whole, and what is in them.
const NOT_YET: [&str; 14] = [
    "Aggregation",
    "Algorithm",
    "Auth",
    "Budget",
    "Claims",
    "Lambda",
    "Limit",
    "OverriddenLimit",
    "Part",
    "RateLimiting",
    "ResponseTransformation",
    "Services",
    "StepFunctions",
    "Transformation",
];

fn keys(schema: &Value, into: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        into.extend(properties.keys().cloned());
    }
}

fn check(page: &str, names: impl IntoIterator<Item = String>) {
    let missing: Vec<String> = names.into_iter().filter(|name| !names_it(page, name)).collect();
    assert!(
        missing.is_empty(),
        "docs/operations.md does not tell of {missing:?}"
    );
}

/// Whether the name stands in backquotes, alone or as part of a longer piece of code.
fn names_it(page: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    page.split('`').skip(1).step_by(2).any(|code| {
        code.match_indices(name)
            .any(|(at, _)| !code[..at].ends_with(part) && !code[at + name.len()..].starts_with(part))
    })
}

#[test]
fn every_configuration_key_is_told() {
    let schema = serde_json::to_value(gateway::configuration::schema()).unwrap();
    let mut all = BTreeSet::new();
    keys(&schema, &mut all);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        if !NOT_YET.contains(&name.as_str()) {
            keys(definition, &mut all);
        }
    }
    assert!(
        all.contains("strip_prefix") && all.contains("drain_ms"),
        "{all:?}"
    );
    check(&page(), all);
}

#[test]
fn every_member_of_an_access_log_line_is_told() {
    let schema = serde_json::to_value(gateway::configuration::schema()).unwrap();
    let names: Vec<String> = schema["$defs"]["LogFieldKey"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["const"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.len() > 10, "{names:?}");
    check(&page(), names);
}

#[test]
fn every_metric_is_told_and_no_other() {
    let text = Arc::new(Metrics::new()).encode();
    let families: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned))
        .collect();
    assert!(families.contains("switchboard_requests"), "{text}");
    let page = page();
    check(&page, families.iter().cloned());

    let told = page.split('`').skip(1).step_by(2);
    for name in told.filter(|code| code.starts_with("switchboard_")) {
        let name = name.split('{').next().unwrap();
        let name = name.strip_suffix("_total").unwrap_or(name);
        assert!(families.contains(name), "there is no metric {name}");
    }
}
