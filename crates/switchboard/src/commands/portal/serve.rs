//! `switchboard portal --data DIR --listen ADDRESS`: serve until SIGTERM.

use crate::logging;
use ::portal::{Configuration, Portal, Settings};
use anyhow::Context as _;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Args)]
pub(super) struct Serve {
    // Both are required, unless a command is given; which only the parser of arguments can say.
    /// Its directory: keys, and the database where that is SQLite
    #[arg(long, value_name = "DIR", required = true)]
    data: Option<PathBuf>,
    /// PostgreSQL in place of SQLite
    #[arg(
        long,
        value_name = "postgres://…",
        env = "SWITCHBOARD_PORTAL_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,
    /// Where it listens, as in 127.0.0.1:8400
    #[arg(long, value_name = "ADDRESS", required = true)]
    listen: Option<SocketAddr>,
    /// Where the first start writes a platform admin's token; admin.token in the data directory where absent
    #[arg(long, value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
    /// An environment, made with keys of its own where it is not there yet; may be given again, in the order of promotion
    #[arg(long = "environment", value_name = "NAME", default_value = "prod")]
    environments: Vec<String>,
    /// How one signs in, where Kafka is, and how issuers' keys are fetched (docs/operations.md); local users and the portal's own stream where absent
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        logging::start("info");
        let configuration = match &self.config {
            Some(file) => Configuration::load(file)?,
            None => Configuration::without_file(),
        };
        let settings = Settings {
            configuration,
            data: self.data.context("`--data DIR` is missing")?,
            database: self.database,
            listen: self.listen.context("`--listen ADDRESS` is missing")?,
            admin_token_file: self.admin_token_file,
            environments: self.environments,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let portal = Portal::start(&settings).await?;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping: finishing what is in flight");
            portal.stop().await;
            anyhow::Ok(ExitCode::SUCCESS)
        })
    }
}
