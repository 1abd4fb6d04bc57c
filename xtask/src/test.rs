//! `cargo xtask test`: everything that CI checks, in the order from cheap to dear, each step even when one before it
//! failed, so that one run shows all that is wrong.

use crate::install;
use crate::schema::Schema;
use crate::steps::{Steps, call};
use crate::tidy::Tidy;
use crate::workspace::{cargo, root};
use anyhow::Result;
use clap::Args;

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Test {}

impl Test {
    /// Runs all steps; an error if any did not pass.
    pub(crate) fn run(self) -> Result<()> {
        install::rustup_components(&["fmt", "clippy"])?;
        let fuzz = root()?.join("fuzz/Cargo.toml").is_file();
        if fuzz {
            // libFuzzer's runtime is C++ that its crate compiles.
            install::debian_packages(&[("c++", "g++")])?;
        }

        let mut steps = Steps::default();
        steps.run("format", || call(&mut cargo(["fmt", "--all", "--check"])?));
        steps.run("tidy", || Tidy {}.run());
        steps.run("clippy", || {
            call(&mut cargo([
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ])?)
        });
        if fuzz {
            // A package of its own, which nothing above compiles: without this step its targets would rot.
            steps.run("clippy of fuzz/", || {
                let manifest = [
                    "clippy",
                    "--manifest-path",
                    "fuzz/Cargo.toml",
                    // The same dependencies as above: shared, they are compiled once.
                    "--target-dir",
                    "target",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ];
                call(&mut cargo(manifest)?)
            });
        }
        // The end-to-end tests start this binary; cargo builds it for no other package's tests.
        let build = "build of switchboard";
        if steps.run(build, || {
            call(&mut cargo(["build", "--package", "switchboard", "--locked"])?)
        }) {
            steps.run("generated files", || Schema { check: true }.run());
            steps.run("tests", || {
                call(&mut cargo(["test", "--workspace", "--locked", "--no-fail-fast"])?)
            });
        } else {
            steps.skip("generated files", "nothing to generate them with");
            steps.skip("tests", "does not build");
        }
        steps.finish()
    }
}
