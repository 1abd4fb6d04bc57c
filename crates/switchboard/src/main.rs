//! The `switchboard` binary: reads the command line and wires the parts together; no behaviour of its own.

mod commands;
mod demo;
mod logging;
mod serving;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Gives memory back: reading a large configuration takes several times what serving by it takes, and the system's
/// allocator would keep all of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A federated API gateway: every team runs its own, one policy governs them all.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, disable_help_subcommand = true, after_help = AFTER_HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
New here? `switchboard demo` starts three small services and a gateway, and shows them at work.
Operational logs go to stderr; SWITCHBOARD_LOG=debug shows more of them.";

#[derive(Debug, Subcommand)]
enum Command {
    /// See it work: three small services, a gateway before them, and a tour of requests
    Demo(demo::Demo),
    /// Serve: read a configuration, listen, route, forward, record
    Gateway(commands::gateway::Gateway),
    /// Check a configuration or a policy and print every problem at once, with what to write instead
    Check(commands::check::Check),
    /// Show which route a request would take, why each other one lost, and what would be sent upstream
    Explain(commands::explain::Explain),
    /// Show what the AWS Lambda authorizer answers to an event, and why
    Authorizer(commands::authorizer::AuthorizerCommand),
    /// Follow a feed, and hand it on as a bundle to those who cannot: authorizers on AWS Lambda
    Relay(commands::relay::Relay),
    /// Policies as files (floors, layers, whether one holds), and a portal's policy as a whole
    Policy(commands::policy::Policy),
    /// Look after a feed's topic in Kafka
    Feed(commands::feed::Feed),
    /// Serve the control plane: who may do what, published to every gateway within a second
    Portal(Box<commands::portal::Portal>),
    /// Register an API in a portal, from CI with a team's token
    Api(commands::api::ApiCommand),
    /// Show, create, disable and enable clients in a portal
    Client(commands::client::ClientCommand),
    /// Make, rotate and revoke a client's keys in a portal
    Key(commands::key::KeyCommand),
    /// Take back a token, a key, a subject's tokens or a signing key, everywhere
    Revoke(commands::revoke::Revoke),
    /// Show who runs what: gateways, authorizers and relays, as they report to a portal
    Fleet(commands::fleet::Fleet),
    /// Show what a team gateway on AWS costs a month, what would change it, and when something else is cheaper
    Cost(Box<commands::cost::Cost>),
    /// Print a generated file of this repository
    #[command(hide = true)]
    Generate(commands::generate::Generate),
}

fn main() -> ExitCode {
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        // Only a second call could fail, and there is none before this line.
        return ExitCode::FAILURE;
    }
    let done = match CommandLine::parse().command {
        Command::Demo(command) => command.run(),
        Command::Gateway(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Authorizer(command) => command.run(),
        Command::Relay(command) => command.run(),
        Command::Policy(command) => command.run(),
        Command::Feed(command) => command.run(),
        Command::Portal(command) => command.run(),
        Command::Api(command) => command.run(),
        Command::Client(command) => command.run(),
        Command::Key(command) => command.run(),
        Command::Revoke(command) => command.run(),
        Command::Fleet(command) => command.run(),
        Command::Cost(command) => command.run(),
        Command::Generate(command) => command.run(),
    };
    done.unwrap_or_else(|error| {
        commands::report_error(&error);
        commands::exit::code_of(&error)
    })
}
