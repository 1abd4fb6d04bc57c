//! The lab: where processes run, what is sent through them, and what each run cost.

mod ask;
mod broker;
mod keys;
mod peers;
mod process;
mod rounds;
mod runtime_api;
mod switchboard;
mod template;

pub(crate) use ask::{answers, ask, ask_with, status};
pub(crate) use broker::Broker;
pub(crate) use peers::{Kind, Programs, Proxy, Wrapper};
pub(crate) use process::Process;
pub(crate) use rounds::{Case, EXTRA_ROUNDS, Outcome, Rounds, interleave, keep};
pub(crate) use runtime_api::{Event, RuntimeApi};
pub(crate) use switchboard::{Form, Guard, Settings, listening};

use crate::identity::{Claims, Issuer, SCOPE};
use crate::measure::{CpuTime, Histogram, core_time, tree_cpu_time};
use crate::roles::pinned::pin;
use crate::roles::tokens::Draw;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A directory of its own, two cores, a backend that runs, and the programs to measure.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) dir: PathBuf,
    pub(crate) proxy_core: usize,
    pub(crate) load_core: usize,
    pub(crate) backend: SocketAddr,
    pub(crate) programs: Programs,
    /// Whose tokens the proxies that ask for one are shown, and where its keys are published.
    pub(crate) issuer: Issuer,
    pub(crate) key_set: SocketAddr,
    /// A token that passes, for single requests.
    pub(crate) token: String,
    _backend: Process,
}

/// What the load shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tokens {
    /// One token a line.
    pub(crate) file: PathBuf,
    pub(crate) draw: Draw,
    /// Which part of the file: so many lines, behind so many others. A run whose tokens must be new has a part of its own.
    pub(crate) skip: usize,
    pub(crate) take: usize,
}

/// One run of the load through one proxy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shot {
    pub(crate) seconds: f64,
    /// Requests a second; as many as are answered where absent.
    pub(crate) rate: Option<f64>,
    pub(crate) connections: usize,
    /// `{}` stands for a number below `paths`.
    pub(crate) path: String,
    pub(crate) paths: u64,
    /// Body bytes of each answer in place of the JSON.
    pub(crate) download: Option<usize>,
    /// Body bytes of each request.
    pub(crate) upload: Option<usize>,
    pub(crate) tokens: Option<Tokens>,
}

impl Shot {
    /// The closed loop of 32 connections over one path.
    pub(crate) fn plain(seconds: f64) -> Self {
        let path = "/api/orders/7".to_owned();
        Self {
            seconds,
            rate: None,
            connections: 32,
            path,
            paths: 1,
            download: None,
            upload: None,
            tokens: None,
        }
    }

    /// As it is in this round: tokens that are used once are those behind what the rounds before used.
    pub(crate) fn in_round(&self, round: usize) -> Self {
        let mut shot = self.clone();
        if let Some(tokens) = shot.tokens.as_mut().filter(|tokens| tokens.draw == Draw::Once) {
            tokens.skip += round * tokens.take;
        }
        shot
    }

    /// The command line of the load role.
    pub(crate) fn args(&self, target: SocketAddr) -> Vec<OsString> {
        let mut args: Vec<String> = vec!["load".into(), format!("--target={target}")];
        args.extend([
            format!("--seconds={}", self.seconds),
            format!("--connections={}", self.connections),
        ]);
        args.extend([format!("--path={}", self.path), format!("--paths={}", self.paths)]);
        args.extend(self.rate.map(|rate| format!("--rate={rate}")));
        args.extend(self.download.map(|bytes| format!("--download={bytes}")));
        args.extend(self.upload.map(|bytes| format!("--upload={bytes}")));
        if let Some(tokens) = &self.tokens {
            args.push(format!("--tokens={}", tokens.file.display()));
            args.push(format!("--draw={}", tokens.draw.word()));
            args.push(format!("--skip={}", tokens.skip));
            args.push(format!("--take={}", tokens.take));
        }
        args.into_iter().map(OsString::from).collect()
    }
}

/// What a run of the load says at its end.
#[derive(Debug, Clone)]
pub(crate) struct LoadReport {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    /// One histogram for each part between two marks.
    pub(crate) segments: Vec<Histogram>,
}

impl LoadReport {
    /// Reads the load's standard output; an error if any answer was wrong.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let value: Value =
            serde_json::from_str(text).with_context(|| format!("the load printed {text:?}"))?;
        if let Some(wrong) = value["wrong"].as_str() {
            bail!("wrong answer: {wrong}");
        }
        let read = || {
            let segments = value["segments"]
                .as_array()?
                .iter()
                .map(Histogram::from_json)
                .collect::<Option<_>>()?;
            Some(Self {
                requests: value["requests"].as_u64()?,
                seconds: value["seconds"].as_f64()?,
                segments,
            })
        };
        read().with_context(|| format!("the load printed {text:?}"))
    }
}

/// What one run cost.
#[derive(Debug, Clone)]
pub(crate) struct Measurement {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    /// Of the proxy's whole process tree.
    pub(crate) cpu: CpuTime,
    pub(crate) latency: Histogram,
    /// The part of the time, 0 to 1, that the hypervisor took from either core.
    pub(crate) stolen: f64,
}

impl Measurement {
    /// CPU microseconds a request, user and system together.
    pub(crate) fn total_us(&self) -> f64 {
        self.cpu.total().as_secs_f64() * 1e6 / self.requests as f64
    }

    /// CPU microseconds a request in user space.
    pub(crate) fn user_us(&self) -> f64 {
        self.cpu.user.as_secs_f64() * 1e6 / self.requests as f64
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// Microseconds that this part of all requests did not exceed.
    pub(crate) fn latency_us(&self, part: f64) -> f64 {
        self.latency
            .quantile(part)
            .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
    }
}

impl Lab {
    /// Takes the first two cores that this process may use, and starts the backend.
    pub(crate) fn open(programs: Programs) -> Result<Self> {
        let allowed = rustix::thread::sched_getaffinity(None)?;
        let mut cores = (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let (Some(proxy_core), Some(load_core)) = (cores.next(), cores.next()) else {
            bail!("measuring needs two cores: one for the proxy, one for load and backend");
        };
        // Children inherit this; those on the other core say so.
        pin(load_core)?;
        let dir = std::env::temp_dir().join(format!("switchboard-bench-{}", std::process::id()));
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        clear_on_interrupt(dir.clone());
        let mut backend = Process::own(load_core, "backend", &["backend".into()], &dir)?;
        let address = backend
            .first_line()?
            .parse()
            .context("the backend did not say where it listens")?;
        let issuer = Issuer::new()?;
        Ok(Self {
            dir,
            proxy_core,
            load_core,
            backend: address,
            programs,
            key_set: keys::publish(issuer.jwk_set())?,
            token: issuer.token(Claims {
                number: 0,
                scope: SCOPE,
            })?,
            issuer,
            _backend: backend,
        })
    }

    /// Runs the load once and says what it cost the proxy.
    pub(crate) fn measure(&self, proxy: &Proxy, shot: &Shot) -> Result<Measurement> {
        let cores = [self.proxy_core, self.load_core];
        let read_cores = || cores.into_iter().map(core_time).collect::<Result<Vec<_>>>();
        let (cores_before, cpu_before) = (read_cores()?, tree_cpu_time(proxy.process.id())?);
        let mut load = Process::own(self.load_core, "load", &shot.args(proxy.address), &self.dir)?;
        let text = load.output()?;
        let (cores_after, cpu_after) = (read_cores()?, tree_cpu_time(proxy.process.id())?);
        proxy.empty_log()?;
        let report = LoadReport::parse(&text)?;
        if report.requests == 0 {
            bail!("no request was answered");
        }
        let stolen = cores_after
            .iter()
            .zip(&cores_before)
            .map(|(after, before)| after.stolen_since(*before));
        let mut latency = Histogram::default();
        report.segments.iter().for_each(|segment| latency.merge(segment));
        Ok(Measurement {
            requests: report.requests,
            seconds: report.seconds,
            cpu: cpu_after.since(cpu_before),
            latency,
            stolen: stolen.fold(0.0, f64::max),
        })
    }
}

/// On Ctrl-C: leaves nothing behind. The children end by their parent-death signal.
fn clear_on_interrupt(dir: PathBuf) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        // Without the watch Ctrl-C still ends everything, and leaves the directory.
        if runtime.is_ok_and(|runtime| runtime.block_on(tokio::signal::ctrl_c()).is_ok()) {
            let _ = std::fs::remove_dir_all(dir);
            std::process::exit(130);
        }
    });
}

impl Drop for Lab {
    fn drop(&mut self) {
        // What is left in a temporary directory is no error worth hiding another for.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
