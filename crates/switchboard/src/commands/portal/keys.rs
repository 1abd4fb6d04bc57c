//! `switchboard portal keys init|rotate|revoke` and `portal new-epoch`: what needs a root key.

use super::{Data, operate};
use ::portal::operate::Done;
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
    #[arg(long)]
    republish: bool,
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
        let done = operate(data, async |operator| match self.republish {
            true => operator.republish(&environment).await,
            false => operator.new_epoch(&environment, root_key.as_deref()).await,
        })?;
        say(&done)
    }
}

fn say(done: &Done) -> anyhow::Result<ExitCode> {
    anstream::println!("{}", done.said);
    Ok(ExitCode::SUCCESS)
}
