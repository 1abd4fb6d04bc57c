//! `switchboard portal keys init|rotate|revoke` and `portal new-epoch`: what needs a root key.

use super::{Data, operate};
use ::portal::operate::{Done, Past};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make an environment with a root key, an online key and a signed keyring
    Init(Init),
    /// Sign with a new online key from now on
    Rotate(Rotate),
    /// Take an online key that was stolen out of the keyring
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct Init {
    #[command(flatten)]
    data: Data,
    /// The environment, which is the feed's name
    #[arg(long, value_name = "NAME")]
    environment: String,
}

/// Which feed, and who may sign its keyring.
#[derive(Debug, Args)]
struct Rooted {
    #[command(flatten)]
    data: Data,
    /// The environment, which is the feed's name
    #[arg(long, value_name = "NAME")]
    environment: String,
    /// The root key's file; the newest in DIR/keys where absent
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    rooted: Rooted,
    /// How long commits of the former keys still count, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    overlap_s: u64,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    rooted: Rooted,
    /// The id of the key
    key: String,
}

#[derive(Debug, Args)]
pub(super) struct NewEpoch {
    #[command(flatten)]
    rooted: Rooted,
    /// Keep the epoch, and send everything again to a carrier that lost it while the database is sound
    #[arg(long, conflicts_with_all = ["config", "known", "except", "accept_loss", "dry_run"])]
    republish: bool,
    /// portal.yaml: where it has a section `kafka`, the topic is read, and what was taken from clients there is taken away again
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What a reader has: a gateway's policy/last_known_good, a bundle or a signed floor. What was taken from clients in the newest of them is
    /// taken away again; may be given several times
    #[arg(long, value_name = "FILE")]
    known: Vec<PathBuf>,
    /// Leave this one as the database has it; may be given several times
    #[arg(long, value_name = "KIND/ID")]
    except: Vec<String>,
    /// Go on although readers or the topic have more than is known here, or nobody knows: what was taken from clients since comes back
    #[arg(long)]
    accept_loss: bool,
    /// Tell what would be taken away again, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Keys {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Keys::Init(Init { data, environment }) => say(&operate(data, async |operator| {
                operator.init(&environment).await
            })?),
            Keys::Rotate(Rotate { rooted, overlap_s }) => {
                let Rooted {
                    data,
                    environment,
                    root_key,
                } = rooted;
                let done = operate(data, async |operator| {
                    operator
                        .rotate(&environment, root_key.as_deref(), overlap_s)
                        .await
                })?;
                say(&done)
            }
            Keys::Revoke(Revoke { rooted, key }) => {
                let Rooted {
                    data,
                    environment,
                    root_key,
                } = rooted;
                let done = operate(data, async |operator| {
                    operator.revoke(&environment, root_key.as_deref(), &key).await
                })?;
                say(&done)
            }
        }
    }
}

impl NewEpoch {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Rooted {
            data,
            environment,
            root_key,
        } = self.rooted;
        let configuration = self.config.as_deref().map(::portal::Configuration::load);
        let past = Past {
            kafka: configuration.transpose()?.and_then(|read| read.kafka),
            known: self.known,
            except: self.except.into_iter().collect(),
            accepts_loss: self.accept_loss,
            dry_run: self.dry_run,
        };
        let done = operate(data, async |operator| match self.republish {
            true => operator.republish(&environment).await,
            false => {
                let root_key = root_key.as_deref();
                operator.new_epoch(&environment, root_key, past).await
            }
        })?;
        say(&done)
    }
}

fn say(done: &Done) -> anyhow::Result<ExitCode> {
    anstream::println!("{}", done.said);
    Ok(ExitCode::SUCCESS)
}
