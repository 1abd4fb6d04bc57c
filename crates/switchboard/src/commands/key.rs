//! `switchboard key create|rotate|revoke CLIENT`: the API keys of a client. A key is shown once, and nothing keeps it but its hash.

use super::change::{ChangeOptions, Outcome, good};
use super::portal_client::{Answer, Call, Failure, Portal, entity_id, printable};
use super::screen::{FAINT, now_s, span, utc};
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// API keys of clients in a portal.
#[derive(Debug, Parser)]
pub(crate) struct KeyCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key for a client, and show it once
    Create(Create),
    /// Replace a client's key: the new one counts at once, the old one for a while longer
    Rotate(Rotate),
    /// End a client's key
    Revoke(End),
}

#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  switchboard key create mobile-app                        the key alone on standard output
  switchboard key create mobile-app --out mobile.key       into a file that only you can read
  switchboard key create mobile-app --expires-in 90d

Exit code: 0 done; 1 refused, or not everywhere yet; 2 options that cannot be used; 3 the portal was not reached.")]
struct Create {
    /// The client
    #[arg(value_parser = entity_id)]
    client: String,
    /// When it ends by itself, from now on
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires_in: Option<Duration>,
    /// Write the key into a new file, mode 0600, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    change: ChangeOptions,
}

#[derive(Debug, Parser)]
#[command(after_help = "\
Example:
  switchboard key rotate mobile-app --overlap 24h --out mobile.key

Exit code: 0 done; 1 refused, or not everywhere yet; 2 options that cannot be used; 3 the portal was not reached.")]
struct Rotate {
    /// The client
    #[arg(value_parser = entity_id)]
    client: String,
    /// Which of its keys, by id; needed where it has several
    #[arg(long, value_name = "ID", value_parser = entity_id)]
    key: Option<String>,
    /// How long the old key counts beside the new one
    #[arg(long, value_name = "SPAN", default_value = "24h", value_parser = span)]
    overlap: Duration,
    /// Write the key into a new file, mode 0600, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    change: ChangeOptions,
}

#[derive(Debug, Parser)]
#[command(after_help = "\
Example:
  switchboard key revoke mobile-app k7f3 --wait

Exit code: 0 done; 1 refused, or not on every live gateway yet; 2 options that cannot be used; 3 the portal was not reached.")]
struct End {
    /// The client
    #[arg(value_parser = entity_id)]
    client: String,
    /// The key's id: what stands between `sb_` and the next `_`
    #[arg(value_parser = entity_id)]
    key: String,
    #[command(flatten)]
    change: ChangeOptions,
}

impl KeyCommand {
    /// Runs it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Create(command) => command.run(),
            Command::Rotate(command) => command.run(),
            Command::Revoke(command) => command.run(),
        }
    }
}

fn credentials(change: &ChangeOptions, client: &str, rest: &str) -> String {
    change.at.path(&format!("/clients/{client}/credentials{rest}"))
}

impl Create {
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.change.at.open()?;
        let place = Place::open(self.out.as_ref())?;
        let mut body = Map::new();
        body.insert("type".to_owned(), "api_key".into());
        if let Some(span) = self.expires_in {
            body.insert(
                "expires_at".to_owned(),
                utc(now_s().saturating_add(span.as_secs())).into(),
            );
        }
        let call = Call::post(credentials(&self.change, &self.client, ""), &Value::Object(body))
            .flag("confirm", self.change.confirm);
        let answer = portal.ask(call)?;
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        give(&portal, &self.change, &self.client, &answer, place, "made")
    }
}

impl Rotate {
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.change.at.open()?;
        let key = match &self.key {
            Some(key) => key.clone(),
            None => self.only_key(&portal)?,
        };
        let place = Place::open(self.out.as_ref())?;
        let path = credentials(&self.change, &self.client, &format!("/{key}/rotate"));
        let call = Call::post(path, &json!({ "overlap_s": self.overlap.as_secs() }))
            .flag("confirm", self.change.confirm);
        let answer = portal.ask(call)?;
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        give(
            &portal,
            &self.change,
            &self.client,
            &answer,
            place,
            "made in place of another",
        )
    }

    /// The key that is meant where none is named: the client's only one that has no end yet.
    fn only_key(&self, portal: &Portal) -> Result<String, Failure> {
        let path = self.change.at.path(&format!("/clients/{}", self.client));
        let client = portal.ask(Call::get(path))?.json()?;
        let keys = client["credentials"].as_array().into_iter().flatten();
        let keys = keys.filter(|credential| credential["type"] == "api_key");
        // One that ends soon was rotated already.
        let lasting = keys.filter(|key| key["expires_at"].is_null() || self.key.is_some());
        let ids: Vec<&str> = lasting.filter_map(|key| key["id"].as_str()).collect();
        match ids.as_slice() {
            [only] => Ok((*only).to_owned()),
            [] => Err(Failure::Usage(format!(
                "client {} has no key without an end: say which with --key, or make one with `switchboard key create`",
                self.client
            ))),
            several => Err(Failure::Usage(format!(
                "client {} has several keys: say which with --key, one of {}",
                self.client,
                several.join(", ")
            ))),
        }
    }
}

impl End {
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.change.at.open()?;
        let path = credentials(&self.change, &self.client, &format!("/{}", self.key));
        let answer = portal.ask(Call::delete(path).flag("confirm", self.change.confirm))?;
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        let outcome = Outcome {
            said: format!("key {} of client {} is {}", self.key, self.client, good("ended")),
            verb: "refused",
            members: json!({ "client": self.client, "credential": self.key }),
            position: answer.position(),
        };
        self.change.finish(&portal, outcome)
    }
}

/// Where a key goes. A file is opened before the key is made: one that cannot be written would lose it.
enum Place {
    Output,
    File(PathBuf, std::fs::File),
}

impl Place {
    fn open(out: Option<&PathBuf>) -> Result<Place, Failure> {
        let Some(path) = out else { return Ok(Place::Output) };
        let opened = std::fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        match opened {
            Ok(file) => Ok(Place::File(path.clone(), file)),
            Err(error) => Err(Failure::Usage(format!(
                "{} cannot be written ({error}); no key was made",
                path.display()
            ))),
        }
    }
}

/// Shows the key once: alone on standard output, with what is said of it on stderr; or in a file.
#[allow(clippy::print_stdout, reason = "the key is this command's output")]
fn give(
    portal: &Portal,
    change: &ChangeOptions,
    client: &str,
    answer: &Answer,
    place: Place,
    made: &str,
) -> anyhow::Result<ExitCode> {
    let body = answer.json()?;
    let id = body["id"].as_str().map(printable).unwrap_or_default();
    let Some(key) = body["key"].as_str().map(printable) else {
        anyhow::bail!(
            "key {id} of client {client} was made, and the answer that had it was lost: end it with `switchboard key revoke {client} {id}`, and make another"
        );
    };
    let ends = body["former_ends_at"].as_str().map(printable);
    match place {
        Place::File(path, mut file) => {
            file.write_all(format!("{key}\n").as_bytes())
                .and_then(|()| file.sync_all())
                .with_context(|| format!("key {id} was made, and cannot be written to {}", path.display()))?;
            anstream::eprintln!(
                "key {id} of client {client} is {} and in {}",
                good(made),
                path.display()
            );
        }
        Place::Output if change.json => {}
        Place::Output => {
            anstream::eprintln!(
                "key {id} of client {client} is {}; it is shown now and never again",
                good(made)
            );
            println!("{key}");
        }
    }
    if let Some(ends) = &ends {
        anstream::eprintln!("{FAINT}the former key counts until {ends}{FAINT:#}");
    }
    let outcome = Outcome {
        said: String::new(),
        verb: "known",
        members: json!({ "client": client, "id": id, "key": change.json.then_some(key), "former_until": ends }),
        position: answer.position(),
    };
    change.finish_beside(portal, outcome)
}
