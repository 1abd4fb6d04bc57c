//! The gateway's file, YAML or JSON: no text breaks the reader; what is refused is told with a place in the file; and what
//! is taken, written down and read again, means the same.
#![no_main]

use gateway::configuration::{Checked, Environment, Severity, check_text, masked};
use libfuzzer_sys::fuzz_target;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

fuzz_target!(|raw: &[u8]| {
    let Ok(text) = std::str::from_utf8(raw) else {
        return;
    };
    let checked = check_text("gateway", text, &Made);
    check_told(&checked, text);
    let Some(configuration) = &checked.configuration else {
        return;
    };
    let shown = masked(configuration);
    assert!(text.contains("s3cret") || !shown.to_string().contains("s3cret"));
    // Of what came from outside the file, only that is shown.
    if !text.contains("${") && configuration.admin_token.is_none() {
        check_again(&shown);
    }
});

/// What is shown is a file, but for the names of routes, and means the same.
fn check_again(shown: &serde_json::Value) {
    let mut file = shown.clone();
    for route in file["routes"].as_array_mut().expect("routes are a list") {
        route.as_object_mut().expect("a route is a map").remove("name");
    }
    let again = check_text("gateway.json", &file.to_string(), &Made);
    match &again.configuration {
        Some(configuration) => assert_eq!(&masked(configuration), shown),
        None => panic!("{file}\n{}", again.render_plain()),
    }
}

/// Every problem has its place and can be shown, and errors are what refuses.
fn check_told(checked: &Checked, text: &str) {
    let lines = text.split('\n').count();
    for problem in &checked.problems {
        assert!((1..=lines).contains(&problem.line) && problem.column >= 1);
        assert!(!problem.message.is_empty());
    }
    let is_refused = checked
        .problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    assert_eq!(checked.configuration.is_none(), is_refused);
    assert_eq!(checked.render().is_empty(), checked.problems.is_empty());
    assert_eq!(checked.render_plain().is_empty(), checked.problems.is_empty());
    assert!(checked.to_json()["problems"].is_array());
}

/// The only variable and the only file.
struct Made;

impl Environment for Made {
    fn variable(&self, name: &str) -> Option<OsString> {
        (name == "A").then(|| "80".into())
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.ends_with("f") {
            true => Ok(b"s3cret\n".to_vec()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }
    fn locate(&self, path: &Path) -> PathBuf {
        Path::new("/etc").join(path)
    }
}
