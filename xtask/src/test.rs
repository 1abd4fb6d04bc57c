//! `cargo xtask test`: everything that CI checks, in the order from cheap to dear, each step even when one before it
//! failed, so that one run shows all that is wrong.

use crate::install::{self, PypiProgram};
use crate::node;
use crate::package::{Package, check_bundle};
use crate::schema::Schema;
use crate::services;
use crate::steps::{Steps, call};
use crate::terraform;
use crate::tidy::Tidy;
use crate::workspace::{cargo, target_dir};
use anyhow::Result;
use clap::Args;

/// The fuzz targets' manifest: a workspace of its own.
const FUZZ: &str = "fuzz/Cargo.toml";

/// The emulator of AWS with a data plane, as crates/e2e looks for it.
pub(crate) const EMULATOR: PypiProgram = PypiProgram {
    package: "ministack",
    extras: "",
    version: "1.5.33",
    program: "ministack",
    others: &[],
};

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Test {}

impl Test {
    /// Runs all steps; an error if any did not pass.
    pub(crate) fn run(self) -> Result<()> {
        install::rustup_components(&["fmt", "clippy"])?;
        install::pypi_program(EMULATOR)?;
        install::pypi_program(terraform::CONTROL_PLANE)?;
        services::install()?;
        install::kafka_client_headers()?;
        // libFuzzer's runtime is C++ that its crate compiles.
        install::debian_packages(&[("c++", "g++")])?;

        let mut steps = Steps::default();
        steps.run("format", || {
            call(&mut cargo(["fmt", "--all", "--check"])?)?;
            call(&mut cargo(["fmt", "--check", "--manifest-path", FUZZ])?)
        });
        steps.run("tidy", || Tidy {}.run());
        let deny = ["--", "-D", "warnings"];
        steps.run("clippy", || {
            call(cargo(["clippy", "--workspace", "--all-targets", "--locked"])?.args(deny))
        });
        // Kafka's client is C and brings OpenSSL, so there has to be a way without. A workspace's build has every feature on: only these two see
        // the other side, one that it compiles, one that it works and refuses brokers by name.
        steps.run("without Kafka", || {
            call(&mut cargo([
                "check",
                "--package",
                "switchboard",
                "--no-default-features",
                "--locked",
            ])?)?;
            call(&mut cargo(["test", "--package", "gateway", "--locked"])?)
        });
        // A package of its own, which nothing above compiles: without this step its targets would rot.
        steps.run("clippy of fuzz", || {
            let mut clippy = cargo(["clippy", "--locked", "--manifest-path", FUZZ, "--target-dir"])?;
            call(clippy.arg(target_dir()?).args(deny))
        });
        node::check(&mut steps);
        // The end-to-end tests start these programs; cargo builds them for no other package's tests.
        let built = steps.run("build of switchboard", || {
            call(&mut cargo(["build", "--package", "switchboard", "--locked"])?)
        });
        let built = steps.run("build of the authorizers", || {
            call(&mut cargo(["build", "--package", "authorizer", "--locked"])?)?;
            node::build_authorizer()
        }) && built;
        if built {
            // What is deployed, but for speed: the programs that the tests start, packed.
            steps.run("packages for Lambda", || Package::dev().run());
            steps.run("the bundle is reproducible", check_bundle);
            steps.run("generated files", || Schema { check: true }.run());
            steps.run("tests", || {
                call(&mut cargo(["test", "--workspace", "--locked", "--no-fail-fast"])?)
            });
        } else {
            steps.skip("packages for Lambda", "nothing to pack");
            steps.skip("the bundle is reproducible", "does not build");
            steps.skip("generated files", "nothing to generate them with");
            steps.skip("tests", "does not build");
        }
        node::compare(&mut steps);
        terraform::check(&mut steps, built);
        steps.finish()
    }
}
