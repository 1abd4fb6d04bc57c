//! `switchboard policy …`: from a policy that a person wrote to the floor that gateways and authorizers start with, and back; and a portal's policy as a whole.

mod build;
mod changes;
mod given;
mod keys;
mod layer;
mod send;
mod show;
mod there;
mod verify;
mod write;
mod yaml;

pub(super) use changes::Changes;
pub(super) use given::{Entities, Given, Key, with_id};
pub(super) use there::entities as entities_of;

use clap::{Parser, Subcommand};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Works on policies: as files, and in a portal.
#[derive(Debug, Parser)]
pub(crate) struct Policy {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a floor of a policy file: checked, with the keys of every issuer in it, held together by a digest
    Build(build::Build),
    /// Make an AWS Lambda layer of a floor that is there already
    Layer(layer::MakeLayer),
    /// Print a floor as the policy file that it could have been built from
    Show(show::Show),
    /// Make the portal's policy what a file says
    Import(send::Import),
    /// Print the portal's policy as a file that a person would write
    Export(send::Export),
    /// Show what a file would change in the portal, by entity and member
    Diff(send::Diff),
    /// Publish the policy of an earlier revision again
    Revert(send::Revert),
    /// Wait until every live gateway has a revision, or name those that have not
    Wait(send::Wait),
    /// Say whether a floor, a bundle or a last known good holds, and by whose signature; offline
    Verify(verify::Verify),
}

impl Policy {
    /// Runs it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Build(command) => command.run(),
            Command::Layer(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::Import(command) => command.run(),
            Command::Export(command) => command.run(),
            Command::Diff(command) => command.run(),
            Command::Revert(command) => command.run(),
            Command::Wait(command) => command.run(),
            Command::Verify(command) => command.run(),
        }
    }
}

/// `3 entities: 1 issuer, 2 apis`, by the words of `kinds`.
pub(super) fn counted<'a>(kinds: impl IntoIterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for kind in kinds {
        *counts.entry(kind).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    let plural =
        |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let each = counts
        .iter()
        .map(|(kind, count)| plural(*count, kind, &format!("{kind}s")));
    let each: Vec<String> = each.collect();
    let all = plural(all, "entity", "entities");
    if each.is_empty() {
        return all;
    }
    format!("{all}: {}", each.join(", "))
}
