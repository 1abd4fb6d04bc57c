//! The proxies: how each is configured, started, and known to be ready. Their configurations stand in ../../peers.

use super::process::Process;
use super::switchboard::{self, Around, Guard, Settings};
use super::template::fill;
use super::{Lab, answers};
use crate::identity::{AUDIENCE, ISSUER, policy};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NGINX: &str = include_str!("../../peers/nginx.conf");
const HAPROXY: &str = include_str!("../../peers/haproxy.cfg");
const ENVOY: &str = include_str!("../../peers/envoy.yaml");
const ENVOY_JWT: &str = include_str!("../../peers/envoy-jwt.yaml");

/// Room for every token of a row twice over; Envoy's default is 100 tokens.
const ENVOY_JWT_CACHE: &str = "jwt_cache_config: { jwt_cache_size: 20000 }";

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) nginx: PathBuf,
    pub(crate) haproxy: PathBuf,
    pub(crate) envoy: PathBuf,
    pub(crate) switchboard: PathBuf,
    pub(crate) node: PathBuf,
    /// The authorizer for Lambda, in Rust and as one file of JavaScript.
    pub(crate) authorizer: PathBuf,
    pub(crate) authorizer_js: PathBuf,
    /// What stands in for Lambda's own Node.js runtime.
    pub(crate) node_runtime: PathBuf,
    /// Decisions by the policy in TypeScript, as one file of JavaScript.
    pub(crate) policy_bench: PathBuf,
    /// Apache Kafka's directory.
    pub(crate) kafka: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Haproxy,
    Envoy,
    /// With jwt_authn, with or without its cache of verified tokens.
    EnvoyJwt {
        cache: bool,
    },
    Floor,
    Forwarder,
    Switchboard(Settings),
}

/// A program that runs another one, given behind its own arguments. Without a program: nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wrapper {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
}

/// Where one proxy is set up.
#[derive(Debug)]
struct Site<'a> {
    wrapper: &'a Wrapper,
    name: &'a str,
    dir: PathBuf,
    log: PathBuf,
}

impl Site<'_> {
    fn proxy(&self, process: Process, address: SocketAddr, configuration: PathBuf) -> Proxy {
        Proxy {
            name: self.name.to_owned(),
            address,
            process,
            log: self.log.clone(),
            configuration,
            admin: None,
        }
    }
}

impl Kind {
    /// Whether it asks for a token.
    pub(crate) fn is_guarded(self) -> bool {
        match self {
            Self::EnvoyJwt { .. } => true,
            Self::Switchboard(settings) => settings.guard != Guard::Open,
            Self::Nginx | Self::Haproxy | Self::Envoy | Self::Floor | Self::Forwarder => false,
        }
    }
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
    /// Where it tells about itself, where it does.
    pub(crate) admin: Option<SocketAddr>,
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
        let text = output
            .map(|output| [output.stdout, output.stderr].concat())
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("not there")
            .to_owned()
    }
}

impl Lab {
    /// Starts a proxy under a name of its own, and waits until a request through it is answered.
    pub(crate) fn start(&self, name: &str, kind: Kind) -> Result<Proxy> {
        self.start_in(&Wrapper::default(), name, kind)
    }

    /// As `start`, inside another program.
    pub(crate) fn start_in(&self, wrapper: &Wrapper, name: &str, kind: Kind) -> Result<Proxy> {
        self.start_kind(wrapper, name, kind)
            .with_context(|| format!("cannot start {name}"))
    }

    fn start_kind(&self, wrapper: &Wrapper, name: &str, kind: Kind) -> Result<Proxy> {
        let dir = self.dir.join(name.replace([' ', ',', '(', ')'], "-"));
        std::fs::create_dir_all(&dir)?;
        let site = Site {
            wrapper,
            name,
            log: dir.join("access.log"),
            dir,
        };
        let mut proxy = match kind {
            Kind::Nginx => self.peer(&site, "nginx.conf", NGINX, "")?,
            Kind::Haproxy => self.peer(&site, "haproxy.cfg", HAPROXY, "")?,
            Kind::Envoy => self.peer(&site, "envoy.yaml", ENVOY, "")?,
            Kind::EnvoyJwt { cache } => {
                let kept = if cache { ENVOY_JWT_CACHE } else { "" };
                self.peer(&site, "envoy-jwt.yaml", ENVOY_JWT, kept)?
            }
            Kind::Floor => self.role(&site, "floor")?,
            Kind::Forwarder => self.role(&site, "forwarder")?,
            Kind::Switchboard(settings) => self.switchboard(&site, settings)?,
        };
        let path = match kind {
            Kind::Switchboard(settings) if settings.routes > 0 => "/r/0/x",
            _ => "/api/orders/7",
        };
        let address = proxy.address;
        let token = kind.is_guarded().then_some(self.token.as_str());
        proxy
            .process
            .wait_until(|_| answers(address, path, token).then_some(()))?;
        Ok(proxy)
    }

    fn launch(
        &self,
        site: &Site<'_>,
        program: &Path,
        args: &[OsString],
        output: Option<File>,
    ) -> Result<Process> {
        let Site {
            wrapper, name, dir, ..
        } = site;
        if wrapper.program.as_os_str().is_empty() {
            return Process::start(self.proxy_core, name, program, args, dir, output);
        }
        let mut wrapped = wrapper.args.clone();
        wrapped.push(program.into());
        wrapped.extend_from_slice(args);
        Process::start(self.proxy_core, name, &wrapper.program, &wrapped, dir, output)
    }

    /// One of this binary's own.
    fn role(&self, site: &Site<'_>, role: &str) -> Result<Proxy> {
        let args = [role.into(), format!("--backend={}", self.backend).into()];
        let mut process = self.launch(site, &std::env::current_exe()?, &args, None)?;
        let address = process
            .first_line()?
            .parse()
            .context("it did not say where it listens")?;
        Ok(site.proxy(process, address, PathBuf::new()))
    }

    /// One of the others: its template filled in, on a port that was free a moment ago.
    fn peer(&self, site: &Site<'_>, file: &str, template: &str, jwt_cache: &str) -> Result<Proxy> {
        let free = || -> Result<u16> { Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port()) };
        let (port, admin_port) = (free()?, free()?);
        let (host, backend_port) = (self.backend.ip().to_string(), self.backend.port().to_string());
        // Its worker must be able to write where only this user can.
        let user = if rustix::process::geteuid().is_root() {
            "user root;"
        } else {
            ""
        };
        let filled = fill(
            template,
            &[
                ("port", &port.to_string()),
                ("admin_port", &admin_port.to_string()),
                ("backend", &self.backend.to_string()),
                ("backend_host", &host),
                ("backend_port", &backend_port),
                ("dir", &site.dir.to_string_lossy()),
                ("log", &site.log.to_string_lossy()),
                ("user", user),
                ("issuer", ISSUER),
                ("audience", AUDIENCE),
                ("jwks", &self.issuer.jwk_set()),
                ("jwt_cache", jwt_cache),
            ],
        )?;
        let configuration = site.dir.join(file);
        std::fs::write(&configuration, filled)?;
        let own = configuration.clone().into_os_string();
        let (program, args): (&Path, Vec<OsString>) = match file {
            "nginx.conf" => (
                &self.programs.nginx,
                vec!["-p".into(), site.dir.clone().into(), "-c".into(), own],
            ),
            "haproxy.cfg" => (&self.programs.haproxy, vec!["-db".into(), "-f".into(), own]),
            "envoy.yaml" | "envoy-jwt.yaml" => {
                let fixed = "--concurrency 1 --disable-hot-restart --log-level error -c";
                (
                    &self.programs.envoy,
                    fixed.split(' ').map(OsString::from).chain([own]).collect(),
                )
            }
            _ => bail!("no program reads {file}"),
        };
        // HAProxy's log is its standard output.
        let stdout = if file == "haproxy.cfg" {
            site.log.clone()
        } else {
            site.dir.join("stdout")
        };
        let process = self.launch(site, program, &args, Some(append_to(&stdout)?))?;
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let admin = (file == "envoy-jwt.yaml").then(|| at(admin_port));
        Ok(Proxy {
            admin,
            ..site.proxy(process, at(port), configuration)
        })
    }

    fn switchboard(&self, site: &Site<'_>, settings: Settings) -> Result<Proxy> {
        let configuration = site.dir.join(format!("switchboard.{}", settings.form.ending()));
        let policy_file = site.dir.join("policy.json");
        if settings.guard == Guard::Policy {
            std::fs::write(&policy_file, policy(&self.issuer.jwk()).to_string())?;
        }
        let around = self.around(&site.log, &policy_file);
        std::fs::write(&configuration, switchboard::configuration(settings, around))?;
        let args = [
            "gateway".into(),
            "--config".into(),
            configuration.clone().into_os_string(),
        ];
        let output = append_to(&site.dir.join("stdout"))?;
        let mut process = self.launch(site, &self.programs.switchboard, &args, Some(output))?;
        let (address, admin) = process.wait_until(|errors| {
            let text = std::fs::read_to_string(errors).unwrap_or_default();
            Some((
                switchboard::listening(&text, "listen")?,
                switchboard::listening(&text, "admin"),
            ))
        })?;
        Ok(Proxy {
            admin,
            ..site.proxy(process, address, configuration)
        })
    }

    fn around<'a>(&self, log: &'a Path, policy: &'a Path) -> Around<'a> {
        Around {
            backend: self.backend,
            log,
            policy,
            key_set: self.key_set,
        }
    }

    /// Another configuration for the gateway, ready to be renamed over its own: beside its directory, not in it, which the
    /// gateway watches.
    pub(crate) fn prepare_replacement(&self, proxy: &Proxy, settings: Settings) -> Result<PathBuf> {
        let name = format!(
            "{}-{}.{}",
            proxy.name.replace(' ', "-"),
            settings.version,
            settings.form.ending()
        );
        let next = self.dir.join(name);
        let text = switchboard::configuration(settings, self.around(&proxy.log, Path::new("")));
        std::fs::write(&next, text).context("cannot write the next configuration")?;
        Ok(next)
    }
}

/// Appending, so that emptying the file in between leaves no hole.
fn append_to(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))
}
