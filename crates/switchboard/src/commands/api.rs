//! `switchboard api apply FILE`: what a team's pipeline runs after each merge. The same file again changes nothing.
//!
//! All of it is one revision: an API and the plans that belong to it are there together, or not at all.

use super::change::{ChangeOptions, Outcome, good};
use super::policy::{Changes, Entities, Given, Key, entities_of, with_id};
use super::portal_client::{Call, Failure};
use super::unreadable;
use ::policy::entity::Kind;
use anyhow::bail;
use clap::{Parser, Subcommand};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

/// APIs and plans of one file.
const ENTITIES_MAX: usize = 200;

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

#[derive(Debug, Parser)]
#[command(after_help = "\
Example of api.yaml:
  apis:
    - id: orders
      team: commerce
      base_path: /api/orders
      operations:
        - { match: GET /api/orders/**, scopes: [orders.read] }

Example in a pipeline, with a team's token in SWITCHBOARD_TOKEN:
  switchboard api apply api.yaml --portal https://portal.example.com --environment prod --wait

What is not in the file stays as it is; titles, descriptions and states that were set in the portal stay too.
Exit code: 0 done or unchanged; 1 problems in the file, refused, or not everywhere yet; 2 the file or options cannot be used; 3 the portal was not reached.")]
struct Apply {
    /// APIs and plans, as in a policy file; YAML or JSON
    file: PathBuf,
    #[command(flatten)]
    change: ChangeOptions,
}

impl ApiCommand {
    /// Runs it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Apply(command) => command.run(),
        }
    }
}

impl Apply {
    fn run(self) -> anyhow::Result<ExitCode> {
        let given = match Given::read(&self.file) {
            Ok(given) => given,
            Err(error) => return Ok(unreadable(error)),
        };
        let Some(said) = given.check_whole()? else {
            anstream::eprintln!("{}: nothing was sent; mend the errors above", self.file.display());
            return Ok(ExitCode::FAILURE);
        };
        let keys: Vec<Key> = said.entities.keys().cloned().collect();
        if let Some((kind, id)) = keys
            .iter()
            .find(|(kind, _)| !matches!(kind, Kind::Api | Kind::Plan))
        {
            bail!(Failure::Usage(format!(
                "{}: the {kind} {id} is neither an API nor a plan; `switchboard policy import` takes a whole policy",
                self.file.display()
            )));
        }
        if keys.len() > ENTITIES_MAX {
            bail!(Failure::Usage(format!(
                "the file has {} entities, at most {ENTITIES_MAX} are taken",
                keys.len()
            )));
        }
        let portal = self.change.at.open()?;
        let mut stored = BTreeMap::new();
        for key in &keys {
            let path = self.change.at.path(&format!("/{}/{}", key.0.section(), key.1));
            match portal.ask(Call::get(path)) {
                Ok(answer) => drop(stored.insert(key.clone(), answer.json()?)),
                Err(failure) if failure.refused(404).is_some() => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        let changes = Changes::between(&entities_of(&as_document(&stored)), &said.entities, false);
        if !self.change.json {
            anstream::print!("{}", changes.to_text());
        }
        let wanted = with_owners(&said.entities, &stored);
        let call = Call::post(self.change.at.path("/policy"), &as_document(&wanted))
            .flag("confirm", self.change.confirm);
        let answer = match portal.ask(call) {
            Ok(answer) => answer,
            Err(failure) => {
                let placed = failure
                    .refused(422)
                    .and_then(|problem| given.placed(problem, changes.only()));
                let Some(placed) = placed else {
                    return Err(failure.into());
                };
                anstream::eprint!("{placed}");
                bail!("the portal refused {}; nothing was changed", self.file.display());
            }
        };
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        let outcome = Outcome {
            said: if changes.is_empty() {
                good("unchanged")
            } else {
                good("applied")
            },
            verb: "in force",
            members: changes.to_json(),
            position: answer.position(),
        };
        self.change.finish(&portal, outcome)
    }
}

fn as_document(entities: &BTreeMap<Key, Value>) -> Value {
    let mut document = Map::new();
    for (key, entity) in entities {
        let section = document.entry(key.0.section()).or_insert_with(|| json!([]));
        if let Some(section) = section.as_array_mut() {
            section.push(entity.clone());
        }
    }
    Value::Object(document)
}

/// The entities with their ids. A plan that is new, or has no owner yet, belongs to the team of the file's APIs.
fn with_owners(entities: &Entities, stored: &BTreeMap<Key, Value>) -> BTreeMap<Key, Value> {
    let apis = entities.iter().filter(|(key, _)| key.0 == Kind::Api);
    let teams: BTreeSet<&str> = apis.filter_map(|(_, body)| body["team"].as_str()).collect();
    let team = teams.first().filter(|_| teams.len() == 1);
    let whole = entities.iter().map(|(key, body)| {
        let mut whole = with_id(&key.1, body.as_object().unwrap_or(&Map::new()));
        let is_owned = stored.get(key).is_some_and(|there| there["team"].is_string());
        if let (Kind::Plan, Some(team), false) = (key.0, team, is_owned) {
            whole.insert("team".to_owned(), (*team).into());
        }
        (key.clone(), Value::Object(whole))
    });
    whole.collect()
}
