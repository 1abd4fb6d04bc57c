//! The commands that people use against a portal: the real command, a real portal, and real gateways that follow it.

mod apis;
mod clients;
mod fleet;
mod page;
mod policies;
mod used;
mod verify;

use e2e::{Finished, Gateway, Portal, Process, Setup, switchboard, wait_for};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

/// A command that waits may take as long as it says itself.
const LIMIT: Duration = Duration::from_secs(60);

/// A command against this portal, as its platform admin, in `prod`.
fn against(portal: &Portal, arguments: &[&str]) -> Command {
    let mut command = switchboard(arguments);
    command
        .env("SWITCHBOARD_PORTAL", format!("http://{}", portal.address()))
        .env("SWITCHBOARD_ENVIRONMENT", "prod")
        .env("SWITCHBOARD_TOKEN", portal.token());
    command
}

fn run(portal: &Portal, arguments: &[&str]) -> Finished {
    Process::start(against(portal, arguments)).finish_within(LIMIT)
}

/// The command ends with this exit code, and prints all of these.
#[track_caller]
fn check(finished: &Finished, code: i32, stdout: &[&str], stderr: &[&str]) {
    assert_eq!(finished.code, Some(code), "{finished:#?}");
    for part in stdout {
        assert!(finished.stdout.contains(part), "{part} in {finished:#?}");
    }
    for part in stderr {
        assert!(finished.stderr.contains(part), "{part} in {finished:#?}");
    }
    for text in [&finished.stdout, &finished.stderr] {
        assert!(!text.contains('\u{1b}'), "no colour in a pipe: {finished:#?}");
    }
}

#[track_caller]
fn ok(portal: &Portal, arguments: &[&str], stdout: &[&str]) -> Finished {
    let finished = run(portal, arguments);
    check(&finished, 0, stdout, &[]);
    finished
}

/// What a command printed with `--json`.
#[track_caller]
fn json_of(finished: &Finished) -> Value {
    let read = serde_json::from_str(&finished.stdout);
    read.unwrap_or_else(|error| panic!("{error}: {finished:#?}"))
}

/// An API, and a client that may read it with a key that nobody has.
const POLICY: &str = "\
apis:
  - id: orders
    team: commerce
    base_path: /api/orders
    operations:
      - { match: GET /api/orders/**, scopes: [orders.read] }
      - { match: POST /api/orders/**, scopes: [orders.write] }
clients:
  - id: app
    team: mobile
    credentials:
      - { type: api_key, id: k1, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 }
    grants:
      - { api: orders, scopes: [orders.read] }
";

/// A portal with that policy in it.
fn shop() -> Portal {
    let portal = Portal::start();
    let file = portal.scratch.write("policy.yaml", POLICY);
    ok(&portal, &["policy", "import", path(&file)], &["imported"]);
    portal
}

fn path(file: &std::path::Path) -> &str {
    file.to_str().expect("a scratch path is text")
}

/// A gateway that follows this portal's stream, and reports to it under this name.
fn follow(portal: &Portal, name: &str) -> Gateway {
    let token = portal.enrol(name);
    let line = format!("Authorization: Bearer {token}");
    let floor = portal.ask_with("GET", "/v1/feeds/prod/floor", None, &[&line]);
    let setup = Setup::new();
    setup.scratch.write("policy.floor", &floor.expect(200).text());
    setup.scratch.write("token", &token);
    let address = portal.address();
    let gateway = setup.start(&format!(
        "policy: {{ floor: policy.floor, feed: {{ portal: \"http://{address}\", token: \"${{file:token}}\" }} }}\n\
         environment: prod\nstate_dir: state\nfleet: {{ name: {name} }}\n\
         routes: [{{ path: /api/orders/**, respond: {{ status: 200 }} }}]\n"
    ));
    wait_for(&format!("{name} to follow"), || {
        (gateway.policy()["state"] == "live").then_some(())
    });
    wait_for(&format!("the report of {name}"), || {
        let fleet = portal.get("/v1/fleet?environment=prod").json();
        let instances = fleet["instances"].as_array()?;
        let is_live = |one: &Value| one["name"] == name && one["policy"]["state"] == "live";
        instances.iter().any(is_live).then_some(())
    });
    gateway
}

/// What the gateway answers to this key.
fn with_key(gateway: &Gateway, key: &str) -> u16 {
    let line = format!("X-Api-Key: {key}");
    gateway.client().get_with("/api/orders/1", &[&line]).status
}

#[test]
fn who_asks_and_where_has_to_be_said_and_to_be_safe() {
    let portal = Portal::start();
    let mut no_token = against(&portal, &["client", "list"]);
    no_token.env_remove("SWITCHBOARD_TOKEN");
    check(
        &e2e::run(no_token),
        2,
        &[],
        &["--token-file", "SWITCHBOARD_TOKEN"],
    );
    let mut no_portal = against(&portal, &["client", "list"]);
    no_portal.env_remove("SWITCHBOARD_PORTAL");
    check(&e2e::run(no_portal), 2, &[], &["--portal"]);
    let plain = run(
        &portal,
        &["client", "list", "--portal", "http://portal.example.com"],
    );
    check(&plain, 2, &[], &["would send the token unencrypted"]);
    let mut wrong = against(&portal, &["client", "list"]);
    wrong.env("SWITCHBOARD_TOKEN", "sbp_nobody");
    check(
        &e2e::run(wrong),
        1,
        &[],
        &["401 unauthenticated", "the token is unknown or has ended"],
    );

    let file = portal.scratch.write("token", &format!("{}\n", portal.token()));
    let mut from_file = against(&portal, &["client", "list", "--token-file", path(&file)]);
    from_file.env("SWITCHBOARD_TOKEN", "sbp_nobody");
    let finished = e2e::run(from_file);
    check(&finished, 0, &[], &["may be read by others than its owner"]);
    for text in [&finished.stdout, &finished.stderr] {
        assert!(!text.contains(portal.token()), "{finished:#?}");
    }
}

#[test]
fn a_portal_that_is_not_there_has_an_exit_code_of_its_own() {
    let closed = e2e::Closed::new();
    let portal = Portal::start();
    let mut command = against(&portal, &["client", "disable", "app"]);
    command.env("SWITCHBOARD_PORTAL", format!("http://{}", closed.address));
    check(&e2e::run(command), 3, &[], &["cannot be reached"]);
    let silent = e2e::Upstream::answering(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let mut command = against(&portal, &["fleet"]);
    command.env("SWITCHBOARD_PORTAL", silent.url());
    check(&e2e::run(command), 3, &[], &["not what a portal says"]);
    let elsewhere = e2e::Upstream::answering(
        |_| "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    );
    let mut command = against(&portal, &["client", "list"]);
    command.env("SWITCHBOARD_PORTAL", elsewhere.url());
    check(&e2e::run(command), 3, &[], &["302", "is not followed"]);
}

#[test]
fn a_change_whose_answer_was_lost_is_asked_for_again_and_done_once() {
    let portal = shop();
    let address = portal.address();
    // Passes requests on, and drops the first answer to a change.
    let dropped = std::sync::atomic::AtomicBool::new(false);
    let between = e2e::Upstream::start(move |mut peer| {
        let Some(request) = peer.request() else { return };
        let mut lines = Vec::new();
        for name in ["Authorization", "Idempotency-Key", "Content-Type"] {
            if let Some(value) = request.field(name) {
                lines.push(format!("{name}: {value}\r\n"));
            }
        }
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n",
            request.method,
            request.target,
            lines.concat(),
            request.body.len()
        );
        let mut client = e2e::Client::connect(address);
        let answer = client.exchange([head.as_bytes(), &request.body].concat());
        if request.method == "POST" && !dropped.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return;
        }
        let body = answer.text();
        peer.send(format!(
            "HTTP/1.1 {} X\r\nSwitchboard-Revision: {}\r\nContent-Length: {}\r\n\r\n{body}",
            answer.status,
            answer.field("Switchboard-Revision").unwrap_or_default(),
            body.len()
        ));
    });
    let mut command = against(&portal, &["client", "disable", "app", "--json"]);
    command.env("SWITCHBOARD_PORTAL", between.url());
    let finished = e2e::run(command);
    check(&finished, 0, &["suspended"], &[]);
    let revision = json_of(&finished)["revision"].clone();
    assert_eq!(
        portal.get("/v1/environments/prod/clients/app").json()["version"],
        json!(2)
    );
    assert_eq!(
        portal.get("/v1/environments/prod/policy").json()["revision"],
        revision
    );
}
