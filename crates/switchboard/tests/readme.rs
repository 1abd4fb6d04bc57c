//! What README.md shows is what happens: its configuration is good, and its commands print what stands below them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod page;

use gateway::configuration::{Environment, check_text};
use page::{blocks, commands_print_what_stands_below};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

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
    let blocks = blocks("README.md", "yaml");
    assert!(!blocks.is_empty());
    for block in blocks {
        let checked = check_text("README.md", &block, &Nothing);
        assert!(checked.configuration.is_some(), "{}", checked.render());
    }
}

#[test]
fn its_commands_print_what_it_shows() {
    let environment = [
        ("USERS_URL", "http://users-service:3001"),
        ("ORDERS_URL", "http://orders-service:3002"),
        ("PRODUCTS_URL", "http://products-service:3003"),
    ];
    let run = commands_print_what_stands_below("README.md", &environment);
    assert_eq!(run, ["check", "explain"]);
}
