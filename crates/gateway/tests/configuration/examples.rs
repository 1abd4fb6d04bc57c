//! Every file in `examples/` is taken as it stands, but for sections that are not in this version.

use super::{Made, schema, told};
use gateway::configuration::{Checked, CheckedFile, check_either_text, check_text};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn example(name: &str) -> Checked {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    check_text(name, &text, &Made)
}

/// What is told of an example, without help; the one thing that each section without behaviour has is in `later`.
#[track_caller]
fn check(name: &str, later: &[&str], expected: &[&str]) {
    let checked = example(name);
    assert!(checked.is_otherwise_valid(), "{}", checked.render_plain());
    let refused: Vec<&str> = checked
        .problems
        .iter()
        .filter(|problem| problem.not_in_this_version)
        .map(|problem| problem.message.as_str())
        .collect();
    let later: Vec<String> = later
        .iter()
        .map(|key| format!("`{key}` is not in this version"))
        .collect();
    assert_eq!(refused, later, "{name}");
    assert_eq!(checked.configuration.is_some(), later.is_empty());
    let rest = told(&checked)
        .into_iter()
        .filter(|line| !line.contains("not in this version"));
    let rest: Vec<String> = rest
        .filter_map(|line| Some(line.split(" | ").next()?.to_owned()))
        .collect();
    assert_eq!(rest, expected, "{name}");
}

const NO_ROUTES: &str = "?1:1 no routes: every request is answered 404";

#[test]
fn each_fragment_is_a_file_as_it_stands() {
    check(
        "routing.json",
        &[],
        &["?2:3 everything is public: there is neither `auth` nor `policy`"],
    );
    check("auth.json", &[], &[NO_ROUTES]);
    check("rate-limiting.json", &["rate_limiting"], &[NO_ROUTES]);
    check("transformations.json", &["transformations"], &[NO_ROUTES]);
}

#[test]
fn all_of_them_together_are_one() {
    let sections = ["rate_limiting", "transformations", "aggregations"];
    check(
        "together.json",
        &sections,
        &[
            "?41:7 no route serves `/api/health`: the exclusion has no effect",
            "?42:7 no route serves `/api/auth/login`: the exclusion has no effect",
            "?43:7 no route serves `/api/auth/register`: the exclusion has no effect",
            "?54:17 no route serves `/api/auth/login`: the limit has no effect",
            "?59:17 no route serves `/api/search/**`: the limit has no effect",
        ],
    );
    check(
        "together.yaml",
        &["rate_limiting", "aggregations", "transformations"],
        &[],
    );
}

#[test]
fn no_example_is_left_out() {
    let mut files = Vec::new();
    let mut folders = vec![folder()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            // A portal's own file is read by the portal's tests.
            if path.is_dir() && !path.ends_with("portal") {
                folders.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    let is_configuration = |path: &&PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "yaml" || extension == "json")
    };
    let files: Vec<&PathBuf> = files.iter().filter(is_configuration).collect();
    assert!(files.len() >= 7, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let checked = match check_either_text(&file.display().to_string(), &text, &Made) {
            CheckedFile::Gateway(checked) => *checked,
            CheckedFile::Policy(policy) => {
                let shows_mistakes = file.ends_with("policy-mistakes.yaml");
                assert_eq!(
                    policy.entities.is_none(),
                    shows_mistakes,
                    "{}",
                    policy.render_plain()
                );
                assert!(
                    shows_mistakes || policy.problems.is_empty(),
                    "{}",
                    policy.render_plain()
                );
                continue;
            }
        };
        if file.ends_with("mistakes.yaml") {
            // It shows what problems look like.
            assert!(!checked.is_otherwise_valid());
            continue;
        }
        assert!(checked.is_otherwise_valid(), "{}", checked.render_plain());
        schema::fits(file.to_str().unwrap(), &text);
    }
}
