//! `switchboard portal gateways create|list|revoke`: who is a gateway, on the portal's own data.

use super::{Data, operate};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Gateways {
    /// Enrol a gateway: prints its token, once
    Create(Create),
    /// Show all gateways
    List(List),
    /// End a gateway's token
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Its name
    name: String,
    /// Whose it is
    #[arg(long, value_name = "TEAM")]
    team: String,
    /// The environment that it reads
    #[arg(long, value_name = "NAME", default_value = "prod")]
    environment: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// Its id, as `list` shows it
    id: String,
    #[command(flatten)]
    data: Data,
}

impl Gateways {
    #[allow(
        clippy::print_stdout,
        reason = "the token and the list are these commands' output"
    )]
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Gateways::Create(Create {
                name,
                team,
                environment,
                data,
            }) => {
                let token = operate(data, async |operator| {
                    operator.create_gateway(&environment, &name, &team).await
                })?;
                println!("{token}");
            }
            Gateways::List(List { data }) => {
                let all = operate(data, async |operator| operator.gateways().await)?;
                for one in all {
                    let text =
                        |member: &str| one.get(member).and_then(Value::as_str).unwrap_or("-").to_owned();
                    let ended = match one.get("ended_at").is_some_and(Value::is_i64) {
                        true => "  revoked",
                        false => "",
                    };
                    println!(
                        "{}  {}  team {}  {}{ended}",
                        text("id"),
                        text("name"),
                        text("team"),
                        text("environment")
                    );
                }
            }
            Gateways::Revoke(Revoke { id, data }) => {
                operate(data, async |operator| operator.revoke_gateway(&id).await)?;
                println!("{id}: revoked");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
