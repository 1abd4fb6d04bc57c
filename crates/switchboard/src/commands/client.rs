//! `switchboard client list|show|create|disable|enable`: who calls, in a portal.

use super::change::{ChangeOptions, Outcome, good};
use super::exit;
use super::fleet;
use super::portal_client::{Call, EnvironmentOptions, Portal, Position, entity_id, printable};
use super::screen::{GONE, GOOD, STRONG, Table};
use anstyle::Style;
use anyhow::bail;
use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Clients of one answer, and answers.
const PAGE: u32 = 1_000;
const PAGES_MAX: usize = 1_000;

/// Clients in a portal.
#[derive(Debug, Parser)]
pub(crate) struct ClientCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Refuse whatever a client asks, on every gateway
    Disable(Switch),
    /// Let a client call again
    Enable(Switch),
    /// Make a client; its keys come with `switchboard key create`
    Create(Create),
    /// Show one client
    Show(Show),
    /// Show all clients, or a team's
    List(List),
}

#[derive(Debug, Parser)]
#[command(after_help = "\
Example:
  switchboard client disable mobile-app --wait
  refused on 50 of 50 in 0.7 s; api-eu-3 unreachable since 02:41 UTC (12 min ago)

The time is the slowest gateway's: from the change in the portal to what the gateway itself says of when it was in force.
Exit code: 0 done; 1 refused, or not on every live gateway yet; 2 options that cannot be used; 3 the portal was not reached.")]
struct Switch {
    /// The client's id
    #[arg(value_parser = entity_id)]
    client: String,
    #[command(flatten)]
    change: ChangeOptions,
}

#[derive(Debug, Parser)]
#[command(after_help = "\
Example:
  switchboard client create mobile-app --team mobile && switchboard key create mobile-app

Exit code: 0 done; 1 refused, also where there is one; 2 options that cannot be used; 3 the portal was not reached.")]
struct Create {
    /// The client's id; it is never given to another one, also after its end
    #[arg(value_parser = entity_id)]
    client: String,
    /// Whose it is
    #[arg(long, value_name = "TEAM")]
    team: String,
    /// The tenant whose data it works on
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

#[derive(Debug, Parser)]
struct Show {
    /// The client's id
    #[arg(value_parser = entity_id)]
    client: String,
    #[command(flatten)]
    at: EnvironmentOptions,
    /// Print the portal's answer, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Parser)]
struct List {
    /// Only a team's
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    #[command(flatten)]
    at: EnvironmentOptions,
    /// Print one client a line, for programs
    #[arg(long)]
    json: bool,
}

impl ClientCommand {
    /// Runs it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Disable(command) => command.run(true),
            Command::Enable(command) => command.run(false),
            Command::Create(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::List(command) => command.run(),
        }
    }
}

impl Switch {
    fn run(self, disables: bool) -> anyhow::Result<ExitCode> {
        let portal = self.change.at.open()?;
        let word = if disables { "suspend" } else { "activate" };
        let path = self.change.at.path(&format!("/clients/{}/{word}", self.client));
        let call = Call::post(path, &json!({})).flag("confirm", self.change.confirm);
        let answer = portal.ask(call)?;
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        let (state, verb) = match disables {
            true => ("suspended", "refused"),
            false => ("active", "let through"),
        };
        let position = answer
            .position()
            .or(position_of(&portal, &self.change.at, &answer.json()?)?);
        let outcome = Outcome {
            said: format!("client {} is {}", self.client, good(state)),
            verb,
            members: json!({ "client": self.client, "status": state }),
            position,
        };
        self.change.finish(&portal, outcome)
    }
}

/// Where an entity is in force that was not changed just now: its revision is of the epoch that is published.
fn position_of(portal: &Portal, at: &EnvironmentOptions, entity: &Value) -> anyhow::Result<Option<Position>> {
    let Some(revision) = entity["revision"].as_u64() else {
        return Ok(None);
    };
    let epoch = fleet::epoch(portal, at)?;
    Ok(Some(Position { epoch, revision }))
}

impl Create {
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.change.at.open()?;
        let mut body = json!({ "team": self.team });
        if let (Some(tenant), Some(body)) = (&self.tenant, body.as_object_mut()) {
            body.insert("tenant".to_owned(), tenant.clone().into());
        }
        let path = self.change.at.path(&format!("/clients/{}", self.client));
        let call = Call::put(path, &body)
            .if_new()
            .flag("confirm", self.change.confirm);
        let answer = match portal.ask(call) {
            Ok(answer) => answer,
            Err(failure) if failure.refused(412).is_some() => bail!(
                "there is a client {} already; `switchboard client show {}` shows it",
                self.client,
                self.client
            ),
            Err(failure) => return Err(failure.into()),
        };
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        let outcome = Outcome {
            said: format!(
                "client {} of team {} is {}",
                self.client,
                self.team,
                good("there")
            ),
            verb: "known",
            members: answer.json()?,
            position: answer.position(),
        };
        self.change.finish(&portal, outcome)
    }
}

impl Show {
    #[allow(clippy::print_stdout, reason = "the client is this command's output")]
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.at.open()?;
        let client = portal
            .ask(Call::get(self.at.path(&format!("/clients/{}", self.client))))?
            .json()?;
        match self.json {
            true => println!("{client}"),
            false => anstream::print!("{}", shown(&client)),
        }
        Ok(ExitCode::from(exit::DONE))
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().map(printable).unwrap_or_default()
}

fn status(client: &Value) -> (String, Style) {
    match client["status"].as_str() {
        Some("suspended") => ("suspended".to_owned(), GONE),
        _ => ("active".to_owned(), GOOD),
    }
}

fn shown(client: &Value) -> String {
    let (status, style) = status(client);
    let mut out = format!(
        "{STRONG}{}{STRONG:#}  team {}, {style}{status}{style:#}\n",
        text(client, "id"),
        text(client, "team")
    );
    for (key, word) in [
        ("title", "title"),
        ("description", "description"),
        ("tenant", "tenant"),
    ] {
        if client[key].is_string() {
            out += &format!("  {word}: {}\n", text(client, key));
        }
    }
    let mut credentials = Table::new(&["CREDENTIAL", "TYPE", "UNTIL", "LAST USED"]);
    for credential in client["credentials"].as_array().into_iter().flatten() {
        let or = |key: &str, none: &str| match text(credential, key) {
            text if text.is_empty() => none.to_owned(),
            text => text,
        };
        credentials.row([
            text(credential, "id"),
            text(credential, "type"),
            or("expires_at", "-"),
            or("last_used", "-"),
        ]);
    }
    let mut grants = Table::new(&["API", "SCOPES", "PLAN"]);
    for grant in client["grants"].as_array().into_iter().flatten() {
        let scopes = grant["scopes"].as_array().into_iter().flatten();
        let scopes: Vec<String> = scopes.filter_map(Value::as_str).map(printable).collect();
        grants.row([text(grant, "api"), scopes.join(" "), text(grant, "plan")]);
    }
    for table in [credentials.render(), grants.render()] {
        if !table.is_empty() {
            out.push('\n');
            out += &table;
        }
    }
    out
}

impl List {
    #[allow(clippy::print_stdout, reason = "the clients are this command's output")]
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.at.open()?;
        let mut cursor: Option<String> = None;
        let mut table = Table::new(&["CLIENT", "TEAM", "STATUS", "CREDENTIALS", "GRANTS"]);
        for _ in 0..PAGES_MAX {
            let call = Call::get(self.at.path("/clients")).query(&[
                ("limit", Some(PAGE.to_string())),
                ("team", self.team.clone()),
                ("cursor", cursor.take()),
            ]);
            let page = portal.ask(call)?.json()?;
            for client in page["items"].as_array().into_iter().flatten() {
                if self.json {
                    println!("{client}");
                    continue;
                }
                let count = |key: &str| client[key].as_array().map_or(0, Vec::len).to_string();
                table.styled([
                    (text(client, "id"), STRONG),
                    (text(client, "team"), Style::new()),
                    status(client),
                    (count("credentials"), Style::new()),
                    (count("grants"), Style::new()),
                ]);
            }
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        anstream::print!("{}", table.render());
        Ok(ExitCode::from(exit::DONE))
    }
}
