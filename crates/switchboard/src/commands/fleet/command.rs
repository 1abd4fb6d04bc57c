//! `switchboard fleet`: one line for each process that reports, what is published, how long revisions took; and which versions are to run.

use super::answer::{FleetAnswer, Instance};
use super::wait::fleet;
use crate::commands::exit;
use crate::commands::portal_client::{Call, EnvironmentOptions, printable};
use crate::commands::screen::{FAINT, GONE, GOOD, STRONG, Table, WARNING, ago, clock, seconds};
use anstyle::Style;
use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// A clock that is off by more is shown.
const SKEW_MS_SHOWN: u64 = 1_000;

const AFTER_HELP: &str = "\
Examples:
  switchboard fleet --environment prod
  switchboard fleet --environment prod --json | jq '.instances[] | select(.behind != 0)'
  switchboard fleet versions --environment prod --wanted 0.2.0 --lowest 0.1.4

Exit code: 0 shown; 1 refused; 2 options that cannot be used; 3 the portal was not reached.";

/// Who runs what: gateways, authorizers and relays, as they report themselves
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Fleet {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: Option<List>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say which version is wanted and which is the lowest that is allowed; who is below is shown
    Versions(VersionsCommand),
}

#[derive(Debug, Parser)]
struct List {
    #[command(flatten)]
    options: EnvironmentOptions,
    /// Only those that need a look: behind, unreachable, too old, quarantined, or with a clock that is off
    #[arg(long)]
    attention: bool,
    /// Print what the portal says, for programs
    #[arg(long)]
    json: bool,
}

/// Sets them, or shows them where neither is given.
#[derive(Debug, Parser)]
struct VersionsCommand {
    #[command(flatten)]
    options: EnvironmentOptions,
    /// The version that all should run; `none` for no wish
    #[arg(long, value_name = "VERSION")]
    wanted: Option<String>,
    /// The lowest version that is allowed; `none` for any
    #[arg(long, value_name = "VERSION")]
    lowest: Option<String>,
    /// Print the answer for programs
    #[arg(long)]
    json: bool,
}

impl Fleet {
    /// Shows or sets.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match (self.command, self.list) {
            (Some(Command::Versions(command)), _) => command.run(),
            (None, Some(list)) => list.run(),
            // What it needs may be in the environment, which does not make an optional part present.
            (None, None) => List::parse_from(std::env::args_os().skip(1)).run(),
        }
    }
}

impl List {
    #[allow(clippy::print_stdout, reason = "the fleet is this command's output")]
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.options.open()?;
        if self.json {
            let path = format!("/v1/fleet?environment={}&limit=1000", self.options.environment);
            println!("{}", portal.ask(Call::get(path))?.json()?);
            return Ok(ExitCode::from(exit::DONE));
        }
        let answer = fleet(&portal, &self.options, None)?;
        anstream::print!("{}", shown(&answer, self.attention));
        Ok(ExitCode::from(exit::DONE))
    }
}

impl VersionsCommand {
    #[allow(clippy::print_stdout, reason = "the versions are this command's output")]
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.options.open()?;
        let path = format!("/v1/fleet/versions?environment={}", self.options.environment);
        let now = portal.ask(Call::get(path.clone()))?.json()?;
        let of = |given: &Option<String>, key: &str| match given.as_deref() {
            None => now[key].clone(),
            Some("none") => Value::Null,
            Some(version) => version.into(),
        };
        let wanted = json!({ "wanted": of(&self.wanted, "wanted"), "lowest": of(&self.lowest, "lowest") });
        let answer = match self.wanted.is_some() || self.lowest.is_some() {
            true => portal.ask(Call::put(path, &wanted))?.json()?,
            false => now,
        };
        match self.json {
            true => println!("{answer}"),
            false => {
                let word = |key: &str| answer[key].as_str().unwrap_or("none").to_owned();
                anstream::println!("wanted {}, lowest allowed {}", word("wanted"), word("lowest"));
            }
        }
        Ok(ExitCode::from(exit::DONE))
    }
}

fn shown(answer: &FleetAnswer, only_attention: bool) -> String {
    let mut table = Table::new(&[
        "NAME", "KIND", "TEAM", "STATE", "REVISION", "BEHIND", "AGE", "VERSION", "REPORTED", "NOTES",
    ]);
    let mut instances: Vec<&Instance> = answer.instances.iter().collect();
    instances.sort_by(|one, other| (&one.name, one.reported_at_ms).cmp(&(&other.name, other.reported_at_ms)));
    for instance in instances {
        let notes = notes(instance);
        let is_at_work = instance.is_live() && instance.policy.state == "live" && instance.behind == Some(0);
        let is_good = instance.state == "replaced" || (notes.is_empty() && is_at_work);
        if !only_attention || !is_good {
            table.styled(row(instance, answer.at_ms, &notes));
        }
    }
    format!("{}{}", table.render(), summary(answer))
}

fn row(instance: &Instance, now_ms: u64, notes: &[String]) -> Vec<(String, Style)> {
    let plain = Style::new();
    let (state, style) = match (instance.state.as_str(), instance.policy.state.as_str()) {
        ("live", policy @ "live") => (policy.to_owned(), GOOD),
        ("live", policy) => (policy.to_owned(), WARNING),
        ("replaced", _) => ("replaced".to_owned(), FAINT),
        (other, _) => (other.to_owned(), GONE),
    };
    let behind = instance
        .behind
        .map_or_else(|| "epoch".to_owned(), |behind| behind.to_string());
    let behind_style = if instance.behind == Some(0) {
        plain
    } else {
        WARNING
    };
    vec![
        (instance.name.clone(), STRONG),
        (instance.kind.clone(), plain),
        (instance.team.clone(), plain),
        (state, style),
        (instance.position().to_string(), plain),
        (behind, behind_style),
        (
            instance
                .policy
                .age_s
                .map_or_else(|| "-".to_owned(), |age| format!("{age} s")),
            plain,
        ),
        (instance.version.clone(), plain),
        (ago(instance.reported_at_ms, now_ms), plain),
        (notes.join("; "), WARNING),
    ]
}

/// What of an instance needs a look, beside where it stands.
fn notes(instance: &Instance) -> Vec<String> {
    let mut notes = Vec::new();
    match instance.standing.as_str() {
        "below_lowest" => notes.push("version is not allowed any more".to_owned()),
        "below_wanted" => notes.push("version is below the wanted one".to_owned()),
        _ => {}
    }
    if let Some(skew) = instance
        .skew_ms
        .filter(|skew| skew.unsigned_abs() > SKEW_MS_SHOWN)
    {
        let side = if skew > 0 { "behind" } else { "ahead" };
        notes.push(format!("clock {} {side}", seconds(skew.unsigned_abs())));
    }
    for one in &instance.quarantined {
        notes.push(printable(&format!(
            "{} is quarantined: {}",
            one.service, one.reason
        )));
    }
    notes
}

fn summary(answer: &FleetAnswer) -> String {
    let mut text = String::new();
    if let Some(alarm) = &answer.alarm {
        text += &format!(
            "{GONE}ALARM{GONE:#}: {} reports revision {}:{}, more than this portal's database holds: was it restored from a backup? \
             Nothing is published until `switchboard portal new-epoch`\n",
            alarm.name, alarm.epoch, alarm.revision
        );
    }
    let published = match answer.published {
        Some(published) => format!("revision {} is published", published.position()),
        None => "nothing is published".to_owned(),
    };
    let live = answer.instances.iter().filter(|one| one.is_live()).count();
    let lost = answer
        .instances
        .iter()
        .filter(|one| one.state == "unreachable")
        .count();
    text += &format!("{published}; {live} live, {lost} unreachable\n");
    let propagation = &answer.propagation;
    if let (Some(p50), Some(p99)) = (propagation.p50_ms, propagation.p99_ms) {
        text += &format!(
            "propagation of {} revisions, {} times: p50 {}, p99 {}",
            propagation.revisions,
            propagation.measured,
            seconds(p50),
            seconds(p99)
        );
        if propagation.left_out > 0 {
            text += &format!(" ({} left out: their clocks are off)", propagation.left_out);
        }
        text.push('\n');
    }
    if answer.versions.wanted.is_some() || answer.versions.lowest.is_some() {
        let word = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
        text += &format!(
            "version wanted {}, lowest {}\n",
            word(&answer.versions.wanted),
            word(&answer.versions.lowest)
        );
    }
    text += &format!("{FAINT}as of {}{FAINT:#}\n", clock(answer.at_ms, answer.at_ms));
    text
}
