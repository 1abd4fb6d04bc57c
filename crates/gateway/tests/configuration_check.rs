//! What `switchboard check` says: each wrong file with the problems that are shown for it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use gateway::configuration::{Environment, check_text};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Variables and files that exist only here.
#[derive(Default)]
struct Made {
    variables: HashMap<&'static str, &'static str>,
    files: HashMap<PathBuf, Vec<u8>>,
}

impl Environment for Made {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).map(Into::into)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
    fn locate(&self, path: &Path) -> PathBuf {
        Path::new("/etc/switchboard").join(path)
    }
}

/// Each problem as `LINE:COLUMN message | help`; warnings begin with `?`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let name = if text.trim_start().starts_with('{') {
        "gateway.json"
    } else {
        "gateway.yaml"
    };
    let checked = check_text(name, text, &Made::default());
    let problems: serde_json::Value = checked.to_json();
    let shown: Vec<String> = problems["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            let mark = if problem["severity"] == "warning" { "?" } else { "" };
            let (line, column) = (&problem["line"], &problem["column"]);
            let (message, help) = (
                problem["message"].as_str().unwrap(),
                problem["help"].as_str().unwrap_or("-"),
            );
            format!("{mark}{line}:{column} {message} | {help}")
        })
        .collect();
    assert_eq!(shown, expected, "{}", checked.render_plain());
    let refused = shown.iter().any(|problem| !problem.starts_with('?'));
    assert_eq!(checked.configuration.is_none(), refused);
}

const NO_ROUTES: &str = "?1:1 no routes: every request is answered 404 | add `routes`";

#[test]
fn a_file_without_routes_is_a_warning() {
    check("", &[NO_ROUTES]);
    check("{}", &[NO_ROUTES]);
    check("listen: 0.0.0.0:8080\n", &[NO_ROUTES]);
    check("routes: []\n", &[NO_ROUTES]);
}

#[test]
fn all_problems_are_told_at_once() {
    check(
        "listen: 80\nconections_max: 7\ntimeouts: { connect_ms: 0, head_ms: soon }\nworkers: \"${env:N}\"\n",
        &[
            NO_ROUTES,
            "1:9 expected an address with its port, found a number | write `127.0.0.1:80` or `0.0.0.0:80`",
            "2:1 unknown key `conections_max` | write `connections_max`? Known here: `listen`, `listeners`, `admin`, \
             `health`, `access_log`, `allow_targets`, `trusted_edges`, `timeouts`, `routes`, `auth`, `rate_limiting`, \
             `aggregations`, `transformations`, `failed_credentials`, `cell`, `state_dir`, `drain_ms`, \
             `drain_idle_ms`, `head_bytes_max`, `header_count_max`, `connections_max`, `workers`, `environment`, \
             `policy`, `services`",
            "3:25 the number 0 is too small | write a number from 1 to 300000",
            "3:37 expected a whole number, found the string \"soon\" | write a number from 1 to 3600000, without \
             quotes and unit",
            "4:10 the environment variable `N` is not set | set `N` where the gateway is started",
        ],
    );
}
