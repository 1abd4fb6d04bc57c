//! Every case of `contract/vectors/feed/histories.json`: lines one behind the other, and what a reader makes of each. The other language runs
//! the same file.
//!
//! The file is made by `cases.rs`, where what is expected is written by hand; `cargo test -p feed --test histories -- --ignored` writes it anew.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod world;

use feed::{Bounds, Line, Read, Reader, Roots, Scratch, Shown, read_floor};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    lines: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    shows: String,
    floor: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "snake_case")]
enum Step {
    Restart,
    Line {
        line: String,
        now: u64,
        read: String,
        changes: Option<BTreeMap<String, Option<String>>>,
    },
    State {
        at_end: bool,
        max_staleness_s: u64,
        now: u64,
        state: String,
        view: Option<Viewed>,
    },
}

#[derive(Deserialize, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
struct Viewed {
    epoch: u64,
    revision: u64,
    at: u64,
    fresh_at: u64,
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract/vectors/feed/histories.json")
}

/// A reader that shows the floor; of roots alone one that shows nothing.
fn begin(floor: &[&str], now: u64) -> Reader {
    let text: String = floor.iter().map(|line| format!("{line}\n")).collect();
    if let [roots] = floor {
        return match Line::parse(roots.as_bytes(), &mut Scratch::default()) {
            Some(Line::Roots(Some(roots))) => Reader::new(Roots::pinned(&roots)),
            other => panic!("{other:?}"),
        };
    }
    let floor = read_floor(text.as_bytes()).unwrap();
    let reader = Reader::of_floor(&floor, now).unwrap();
    // The way that knows what was kept gives the same, where nothing was.
    let begun = feed::kept::begin(&floor, text.as_bytes(), b"", now).unwrap();
    assert_eq!(begun.reader.view(), reader.view());
    assert_eq!(begun.reader.keyring_line(), reader.keyring_line());
    reader
}

fn body_of(value: &[u8]) -> String {
    let line: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_slice(value).unwrap();
    line["body"].get().to_owned()
}

fn changes_of(shown: &Shown) -> BTreeMap<String, Option<String>> {
    let changes = shown.changes.iter();
    changes
        .map(|(key, value)| (key.to_string(), value.as_deref().map(body_of)))
        .collect()
}

fn run(case: &Case, lines: &BTreeMap<String, String>) {
    let text = |name: &String| {
        let found = lines.get(name);
        found
            .unwrap_or_else(|| panic!("{}: no line `{name}`", case.name))
            .as_str()
    };
    assert!(!case.shows.is_empty());
    let floor: Vec<&str> = case.floor.iter().map(text).collect();
    let mut reader = begin(&floor, world::NOW);
    for (number, step) in case.steps.iter().enumerate() {
        let place = format!("{}, step {number}", case.name);
        match step {
            Step::Restart => reader.restart(),
            Step::Line {
                line,
                now,
                read,
                changes,
            } => {
                let found = reader.line(text(line).as_bytes(), *now);
                assert_eq!(found.word(), read, "{place}: {line}");
                let shown = match &found {
                    Read::Shown(shown) => Some(changes_of(shown)),
                    _ => None,
                };
                assert_eq!(shown, *changes, "{place}: {line}");
            }
            Step::State {
                at_end,
                max_staleness_s,
                now,
                state,
                view,
            } => {
                let bounds = Bounds {
                    staleness_s_max: *max_staleness_s,
                };
                assert_eq!(reader.state(*at_end, bounds, *now).word(), state, "{place}");
                let found = reader.view().map(|view| Viewed {
                    epoch: view.epoch,
                    revision: view.revision,
                    at: view.at,
                    fresh_at: view.fresh_at,
                });
                assert_eq!(found, *view, "{place}");
            }
        }
    }
}

#[test]
fn every_history_is_read_as_it_says() {
    let file: File = serde_json::from_slice(&std::fs::read(path()).unwrap()).unwrap();
    assert!(!file.about.is_empty() && file.cases.len() > 20);
    for case in &file.cases {
        run(case, &file.lines);
    }
}

#[test]
fn the_file_is_what_is_made() {
    let file: Value = serde_json::from_slice(&std::fs::read(path()).unwrap()).unwrap();
    assert!(
        file == cases::file(),
        "histories.json is not what cases.rs makes; write it anew: cargo test -p feed --test histories -- --ignored"
    );
}

#[test]
#[ignore = "writes the file"]
fn write() {
    std::fs::write(path(), world::written(&cases::file())).unwrap();
}
