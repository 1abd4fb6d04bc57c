//! `switchboard generate WHAT`: the generated files of this repository, from the types that they describe.

use clap::{Parser, ValueEnum};
use std::process::ExitCode;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// contract/gateway.schema.json
    Schema,
    /// contract/policy.schema.json
    PolicySchema,
    /// contract/portal.openapi.json
    PortalOpenapi,
    /// docs/errors.md
    Errors,
}

/// Prints a generated file; `cargo xtask schema` writes them.
#[derive(Debug, Parser)]
pub(crate) struct Generate {
    /// Which
    what: What,
}

impl Generate {
    /// Prints it.
    #[allow(clippy::print_stdout, reason = "the file is this command's output")]
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Schema => println!(
                "{}",
                serde_json::to_string_pretty(&::gateway::configuration::schema())?
            ),
            What::PolicySchema => println!("{}", serde_json::to_string_pretty(&::policy::check::schema())?),
            What::PortalOpenapi => println!("{}", serde_json::to_string_pretty(&::portal::openapi())?),
            What::Errors => print!("{}", ::gateway::response::errors_page()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
