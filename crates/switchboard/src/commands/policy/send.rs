//! `switchboard policy import`, `export`, `diff`, `revert` and `wait`: a portal's policy as a whole.

use super::changes::Changes;
use super::given::{Entities, Given, Key, Said, with_id};
use super::show::{Item, write_sections};
use super::there::{self, POLICY_WITHIN};
use crate::commands::change::{ChangeOptions, Outcome, good};
use crate::commands::fleet;
use crate::commands::portal_client::{Answer, Call, EnvironmentOptions, Failure, Portal, Position};
use crate::commands::screen::{FAINT, span};
use crate::commands::{exit, unreadable};
use ::policy::entity::Kind;
use anyhow::bail;
use clap::Parser;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const IMPORT_HELP: &str = "\
Examples:
  switchboard policy diff policy.yaml                   what it would change
  switchboard policy import policy.yaml --wait          change it, and see every gateway have it
  switchboard policy import policy.yaml --prune --confirm

A file may be a part: what is not in it stays, unless --prune says that the file is the whole.
Exit code: 0 done; 1 problems in the file, refused, or not everywhere yet; 2 the file or options cannot be used; 3 the portal was not reached.";

/// Make the portal's policy what a file says: all of it in one revision, or nothing
#[derive(Debug, Parser)]
#[command(after_help = IMPORT_HELP)]
pub(crate) struct Import {
    /// The policy, YAML or JSON
    file: PathBuf,
    /// Let the portal judge it, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Delete what is not in the file; revocations stay, whatever it says
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    change: ChangeOptions,
}

impl Import {
    /// Checks, sends, says.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let given = match Given::read(&self.file) {
            Ok(given) => given,
            Err(error) => return Ok(unreadable(error)),
        };
        let portal = self.change.at.open()?;
        let Some((said, there)) = checked(&given, &portal, &self.change.at, self.prune)? else {
            anstream::eprintln!("{}: nothing was sent; mend the errors above", self.file.display());
            return Ok(ExitCode::FAILURE);
        };
        let changes = Changes::between(&there, &said.entities, self.prune);
        let call = Call::post(self.change.at.path("/policy"), &self.document(&said, &there))
            .flag("dry_run", self.dry_run)
            .flag("confirm", self.change.confirm)
            .flag("replace", self.prune)
            .within(POLICY_WITHIN);
        let answer = match portal.ask(call) {
            Ok(answer) => answer,
            Err(failure) => return refused(&given, failure, changes.only()),
        };
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        self.tell(&portal, &changes, &answer)
    }

    /// What is sent. With `prune` every section, so that what none of them has is deleted; but for revocations, all of which stay.
    fn document(&self, said: &Said, there: &Entities) -> Value {
        let mut entities = said.entities.clone();
        if self.prune {
            for (key, body) in there.iter().filter(|(key, _)| key.0 == Kind::Revocation) {
                entities.entry(key.clone()).or_insert_with(|| body.clone());
            }
        }
        let mut document = document(&entities);
        if let (true, Some(sections)) = (self.prune, document.as_object_mut()) {
            for kind in Kind::ALL {
                sections.entry(kind.section()).or_insert_with(|| json!([]));
            }
        }
        document
    }

    fn tell(&self, portal: &Portal, changes: &Changes, answer: &Answer) -> anyhow::Result<ExitCode> {
        let body = answer.json()?;
        for warning in body["warnings"].as_array().into_iter().flatten() {
            anstream::eprintln!(
                "warning: {}: {}",
                warning["field"].as_str().unwrap_or_default(),
                warning["message"].as_str().unwrap_or_default()
            );
        }
        if !self.change.json {
            anstream::print!("{}", changes.to_text());
        }
        let is_confirm_needed = body["confirm_needed"] == true;
        let said = match (self.dry_run, is_confirm_needed, changes.is_empty()) {
            (true, true, _) => format!(
                "nothing was changed ({}); it would need --confirm",
                good("dry run")
            ),
            (true, false, _) => format!("nothing was changed ({}); it would be taken", good("dry run")),
            (false, _, true) => good("unchanged"),
            (false, _, false) => good("imported"),
        };
        let mut members = changes.to_json();
        if let Some(members) = members.as_object_mut() {
            members.insert("dry_run".to_owned(), self.dry_run.into());
            members.insert("confirm_needed".to_owned(), is_confirm_needed.into());
        }
        let outcome = Outcome {
            said,
            verb: "in force",
            members,
            position: answer.position().filter(|_| !self.dry_run),
        };
        self.change.finish(portal, outcome)
    }
}

/// What a file says and what is there; `None`: it has errors, which were told.
fn checked(
    given: &Given,
    portal: &Portal,
    options: &EnvironmentOptions,
    prune: bool,
) -> anyhow::Result<Option<(Said, Entities)>> {
    let keys: Vec<Key> = given.keys();
    let (there, is_whole) = there::around(portal, options, &keys)?;
    let said = match (prune, is_whole) {
        // With what stays, as the portal will judge it: revocations.
        (true, _) => {
            let stays = there.iter().filter(|(key, _)| key.0 == Kind::Revocation);
            given.check(&stays.map(|(key, body)| (key.clone(), body.clone())).collect())?
        }
        (false, true) => given.check(&there)?,
        // What it names is not to be seen from here: the portal judges that.
        (false, false) => given.check_alone()?,
    };
    Ok(said.map(|said| (said, there)))
}

/// The portal's no, at the file's places where it names some.
fn refused(given: &Given, failure: Failure, only: Option<&Key>) -> anyhow::Result<ExitCode> {
    let placed = failure
        .refused(422)
        .and_then(|problem| given.placed(problem, only));
    match placed {
        None => Err(failure.into()),
        Some(placed) => {
            anstream::eprint!("{placed}");
            bail!("the portal refused the policy; nothing was changed");
        }
    }
}

/// The entities as a policy file has them.
fn document(entities: &Entities) -> Value {
    let mut document = Map::new();
    for (key, body) in entities {
        let section = document.entry(key.0.section()).or_insert_with(|| json!([]));
        if let (Some(section), Some(body)) = (section.as_array_mut(), body.as_object()) {
            section.push(Value::Object(with_id(&key.1, body)));
        }
    }
    Value::Object(document)
}

/// Print the portal's policy as a file that a person would write
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  switchboard policy export > policy.yaml
  switchboard policy export --revision 41 > before.yaml

Exit code: 0 printed; 1 refused; 2 options that cannot be used; 3 the portal was not reached.")]
pub(crate) struct Export {
    /// As it was at this revision
    #[arg(long, value_name = "N")]
    revision: Option<u64>,
    #[command(flatten)]
    at: EnvironmentOptions,
    /// Print the portal's answer, for programs
    #[arg(long)]
    json: bool,
}

impl Export {
    /// Asks and prints.
    #[allow(clippy::print_stdout, reason = "the policy is this command's output")]
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.at.open()?;
        let document = there::whole(&portal, &self.at, self.revision)?;
        if self.json {
            println!("{document}");
            return Ok(ExitCode::from(exit::DONE));
        }
        let entities = there::entities(&document);
        let bodies: Vec<(&Key, String)> = entities
            .iter()
            .map(|(key, body)| (key, body.to_string()))
            .collect();
        let items = bodies.iter().map(|(key, body)| Item {
            kind: key.0,
            id: &key.1,
            body,
            needs: &[],
        });
        let mut out = String::new();
        let place = match (document["epoch"].as_u64(), document["revision"].as_u64()) {
            (Some(epoch), Some(revision)) => format!(", revision {epoch}:{revision}"),
            _ => self
                .revision
                .map(|revision| format!(", revision {revision}"))
                .unwrap_or_default(),
        };
        // Writing to a string never fails.
        let _ = writeln!(
            out,
            "{FAINT}# environment {}{place}{FAINT:#}",
            self.at.environment
        );
        write_sections(&items.collect::<Vec<_>>(), &mut out)?;
        anstream::print!("{out}");
        Ok(ExitCode::from(exit::DONE))
    }
}

/// Show what a file would change in the portal, by entity and member
#[derive(Debug, Parser)]
#[command(after_help = "\
Exit code: 0 nothing would change; 1 something would, or problems in the file; 2 the file or options cannot be used; 3 the portal was not reached.")]
pub(crate) struct Diff {
    /// The policy, YAML or JSON
    file: PathBuf,
    /// Take the file for the whole: what is not in it would be deleted, but for revocations
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    at: EnvironmentOptions,
    /// Print the changes for programs
    #[arg(long)]
    json: bool,
}

impl Diff {
    /// Compares and prints.
    #[allow(clippy::print_stdout, reason = "the changes are this command's output")]
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let given = match Given::read(&self.file) {
            Ok(given) => given,
            Err(error) => return Ok(unreadable(error)),
        };
        let portal = self.at.open()?;
        let Some((said, there)) = checked(&given, &portal, &self.at, self.prune)? else {
            return Ok(ExitCode::FAILURE);
        };
        let changes = Changes::between(&there, &said.entities, self.prune);
        match self.json {
            true => println!("{}", changes.to_json()),
            false => anstream::print!("{}", changes.to_text()),
        }
        Ok(ExitCode::from(if changes.is_empty() {
            exit::DONE
        } else {
            exit::NOT_SO
        }))
    }
}

/// Publish the policy of an earlier revision again; what was revoked, suspended or ended since stays so, unless named
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  switchboard policy revert 41 --confirm --wait
  switchboard policy revert 41 --confirm --also client/mobile-app      let it be active again, as it was then

Exit code: 0 done; 1 refused, or not everywhere yet; 2 options that cannot be used; 3 the portal was not reached.")]
pub(crate) struct Revert {
    /// The revision, of this epoch
    revision: u64,
    /// What to bring back although it was revoked, suspended or ended since: revocation/ID, client/ID, tenant/ID, credential/ID; may be given again
    #[arg(long, value_name = "WHAT")]
    also: Vec<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

impl Revert {
    /// Reverts and says so.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.change.at.open()?;
        let body = json!({ "revision": self.revision, "named": self.also });
        let call = Call::post(self.change.at.path("/revert"), &body)
            .flag("confirm", self.change.confirm)
            .within(POLICY_WITHIN);
        let answer = portal.ask(call)?;
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        let body = answer.json()?;
        let outcome = Outcome {
            said: format!("{} to what revision {} said", good("reverted"), self.revision),
            verb: "in force",
            members: body,
            position: answer.position(),
        };
        self.change.finish(&portal, outcome)
    }
}

/// Wait until every live gateway has a revision, or name those that have not
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  switchboard policy wait 42
  switchboard policy wait 1763900000:42 --within 2m

Exit code: 0 every live gateway has it; 1 some have not, or none reports; 2 options that cannot be used; 3 the portal was not reached.")]
pub(crate) struct Wait {
    /// REVISION of the current epoch, or EPOCH:REVISION
    #[arg(value_name = "[EPOCH:]REVISION", value_parser = wanted)]
    revision: (Option<u64>, u64),
    /// How long to wait
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = span)]
    within: Duration,
    #[command(flatten)]
    at: EnvironmentOptions,
    /// Print the answer for programs
    #[arg(long)]
    json: bool,
}

fn wanted(text: &str) -> Result<(Option<u64>, u64), String> {
    let wrong = || format!("`{text}` is no revision: write 42, or 1763900000:42 with its epoch");
    match Position::parse(text) {
        Some(position) => Ok((Some(position.epoch), position.revision)),
        None => text.parse().map(|revision| (None, revision)).map_err(|_| wrong()),
    }
}

impl Wait {
    /// Waits and says.
    #[allow(clippy::print_stdout, reason = "the answer is this command's output")]
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.at.open()?;
        let (epoch, revision) = self.revision;
        let epoch = match epoch {
            Some(epoch) => epoch,
            None => fleet::epoch(&portal, &self.at)?,
        };
        let waited = fleet::wait(&portal, &self.at, Position { epoch, revision }, self.within)?;
        match self.json {
            true => println!("{}", waited.verdict().to_json()),
            false => anstream::println!(
                "{}",
                waited.verdict().to_text(&format!("revision {epoch}:{revision}"))
            ),
        }
        Ok(ExitCode::from(if waited.is_everywhere() {
            exit::DONE
        } else {
            exit::NOT_SO
        }))
    }
}
