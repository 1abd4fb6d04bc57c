//! `cargo xtask demo`: builds the binary and becomes its demo, so that arguments, signals and the exit code are the
//! demo's own. Not the release build, as nothing here is about speed; and without Kafka, whose client needs headers that a newcomer's machine
//! may not have.

use crate::steps::{call, say, shown};
use crate::workspace::{cargo, target_dir};
use anyhow::{Context, Result};
use clap::Args;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Passed on to `switchboard demo`; `cargo xtask demo -- --help` lists what it takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

impl Demo {
    /// Does not return if the demo starts.
    pub(crate) fn run(self) -> Result<()> {
        say("building switchboard (the first time takes some minutes)");
        call(&mut cargo([
            "build",
            "--package",
            "switchboard",
            "--no-default-features",
        ])?)?;
        let mut demo = Command::new(target_dir()?.join("debug").join("switchboard"));
        demo.arg("demo").args(self.args);
        let error = demo.exec();
        Err(error).with_context(|| format!("cannot start `{}`", shown(&demo)))
    }
}
