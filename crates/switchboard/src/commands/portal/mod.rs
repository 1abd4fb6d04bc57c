//! `switchboard portal`: serve the control plane; and what its operators do with its keys, epochs and gateways.

mod break_glass;
mod gateways;
mod keys;
mod serve;

use ::portal::{Configuration, Settings};
use clap::{Args, Parser, Subcommand};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code: 0 after SIGTERM, or when it is done; 1 where it cannot be started or done.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Portal {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The keys that feeds are signed with
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Publish everything anew in a new epoch: after a database was restored, or where readers say `forked`
    NewEpoch(keys::NewEpoch),
    /// Who is a gateway
    #[command(subcommand)]
    Gateways(gateways::Gateways),
    /// The sealed account, for the day when the identity provider is down
    #[command(subcommand)]
    BreakGlass(break_glass::BreakGlass),
}

/// Where a portal's data is.
#[derive(Debug, Args)]
struct Data {
    /// Its directory: keys, and the database where that is SQLite
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// PostgreSQL in place of SQLite
    #[arg(
        long,
        value_name = "postgres://…",
        env = "SWITCHBOARD_PORTAL_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,
}

impl Data {
    fn settings(self) -> Settings {
        Settings {
            data: self.data,
            database: self.database,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            admin_token_file: None,
            environments: Vec::new(),
            configuration: Configuration::without_file(),
        }
    }
}

impl Portal {
    /// Serves, or does what was asked for.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Some(Command::Keys(command)) => command.run(),
            Some(Command::NewEpoch(command)) => command.run(),
            Some(Command::Gateways(command)) => command.run(),
            Some(Command::BreakGlass(command)) => command.run(),
            None => self.serve.run(),
        }
    }
}

/// Does something with a portal's data, whether portals run on it or not.
fn operate<T>(
    data: Data,
    work: impl AsyncFnOnce(&::portal::operate::Operator) -> Result<T, ::portal::operate::OperateError>,
) -> anyhow::Result<T> {
    let settings = data.settings();
    settings.check()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let operator = ::portal::operate::Operator::open(&settings).await?;
        let done = work(&operator).await;
        operator.close().await;
        Ok(done?)
    })
}
