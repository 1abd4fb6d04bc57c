//! `switchboard explain METHOD TARGET --config FILE`: the whole decision path of a request that is not sent.

use super::Format;
use super::unreadable;
use ::gateway::configuration;
use ::gateway::explain::{Question, explain};
use anyhow::{Context as _, bail};
use clap::Parser;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Exit code: 0 explained, whatever the decision; 1 a bad configuration or question; 2 the file cannot be read.
#[derive(Debug, Parser)]
pub(crate) struct Explain {
    /// The method, such as GET
    method: String,
    /// The target: /path?query, or a whole URL to set the host
    target: String,
    /// A header of the request; may be given again
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The address that the request comes from
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    from: IpAddr,
    /// When: Unix seconds; now where absent
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
    /// Ask issuers for their keys; without it, inline keys and those in the state directory count
    #[arg(long)]
    fetch_keys: bool,
    /// The configuration, YAML or JSON
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How the explanation is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Explain {
    /// Explains and prints.
    #[allow(clippy::print_stdout, reason = "the explanation is this command's output")]
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let checked = match configuration::load(&self.config) {
            Ok(checked) => checked,
            Err(error) => return Ok(unreadable(error)),
        };
        let Some(configuration) = checked.configuration.clone() else {
            anstream::eprint!("{}", checked.render());
            bail!(
                "{} is not a configuration that would be served",
                self.config.display()
            );
        };
        let question = Question {
            method: self.method,
            target: self.target,
            headers: self
                .headers
                .iter()
                .map(|header| parse_header(header))
                .collect::<anyhow::Result<_>>()?,
            peer: self.from,
            unix_s: self.now.unwrap_or_else(now),
            fetch_keys: self.fetch_keys,
        };
        let explanation = explain(configuration, &question)?;
        match self.format {
            Format::Json => println!("{}", serde_json::to_string_pretty(&explanation)?),
            Format::Text => anstream::print!("{explanation}"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn parse_header(header: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = header
        .split_once(':')
        .with_context(|| format!("`{header}` is no header; write it as -H 'Name: value'"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
