//! A running portal: the real binary on a data directory of its own, its platform admin's token, and its API over raw HTTP.

use crate::client::Client;
use crate::message::Response;
use crate::postgres::Postgres;
use crate::process::{Finished, Process, Signal, run, switchboard};
use crate::scratch::Scratch;
use crate::wait::{LIMIT, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// How a portal is started.
#[derive(Debug, Default)]
pub struct PortalSetup {
    database: Option<String>,
    environments: Vec<String>,
    listen: Option<SocketAddr>,
    config: Option<String>,
}

impl PortalSetup {
    /// On SQLite, with the environment `prod`.
    pub fn new() -> PortalSetup {
        PortalSetup::default()
    }

    /// On a database of its own in this server.
    pub fn on(mut self, postgres: &Postgres) -> PortalSetup {
        self.database = Some(postgres.url());
        self
    }

    /// On this database.
    pub fn at(mut self, url: &str) -> PortalSetup {
        self.database = Some(url.to_owned());
        self
    }

    /// With these environments, in this order.
    pub fn with_environments(mut self, names: &[&str]) -> PortalSetup {
        self.environments = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// With this `portal.yaml`.
    pub fn with_config(mut self, yaml: &str) -> PortalSetup {
        self.config = Some(yaml.to_owned());
        self
    }

    /// Starts it in a new directory.
    pub fn start(self) -> Portal {
        self.start_in(Scratch::new())
    }

    /// Starts it in this directory.
    pub fn start_in(self, scratch: Scratch) -> Portal {
        let process = spawn(&self, &scratch);
        let mut portal = Portal {
            setup: self,
            scratch,
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: String::new(),
        };
        portal.come_up();
        portal
    }
}

fn spawn(setup: &PortalSetup, scratch: &Scratch) -> Process {
    let data = scratch.directory().display().to_string();
    let listen = setup
        .listen
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let mut command = switchboard(&["portal", "--data", &data, "--listen", &listen.to_string()]);
    for name in &setup.environments {
        command.args(["--environment", name]);
    }
    if let Some(database) = &setup.database {
        command.args(["--database", database]);
    }
    if let Some(config) = &setup.config {
        command.arg("--config").arg(scratch.write("portal.yaml", config));
    }
    Process::start(command)
}

/// A portal that serves. It is killed when this is dropped.
#[derive(Debug)]
pub struct Portal {
    setup: PortalSetup,
    /// Its data directory.
    pub scratch: Scratch,
    process: Process,
    address: SocketAddr,
    token: String,
}

impl Portal {
    /// On SQLite, with the environment `prod`.
    pub fn start() -> Portal {
        PortalSetup::new().start()
    }

    fn come_up(&mut self) {
        let address = self.process.stderr().wait_for("the portal's address", |line| {
            let line = serde_json::from_str::<Value>(line).unwrap_or_default();
            line["fields"]["listen"]
                .as_str()
                .and_then(|text| text.parse().ok())
        });
        self.address = address;
        self.setup.listen = Some(address);
        let token = std::fs::read_to_string(self.scratch.path("admin.token")).unwrap_or_default();
        if !token.is_empty() {
            self.token = token.trim().to_owned();
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The platform admin's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Uses this token from now on: of a portal that shares the database, and was there first.
    pub fn use_token(&mut self, token: &str) {
        self.token = token.to_owned();
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ends it as a crash does, at once.
    pub fn kill(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait();
    }

    /// Ends it in order; the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.process.signal(Signal::TERM);
        self.process.wait()
    }

    /// Starts it again where it was, at the same address.
    pub fn restart(&mut self) {
        self.process = spawn(&self.setup, &self.scratch);
        self.come_up();
    }

    /// Runs `switchboard portal ARGUMENTS` on its data.
    pub fn command(&self, arguments: &[&str]) -> Finished {
        let data = self.scratch.directory().display().to_string();
        let mut command = switchboard(&["portal"]);
        command.args(arguments).args(["--data", &data]);
        if let Some(database) = &self.setup.database {
            command.args(["--database", database]);
        }
        run(command)
    }

    /// A request with the admin's token and a JSON body.
    pub fn ask(&self, method: &str, target: &str, body: Option<&Value>) -> Response {
        self.ask_with(
            method,
            target,
            body,
            &[&format!("Authorization: Bearer {}", self.token)],
        )
    }

    /// A request with these field lines and a JSON body.
    pub fn ask_with(&self, method: &str, target: &str, body: Option<&Value>, lines: &[&str]) -> Response {
        let answer = self.try_ask_with(method, target, body, lines);
        answer.expect("the portal answers")
    }

    /// As `ask`; `None` where the connection ended without an answer.
    pub fn try_ask(&self, method: &str, target: &str, body: Option<&Value>) -> Option<Response> {
        self.try_ask_with(
            method,
            target,
            body,
            &[&format!("Authorization: Bearer {}", self.token)],
        )
    }

    fn try_ask_with(
        &self,
        method: &str,
        target: &str,
        body: Option<&Value>,
        lines: &[&str],
    ) -> Option<Response> {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: portal.test\r\nConnection: close\r\n{lines}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut client = Client::try_connect(self.address).ok()?;
        client.try_send(request).ok()?;
        client.receive(method)
    }

    /// GET.
    pub fn get(&self, target: &str) -> Response {
        self.ask("GET", target, None)
    }

    /// Creates or replaces an entity of `prod`, which has to succeed; what was answered.
    pub fn put(&self, section: &str, id: &str, body: &Value) -> Value {
        let answer = self.ask(
            "PUT",
            &format!("/v1/environments/prod/{section}/{id}"),
            Some(body),
        );
        assert!(
            matches!(answer.status, 200 | 201),
            "{answer:#?}\n{}",
            answer.text()
        );
        answer.json()
    }

    /// Enrols a gateway of `prod`; its token.
    pub fn enrol(&self, name: &str) -> String {
        let new = serde_json::json!({ "name": name, "team": "platform", "environment": "prod" });
        let answer = self.ask("POST", "/v1/gateways", Some(&new)).expect(201).json();
        answer["token"]
            .as_str()
            .expect("a token is shown once")
            .to_owned()
    }

    /// Waits until this feed has published at least this revision, and this portal tells readers so: it learns of it from the database a moment
    /// later.
    pub fn wait_published(&self, feed: &str, revision: i64) {
        wait_for(&format!("revision {revision} of {feed}"), || {
            let ready = self.get("/ready").json();
            let feeds = ready["feeds"].as_array()?.clone();
            let published = feeds.iter().find(|one| one["feed"] == feed)?["published"].as_i64()?;
            let commit = self.get(&format!("/v1/feeds/{feed}/commit"));
            let told = serde_json::from_str::<Value>(&commit.text()).ok()?["revision"].as_i64()?;
            (published >= revision && told >= revision).then_some(())
        });
    }

    /// Whether a line of its log has this text.
    pub fn log_says(&self, text: &str) -> bool {
        self.process
            .stderr()
            .so_far()
            .iter()
            .any(|line| line.contains(text))
    }

    /// Opens a feed's stream.
    pub fn stream(&self, token: &str, feed: &str, position: &str) -> FeedStream {
        FeedStream::open(self.address, token, feed, position)
    }
}

/// A feed's stream as a reader has it.
#[derive(Debug)]
pub struct FeedStream {
    reader: BufReader<TcpStream>,
    /// `resumed` or `reset`.
    pub how: String,
    rest: Vec<u8>,
}

impl FeedStream {
    /// Opens it; `position` is a query, or empty.
    pub fn open(address: SocketAddr, token: &str, feed: &str, position: &str) -> FeedStream {
        let mut stream = TcpStream::connect_timeout(&address, LIMIT).expect("the portal listens");
        stream
            .set_read_timeout(Some(LIMIT * 2))
            .expect("the limit is not zero");
        let request = format!(
            "GET /v1/feeds/{feed}/stream{position} HTTP/1.1\r\nHost: portal.test\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream
            .write_all(request.as_bytes())
            .expect("the portal takes what is sent");
        let mut reader = BufReader::new(stream);
        let (mut status, mut how) = (String::new(), String::new());
        reader.read_line(&mut status).expect("an answer comes");
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("the head comes");
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("Switchboard-Stream")
            {
                value.trim().clone_into(&mut how);
            }
        }
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
        FeedStream {
            reader,
            how,
            rest: Vec::new(),
        }
    }

    /// The next line; `None` where the stream ended.
    pub fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let mut size = String::new();
            self.reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16)
                .ok()
                .filter(|size| *size > 0)?;
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk).ok()?;
            chunk.truncate(size);
            self.rest.extend(chunk);
        }
    }

    /// The next lines up to a commit of at least this revision, that among them.
    pub fn until(&mut self, revision: i64) -> Vec<Value> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().expect("the stream goes on");
            let line: Value = serde_json::from_str(&line).expect("every line is JSON");
            let reached = line.get("digest").is_some() && line["revision"].as_i64() >= Some(revision);
            lines.push(line);
            if reached {
                return lines;
            }
        }
    }
}
