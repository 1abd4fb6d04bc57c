//! `switchboard client list|show|create|disable|enable`: who calls, in a portal.

use super::change::{ChangeOptions, Outcome, good};
use super::exit;
use super::fleet;
use super::portal_client::{Call, EnvironmentOptions, Portal, Position, entity_id, printable};
use super::screen::{GONE, GOOD, STRONG, Table, now_s, span, utc};
use anstyle::Style;
use anyhow::bail;
use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

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
    /// Show all clients, a team's, or credentials that nobody uses
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
#[command(after_help = "\
LAST USED is the minute in which a gateway or an authorizer last let a request in by the credential, as it reported, and the name on its token.

Exit code: 0 done; 1 refused, also where there is no such client; 2 options that cannot be used; 3 the portal was not reached.")]
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
#[command(after_help = "\
Example:
  switchboard client list --unused 90d        credentials that could be used and were not for 90 days: end them, or ask their team

What was not used since the portal watches it counts from then on. Uses are those that gateways and authorizers report: what API Gateway answers
from its cache is not seen. Credentials of disabled clients and expired ones are left out; whether one is revoked is not looked at.

Exit code: 0 done; 1 refused; 2 options that cannot be used; 3 the portal was not reached.")]
struct List {
    /// Only a team's
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Only credentials that could be used, and were not for at least so long
    #[arg(long, value_name = "SPAN", value_parser = span)]
    unused: Option<Duration>,
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
            last_used(credential),
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

/// When it was used last, and where; of one that was not, since when that is known.
fn last_used(credential: &Value) -> String {
    match (&credential["last_used"], &credential["watched_since"]) {
        (Value::String(at), _) => format!(
            "{} at {}",
            printable(at),
            text(&credential["last_used_by"], "gateway")
        ),
        (_, Value::String(since)) => format!("not since {}", printable(since)),
        _ => "-".to_owned(),
    }
}

/// Since when a credential has to be unused to be shown, and whether it could be used now.
struct Unused {
    now: String,
    since: String,
    /// The same for the beginning of a minute, somewhere in which it was used.
    since_minute: String,
}

impl Unused {
    fn new(span: Duration, now_s: u64) -> Unused {
        let since = now_s.saturating_sub(span.as_secs());
        Unused {
            now: utc(now_s),
            since: utc(since),
            since_minute: utc(since.saturating_sub(60)),
        }
    }

    /// Times of one form are in order as texts.
    fn has(&self, credential: &Value) -> bool {
        let could_be_used = credential["expires_at"]
            .as_str()
            .is_none_or(|end| end > &*self.now);
        let since = |member: &str| credential[member].as_str();
        // Nothing is known of the time before it was watched, whatever is told of it.
        could_be_used
            && since("watched_since").is_some_and(|watched| watched <= &*self.since)
            && since("last_used").is_none_or(|minute| minute <= &*self.since_minute)
    }
}

impl List {
    #[allow(clippy::print_stdout, reason = "the clients are this command's output")]
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.at.open()?;
        let mut cursor: Option<String> = None;
        let mut table = Table::new(match self.unused {
            None => &["CLIENT", "TEAM", "STATUS", "CREDENTIALS", "GRANTS"],
            Some(_) => &["CLIENT", "TEAM", "STATUS", "CREDENTIAL", "TYPE", "LAST USED"],
        });
        for _ in 0..PAGES_MAX {
            let call = Call::get(self.at.path("/clients")).query(&[
                ("limit", Some(PAGE.to_string())),
                ("team", self.team.clone()),
                ("unused_for_s", self.unused.map(|span| span.as_secs().to_string())),
                ("cursor", cursor.take()),
            ]);
            let page = portal.ask(call)?.json()?;
            for client in page["items"].as_array().into_iter().flatten() {
                match (self.json, self.unused) {
                    (true, _) => println!("{client}"),
                    (false, None) => add_client(&mut table, client),
                    (false, Some(span)) => add_unused(&mut table, client, span),
                }
            }
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        let rows = table.render();
        if rows.is_empty() && !self.json {
            anstream::eprintln!(
                "{}",
                match self.unused {
                    None => "there is no client that you may see",
                    Some(_) => "no credential that could be used was left unused for so long",
                }
            );
        }
        anstream::print!("{rows}");
        Ok(ExitCode::from(exit::DONE))
    }
}

fn add_client(table: &mut Table, client: &Value) {
    let count = |key: &str| client[key].as_array().map_or(0, Vec::len).to_string();
    table.styled([
        (text(client, "id"), STRONG),
        (text(client, "team"), Style::new()),
        status(client),
        (count("credentials"), Style::new()),
        (count("grants"), Style::new()),
    ]);
}

/// A row for each credential that was not used for so long.
fn add_unused(table: &mut Table, client: &Value, span: Duration) {
    // An older portal tells of disabled ones, too.
    if client["status"] == "suspended" {
        return;
    }
    let unused = Unused::new(span, now_s());
    let credentials = client["credentials"].as_array().into_iter().flatten();
    for credential in credentials.filter(|credential| unused.has(credential)) {
        table.styled([
            (text(client, "id"), STRONG),
            (text(client, "team"), Style::new()),
            status(client),
            (text(credential, "id"), Style::new()),
            (text(credential, "type"), Style::new()),
            (last_used(credential), Style::new()),
        ]);
    }
}

#[cfg(test)]
mod tests {
    //! What counts as unused, at each bound.

    use super::*;

    #[test]
    fn a_credential_is_unused_from_the_end_of_its_last_minute_on_and_never_once_it_has_expired() {
        let unused = Unused::new(Duration::from_secs(3_600), 1_763_900_400 + 3_600);
        let check = |credential: Value, is_unused: bool| {
            assert_eq!(unused.has(&credential), is_unused, "{credential}");
        };
        let (at, before) = (utc(1_763_900_400), utc(1_763_900_340));
        let watched = utc(1);
        check(json!({ "last_used": at, "watched_since": watched }), false);
        check(json!({ "last_used": before, "watched_since": watched }), true);
        check(json!({ "last_used": null, "watched_since": at }), true);
        check(
            json!({ "last_used": null, "watched_since": utc(1_763_900_401) }),
            false,
        );
        check(json!({ "last_used": null }), false);
        check(
            json!({ "last_used": before, "watched_since": utc(1_763_900_401) }),
            false,
        );
        let (now, later) = (utc(1_763_904_000), utc(1_763_904_001));
        for (end, is_unused) in [(now, false), (later, true)] {
            check(
                json!({ "last_used": before, "watched_since": watched, "expires_at": end }),
                is_unused,
            );
        }
    }
}
