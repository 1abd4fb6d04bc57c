//! `switchboard authorizer invoke EVENT --floor FLOOR`: what the Lambda authorizer would answer to an event, and why.
//!
//! The same code as in the function, at a desk: settings are given as options, the time as well where it matters.

use super::Format;
use super::{UNREADABLE, report_error};
use ::authorizer::{Authorizer, Explanation, Settings, Source};
use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

const PERMIT: Style = AnsiColor::Green.on_default().bold();
const REJECT: Style = AnsiColor::Red.on_default().bold();

/// The AWS Lambda authorizer, at a desk.
#[derive(Debug, Parser)]
pub(crate) struct AuthorizerCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the decision on an event, why, and the exact answer
    Invoke(Invoke),
}

/// Exit code: 0 answered, whatever the decision; 1 settings that do not go together with the floor; 2 a file cannot be
/// read, or is no floor.
#[derive(Debug, Parser)]
struct Invoke {
    /// The event that API Gateway sends to the authorizer, JSON
    event: PathBuf,
    /// The floor, as `policy build` writes it
    #[arg(long, value_name = "FILE")]
    floor: PathBuf,
    /// Ids of the APIs that the authorizer fronts (SWITCHBOARD_APIS); default: all of the floor
    #[arg(long, value_name = "ID,…")]
    apis: Option<String>,
    /// What API Gateway took away from the front of the path (SWITCHBOARD_PATH_PREFIX)
    #[arg(long, value_name = "PATH")]
    path_prefix: Option<String>,
    /// policy or simple (SWITCHBOARD_RESPONSE)
    #[arg(long, value_name = "FORM")]
    response: Option<String>,
    /// For how long API Gateway keeps an answer, in seconds (SWITCHBOARD_RESULT_TTL_S)
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<String>,
    /// The cell that the authorizer stands in (SWITCHBOARD_CELL)
    #[arg(long, value_name = "ID")]
    cell: Option<String>,
    /// The name of the API that it stands before (SWITCHBOARD_GATEWAY)
    #[arg(long, value_name = "NAME")]
    gateway: Option<String>,
    /// The time of the decision, Unix seconds; default now
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl AuthorizerCommand {
    /// Runs the verb.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Invoke(invoke) => invoke.run(),
        }
    }
}

impl Invoke {
    #[allow(clippy::print_stdout, reason = "the answer is this command's output")]
    fn run(self) -> anyhow::Result<ExitCode> {
        let read = || -> anyhow::Result<(Vec<u8>, Source)> {
            let source = Source::of(&bytes_of(&self.floor)?);
            let source = source.with_context(|| format!("{} is no floor", self.floor.display()))?;
            Ok((bytes_of(&self.event)?, source))
        };
        let (event, source) = match read() {
            Ok(read) => read,
            Err(error) => {
                report_error(&error);
                return Ok(ExitCode::from(UNREADABLE));
            }
        };
        let authorizer = Authorizer::start(self.settings(&source)?, source)?;
        let now = match self.now {
            Some(now) => now,
            None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        };
        let explanation = authorizer.explain(&event, now);
        match self.format {
            Format::Json => println!("{}", serde_json::to_string_pretty(&in_json(&explanation))?),
            Format::Text => anstream::print!("{}", in_text(&explanation)?),
        }
        Ok(ExitCode::SUCCESS)
    }

    /// As the function reads them from its environment.
    fn settings(&self, source: &Source) -> anyhow::Result<Settings> {
        let all = || {
            source
                .policy
                .apis()
                .map(|api| api.id())
                .collect::<Vec<_>>()
                .join(",")
        };
        let named = [
            ("FLOOR", Some(self.floor.display().to_string())),
            ("APIS", Some(self.apis.clone().unwrap_or_else(all))),
            ("PATH_PREFIX", self.path_prefix.clone()),
            ("RESPONSE", self.response.clone()),
            ("RESULT_TTL_S", self.ttl.clone()),
            ("CELL", self.cell.clone()),
            ("GATEWAY", self.gateway.clone()),
        ];
        let variables = named
            .into_iter()
            .filter_map(|(name, value)| Some((format!("SWITCHBOARD_{name}"), value?)));
        Ok(Settings::read(variables)?)
    }
}

fn bytes_of(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn answer_of(explanation: &Explanation) -> Value {
    match explanation.answer.error() {
        Some(error) => json!({ "error": error }),
        None => json!(explanation.answer),
    }
}

fn in_json(explanation: &Explanation) -> Value {
    json!({
        "event": explanation.shape,
        "request": explanation.request.as_ref().map(|(method, path)| json!({ "method": method, "path": path })),
        "fault": explanation.fault,
        "decision": if explanation.code.is_none() { "permit" } else { "reject" },
        "code": explanation.code.map(|code| code.as_str()),
        "status": explanation.code.map_or(200, |code| code.status()),
        "message": explanation.code.map(|code| code.message()),
        "reasons": explanation.reasons,
        "answer": answer_of(explanation),
    })
}

fn in_text(explanation: &Explanation) -> anyhow::Result<String> {
    let shape = explanation.shape.unwrap_or("no event of an authorizer");
    let mut text = match &explanation.request {
        Some((method, path)) => format!("{shape}: {method} {path}\n"),
        None => format!("{shape}\n"),
    };
    match explanation.code {
        None => text.push_str(&format!("{PERMIT}permit{PERMIT:#}\n")),
        Some(code) => text.push_str(&format!(
            "{REJECT}reject{REJECT:#} {} ({}): {}\n",
            code.as_str(),
            code.status(),
            explanation.fault.unwrap_or(code.message())
        )),
    }
    for reason in &explanation.reasons {
        text.push_str(&format!("  {reason}\n"));
    }
    match explanation.answer.error() {
        Some(error) => text.push_str(&format!(
            "the function fails with `{error}`: API Gateway answers 401\n"
        )),
        None => text.push_str(&format!(
            "{}\n",
            serde_json::to_string_pretty(&explanation.answer)?
        )),
    }
    Ok(text)
}
