//! Runs named steps one behind the other, goes on after a failure, and sums up what happened and how long it took.

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, bail};
use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

/// For what went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// For what did not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what is about to happen.
pub(crate) const HEADING: Style = AnsiColor::Cyan.on_default().bold();

/// How a step ended.
#[derive(Debug)]
enum Outcome {
    Passed(Duration),
    /// With the sentence to show in the summary.
    Failed(Duration, String),
    /// A step that it needs had failed.
    Skipped(String),
}

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Outcome)>,
}

impl Steps {
    /// Runs one step; whether it passed.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<()>) -> bool {
        say(name);
        let begun = Instant::now();
        let result = step();
        let took = begun.elapsed();
        let passed = result.is_ok();
        let outcome = match result {
            Ok(()) => Outcome::Passed(took),
            Err(error) => {
                anstream::eprintln!("{BAD}{name} failed{BAD:#}: {error:#}");
                Outcome::Failed(took, format!("{error:#}"))
            }
        };
        self.done.push((name.to_owned(), outcome));
        passed
    }

    /// Notes that a step was not run.
    pub(crate) fn skip(&mut self, name: &str, because: &str) {
        self.done
            .push((name.to_owned(), Outcome::Skipped(because.to_owned())));
    }

    /// Prints the summary; an error if any step failed.
    pub(crate) fn finish(self) -> Result<()> {
        anstream::println!("\n{self}");
        let failed = self
            .done
            .iter()
            .filter(|(_, outcome)| !matches!(outcome, Outcome::Passed(_)))
            .count();
        match failed {
            0 => Ok(()),
            _ => bail!("{failed} of {} steps did not pass", self.done.len()),
        }
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.done.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, outcome) in &self.done {
            match outcome {
                Outcome::Passed(took) => {
                    writeln!(
                        f,
                        "{GOOD}pass{GOOD:#}  {name:width$}  {:>6.1} s",
                        took.as_secs_f64()
                    )?;
                }
                Outcome::Failed(took, error) => {
                    let first = error.lines().next().unwrap_or_default();
                    writeln!(
                        f,
                        "{BAD}FAIL{BAD:#}  {name:width$}  {:>6.1} s  {first}",
                        took.as_secs_f64()
                    )?;
                }
                Outcome::Skipped(because) => {
                    writeln!(f, "{BAD}skip{BAD:#}  {name:width$}            {because}")?;
                }
            }
        }
        Ok(())
    }
}

/// Prints what is about to happen.
pub(crate) fn say(what: &str) {
    anstream::eprintln!("{HEADING}==>{HEADING:#} {what}");
}

/// Runs a command with this process's own standard streams.
pub(crate) fn call(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}`: {status}");
    }
    Ok(())
}

/// Runs a command and returns what it wrote to standard output; standard error stays visible.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}`: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` did not print UTF-8"))
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    //! A failure is remembered, and never hides the steps behind it.

    use super::*;

    #[test]
    fn a_failed_step_fails_the_whole_and_the_rest_still_runs() {
        let mut steps = Steps::default();
        assert!(!steps.run("first", || bail!("broken\nin two lines")));
        assert!(steps.run("second", || Ok(())));
        steps.skip("third", "first failed");
        let summary = steps.to_string();
        assert!(
            summary.contains("FAIL") && summary.contains("broken") && !summary.contains("two lines"),
            "{summary}"
        );
        assert!(
            summary.contains("pass") && summary.contains("second"),
            "{summary}"
        );
        assert_eq!(
            steps.finish().unwrap_err().to_string(),
            "2 of 3 steps did not pass"
        );
    }

    #[test]
    fn no_failure_is_a_pass() {
        let mut steps = Steps::default();
        steps.run("only", || Ok(()));
        steps.finish().unwrap();
    }

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        assert_eq!(
            shown(Command::new("/usr/bin/cargo").args(["fmt", "--all"])),
            "cargo fmt --all"
        );
    }
}
