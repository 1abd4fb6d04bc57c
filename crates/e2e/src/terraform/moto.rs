//! An emulator of AWS's control plane (PyPI `moto[server]`): it takes what Terraform makes and gives it back, and serves
//! nothing. `cargo xtask test` installs it.

use crate::client::Client;
use crate::message::Response;
use crate::process::Process;
use crate::scratch::Scratch;
use crate::wait::wait_within;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The version that `cargo xtask test` installs.
const VERSION: &str = "5.2.5";

/// Importing all of botocore takes a loaded machine a while.
const START: Duration = Duration::from_secs(60);

/// A running emulator.
#[derive(Debug)]
pub struct Moto {
    process: Process,
    _scratch: Scratch,
    address: SocketAddr,
}

impl Moto {
    /// Starts one on a port that it chooses.
    pub fn start() -> Moto {
        let program = Moto::program("moto_server");
        let scratch = Scratch::new();
        let mut command = Command::new(program);
        command
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", scratch.directory())
            .env("TMPDIR", scratch.directory())
            .current_dir(scratch.directory())
            .stdin(Stdio::null());
        let process = Process::start(command);
        let address = wait_within(START, "moto", || {
            let lines = process.stderr().so_far();
            lines.iter().find_map(|line| address_in(line))
        });
        Moto {
            process,
            _scratch: scratch,
            address,
        }
    }

    /// A program that comes with it.
    pub fn program(name: &str) -> PathBuf {
        let program = crate::process::tools(&format!("moto-{VERSION}"))
            .join("bin")
            .join(name);
        assert!(
            program.is_file(),
            "moto {VERSION} is not installed; `cargo xtask test` does that"
        );
        program
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it says of each request.
    pub(crate) fn log(&self) -> Vec<String> {
        self.process.stderr().so_far()
    }

    /// The names of all that it holds, by kind.
    pub fn inventory(&self) -> BTreeMap<&'static str, Vec<String>> {
        let of_rest =
            |service, path, list, name| names(&self.ask(service, "GET", path, "", "").json()[list], name);
        let of_query = |service, action: &str, tag: &str| {
            let text = self
                .ask(
                    service,
                    "POST",
                    "/",
                    "Content-Type: application/x-www-form-urlencoded\r\n",
                    action,
                )
                .text();
            let begin = format!("<{tag}>");
            let behind = text.split(&begin).skip(1);
            behind
                .filter_map(|part| part.split('<').next().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let groups = self.ask(
            "logs",
            "POST",
            "/",
            "Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Logs_20140328.DescribeLogGroups\r\n",
            "{}",
        );
        BTreeMap::from([
            ("APIs", of_rest("apigateway", "/restapis", "item", "name")),
            ("keys", of_rest("apigateway", "/apikeys", "item", "name")),
            (
                "usage plans",
                of_rest("apigateway", "/usageplans", "item", "name"),
            ),
            (
                "functions",
                of_rest("lambda", "/2015-03-31/functions/", "Functions", "FunctionName"),
            ),
            (
                "layers",
                of_rest("lambda", "/2018-10-31/layers", "Layers", "LayerName"),
            ),
            ("log groups", names(&groups.json()["logGroups"], "logGroupName")),
            (
                "roles",
                of_query("iam", "Action=ListRoles&Version=2010-05-08", "RoleName"),
            ),
            (
                "alarms",
                of_query(
                    "monitoring",
                    "Action=DescribeAlarms&Version=2010-08-01",
                    "AlarmName",
                ),
            ),
        ])
    }

    /// A function that is there before Terraform comes: a target's.
    pub fn create_function(&self, name: &str) {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let role = "Action=CreateRole&Version=2010-05-08&RoleName=target&AssumeRolePolicyDocument=%7B%7D";
        self.ask("iam", "POST", "/", form, role);
        // An archive without entries.
        let empty = format!("UEsFBg{}==", "A".repeat(24));
        let function = json!({
            "FunctionName": name, "Runtime": "nodejs22.x", "Handler": "index.handler", "Role": "arn:aws:iam::123456789012:role/target",
            "Code": { "ZipFile": empty },
        });
        self.ask(
            "lambda",
            "POST",
            "/2015-03-31/functions",
            "Content-Type: application/json\r\n",
            &function.to_string(),
        );
    }

    /// The resource policy of the one API that it has.
    pub fn policy(&self) -> Value {
        let apis = self.ask("apigateway", "GET", "/restapis", "", "").json();
        let escaped = apis["item"][0]["policy"].as_str().expect("the API has a policy");
        let text: String =
            serde_json::from_str(&format!("\"{escaped}\"")).expect("it is escaped as a JSON string");
        serde_json::from_str(&text).expect("a policy is JSON")
    }

    pub(crate) fn ask(&self, service: &str, method: &str, path: &str, fields: &str, body: &str) -> Response {
        let mut client = Client::connect(self.address);
        client.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/{service}/aws4_request\r\n\
             {fields}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        ));
        let answer = client.response_to(method);
        assert!(
            answer.status < 300,
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
        answer
    }
}

/// Where it says that it listens.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, address) = line.split_once("Running on http://")?;
    address.trim().parse().ok()
}

fn names(list: &Value, name: &str) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("moto lists {list}"));
    list.iter()
        .filter_map(|item| item[name].as_str().map(str::to_owned))
        .collect()
}
