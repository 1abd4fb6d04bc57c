//! `switchboard feed`: what can be asked of a feed's carrier.

mod doctor;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, Parser)]
pub(crate) struct Feed {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at a feed's topic in Kafka: what is not as it should be, and the command that mends it
    Doctor(doctor::Doctor),
}

impl Feed {
    /// Runs it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Doctor(command) => command.run(),
        }
    }
}
