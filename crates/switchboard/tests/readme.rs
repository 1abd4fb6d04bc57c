//! What README.md shows is what happens: its configuration is good, and its commands print what stands below them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use gateway::configuration::{Environment, check_text};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The blocks of README.md that are fenced with this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let parts: Vec<&str> = readme.split("\n```").collect();
    // Every second part is a block; it begins with its language.
    let blocks = parts.iter().skip(1).step_by(2);
    blocks
        .filter_map(|block| block.split_once('\n'))
        .filter(|(named, _)| *named == language)
        .map(|(_, text)| text.to_owned())
        .collect()
}

struct Nothing;

impl Environment for Nothing {
    fn variable(&self, _: &str) -> Option<OsString> {
        None
    }
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn locate(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

#[test]
fn its_configurations_are_good() {
    let blocks = blocks("yaml");
    assert!(!blocks.is_empty());
    for block in blocks {
        let checked = check_text("README.md", &block, &Nothing);
        assert!(checked.configuration.is_some(), "{}", checked.render());
    }
}

#[test]
fn its_commands_print_what_it_shows() {
    let mut run = Vec::new();
    for block in blocks("") {
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
            .env("USERS_URL", "http://users-service:3001")
            .env("ORDERS_URL", "http://orders-service:3002")
            .env("PRODUCTS_URL", "http://products-service:3003")
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed.trim_end(), expected.trim_end(), "switchboard {line}");
        run.extend(line.split(' ').next().map(str::to_owned));
    }
    assert_eq!(run, ["check", "explain"]);
}
