//! The roles as real processes: what the load reports through each forwarder, and that it tells a wrong answer from a
//! right one. A benchmark that cannot fail would prove nothing.

#![allow(clippy::unwrap_used, reason = "a test's helper fails as its test does")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A role that runs until it is dropped.
struct Role {
    child: Child,
    address: String,
}

impl Role {
    fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
        let mut child = command.args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            child,
            address: address.trim().to_owned(),
        }
    }

    fn before(role: &str, backend: &Role) -> Self {
        Self::start(&[role, "--backend", &backend.address])
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn load(target: &Role, args: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command
        .args(["load", "--target", &target.address])
        .args(args)
        .stdin(Stdio::null());
    if !args.iter().any(|arg| arg.starts_with("--seconds")) {
        command.arg("--seconds=0.2");
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn check(target: &Role, args: &[&str], wrong: Option<&str>) {
    let report = load(target, args);
    match wrong {
        None => {
            assert_eq!(report["wrong"], Value::Null, "{args:?}");
            assert!(report["requests"].as_u64().unwrap() > 0, "{args:?}");
        }
        Some(part) => assert!(
            report["wrong"].as_str().is_some_and(|wrong| wrong.contains(part)),
            "{args:?}: {report}"
        ),
    }
}

const DOWN: [&str; 2] = ["--path=/bytes/1000000", "--download=1000000"];
const UP: [&str; 2] = ["--path=/sink", "--upload=1000000"];

#[test]
fn both_forwarders_pass_small_answers_and_large_bodies_whole() {
    let backend = Role::start(&["backend"]);
    for role in ["floor", "forwarder"] {
        let forwarder = Role::before(role, &backend);
        check(&forwarder, &["--path=/api/{}", "--paths=1000"], None);
        check(&forwarder, &DOWN, None);
        check(&forwarder, &UP, None);
    }
}

#[test]
fn the_load_tells_a_wrong_answer() {
    let backend = Role::start(&["backend"]);
    check(
        &backend,
        &["--path=/bytes/999", "--download=1000"],
        Some("Content-Length"),
    );
    check(&backend, &["--path=/bytes/250"], Some("differs"));
    // The backend knows a body that is not the pattern's beginning, here by its absence.
    check(&backend, &["--path=/x", "--upload=16000001"], Some("500"));
}

#[test]
fn a_fixed_rate_is_kept() {
    let backend = Role::start(&["backend"]);
    let report = load(&backend, &["--path=/", "--rate=500"]);
    let requests = report["requests"].as_u64().unwrap();
    // 100 are due in 0.2 s. Never more; a busy machine may make fewer, but a closed loop would make thousands.
    assert!((1..=100).contains(&requests), "{report}");
}

#[test]
fn tokens_that_are_shown_once_end_the_load() {
    let backend = Role::start(&["backend"]);
    let file = std::env::temp_dir().join(format!("bench-shown-{}", std::process::id()));
    let lines: String = (0..100).map(|number| format!("token-{number}\n")).collect();
    std::fs::write(&file, lines).unwrap();
    let tokens = format!("--tokens={}", file.display());
    let report = load(
        &backend,
        &[
            "--path=/",
            &tokens,
            "--draw=once",
            "--skip=10",
            "--take=40",
            "--seconds=60",
        ],
    );
    assert_eq!(
        (&report["requests"], &report["wrong"]),
        (&Value::from(40), &Value::Null)
    );
    check(&backend, &["--path=/", &tokens], None);
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn idle_connections_are_held_until_the_input_ends() {
    let backend = Role::start(&["backend"]);
    let floor = Role::before("floor", &backend);
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["idle", "--connections=20", "--path=/", "--target", &floor.address]);
    let mut idle = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(idle.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line.trim(), floor.address);
    assert!(idle.try_wait().unwrap().is_none());
    drop(idle.stdin.take());
    assert!(idle.wait().unwrap().success());
}
