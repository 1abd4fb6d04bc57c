//! What docs/operations.md shows of the commands is what happens: each is run, in its order, and prints what stands below it.

use super::*;
use std::path::Path;

const API: &str = "\
apis:
  - id: returns
    team: commerce
    base_path: /api/returns
    operations: [{ match: GET /api/returns/**, scopes: [returns.read] }]
";

/// Commands of the section's first console block, each with the lines that it is to print.
fn shown() -> Vec<(String, Vec<String>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let section = page
        .split("\n## Commands against a portal\n")
        .nth(1)
        .expect("the section is there");
    let block = section.split("```console\n").nth(1).expect("it shows commands");
    let block = block.split("```").next().expect("the block ends");
    let mut shown: Vec<(String, Vec<String>)> = Vec::new();
    for line in block.lines() {
        match line.strip_prefix("$ switchboard ") {
            Some(command) => shown.push((command.to_owned(), Vec::new())),
            None => shown
                .last_mut()
                .expect("a command is first")
                .1
                .push(line.to_owned()),
        }
    }
    shown
}

/// Whether a line is as shown, where `…` stands for anything.
fn fits(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    shown.ends_with('…') || rest.is_empty()
}

#[test]
fn what_the_page_shows_is_what_happens() {
    let portal = shop();
    let _gateway = follow(&portal, "api-eu-1");
    let scratch = e2e::Scratch::new();
    scratch.write("policy.yaml", POLICY);
    scratch.write("api.yaml", API);
    let shown = shown();
    assert!(shown.len() > 8, "{shown:?}");
    for (command, lines) in shown {
        e2e::case(&command);
        let words: Vec<&str> = command.split(' ').collect();
        let mut command = against(&portal, &words);
        command.current_dir(scratch.directory());
        let finished = Process::start(command).finish_within(LIMIT);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        let mut printed = finished.stdout.lines();
        for wanted in lines {
            assert!(
                printed.any(|line| fits(line, &wanted)),
                "{wanted} in its order in {finished:#?}"
            );
        }
    }
}
