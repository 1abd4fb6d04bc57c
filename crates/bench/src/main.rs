//! How fast is the gateway, beside its peers, on this machine?
//!
//! One binary in several roles. Without a subcommand it is the lab: it starts everything else as processes of its own
//! (proxies on one core; load and backend on another), measures, prints, and writes docs/benchmarks.md. The
//! subcommands are those other roles. All traffic stays on loopback and ends by itself.

mod identity;
mod lab;
mod measure;
mod page;
mod roles;
mod rows;
mod wire;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The gateway's, so that what a policy weighs here is what it weighs there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Switchboard beside nginx, HAProxy, Envoy and a raw epoll forwarder.
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Command {
    #[command(flatten)]
    options: rows::Options,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What the lab starts as separate processes.
#[derive(Debug, Subcommand)]
enum Role {
    /// The service behind every proxy: a fixed 250-byte JSON, bodies of any size down and up.
    Backend,
    /// The floor: forwards bytes between two sockets and looks only for the end of a head.
    Floor(roles::floor::Floor),
    /// The mark to hold: a bare forwarder on the gateway's own codec.
    Forwarder(roles::forwarder::Forwarder),
    /// Sends requests, as fast as they are answered or at a fixed rate, and checks every answer.
    Load(roles::load::Load),
    /// Opens connections, makes one request on each, and holds them open until its input ends.
    Idle(roles::idle::Idle),
    /// Writes the floor of a policy with so many clients.
    Crowd(roles::crowd::Crowd),
    /// Decides among the clients of such a floor, and changes it.
    Decide(roles::decide::Decide),
    /// Serves the stream of a feed with so many clients, and changes them.
    Feed(roles::feed::Feed),
    /// Measures one RS256 verification in process.
    Verification,
    /// Runs a program on one core, and ends it when the process that started this one ends.
    Pinned(roles::pinned::Pinned),
}

fn main() -> ExitCode {
    let command = Command::parse();
    let done = match command.role {
        None => rows::run(&command.options),
        Some(role) => play(role),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn play(role: Role) -> Result<()> {
    match role {
        Role::Backend => roles::backend::run(),
        Role::Floor(floor) => floor.run(),
        Role::Forwarder(forwarder) => forwarder.run(),
        Role::Load(load) => load.run(),
        Role::Idle(idle) => idle.run(),
        Role::Crowd(crowd) => crowd.run(),
        Role::Decide(decide) => decide.run(),
        Role::Feed(feed) => feed.run(),
        Role::Verification => roles::verification::run(),
        Role::Pinned(pinned) => pinned.run(),
    }
}

#[cfg(test)]
mod tests {
    //! The command line is sound.

    use super::Command;
    use clap::CommandFactory;

    #[test]
    fn every_role_and_option_is_declared_without_conflict() {
        Command::command().debug_assert();
    }
}
