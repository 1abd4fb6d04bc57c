//! `cargo xtask VERB`: every script of this repository that has logic. CI calls the same verbs as a person does.
//!
//! One file per verb, or one directory. Nothing here depends on the crates of the product (`archive` is none, but a leaf
//! for tools), so that `cargo xtask` starts within seconds on a fresh machine and still works when the product does not
//! compile.

mod bench;
mod demo;
mod fuzz;
mod install;
mod node;
mod package;
mod schema;
mod services;
mod steps;
mod terraform;
mod test;
mod tidy;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Build, test, measure and look after Switchboard.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build Switchboard and run its demo: three services, a gateway, and a tour of requests. Ctrl-C ends it.
    Demo(demo::Demo),
    /// Everything that CI checks: format, clippy, tidy, all tests, fresh generated files.
    Test(test::Test),
    /// Build both authorizers as zip files for AWS Lambda, with SBOMs and release.json.
    Package(package::Package),
    /// Format, validate and test the Terraform modules, and apply the examples to emulators of AWS.
    Terraform(terraform::Terraform),
    /// Start Apache Kafka on loopback, for trying things out; fetches it from Maven Central. Ctrl-C ends it.
    Services(services::Services),
    /// Measure Switchboard beside nginx, HAProxy and Envoy; writes docs/benchmarks.md.
    Bench(bench::Bench),
    /// Run the fuzz targets, each for a while, starting from fuzz/seeds.
    Fuzz(fuzz::Fuzz),
    /// Check what the compiler does not: who imports whom, file and function sizes, words.
    Tidy(tidy::Tidy),
    /// Write the generated files: the JSON Schema of the configuration and docs/errors.md.
    Schema(schema::Schema),
}

fn main() -> ExitCode {
    let done = match Command::parse().verb {
        Verb::Demo(verb) => verb.run(),
        Verb::Test(verb) => verb.run(),
        Verb::Package(verb) => verb.run(),
        Verb::Terraform(verb) => verb.run(),
        Verb::Services(verb) => verb.run(),
        Verb::Bench(verb) => verb.run(),
        Verb::Fuzz(verb) => verb.run(),
        Verb::Tidy(verb) => verb.run(),
        Verb::Schema(verb) => verb.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!(
                "{}error{}: {error:#}",
                steps::BAD.render(),
                steps::BAD.render_reset()
            );
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    //! The command line is sound.

    use super::Command;
    use clap::CommandFactory;

    #[test]
    fn every_verb_and_option_is_declared_without_conflict() {
        Command::command().debug_assert();
    }
}
