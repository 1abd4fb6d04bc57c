//! What every command that changes something in a portal has in common: its options, and what it says at the end.

use super::exit;
use super::fleet::{WaitOptions, wait};
use super::portal_client::{Answer, EnvironmentOptions, Failure, Portal, Position};
use super::screen::{FAINT, GOOD, WARNING};
use clap::Args;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// The options of a change.
#[derive(Debug, Args)]
pub(crate) struct ChangeOptions {
    #[command(flatten)]
    pub(crate) at: EnvironmentOptions,
    #[command(flatten)]
    pub(crate) wait: WaitOptions,
    /// Do it although it deletes or narrows more than the environment lets pass unasked
    #[arg(long)]
    pub(crate) confirm: bool,
    /// Print the answer for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    /// For a person, without a full stop: `client mobile-app is suspended`.
    pub(crate) said: String,
    /// What gateways do once they have it: `refused`.
    pub(crate) verb: &'a str,
    /// For a program, beside where it is in force.
    pub(crate) members: Value,
    /// Where it is in force; `None`: nowhere that readers would see.
    pub(crate) position: Option<Position>,
}

impl ChangeOptions {
    /// Says what was done, and waits where that was asked for. 0 where it is done, and everywhere where that was asked.
    pub(crate) fn finish(&self, portal: &Portal, outcome: Outcome<'_>) -> anyhow::Result<ExitCode> {
        if !self.json {
            let place = outcome
                .position
                .map(|position| format!(" {FAINT}(revision {position}){FAINT:#}"));
            anstream::println!("{}{}", outcome.said, place.unwrap_or_default());
        }
        self.settle(portal, outcome, false)
    }

    /// The same where standard output belongs to what was made: what is said of it goes to stderr.
    pub(crate) fn finish_beside(&self, portal: &Portal, outcome: Outcome<'_>) -> anyhow::Result<ExitCode> {
        self.settle(portal, outcome, true)
    }

    fn settle(&self, portal: &Portal, outcome: Outcome<'_>, is_beside: bool) -> anyhow::Result<ExitCode> {
        let mut members = match outcome.members {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        if let Some(position) = outcome.position {
            members.insert("epoch".to_owned(), position.epoch.into());
            members.insert("revision".to_owned(), position.revision.into());
        }
        let mut is_everywhere = true;
        if let (true, Some(position)) = (self.wait.wait, outcome.position) {
            match wait(portal, &self.at, position, self.wait.within) {
                Ok(waited) => {
                    is_everywhere = waited.is_everywhere();
                    let text = waited.verdict().to_text(outcome.verb);
                    match (self.json, is_beside) {
                        (true, _) => {}
                        (false, true) => anstream::eprintln!("{text}"),
                        (false, false) => anstream::println!("{text}"),
                    }
                    members.insert("waited".to_owned(), waited.verdict().to_json());
                }
                Err(failure) => return self.unseen(members, failure),
            }
        }
        self.print(members);
        Ok(ExitCode::from(if is_everywhere {
            exit::DONE
        } else {
            exit::NOT_SO
        }))
    }

    /// The change was made; who has it could not be seen.
    fn unseen(&self, members: Map<String, Value>, failure: Failure) -> anyhow::Result<ExitCode> {
        self.print(members);
        Err(anyhow::Error::new(failure).context("the change was made; who has it could not be seen"))
    }

    #[allow(clippy::print_stdout, reason = "the answer is the command's output")]
    fn print(&self, members: Map<String, Value>) {
        if self.json {
            println!("{}", Value::Object(members));
        }
    }

    /// The change waits for somebody else: that is said, and is no success.
    pub(crate) fn waits_for_another(&self, answer: &Answer) -> anyhow::Result<ExitCode> {
        let body = answer.json()?;
        let proposal = body["proposal"].as_str().unwrap_or_default();
        if !self.json {
            anstream::println!(
                "{WARNING}waiting{WARNING:#}: nothing was changed yet; another person has to approve the proposal {proposal}"
            );
        }
        self.print([("proposal".to_owned(), json!(proposal))].into_iter().collect());
        Ok(ExitCode::from(exit::NOT_SO))
    }
}

/// `done`, in its colour.
pub(crate) fn good(word: &str) -> String {
    format!("{GOOD}{word}{GOOD:#}")
}
