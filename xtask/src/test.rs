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
use crate::workspace::{build_of_programs, cargo, target_dir};
use anyhow::Result;
use clap::Args;
use std::ffi::OsString;
use std::num::NonZero;

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

/// The test of the Rust authorizer with a feature that no package has. Of the whole workspace, so that nothing but the authorizer is built for it.
const AUTHORIZER_ON_KAFKA: [&str; 4] = ["--features", "authorizer/kafka", "--test", "kafka"];

/// How many tests of one program run side by side; cargo's own choice is one for each core.
const THREADS: &str = "RUST_TEST_THREADS";

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
            call(cargo(["clippy", "--workspace", "--all-targets", "--locked"])?.args(deny))?;
            // What no package asks for.
            call(
                cargo(["clippy", "--workspace", "--locked"])?
                    .args(AUTHORIZER_ON_KAFKA)
                    .args(deny),
            )
        });
        steps.run("without Kafka", || without_kafka(deny));
        // A package of its own, which nothing above compiles: without this step its targets would rot.
        steps.run("clippy of fuzz", || {
            let mut clippy = cargo(["clippy", "--locked", "--manifest-path", FUZZ, "--target-dir"])?;
            call(clippy.arg(target_dir()?).args(deny))
        });
        node::check(&mut steps);
        // The end-to-end tests start these programs; cargo builds them for no other package's tests.
        let built = steps.run("build of the programs", || call(&mut build_of_programs()?));
        let built = steps.run("build of the authorizers", node::build_authorizers) && built;
        if built {
            // What is deployed, but for speed: the programs that the tests start, packed.
            steps.run("packages for Lambda", || Package::dev().run());
            steps.run("the bundle is reproducible", check_bundle);
            steps.run("generated files", || Schema { check: true }.run_built());
            steps.run("tests", || {
                call(cargo(["test", "--workspace", "--locked", "--no-fail-fast"])?.env(THREADS, threads()))
            });
        } else {
            steps.skip("packages for Lambda", "nothing to pack");
            steps.skip("the bundle is reproducible", "does not build");
            steps.skip("generated files", "nothing to generate them with");
            steps.skip("tests", "does not build");
        }
        node::compare(&mut steps);
        terraform::check(&mut steps, built);
        // Last: the authorizer's program is another one behind it, until it is built again.
        steps.run("an authorizer on Kafka", || {
            let tested = call(cargo(["test", "--workspace", "--locked"])?.args(AUTHORIZER_ON_KAFKA));
            // Whatever that said: nobody else should start what has Kafka in it.
            let rebuilt = node::build_authorizers();
            tested.and(rebuilt)
        });
        steps.finish()
    }
}

/// Two for each core, unless somebody has said: scenarios wait for much of their time, for a broker to begin or a pause to be over. Those of Kafka
/// take three fifths of the time so.
fn threads() -> OsString {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::env::var_os(THREADS).unwrap_or_else(|| (2 * cores).to_string().into())
}

/// Kafka's client is C and brings OpenSSL, so there has to be a way without. A workspace's build has every feature on: only these two see the other
/// side, one that all of it compiles, one that the gateway works, which by itself is without, and refuses brokers by name.
///
/// What compiles is all packages but those whose tests have a broker, and not each by itself: so most of what they depend on is checked once.
fn without_kafka(deny: [&str; 3]) -> Result<()> {
    let without = [
        "--workspace",
        "--exclude",
        "e2e",
        "--exclude",
        "authorizer",
        "--no-default-features",
        "--locked",
    ];
    call(cargo(["clippy", "--all-targets"])?.args(without).args(deny))?;
    call(&mut cargo(["test", "--package", "gateway", "--locked"])?)
}
