//! `switchboard api apply FILE`: what a team's pipeline runs after each merge. The same file again changes nothing.
//!
//! All of it is one revision: an API and the plans that belong to it are there together, or not at all. Documents follow.

use super::documents;
use crate::commands::change::{ChangeOptions, Outcome, good};
use crate::commands::policy::{Changes, Entities, Given, Key, entities_of, with_id};
use crate::commands::portal_client::{Call, Failure, Portal};
use crate::commands::unreadable;
use ::policy::entity::Kind;
use anyhow::bail;
use clap::Parser;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

/// APIs and plans of one file.
const ENTITIES_MAX: usize = 200;

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

With `--openapi openapi.yaml` the portal keeps that document beside the API, and tells what it and the API's operations do not have in common.
What is not in the file stays as it is; titles, descriptions and states that were set in the portal stay too.
Exit code: 0 done or unchanged; 1 problems in the file, refused, or not everywhere yet; 2 the file or options cannot be used; 3 the portal was not reached.")]
pub(super) struct Apply {
    /// APIs and plans, as in a policy file; YAML or JSON
    file: PathBuf,
    /// The OpenAPI document of the file's API; API=FILE where the file has several. May be given again
    #[arg(long, value_name = "[API=]FILE")]
    openapi: Vec<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

impl Apply {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let given = match Given::read(&self.file) {
            Ok(given) => given,
            Err(error) => return Ok(unreadable(error)),
        };
        let Some(said) = given.check_whole()? else {
            anstream::eprintln!("{}: nothing was sent; mend the errors above", self.file.display());
            return Ok(ExitCode::FAILURE);
        };
        let keys: Vec<Key> = said.entities.keys().cloned().collect();
        self.are_taken(&keys)?;
        let apis: Vec<&str> = keys
            .iter()
            .filter(|(kind, _)| *kind == Kind::Api)
            .map(|(_, id)| id.as_str())
            .collect();
        let documents = documents::read_all(&self.openapi, &apis)?;
        let portal = self.change.at.open()?;
        let stored = self.stored(&portal, &keys)?;
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
            if !documents.is_empty() {
                anstream::eprintln!(
                    "OpenAPI documents were not sent: apply the file again once it is approved"
                );
            }
            return self.change.waits_for_another(&answer);
        }
        let mut members = changes.to_json();
        if !documents.is_empty() {
            let told = documents::send_all(&portal, &self.change.at, documents, self.change.json)?;
            members["openapi"] = told.into();
        }
        let outcome = Outcome {
            said: if changes.is_empty() {
                good("unchanged")
            } else {
                good("applied")
            },
            verb: "in force",
            members,
            position: answer.position(),
        };
        self.change.finish(&portal, outcome)
    }

    /// Whether a team's pipeline may bring these.
    fn are_taken(&self, keys: &[Key]) -> Result<(), Failure> {
        let other = keys
            .iter()
            .find(|(kind, _)| !matches!(kind, Kind::Api | Kind::Plan));
        if let Some((kind, id)) = other {
            return Err(Failure::Usage(format!(
                "{}: the {kind} {id} is neither an API nor a plan; `switchboard policy import` takes a whole policy",
                self.file.display()
            )));
        }
        if keys.len() > ENTITIES_MAX {
            return Err(Failure::Usage(format!(
                "the file has {} entities, at most {ENTITIES_MAX} are taken",
                keys.len()
            )));
        }
        Ok(())
    }

    /// Those of them that are there already.
    fn stored(&self, portal: &Portal, keys: &[Key]) -> Result<BTreeMap<Key, Value>, Failure> {
        let mut stored = BTreeMap::new();
        for key in keys {
            let path = self.change.at.path(&format!("/{}/{}", key.0.section(), key.1));
            match portal.ask(Call::get(path)) {
                Ok(answer) => drop(stored.insert(key.clone(), answer.json()?)),
                Err(failure) if failure.refused(404).is_some() => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(stored)
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
