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
/// For what could not be looked at.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
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
    /// This machine lacks what it needs.
    LeftOut(String),
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

    /// Notes that a step cannot be run on this machine: whoever sits at it may go on without, CI may not.
    pub(crate) fn leave_out(&mut self, name: &str, because: &str) {
        anstream::eprintln!("{WARNING}{name} is left out{WARNING:#}: {because}");
        self.done
            .push((name.to_owned(), Outcome::LeftOut(because.to_owned())));
    }

    /// Prints the summary; an error if any step failed.
    pub(crate) fn finish(self) -> Result<()> {
        anstream::println!("\n{self}");
        self.verdict(std::env::var_os("CI").is_some_and(|value| !value.is_empty()))
    }

    /// An error if any step failed, or, in CI, was left out.
    fn verdict(&self, in_ci: bool) -> Result<()> {
        let failed = self
            .done
            .iter()
            .filter(|(_, outcome)| match outcome {
                Outcome::Passed(_) => false,
                Outcome::LeftOut(_) => in_ci,
                Outcome::Failed(..) | Outcome::Skipped(_) => true,
            })
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
                Outcome::LeftOut(because) => {
                    writeln!(f, "{WARNING}left out{WARNING:#}  {name:width$}        {because}")?;
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

/// How often a command that has a time limit is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// As `call`, for at most so long: what has not ended by then is killed.
pub(crate) fn call_within(limit: Duration, command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().with_context(|| format!("lost `{shown}`"))? {
            if !status.success() {
                bail!("`{shown}`: {status}");
            }
            return Ok(());
        }
        if Instant::now() >= until {
            // It may have ended just now, and then cannot be killed.
            let _ = child.kill();
            let _ = child.wait();
            bail!("`{shown}` took longer than {} s and was ended", limit.as_secs());
        }
        std::thread::sleep(LOOK);
    }
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
    fn what_a_machine_lacks_is_shown_and_fails_in_ci_alone() {
        let mut steps = Steps::default();
        steps.run("first", || Ok(()));
        steps.leave_out("second", "there is no Terraform");
        let summary = steps.to_string();
        assert!(
            summary.contains("left out") && summary.contains("there is no Terraform"),
            "{summary}"
        );
        steps.verdict(false).unwrap();
        let failed = steps.verdict(true).unwrap_err().to_string();
        assert_eq!(failed, "1 of 2 steps did not pass");
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let limit = Duration::from_millis(200);
        let error = call_within(limit, Command::new("sleep").arg("60")).unwrap_err();
        assert!(error.to_string().contains("took longer"), "{error}");
        call_within(Duration::from_secs(10), &mut Command::new("true")).unwrap();
        call_within(Duration::from_secs(10), &mut Command::new("false")).unwrap_err();
    }

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        assert_eq!(
            shown(Command::new("/usr/bin/cargo").args(["fmt", "--all"])),
            "cargo fmt --all"
        );
    }
}
