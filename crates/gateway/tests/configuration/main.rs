//! A gateway's file from the outside: what is taken, what is refused and how that is told, and that nothing breaks it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bytes;
mod examples;
mod forms;
mod kafka;
mod load;
mod policy;
mod private_api;
mod problems;
mod routes;
mod schema;
mod sections;
mod speed;

use gateway::configuration::{Checked, Environment, check_text};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The only variables and files that there are.
struct Made;

impl Environment for Made {
    fn variable(&self, name: &str) -> Option<OsString> {
        let value = match name {
            "HOST" => "orders.internal",
            "PORT" => "3002",
            "YES" => "true",
            "EMPTY" => "",
            "LINES" => "one\ntwo",
            "USERS_URL" | "ORDERS_URL" | "PRODUCTS_URL" => "http://127.0.0.1:3001",
            _ => return None,
        };
        Some(value.into())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let content: &[u8] = match path.to_str() {
            Some("/etc/switchboard/token") => b"s3cret-token\n",
            Some("/etc/switchboard/windows") => b"text\r\n",
            Some("/etc/switchboard/two-lines") => b"one\ntwo\n\n",
            Some("/etc/switchboard/binary") => b"\xff\xfe",
            Some("/etc/switchboard/ca.pem") => return Ok(authority()),
            Some("/etc/switchboard/none.pem") => b"nothing",
            Some("/etc/switchboard/broken.pem") => {
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
            }
            _ => return Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
        };
        Ok(content.to_vec())
    }

    fn locate(&self, path: &Path) -> PathBuf {
        Path::new("/etc/switchboard").join(path)
    }
}

fn authority() -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::default();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.self_signed(&key).unwrap().pem().into_bytes()
}

/// Checks a text; JSON where it begins with a brace.
fn checked(text: &str) -> Checked {
    let is_json = text.trim_start().starts_with('{');
    check_text(if is_json { "gateway.json" } else { "gateway.yaml" }, text, &Made)
}

/// Each problem as `LINE:COLUMN message | help`; warnings begin with `?`.
fn told(checked: &Checked) -> Vec<String> {
    let told = checked.problems.iter().map(|problem| {
        let mark = if problem.severity == gateway::configuration::Severity::Warning {
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

/// What is told of a file, without what is told of every one, and without sections being not in this version.
#[track_caller]
fn check_told(text: &str, expected: &[&str]) {
    let checked = checked(text);
    let is_usual = |line: &String| {
        line.contains("everything is public")
            || line.contains("no routes:")
            || line.contains("not in this version")
    };
    let told: Vec<String> = told(&checked)
        .into_iter()
        .filter(|line| !is_usual(line))
        .collect();
    assert_eq!(told, expected, "{}", checked.render_plain());
    let wrong = told.iter().any(|problem| !problem.starts_with('?'));
    assert_eq!(checked.is_otherwise_valid(), !wrong, "{text}");
}
