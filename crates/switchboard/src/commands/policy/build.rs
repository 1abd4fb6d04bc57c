//! `switchboard policy build POLICY --out FLOOR`: check, fetch keys, judge, write. Nothing is written unless all of it is good.

use super::counted;
use super::keys::embed_keys;
use super::layer::Layer;
use super::write::{File, write_all};
use crate::commands::unreadable;
use ::gateway::configuration::load_policy;
use ::policy::cached::{Paths, inexact};
use ::policy::check::Entity;
use ::policy::entity::{Api, Kind};
use anyhow::{Context as _, bail};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Exit code: 0 written; 1 problems, or a key set that cannot be had; 2 the file cannot be read.
#[derive(Debug, Parser)]
pub(crate) struct Build {
    /// The policy, YAML or JSON
    policy: PathBuf,
    /// Where the floor is written; replaced whole, or not at all
    #[arg(long, value_name = "FLOOR")]
    out: PathBuf,
    /// The name of the feed: one for each environment, so that a floor of one is none of another
    #[arg(long, value_name = "NAME", default_value = "local", value_parser = feed_name)]
    feed: String,
    /// Write FLOOR.zip beside it: the floor as an AWS Lambda layer, where it is `/opt/policy.floor`
    #[arg(long)]
    lambda_layer: bool,
    /// An API that an authorizer with a result TTL will front: refuse what a cached answer cannot say exactly. May be given again
    #[arg(long, value_name = "API", num_args = 1..)]
    for_cached_authorizer: Vec<String>,
}

fn feed_name(text: &str) -> Result<String, &'static str> {
    if feed::is_feed_name(text) {
        Ok(text.to_owned())
    } else {
        Err("a feed's name has 1 to 64 of a-z, 0-9 and `-`")
    }
}

impl Build {
    /// Builds.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let checked = match load_policy(&self.policy) {
            Ok(checked) => checked,
            Err(error) => return Ok(unreadable(error)),
        };
        if !checked.problems.is_empty() {
            anstream::eprint!("{}", checked.render());
        }
        let Some(mut entities) = checked.entities else {
            return Ok(self.not_written("mend the errors above"));
        };
        if !self.is_sayable(&entities)? {
            return Ok(self.not_written("a cached answer could not say what the policy says"));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        if !runtime.block_on(embed_keys(&mut entities))? {
            return Ok(self.not_written("a floor carries the keys of every issuer"));
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .context("the clock is before 1970")?
            .as_secs();
        let records = entities
            .iter()
            .map(|entity| (entity.kind.as_str(), &*entity.id, &*entity.body));
        let floor = feed::write_floor(&self.feed, now, now, records);
        // What no reader would take whole is not written: this reads it as they will.
        let read = feed::read_floor(&floor.bytes).context("the policy makes no floor that could be read")?;
        if let Some(report) = read.policy().1.first() {
            bail!(
                "{} {}: {}; nothing is written",
                report.kind,
                report.id,
                report.message
            );
        }
        let layer = match self.lambda_layer {
            true => Some((Layer::of(&floor.bytes)?, Layer::path_beside(&self.out))),
            false => None,
        };
        // The layer first: whoever follows the floor finds that what belongs to it is there.
        let mut files: Vec<File<'_>> = Vec::new();
        files.extend(layer.as_ref().map(|(layer, path)| (&**path, layer.bytes())));
        files.push((&self.out, &floor.bytes));
        write_all(&files)?;
        let written = anstyle::AnsiColor::Green.on_default().bold();
        anstream::println!(
            "{}: {written}written{written:#}, feed {}, revision {now}, {}\ndigest {}",
            self.out.display(),
            self.feed,
            counted(entities.iter().map(|entity| entity.kind.as_str())),
            floor.digest,
        );
        if let Some((layer, path)) = &layer {
            layer.tell(path);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn not_written(&self, why: &str) -> ExitCode {
        anstream::eprintln!("{}: not written; {why}", self.out.display());
        ExitCode::FAILURE
    }

    /// Whether a cached answer can say all operations of the APIs that were named; otherwise which not, on stderr.
    fn is_sayable(&self, entities: &[Entity]) -> anyhow::Result<bool> {
        let apis = apis(entities)?;
        for id in &self.for_cached_authorizer {
            if !apis.iter().any(|(known, _)| known == id) {
                let known: Vec<&str> = apis.iter().map(|(id, _)| *id).collect();
                bail!(
                    "--for-cached-authorizer {id}: the policy has no such API; it has {}",
                    known.join(", ")
                );
            }
        }
        let paths: Vec<Paths<'_>> = apis
            .iter()
            .map(|(id, api)| Paths {
                id,
                base_path: &api.base_path,
                operations: operations(api),
            })
            .collect();
        let fronted: Vec<&str> = self.for_cached_authorizer.iter().map(String::as_str).collect();
        let found = inexact(&fronted, &paths);
        let style = anstyle::AnsiColor::Red.on_default().bold();
        for one in &found {
            anstream::eprintln!(
                "{style}error{style:#}: API {}: `{}`: {}",
                one.api,
                one.operation,
                one.why
            );
        }
        if !found.is_empty() {
            anstream::eprintln!(
                "  = help: set the authorizer's result TTL to 0, where each request is decided by itself; or write \
                 these operations without parameters, and at most one level below a wildcard"
            );
        }
        Ok(found.is_empty())
    }
}

fn apis(entities: &[Entity]) -> anyhow::Result<Vec<(&str, Api)>> {
    let apis = entities.iter().filter(|entity| entity.kind == Kind::Api);
    apis.map(|entity| Ok((&*entity.id, serde_json::from_str(&entity.body)?)))
        .collect()
}

fn operations(api: &Api) -> Vec<&str> {
    let guarded = api.operations.iter().map(|operation| &*operation.matches);
    api.public.iter().map(|text| &**text).chain(guarded).collect()
}
