//! `switchboard relay`: follows a feed as every reader does, and hands it on as a bundle with its commit beside it, to those who cannot follow by
//! themselves (feed.md §5).
//!
//! `publication` is what is handed on, `files` writes it, `serve` answers over HTTP. Nothing is handed on that was not verified here.

mod files;
mod publication;
mod serve;

use crate::logging;
use ::gateway::configuration::{self, Feed, Portal, Token};
use ::gateway::follow::{self, Follow, Following, Parts};
use ::gateway::upstream::SystemResolver;
use anyhow::Context as _;
use clap::{ArgGroup, Parser};
use publication::{Publication, Publisher};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a token's file.
const TOKEN_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Exit code: 0 after SIGTERM or SIGINT; 1 where it cannot start.
#[derive(Debug, Parser)]
#[command(group(ArgGroup::new("carrier").required(true).args(["portal", "bundle"])))]
pub(crate) struct Relay {
    /// The signed floor that names the feed and its roots
    #[arg(long, value_name = "FILE")]
    floor: PathBuf,
    /// Follow a portal's stream, at this http or https URL
    #[arg(long, value_name = "URL", requires = "token_file")]
    portal: Option<String>,
    /// The file that holds the portal's enrolment token
    #[arg(long, value_name = "FILE", requires = "portal")]
    token_file: Option<PathBuf>,
    /// Follow a bundle: a file, or an http or https URL
    #[arg(long, value_name = "PATH_OR_URL")]
    bundle: Option<String>,
    /// Where `bundle` and `commit` are written
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Where what was handed on outlives a restart; `state` in the directory of `--out` where left out
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Serve both over HTTP too, with `/healthz` and `/ready`, such as on 0.0.0.0:8080
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// How old policy may get before `/ready` calls it stale, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    max_staleness_s: u64,
}

impl Relay {
    /// Follows and hands on, until it is told to end.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        logging::start("info");
        let carrier = self.carrier()?;
        let state_dir = self.state.clone().unwrap_or_else(|| self.out.join("state"));
        let beginning =
            follow::begin(&self.floor, None, Some(&state_dir)).context("cannot begin with the floor")?;
        let feed = Arc::new(Feed {
            floor: self.floor.clone(),
            carrier: carrier.clone(),
            wait: Duration::ZERO,
            staleness_s_max: self.max_staleness_s,
            deny_floor_s_max: None,
        });
        let follow = Arc::new(Follow::new(feed, &beginning));
        let publication = Publication::new(&beginning);
        let writer = files::Writer::start(Arc::clone(&publication), &self.out)
            .with_context(|| format!("cannot write to {}", self.out.display()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let served = runtime.block_on(async {
            let mut signals = Signals::new()?;
            let listener = match self.listen {
                Some(address) => {
                    let listener = tokio::net::TcpListener::bind(address)
                        .await
                        .with_context(|| format!("cannot listen on {address}"))?;
                    tracing::info!(address = %listener.local_addr()?, "serving the bundle and its commit");
                    Some(listener)
                }
                None => None,
            };
            let parts = Parts {
                beginning,
                carrier,
                state_dir: Some(state_dir),
                follow: Arc::clone(&follow),
                resolver: Arc::new(SystemResolver),
            };
            let sink = Box::new(Publisher::new(Arc::clone(&publication)));
            let following = Following::start(parts, sink, Duration::ZERO).context("cannot follow")?;
            let serving = async {
                match listener {
                    Some(listener) => serve::run(listener, Arc::clone(&publication), follow).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = signals.until_end() => {}
                () = serving => {}
            }
            drop(following);
            anyhow::Ok(())
        });
        drop(writer);
        served?;
        Ok(ExitCode::SUCCESS)
    }

    fn carrier(&self) -> anyhow::Result<configuration::Carrier> {
        if let (Some(portal), Some(file)) = (&self.portal, &self.token_file) {
            check_url("--portal", portal)?;
            return Ok(configuration::Carrier::Portal(Portal {
                url: portal.as_str().into(),
                token: token(file)?,
                plain: Vec::new(),
            }));
        }
        let bundle = self.bundle.as_deref().context("give --portal or --bundle")?;
        if !bundle.contains("://") {
            return Ok(configuration::Carrier::Bundle(configuration::Bundle::File(
                bundle.into(),
            )));
        }
        check_url("--bundle", bundle)?;
        Ok(configuration::Carrier::Bundle(configuration::Bundle::Url(
            bundle.into(),
        )))
    }
}

fn check_url(name: &str, url: &str) -> anyhow::Result<()> {
    let parsed: Option<hyper::Uri> = url.parse().ok();
    let good =
        parsed.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    anyhow::ensure!(
        good,
        "{name} is no http or https URL; write for example https://portal.example.com"
    );
    Ok(())
}

fn token(file: &Path) -> anyhow::Result<Token> {
    let told = || format!("--token-file {}", file.display());
    let bytes = std::fs::metadata(file).with_context(told)?.len();
    anyhow::ensure!(
        bytes <= TOKEN_FILE_BYTES_MAX,
        "{}: it is larger than a token",
        told()
    );
    let text = std::fs::read_to_string(file).with_context(told)?;
    Token::new(text.trim_ascii_end()).with_context(told)
}

/// The signals that end it.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn until_end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
