//! What pages show is what happens: their fenced blocks, and the commands that stand in them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The blocks of a page that are fenced with this language.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let parts: Vec<&str> = text.split("\n```").collect();
    // Every second part is a block; it begins with its language.
    let blocks = parts.iter().skip(1).step_by(2);
    blocks
        .filter_map(|block| block.split_once('\n'))
        .filter(|(named, _)| *named == language)
        .map(|(_, text)| text.to_owned())
        .collect()
}

/// Runs every `$ switchboard …` that begins a block without language, and expects what stands below it. Gives the verbs.
pub(crate) fn commands_print_what_stands_below(page: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let mut run = Vec::new();
    for block in blocks(page, "") {
        let Some((line, expected)) = block
            .strip_prefix("$ switchboard ")
            .and_then(|block| block.split_once('\n'))
        else {
            continue;
        };
        let words = line.split(' ').map(|word| word.trim_matches('\''));
        let output = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(words)
            .current_dir(root())
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed.trim_end(), expected.trim_end(), "switchboard {line}");
        run.extend(line.split(' ').next().map(str::to_owned));
    }
    run
}
