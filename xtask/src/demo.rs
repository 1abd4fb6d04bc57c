//! `cargo xtask demo`: builds the release binary and becomes its demo, so that arguments, signals and the exit code are
//! the demo's own.

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
        say("building the release binary (the first time takes some minutes)");
        call(&mut cargo(["build", "--release", "--package", "switchboard"])?)?;
        let mut demo = Command::new(target_dir()?.join("release").join("switchboard"));
        demo.arg("demo").args(self.args);
        let error = demo.exec();
        Err(error).with_context(|| format!("cannot start `{}`", shown(&demo)))
    }
}
