//! The proxies: how each is configured, started, and known to be ready. Their configurations stand in ../../peers.

use super::process::Process;
use super::switchboard::{self, Settings};
use super::template::fill;
use super::Lab;
use crate::wire::{Answer, JSON};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const NGINX: &str = include_str!("../../peers/nginx.conf");
const HAPROXY: &str = include_str!("../../peers/haproxy.cfg");
const ENVOY: &str = include_str!("../../peers/envoy.yaml");

/// How long one answer may take while a proxy starts.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) nginx: PathBuf,
    pub(crate) haproxy: PathBuf,
    pub(crate) envoy: PathBuf,
    pub(crate) switchboard: PathBuf,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Haproxy,
    Envoy,
    Floor,
    Forwarder,
    Switchboard(Settings),
}

/// A proxy that runs and answers.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    /// Its access log.
    log: PathBuf,
    /// Its configuration, where it has one.
    pub(crate) configuration: PathBuf,
}

impl Proxy {
    /// Forgets what was logged: minutes of load would fill a disk.
    pub(crate) fn empty_log(&self) -> Result<()> {
        match OpenOptions::new().write(true).open(&self.log) {
            Ok(log) => Ok(log.set_len(0)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Programs {
    /// The version that a program reports, in one line.
    pub(crate) fn version(program: &Path, flag: &str) -> String {
        let output = Command::new(program).arg(flag).stdin(Stdio::null()).output();
        let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("not there").to_owned()
    }
}

impl Lab {
    /// Starts a proxy under a name of its own, and waits until a request through it is answered.
    pub(crate) fn start(&self, name: &str, kind: Kind) -> Result<Proxy> {
        self.start_kind(name, kind).with_context(|| format!("cannot start {name}"))
    }

    fn start_kind(&self, name: &str, kind: Kind) -> Result<Proxy> {
        let dir = self.dir.join(name.replace([' ', ',', '(', ')'], "-"));
        std::fs::create_dir_all(&dir)?;
        let log = dir.join("access.log");
        let mut proxy = match kind {
            Kind::Nginx => self.peer(name, &dir, &log, "nginx.conf", NGINX)?,
            Kind::Haproxy => self.peer(name, &dir, &log, "haproxy.cfg", HAPROXY)?,
            Kind::Envoy => self.peer(name, &dir, &log, "envoy.yaml", ENVOY)?,
            Kind::Floor | Kind::Forwarder => {
                let role = if kind == Kind::Floor { "floor" } else { "forwarder" };
                let args = [role.into(), format!("--backend={}", self.backend).into()];
                let mut process = Process::own(self.proxy_core, name, &args, &dir)?;
                let address = process.first_line()?.parse().context("it did not say where it listens")?;
                Proxy { name: name.to_owned(), address, process, log, configuration: PathBuf::new() }
            }
            Kind::Switchboard(settings) => self.switchboard(name, &dir, log, settings)?,
        };
        let path = match kind {
            Kind::Switchboard(settings) if settings.routes > 0 => "/r/0/x",
            _ => "/api/orders/7",
        };
        let address = proxy.address;
        proxy.process.wait_until(|_| answers(address, path).then_some(()))?;
        Ok(proxy)
    }

    /// One of the others: its template filled in, on a port that was free a moment ago.
    fn peer(&self, name: &str, dir: &Path, log: &Path, file: &str, template: &str) -> Result<Proxy> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (host, backend_port) = (self.backend.ip().to_string(), self.backend.port().to_string());
        // Its worker must be able to write where only this user can.
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let filled = fill(template, &[
            ("port", &port.to_string()),
            ("backend", &self.backend.to_string()),
            ("backend_host", &host),
            ("backend_port", &backend_port),
            ("dir", &dir.to_string_lossy()),
            ("log", &log.to_string_lossy()),
            ("user", user),
        ])?;
        let configuration = dir.join(file);
        std::fs::write(&configuration, filled)?;
        let own = configuration.clone().into_os_string();
        let (program, args): (&Path, Vec<OsString>) = match file {
            "nginx.conf" => (&self.programs.nginx, vec!["-p".into(), dir.into(), "-c".into(), own]),
            "haproxy.cfg" => (&self.programs.haproxy, vec!["-db".into(), "-f".into(), own]),
            "envoy.yaml" => {
                let fixed = "--concurrency 1 --disable-hot-restart --log-level error -c";
                (&self.programs.envoy, fixed.split(' ').map(OsString::from).chain([own]).collect())
            }
            _ => bail!("no program reads {file}"),
        };
        let output = append_to(if file == "haproxy.cfg" { log } else { &configuration.with_extension("stdout") })?;
        let process = Process::start(self.proxy_core, name, program, &args, dir, Some(output))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Ok(Proxy { name: name.to_owned(), address, process, log: log.to_owned(), configuration })
    }

    fn switchboard(&self, name: &str, dir: &Path, log: PathBuf, settings: Settings) -> Result<Proxy> {
        let configuration = dir.join(format!("switchboard.{}", settings.form.ending()));
        std::fs::write(&configuration, switchboard::configuration(settings, self.backend, &log))?;
        let args = ["gateway".into(), "--config".into(), configuration.clone().into_os_string()];
        let output = append_to(&dir.join("stdout"))?;
        let program = &self.programs.switchboard;
        let mut process = Process::start(self.proxy_core, name, program, &args, dir, Some(output))?;
        let address = process.wait_until(|errors| {
            let text = std::fs::read_to_string(errors).unwrap_or_default();
            switchboard::listening(&text)
        })?;
        Ok(Proxy { name: name.to_owned(), address, process, log, configuration })
    }

    /// Puts another configuration in place of the proxy's own, by rename, as an operator's tool would.
    pub(crate) fn prepare_replacement(&self, proxy: &Proxy, settings: Settings) -> Result<PathBuf> {
        let next = proxy.configuration.with_extension("next");
        let text = switchboard::configuration(settings, self.backend, &proxy.log);
        std::fs::write(&next, text).context("cannot write the next configuration")?;
        Ok(next)
    }
}

/// Appending, so that emptying the file in between leaves no hole.
fn append_to(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).append(true).open(path).with_context(|| format!("cannot make {}", path.display()))
}

/// Whether one request is answered with the JSON.
pub(crate) fn answers(address: SocketAddr, path: &str) -> bool {
    let ask = || -> Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, PROBE_TIMEOUT)?;
        stream.set_read_timeout(Some(PROBE_TIMEOUT))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let (mut answer, mut buffer) = (Answer::default(), [0; 4096]);
        loop {
            let count = stream.read(&mut buffer)?;
            let bytes = buffer.get(..count).unwrap_or_default();
            if count == 0 || answer.feed(bytes, JSON).map_err(anyhow::Error::msg)? {
                return Ok(count > 0);
            }
        }
    };
    ask().unwrap_or(false)
}
