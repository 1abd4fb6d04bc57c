//! One running gateway: the real binary with a configuration of its own, on ports that the kernel chose.

use crate::client::Client;
use crate::log::{self, Record};
use crate::message::Response;
use crate::metrics::Metrics;
use crate::process::{Lines, Process, Signal, switchboard};
use crate::scratch::Scratch;
use crate::wait::wait_for;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The name of the configuration in the scratch directory.
const FILE: &str = "gateway.yaml";

/// What every configuration has unless it says otherwise. `$DIR` is the scratch directory.
const DEFAULTS: [(&str, &str); 5] = [
    ("listen", "127.0.0.1:0"),
    ("admin", "127.0.0.1:0"),
    ("access_log", "$DIR/access.log"),
    ("allow_targets", "[127.0.0.0/8]"),
    ("workers", "2"),
];

/// The files of a gateway that is about to start.
#[derive(Debug, Default)]
pub struct Setup {
    /// Where its files are.
    pub scratch: Scratch,
    /// What it is started with beside `--config`.
    pub environment: Vec<(String, String)>,
}

impl Setup {
    /// With a scratch directory of its own.
    pub fn new() -> Setup {
        Setup::default()
    }

    /// Starts a gateway with this configuration, completed by the harness's defaults, and waits until it listens.
    pub fn start(self, yaml: &str) -> Gateway {
        let file = self.scratch.write(FILE, &complete(yaml, &self.scratch));
        self.start_file(file)
    }

    /// Starts a gateway with a file as it is.
    pub fn start_file(self, file: PathBuf) -> Gateway {
        let mut command = switchboard(&["gateway", "--config"]);
        command.arg(&file).envs(self.environment);
        let gateway = Gateway {
            process: Process::start(command),
            scratch: self.scratch,
            file,
        };
        gateway.address();
        gateway
    }
}

/// The configuration with every default that it does not set itself.
fn complete(yaml: &str, scratch: &Scratch) -> String {
    let mut whole = String::new();
    for (key, value) in DEFAULTS {
        let own = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        if !yaml.lines().any(own) {
            whole.push_str(&format!("{key}: {value}\n"));
        }
    }
    whole.push_str(yaml);
    whole.replace("$DIR", &scratch.directory().display().to_string())
}

/// Starts a gateway that must not come up, and returns how it ended.
pub fn start_in_vain(yaml: &str) -> crate::Finished {
    let scratch = Scratch::new();
    let file = scratch.write(FILE, &complete(yaml, &scratch));
    let mut command = switchboard(&["gateway", "--config"]);
    command.arg(file);
    crate::run(command)
}

/// The addresses that a log line `listening` has under this key; none in any other line.
fn listening(line: &str, key: &str) -> Vec<SocketAddr> {
    let line = serde_json::from_str::<Value>(line).unwrap_or_default();
    let fields = &line["fields"];
    if fields["message"] != "listening" {
        return Vec::new();
    }
    let text = fields[key].as_str().unwrap_or_default();
    text.split([',', ' '])
        .filter_map(|part| part.parse().ok())
        .collect()
}

/// A gateway that serves. It is killed when this is dropped.
#[derive(Debug)]
pub struct Gateway {
    process: Process,
    /// Its files.
    pub scratch: Scratch,
    file: PathBuf,
}

impl Gateway {
    /// Starts one with this configuration, completed by the harness's defaults: ports from 0, an admin port, an access
    /// log in a file, loopback permitted, two workers.
    pub fn start(yaml: &str) -> Gateway {
        Setup::new().start(yaml)
    }

    /// Starts one that sends everything to this upstream.
    pub fn before(url: &str) -> Gateway {
        Gateway::start(&format!("routes: [{{ path: /**, upstream: \"{url}\" }}]"))
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.addresses(1)[0]
    }

    /// All addresses where clients connect; there are so many.
    pub fn addresses(&self, count: usize) -> Vec<SocketAddr> {
        self.listening("listen", count)
    }

    /// The admin port.
    pub fn admin(&self) -> SocketAddr {
        self.listening("admin", 1)[0]
    }

    /// The health port.
    pub fn health(&self) -> SocketAddr {
        self.listening("health", 1)[0]
    }

    fn listening(&self, key: &str, count: usize) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        self.log().wait_for(
            &format!("{count} addresses in the log line `listening`"),
            |line| {
                addresses.extend(listening(line, key));
                (addresses.len() >= count).then(|| addresses.clone())
            },
        )
    }

    /// The file of its configuration.
    pub fn file(&self) -> &PathBuf {
        &self.file
    }

    /// A new connection.
    pub fn client(&self) -> Client {
        Client::connect(self.address())
    }

    /// A GET on a connection of its own.
    pub fn get(&self, target: &str) -> Response {
        self.client().get(target)
    }

    /// A GET on the admin port.
    pub fn ask_admin(&self, target: &str) -> Response {
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Client::connect(self.admin()).exchange(request)
    }

    /// The metrics as of now.
    pub fn metrics(&self) -> Metrics {
        Metrics::parse(&self.ask_admin("/metrics").expect(200).text())
    }

    /// Waits until the metrics are such that `found` makes something of them.
    pub fn wait_for_metrics<T>(&self, what: &str, mut found: impl FnMut(&Metrics) -> Option<T>) -> T {
        wait_for(what, || found(&self.metrics()))
    }

    /// What `/config` says.
    pub fn config(&self) -> Value {
        self.ask_admin("/config").expect(200).json()
    }

    /// What it logs.
    pub fn log(&self) -> &Lines {
        self.process.stderr()
    }

    /// What it prints.
    pub fn stdout(&self) -> &Lines {
        self.process.stdout()
    }

    /// Its access log so far.
    pub fn records(&self) -> Vec<Record> {
        log::records(&self.scratch.path("access.log"))
    }

    /// Waits for so many lines of the access log.
    pub fn wait_for_records(&self, count: usize) -> Vec<Record> {
        wait_for(&format!("{count} records"), || {
            let records = self.records();
            (records.len() >= count).then_some(records)
        })
    }

    /// Waits for the record of the request that got this response.
    pub fn record_of(&self, response: &Response) -> Record {
        let id = response.field("X-Request-Id").expect("every answer has an id");
        log::record(&self.scratch.path("access.log"), id)
    }

    /// Replaces the configuration by renaming a new file over it.
    pub fn replace_configuration(&self, yaml: &str) {
        self.scratch.replace(FILE, &complete(yaml, &self.scratch));
    }

    /// Replaces the configuration and waits until every worker has it, which is when the admin port says so.
    pub fn reload(&self, yaml: &str) {
        let revision = || self.config()["revision"].as_u64();
        let before = revision();
        self.replace_configuration(yaml);
        wait_for("the next revision", || (revision() > before).then_some(()));
    }

    /// Writes the configuration in place.
    pub fn write_configuration(&self, yaml: &str) {
        self.scratch.write(FILE, &complete(yaml, &self.scratch));
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) {
        self.process.signal(Signal::HUP);
    }

    /// Sends its process a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Waits for its end; the exit code, `None` where a signal ended it.
    pub fn wait(mut self) -> Option<i32> {
        self.process.wait()
    }

    /// Ends it with SIGTERM, which must succeed; what is left are its files.
    pub fn end(mut self) -> Scratch {
        self.terminate();
        assert_eq!(self.process.wait(), Some(0));
        self.scratch
    }

    /// Kills it, as a machine that fails does; what is left are its files.
    pub fn kill(mut self) -> Scratch {
        self.process.signal(Signal::KILL);
        assert_eq!(self.process.wait(), None);
        self.scratch
    }

    /// What `/ready` says of policy.
    pub fn policy(&self) -> Value {
        self.ask_admin("/ready").json()["policy"].clone()
    }

    /// The most memory that it ever had in use, in bytes.
    pub fn peak_memory_bytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        kilobytes
            .and_then(|number| number.parse::<u64>().ok())
            .expect("Linux says so")
            * 1024
    }
}
