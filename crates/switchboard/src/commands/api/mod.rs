//! `switchboard api …`: APIs in a portal, from a team's pipeline.

mod apply;
mod documents;

use apply::Apply;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Registers APIs in a portal.
#[derive(Debug, Parser)]
pub(crate) struct ApiCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a team's APIs and plans in the portal what a file says; the same file again changes nothing
    Apply(Apply),
}

impl ApiCommand {
    /// Runs it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Apply(command) => command.run(),
        }
    }
}
