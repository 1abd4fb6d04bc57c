//! `switchboard check FILE`: every problem at once. 0 good (warnings allowed), 1 problems, 2 cannot be read.

use super::unreadable;
use ::gateway::configuration::{self, Severity};
use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// How problems are printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// For people: FILE:LINE:COLUMN: message, with a snippet and help
    Text,
    /// For editors and CI: {"problems":[{"file","line","column","severity","message","help"}]}
    Json,
}

/// Exit code: 0 good (warnings allowed), 1 problems, 2 the file cannot be read.
#[derive(Debug, Parser)]
pub(crate) struct Check {
    /// The configuration, YAML or JSON
    file: PathBuf,
    /// How problems are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Check {
    /// Checks and prints.
    #[allow(clippy::print_stdout, reason = "the problems are this command's output")]
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let checked = match configuration::load(&self.file) {
            Ok(checked) => checked,
            Err(error) => return Ok(unreadable(error)),
        };
        let count = |severity| {
            checked
                .problems
                .iter()
                .filter(|problem| problem.severity == severity)
                .count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        match self.format {
            Format::Json => println!("{}", checked.to_json()),
            Format::Text => {
                anstream::print!("{}", checked.render());
                let plural = |count: usize| if count == 1 { "" } else { "s" };
                let file = self.file.display();
                let counts = format!(
                    "{errors} error{}, {warnings} warning{}",
                    plural(errors),
                    plural(warnings)
                );
                if errors > 0 {
                    anstream::println!("{file}: {counts}");
                } else {
                    let good = anstyle::AnsiColor::Green.on_default().bold();
                    let routes = checked
                        .configuration
                        .as_ref()
                        .map_or(0, |configuration| configuration.routes.len());
                    anstream::println!(
                        "{file}: {good}good{good:#}, {routes} route{} ({counts})",
                        plural(routes)
                    );
                }
            }
        }
        Ok(if errors > 0 {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}
