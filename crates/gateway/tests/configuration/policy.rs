//! Policy files through the reader of configurations: places, duplicate keys, references, numbers, and which file is what.

use super::Made;
use gateway::configuration::{CheckedFile, CheckedPolicy, Severity, check_either_text, check_policy_text};

/// Each problem as `LINE:COLUMN message | help`; warnings begin with `?`.
fn told(checked: &CheckedPolicy) -> Vec<String> {
    let told = checked.problems.iter().map(|problem| {
        let mark = if problem.severity == Severity::Warning {
            "?"
        } else {
            ""
        };
        let help = problem.help.as_deref().unwrap_or("-");
        format!(
            "{mark}{}:{} {} | {help}",
            problem.line, problem.column, problem.message
        )
    });
    told.collect()
}

/// What is told of a policy file; each expected text begins what is told.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let name = if text.trim_start().starts_with('{') {
        "policy.json"
    } else {
        "policy.yaml"
    };
    let checked = check_policy_text(name, text);
    let told = told(&checked);
    let fits = told.len() == expected.len()
        && told
            .iter()
            .zip(expected)
            .all(|(told, expected)| told.starts_with(expected));
    assert!(fits, "{}\n{told:#?}", checked.render_plain());
    let wrong = told.iter().any(|problem| !problem.starts_with('?'));
    assert_eq!(checked.entities.is_none(), wrong, "{text}");
}

const API: &str = "apis: [{ id: a, team: t, base_path: /a, public: [GET /a] }]\n";

#[test]
fn problems_stand_where_they_are_written() {
    check(API, &[]);
    check(
        "apis:\n  - id: a\n    team: t\n    base_path: /a/\n    publik: []\n",
        &[
            "4:16 \"/a/\" is no base path | write `/a`",
            "5:5 unknown key `publik` | write `public`?",
        ],
    );
    check(
        "apis:\n  - id: a\n    base_path: /a\n",
        &["2:5 `team` is missing | add `team: …` here"],
    );
    check(
        "cells:\n- id: x\n- id: x\n",
        &["3:7 a second cell with the id `x`"],
    );
    check(
        "{\"cells\": [{\"id\": \"x\"},\n {\"id\": \"y\", \"z\": 1}]}",
        &["2:14 unknown key `z`"],
    );
    check("[]", &["1:1 expected a map, found a list"]);
    check("", &["?1:1 a policy without APIs"]);
    check("apis: [", &["1:7 not well-formed YAML"]);
}

#[test]
fn a_problem_that_is_about_two_places_shows_both() {
    let checked = check_policy_text("p.yaml", "cells:\n- id: x\n\n- id: x\n");
    let report = checked.render_plain();
    for part in ["p.yaml:4:7: ", "4 | - id: x", "note: first here", "2 | - id: x"] {
        assert!(report.contains(part), "{part} in\n{report}");
    }
    assert!(checked.render().contains('\u{1b}'));
    assert_eq!(checked.to_json()["problems"][0]["line"], 4);
}

#[test]
fn keys_that_stand_twice_are_told_and_the_first_counts() {
    check(
        &format!("{API}cells: [{{ id: x, id: y }}]\ntenants: [{{ id: t, cell: x }}]\n"),
        &["2:18 `id` is given twice | keep one of them"],
    );
    check(&format!("{API}{API}"), &["2:1 `apis` is given twice"]);
}

#[test]
fn references_are_not_filled_in() {
    check(
        &format!("{API}cells: [{{ id: \"${{env:HOST}}\" }}]\n"),
        &["2:15 `${…}` is not filled in here | write the value itself"],
    );
    check(
        &format!("{API}cells: [{{ id: \"$${{\" }}]\n"),
        &["2:15 `${…}` is not filled in here"],
    );
    // Whatever else there is to say of the same value is not said.
    check(
        "issuers: \"${file:issuers}\"\n",
        &["1:10 `${…}` is not filled in here"],
    );
}

#[test]
fn numbers_are_those_of_json() {
    let cell = |id: &str| format!("{API}cells: [{{ id: {id} }}]\n");
    check(
        &cell("7"),
        &["2:15 expected an id, found the number 7 | put quotes around it"],
    );
    check(
        &cell("0x1f"),
        &["2:15 \"0x1f\" is no number that JSON has | write it in decimal, or put quotes"],
    );
    check(&cell(".inf"), &["2:15 \".inf\" is no number"]);
    check(&cell("1e999"), &["2:15 \"1e999\" is no number"]);
    check(&cell("\"7\""), &[]);
}

#[test]
fn more_problems_than_anybody_reads_are_counted() {
    let cells: String = (0..150).map(|number| format!("- id: a b{number}\n")).collect();
    let checked = check_policy_text("p.yaml", &format!("{API}cells:\n{cells}"));
    assert_eq!(checked.problems.len(), 101);
    assert_eq!(checked.problems[100].message, "50 further problems are not shown");
    assert!(checked.entities.is_none());
    // Warnings alone, however many, refuse nothing.
    let clients: String = (0..150)
        .map(|number| format!("- {{ id: c{number}, team: t }}\n"))
        .collect();
    let checked = check_policy_text("p.yaml", &format!("{API}clients:\n{clients}"));
    assert_eq!(checked.problems.len(), 101);
    assert_eq!(checked.problems[100].severity, Severity::Warning);
    assert!(checked.entities.is_some());
}

#[test]
fn a_file_is_known_by_its_keys() {
    let kind = |text: &str| match check_either_text("file.yaml", text, &Made) {
        CheckedFile::Gateway(_) => "gateway".to_owned(),
        CheckedFile::Policy(checked) => {
            let told = told(&checked);
            told.first().cloned().unwrap_or_else(|| "policy".to_owned())
        }
    };
    assert_eq!(kind(API), "policy");
    assert_eq!(kind(&format!("$schema: x\n{API}")), "policy");
    assert_eq!(
        kind(&format!("nobody: x\n{API}")),
        "1:1 unknown key `nobody` | known here: `issuers`, `apis`, `clients`, `plans`, `revocations`, `tenants`, `cells`"
    );
    for text in ["", "listen: 127.0.0.1:0\n", "routs: []\n", "[]\n", "a: [\n"] {
        assert_eq!(kind(text), "gateway", "{text}");
    }
    let mixed = kind("listen: 127.0.0.1:0\nclients: []\n");
    assert!(
        mixed.starts_with("2:1 `clients` is of a policy, and `listen` is of a gateway"),
        "{mixed}"
    );
}
