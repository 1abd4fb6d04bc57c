//! `cargo xtask services`: what Switchboard talks to and is not part of it, on this machine: Apache Kafka. Fetches it where it is not there,
//! and runs it until Ctrl-C.
//!
//! The end-to-end tests start brokers of their own, from the same place; `cargo xtask test` only fetches.

mod kafka;

pub(crate) use kafka::install;

use anyhow::Result;
use clap::Args;

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Services {
    /// Fetch what is missing, and start nothing
    #[arg(long)]
    install_only: bool,
    /// The port of Kafka, on loopback
    #[arg(long, default_value_t = 9092, value_parser = clap::value_parser!(u16).range(1..))]
    kafka_port: u16,
}

impl Services {
    /// Runs until it is ended.
    pub(crate) fn run(self) -> Result<()> {
        install()?;
        match self.install_only {
            true => Ok(()),
            false => kafka::serve(self.kafka_port),
        }
    }
}
