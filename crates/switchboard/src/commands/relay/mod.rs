//! `switchboard relay`: follows a feed as every reader does, and hands it on as a bundle with its commit beside it, to those who cannot follow by
//! themselves (feed.md §5).
//!
//! `publication` is what is handed on, `writer` has it written into a `directory` or a `bucket`, `serve` answers over HTTP. Nothing is handed on that
//! was not verified here.

mod bucket;
mod directory;
mod publication;
mod serve;
mod writer;

use crate::logging;
use ::feed::bucket::{Bucket, Place, region_of_environment};
use ::gateway::configuration::{self, Feed, Portal, Token};
use ::gateway::fleet::{self, About, Reports};
use ::gateway::follow::{self, Follow, Following, Parts};
use ::gateway::upstream::SystemResolver;
use anyhow::Context as _;
use aws_lc_rs::digest::{SHA256, digest};
use bucket::Store;
use clap::{ArgGroup, Parser};
use directory::Directory;
use publication::{Beats, Publication, Publisher};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use writer::{Out, Writer};

/// Bytes of a token's file.
const TOKEN_FILE_BYTES_MAX: u64 = 64 * 1024;
/// A bundle in a directory is written anew for the sake of its commit after this long.
const DIRECTORY_BEAT: Duration = Duration::from_secs(10);
/// One in a bucket, where each writing is paid for and each is sent anew to whoever looks at the bundle alone.
const BUCKET_BEAT: Duration = Duration::from_secs(900);
/// Bytes of a name in a fleet.
const NAME_BYTES_MAX: usize = 128;

/// Exit code: 0 after SIGTERM or SIGINT; 1 where it cannot start.
#[derive(Debug, Parser)]
#[command(group(ArgGroup::new("carrier").required(true).args(["portal", "bundle", "kafka"])))]
pub(crate) struct Relay {
    /// The signed floor that names the feed and its roots
    #[arg(long, value_name = "FILE")]
    floor: PathBuf,
    /// Follow a portal's stream, at this http or https URL
    #[arg(long, value_name = "URL", requires = "token_file", group = "enrolled")]
    portal: Option<String>,
    /// The file that holds the portal's enrolment token
    #[arg(long, value_name = "FILE", requires = "enrolled")]
    token_file: Option<PathBuf>,
    /// Follow a bundle: a file, or an http or https URL
    #[arg(long, value_name = "PATH_OR_URL")]
    bundle: Option<String>,
    /// Follow a topic in Kafka; the YAML file says where and who one is there, with the keys of a gateway's `policy.feed.kafka`, and secrets in files of
    /// their own: `password_file`, `client_secret_file`, `key_password_file`
    #[arg(long, value_name = "FILE")]
    kafka: Option<PathBuf>,
    /// Report to the fleet of this portal; that of `--portal` where left out
    #[arg(long, value_name = "URL", requires = "token_file", group = "enrolled")]
    report_to: Option<String>,
    /// Which relay this is, as the fleet shows it; the machine's host name where left out
    #[arg(long, value_name = "NAME", requires = "enrolled", value_parser = fleet_name)]
    name: Option<String>,
    /// Where `bundle` and `commit` are written: a directory, or s3://BUCKET/PREFIX in object storage, with region and credentials as AWS's own clients
    /// take them: AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of the pod, the task or the instance
    #[arg(long, value_name = "DIR_OR_S3")]
    out: String,
    /// The object storage that speaks S3's API, where it is not Amazon's: an http or https URL. The bucket is in the path
    #[arg(long, value_name = "URL")]
    s3_endpoint: Option<String>,
    /// Write a newer commit of the same revision only after so many seconds, where each writing is paid for; each, about every 10 s, where left out
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    commit_every_s: Option<u64>,
    /// Where what was handed on outlives a restart; `state` in the directory of `--out` where left out, and nowhere where that is a bucket
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
        let portal = self.portal()?;
        let carrier = self.carrier(portal.as_ref())?;
        let state_dir = self.state_dir();
        let beginning =
            follow::begin(&self.floor, None, state_dir.as_deref()).context("cannot begin with the floor")?;
        let feed_name = beginning.roots.feed().to_owned();
        let feed = Arc::new(Feed {
            floor: self.floor.clone(),
            carrier: carrier.clone(),
            wait: Duration::ZERO,
            staleness_s_max: self.max_staleness_s,
            deny_floor_s_max: None,
        });
        let follow = Arc::new(Follow::new(feed, &beginning));
        let publication = Publication::new(&beginning, self.beats());
        let writer = self
            .out(&feed_name)
            .and_then(|out| Ok(Writer::start(Arc::clone(&publication), out)?))
            .with_context(|| format!("cannot write to {}", self.out))?;
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
                state_dir,
                follow: Arc::clone(&follow),
                resolver: Arc::new(SystemResolver),
            };
            let sink = Box::new(Publisher::new(Arc::clone(&publication)));
            let following = Following::start(parts, sink, Duration::ZERO).context("cannot follow")?;
            let reports = portal
                .map(|portal| self.report(portal, &feed_name, &follow))
                .transpose()?;
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
            drop(reports);
            drop(following);
            anyhow::Ok(())
        });
        drop(writer);
        served?;
        Ok(ExitCode::SUCCESS)
    }

    fn is_bucket(&self) -> bool {
        self.out.contains("://")
    }

    fn state_dir(&self) -> Option<PathBuf> {
        let beside = || (!self.is_bucket()).then(|| Path::new(&self.out).join("state"));
        self.state.clone().or_else(beside)
    }

    fn beats(&self) -> Beats {
        Beats {
            bundle: if self.is_bucket() {
                BUCKET_BEAT
            } else {
                DIRECTORY_BEAT
            },
            commit: self.commit_every_s.map_or(Duration::ZERO, Duration::from_secs),
        }
    }

    /// Where the bundle of this feed is written.
    fn out(&self, feed: &str) -> anyhow::Result<Out> {
        if !self.is_bucket() {
            anyhow::ensure!(
                self.s3_endpoint.is_none(),
                "--s3-endpoint has no effect on a directory; write --out s3://BUCKET/PREFIX, or leave it out"
            );
            return Ok(Out::Directory(Directory::new(Path::new(&self.out))?));
        }
        let region = region_of_environment();
        let place = Place::new(&self.out, self.s3_endpoint.as_deref(), region.as_deref())?;
        Ok(Out::Bucket(Box::new(Store::new(Bucket::new(place)?, feed))))
    }

    /// The portal that is followed, or only told.
    fn portal(&self) -> anyhow::Result<Option<Portal>> {
        let given = [("--portal", &self.portal), ("--report-to", &self.report_to)];
        let given = given
            .into_iter()
            .find_map(|(name, url)| Some((name, url.as_ref()?)));
        let (Some((name, url)), Some(file)) = (given, &self.token_file) else {
            return Ok(None);
        };
        check_url(name, url)?;
        Ok(Some(Portal {
            url: url.as_str().into(),
            token: token(file)?,
            plain: Vec::new(),
        }))
    }

    /// Tells the fleet where it stands, from now on.
    fn report(&self, portal: Portal, feed: &str, follow: &Arc<Follow>) -> anyhow::Result<Reports> {
        let config = given();
        let about = About {
            // Nobody calls a relay with a credential.
            used: None,
            kind: "relay",
            name: self.name.as_deref().map_or_else(fleet::host_name, Into::into),
            environment: feed.into(),
            config: Box::new(move || config.clone()),
            follow: Arc::clone(follow),
        };
        Reports::start(portal, about, Arc::new(SystemResolver)).context("cannot report")
    }

    fn carrier(&self, portal: Option<&Portal>) -> anyhow::Result<configuration::Carrier> {
        if let Some(file) = &self.kafka {
            return kafka(file);
        }
        if let (Some(_), Some(portal)) = (&self.portal, portal) {
            return Ok(configuration::Carrier::Portal(portal.clone()));
        }
        let bundle = self
            .bundle
            .as_deref()
            .context("give --portal, --bundle or --kafka")?;
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

#[cfg(feature = "kafka")]
fn kafka(file: &Path) -> anyhow::Result<configuration::Carrier> {
    let settings =
        ::feed::kafka::Settings::load(file).with_context(|| format!("--kafka {}", file.display()))?;
    Ok(configuration::Carrier::Kafka(Box::new(settings)))
}

#[cfg(not(feature = "kafka"))]
fn kafka(_: &Path) -> anyhow::Result<configuration::Carrier> {
    anyhow::bail!("--kafka: this build is without Kafka; take one that is built with the feature `kafka`")
}

fn fleet_name(name: &str) -> Result<String, String> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    match (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_good) {
        true => Ok(name.to_owned()),
        false => Err(format!("1 to {NAME_BYTES_MAX} letters, digits, `.` and `-`")),
    }
}

/// What tells one configuration from another: the SHA-256 of the arguments, which hold no secret, in hexadecimal.
fn given() -> String {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let digest = digest(&SHA256, arguments.join("\0").as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
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
