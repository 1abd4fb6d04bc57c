//! One file per command: arguments, what is printed, and the exit code.

pub(crate) mod api;
pub(crate) mod authorizer;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod cost;
pub(crate) mod exit;
pub(crate) mod explain;
pub(crate) mod feed;
pub(crate) mod fleet;
pub(crate) mod gateway;
pub(crate) mod generate;
pub(crate) mod key;
pub(crate) mod policy;
pub(crate) mod portal;
pub(crate) mod portal_client;
pub(crate) mod relay;
pub(crate) mod revoke;
pub(crate) mod screen;

use ::gateway::configuration::Unreadable;
use clap::ValueEnum;
use std::process::ExitCode;

/// For whom a command prints.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// A file that cannot be read at all, in contrast to one that is read and has problems.
pub(crate) const UNREADABLE: u8 = 2;

/// An error and its causes, on stderr.
pub(crate) fn report_error(error: &anyhow::Error) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    anstream::eprintln!("{style}error{style:#}: {}", chain(error));
}

/// An error and its causes on one line, each said once: some say their cause themselves, since `/ready` shows them alone.
fn chain(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut told, cause| {
        let cause = cause.to_string();
        if !told.contains(&cause) {
            if !told.is_empty() {
                told.push_str(": ");
            }
            told.push_str(&cause);
        }
        told
    })
}

/// Says why a file cannot be read, and gives the exit code for it.
pub(crate) fn unreadable(error: Unreadable) -> ExitCode {
    report_error(&anyhow::Error::new(error));
    ExitCode::from(UNREADABLE)
}

#[cfg(test)]
mod tests {
    //! What is said of errors.

    use super::chain;
    use anyhow::anyhow;

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let error = anyhow!("cut off")
            .context("the floor f: cut off")
            .context("not started");
        assert_eq!(chain(&error), "not started: the floor f: cut off");
        assert_eq!(chain(&anyhow!("b").context("a")), "a: b");
    }
}
