//! `switchboard check FILE`: every problem at once. 0 good (warnings allowed), 1 problems, 2 cannot be read.

use super::{Format, unreadable};
use ::gateway::configuration::{CheckedFile, Problem, Severity, load_either};
use ::gateway::enforcement::{self, PolicyError};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// A file with `issuers`, `apis`, `clients`, `plans`, `revocations`, `tenants` or `cells` is a policy, any other one a
/// gateway's. Exit code: 0 good (warnings allowed), 1 problems, 2 the file cannot be read.
#[derive(Debug, Parser)]
pub(crate) struct Check {
    /// The configuration of a gateway, or a policy; YAML or JSON
    file: PathBuf,
    /// How problems are printed: FILE:LINE:COLUMN: message, with a snippet and help; or {"problems":[{"file","line","column","severity","message","help"}]}
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Check {
    /// Checks and prints.
    #[allow(clippy::print_stdout, reason = "the problems are this command's output")]
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let checked = match load_either(&self.file) {
            Ok(checked) => checked,
            Err(error) => return Ok(unreadable(error)),
        };
        let count = |severity| {
            let is_one = |problem: &&Problem| problem.severity == severity;
            problems(&checked).iter().filter(is_one).count()
        };
        let policy = policy_of(&checked);
        let errors = count(Severity::Error) + policy.as_ref().map_or(0, PolicyError::errors);
        let warnings = count(Severity::Warning);
        match self.format {
            Format::Json => println!("{}", to_json(&checked, policy.as_ref())),
            Format::Text => {
                anstream::print!("{}", render(&checked));
                if let Some(policy) = &policy {
                    anstream::println!("{policy}\n");
                }
                let file = self.file.display();
                let counts = format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
                if errors > 0 {
                    anstream::println!("{file}: {counts}");
                } else {
                    let good = anstyle::AnsiColor::Green.on_default().bold();
                    anstream::println!("{file}: {good}good{good:#}, {} ({counts})", held(&checked));
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

fn problems(checked: &CheckedFile) -> &[Problem] {
    match checked {
        CheckedFile::Gateway(checked) => &checked.problems,
        CheckedFile::Policy(checked) => &checked.problems,
    }
}

/// What is wrong with the policy that a good gateway file names: what is called good here is served.
fn policy_of(checked: &CheckedFile) -> Option<PolicyError> {
    match checked {
        CheckedFile::Gateway(checked) => enforcement::check(checked.configuration.as_ref()?).err(),
        CheckedFile::Policy(_) => None,
    }
}

fn render(checked: &CheckedFile) -> String {
    match checked {
        CheckedFile::Gateway(checked) => checked.render(),
        CheckedFile::Policy(checked) => checked.render(),
    }
}

fn to_json(checked: &CheckedFile, policy: Option<&PolicyError>) -> serde_json::Value {
    let mut shown = match checked {
        CheckedFile::Gateway(checked) => checked.to_json(),
        CheckedFile::Policy(checked) => checked.to_json(),
    };
    let of_policy = policy.map(PolicyError::listed).unwrap_or_default();
    if let Some(problems) = shown["problems"].as_array_mut() {
        problems.extend(of_policy);
    }
    shown
}

/// What a good file holds, in a few words.
fn held(checked: &CheckedFile) -> String {
    match checked {
        CheckedFile::Gateway(checked) => {
            let routes = |configuration: &::gateway::configuration::Configuration| configuration.routes.len();
            counted(checked.configuration.as_ref().map_or(0, routes), "route")
        }
        CheckedFile::Policy(checked) => {
            let kinds = checked
                .entities
                .iter()
                .flatten()
                .map(|entity| entity.kind.as_str());
            format!("a policy of {}", super::policy::counted(kinds))
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
