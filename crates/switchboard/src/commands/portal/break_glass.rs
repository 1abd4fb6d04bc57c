//! `switchboard portal break-glass init|status|disable`: the sealed account, for the day when the identity provider is down.

use super::{Data, operate};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum BreakGlass {
    /// Make it anew: a secret, written once; what a former secret opened is closed
    Init(Init),
    /// Show whether there is one, and whether its seal is broken
    Status(Status),
    /// Do away with it, and with the sessions that it opened
    Disable(Disable),
}

#[derive(Debug, Args)]
pub(super) struct Init {
    #[command(flatten)]
    data: Data,
    /// A new file for the secret, which only you can read
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct Disable {
    #[command(flatten)]
    data: Data,
}

impl BreakGlass {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let done = match self {
            BreakGlass::Init(Init { data, secret_file }) => {
                operate(data, async |operator| operator.seal(&secret_file).await)?
            }
            BreakGlass::Status(Status { data }) => {
                operate(data, async |operator| operator.sealed_state().await)?
            }
            BreakGlass::Disable(Disable { data }) => {
                operate(data, async |operator| operator.disable_sealed().await)?
            }
        };
        anstream::println!("{}", done.said);
        Ok(ExitCode::SUCCESS)
    }
}
