//! `cargo xtask package`: both authorizers as zip files for AWS Lambda, each with an SBOM, and `release.json`, which names
//! them with size and SHA-256.
//!
//! One commit gives one set of bytes, wherever it is built with the same compilers: `place` is where a build happens and
//! `verify` builds in a second one to compare. `program` and `bundle` build, `glibc` judges, `sbom` lists, `release` writes
//! and tells.

mod bundle;
mod glibc;
mod place;
mod program;
mod release;
mod sbom;
mod verify;

use crate::install;
use crate::node;
use crate::steps::{output, say};
use crate::workspace::target_dir;
use anyhow::Result;
use clap::Args;
use place::Place;
use program::Linker;
use release::{Artefact, Release};
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub(crate) use bundle::check_reproducible as check_bundle;

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Package {
    /// Where the files are written [default: target/package, with --dev target/package-dev]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Take the debug build, stripped: for tests, where a release build would take too long
    #[arg(long)]
    dev: bool,
    /// Link with zig from PyPI against the glibc that Lambda has, whichever this machine has
    #[arg(long, conflicts_with = "dev")]
    zig: bool,
    /// Build a second time from a copy of the sources at another path, with cargo's home and build directory elsewhere too,
    /// and fail unless every byte is the same
    #[arg(long, conflicts_with = "dev")]
    verify: bool,
}

impl Package {
    /// The quick one, which `cargo xtask test` makes.
    pub(crate) fn dev() -> Package {
        Package {
            out: None,
            dev: true,
            zig: false,
            verify: false,
        }
    }

    /// Builds, writes, and prints what was written.
    pub(crate) fn run(self) -> Result<()> {
        node::install()?;
        let out = match &self.out {
            // Relative to where the command was given, which is not where its parts run.
            Some(out) => std::path::absolute(out)?,
            None => target_dir()?.join(if self.dev { "package-dev" } else { "package" }),
        };
        let place = Place::here()?;
        let built = self.build(&place)?;
        if self.verify {
            say("building again, elsewhere");
            verify::compare(&built, &place, |elsewhere| self.build(elsewhere))?;
        }
        let release = Release {
            version: place.metadata()?.version,
            commit: commit(&place),
            profile: if self.dev { "dev" } else { "release" },
            rustc: place.rustc()?.release,
            verified: self.verify,
        };
        release.write(&built, &out)?;
        release.tell(&built, &out);
        Ok(())
    }

    fn build(&self, place: &Place) -> Result<Vec<Artefact>> {
        let linker = Linker::choose(self.zig)?;
        let program = match self.dev {
            true => {
                say("building the bootstrap, as for tests");
                install::debian_packages(&[("strip", "binutils")])?;
                program::debug(place)?
            }
            false => {
                say("building the bootstrap (the first time takes some minutes)");
                program::release(place, &linker)?
            }
        };
        say("bundling the TypeScript");
        let bundle = bundle::build(place)?;
        Ok(vec![
            Artefact::rust(place, &program)?,
            Artefact::typescript(place, &bundle)?,
        ])
    }
}

/// The commit that the sources are; none outside of git, or where something is not committed.
fn commit(place: &Place) -> Option<String> {
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(args).current_dir(&place.root).stderr(Stdio::null());
        output(&mut git).ok()
    };
    let head = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain"])?;
    changed.trim().is_empty().then(|| head.trim().to_owned())
}
