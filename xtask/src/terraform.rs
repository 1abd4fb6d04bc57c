//! `cargo xtask terraform`: what `cargo xtask test` asks of the Terraform modules, and that alone. Everything happens in a
//! copy below the build directory, so that no state and no provider ends up beside the sources.
//!
//! Terraform is taken from PATH and never installed: its publisher has an archive of its own. The AWS provider comes from a
//! mirror on this machine, else from the registry. Where one of them is missing, the steps that need it are left out, and
//! say so.

mod provider;

use crate::install::{self, PypiProgram};
use crate::node;
use crate::steps::{Steps, call, call_within, output};
use crate::test::EMULATOR;
use crate::workspace::{build_of_programs, cargo, in_path, root, target_dir};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The emulator of AWS's control plane and of object storage, as crates/e2e looks for it; its OpenAPI validator is used too.
pub(crate) const CONTROL_PLANE: PypiProgram = PypiProgram {
    package: "moto",
    extras: "[server]",
    version: "5.2.5",
    program: "moto_server",
    others: &[],
};

/// The oldest Terraform whose language the modules use (`versions.tf`).
const VERSION_MIN: (u32, u32) = (1, 9);

/// How long a call of Terraform may take: half a minute is usual for the slowest, `terraform test` of one file.
const CALL: Duration = Duration::from_secs(120);
/// The tests of one module, which are many plans.
const TESTS: Duration = Duration::from_secs(900);

const FORMAT: &str = "terraform: format";
const VALIDATE: &str = "terraform: validate";
const UNIT: &str = "terraform: tests";
const END_TO_END: &str = "terraform: end to end";

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Terraform {}

impl Terraform {
    /// Runs the steps; an error if any did not pass.
    pub(crate) fn run(self) -> Result<()> {
        install::pypi_program(EMULATOR)?;
        let mut steps = Steps::default();
        let built = steps.run("build", || {
            call(&mut build_of_programs()?)?;
            node::build_authorizers()
        });
        check(&mut steps, built);
        steps.finish()
    }
}

/// All steps. `built`: whether the programs that the end-to-end tests start are there.
pub(crate) fn check(steps: &mut Steps, built: bool) {
    if let Err(missing) = usable() {
        for name in [FORMAT, VALIDATE, UNIT, END_TO_END] {
            steps.leave_out(name, &format!("{missing:#}"));
        }
        return;
    }
    steps.run(FORMAT, || {
        let mut format = terraform(&root()?)?;
        call_within(
            CALL,
            format.args(["fmt", "-check", "-diff", "-recursive", "terraform"]),
        )
    });
    let provider = match provider::link() {
        Ok(provider) => provider,
        Err(missing) => {
            for name in [VALIDATE, UNIT, END_TO_END] {
                steps.leave_out(name, &format!("{missing:#}"));
            }
            return;
        }
    };
    steps.run(VALIDATE, || validate(&provider));
    steps.run(UNIT, || test_modules(&provider));
    if !built {
        steps.skip(END_TO_END, "does not build");
        return;
    }
    steps.run(END_TO_END, end_to_end);
}

/// An error that says what is missing, or too old.
fn usable() -> Result<()> {
    if in_path("terraform").is_none() {
        bail!("there is no `terraform` in PATH; install Terraform 1.9 or newer");
    }
    let told = output(terraform(&root()?)?.args(["version", "-json"]))?;
    let found = parse_version(&told).with_context(|| format!("`terraform version -json` says {told}"))?;
    if found < VERSION_MIN {
        let (major, minor) = VERSION_MIN;
        bail!(
            "Terraform {}.{} is older than {major}.{minor}; install a newer one",
            found.0,
            found.1
        );
    }
    Ok(())
}

/// Major and minor of `{"terraform_version": "1.11.4", …}`.
fn parse_version(told: &str) -> Option<(u32, u32)> {
    let (_, behind) = told.split_once("\"terraform_version\"")?;
    let version = behind.split('"').nth(1)?;
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// `terraform` in this directory, without what the caller's own setting would change of it.
fn terraform(directory: &Path) -> Result<Command> {
    let mut command = Command::new(in_path("terraform").context("terraform is not in PATH")?);
    command
        .current_dir(directory)
        .env_remove("TF_CLI_CONFIG_FILE")
        .env_remove("TF_DATA_DIR")
        .env_remove("TF_WORKSPACE")
        .env("TF_IN_AUTOMATION", "1")
        .env("CHECKPOINT_DISABLE", "1")
        // Terraform and its providers are written in Go, and spend a third of their time on collecting what a schema has of small values.
        .env("GOGC", "400");
    Ok(command)
}

/// `terraform init` in this directory, with what lies in `provider` and nothing else.
fn init(directory: &Path, provider: &Path) -> Result<()> {
    let mut init = terraform(directory)?;
    init.args(["init", "-backend=false", "-input=false", "-no-color"])
        .arg(format!("-plugin-dir={}", provider.display()))
        .stdout(std::process::Stdio::null());
    call_within(CALL, &mut init)
}

fn validate(provider: &Path) -> Result<()> {
    let copy = fresh_copy()?;
    for directory in configurations(&copy)? {
        init(&directory, provider)?;
        let mut validate = terraform(&directory)?;
        let shown = directory.strip_prefix(&copy).unwrap_or(&directory).display();
        call_within(CALL, validate.args(["validate", "-no-color"])).with_context(|| format!("in {shown}"))?;
    }
    Ok(())
}

fn test_modules(provider: &Path) -> Result<()> {
    let copy = fresh_copy()?;
    let modules: Vec<PathBuf> = configurations(&copy)?
        .into_iter()
        .filter(|directory| directory.join("tests").is_dir())
        .collect();
    if modules.is_empty() {
        bail!("no module below terraform/ has tests");
    }
    for module in modules {
        init(&module, provider)?;
        call_within(TESTS, terraform(&module)?.args(["test", "-no-color"]))?;
    }
    Ok(())
}

/// The scenarios of crates/e2e that need Terraform, which plain `cargo test` leaves out.
fn end_to_end() -> Result<()> {
    install::pypi_program(CONTROL_PLANE)?;
    // Of the whole workspace, as its other tests are compiled.
    let mut test = cargo(["test", "--workspace", "--locked", "--test", "terraform"])?;
    // Each scenario runs programs that keep a core busy; side by side they only run into their time limits.
    call(test.args(["--", "--ignored", "--test-threads=2"]))
}

/// `terraform/` as it is in the tree, below the build directory.
fn fresh_copy() -> Result<PathBuf> {
    let copy = target_dir()?.join("terraform");
    if copy.exists() {
        std::fs::remove_dir_all(&copy).with_context(|| format!("cannot remove {}", copy.display()))?;
    }
    copy_tree(&root()?.join("terraform"), &copy)?;
    Ok(copy)
}

/// Copies files and directories, without what Terraform itself leaves behind.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(".terraform") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &to.join(name))?;
        } else {
            std::fs::copy(entry.path(), to.join(name)).context("cannot copy")?;
        }
    }
    Ok(())
}

/// Every directory with `.tf` files, modules and examples.
fn configurations(below: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![below.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        let mut has_files = false;
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            }
            has_files |= entry.path().extension().is_some_and(|ending| ending == "tf");
        }
        if has_files {
            found.push(directory);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    //! What is looked for is found, and nothing else.

    use super::*;

    #[test]
    fn a_version_is_read_as_numbers() {
        let told = "{\n  \"terraform_version\": \"1.11.4\",\n  \"platform\": \"linux_amd64\"\n}";
        assert_eq!(parse_version(told), Some((1, 11)));
        assert!(parse_version("{\"terraform_version\": \"1.5.7\"}").is_some_and(|old| old < VERSION_MIN));
        for told in ["", "{}", "{\"terraform_version\": \"\"}", "Terraform v1.11.4"] {
            assert_eq!(parse_version(told), None, "{told}");
        }
    }

    #[test]
    fn every_configuration_is_found_and_copied_without_leftovers() {
        let from = std::env::temp_dir().join(format!("xtask-terraform-{}", std::process::id()));
        let to = from.with_extension("copy");
        for file in [
            "modules/one/main.tf",
            "modules/one/tests/a.tftest.hcl",
            "modules/one/.terraform/x/y.tf",
            "examples/two/deep/main.tf",
        ] {
            let path = from.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        copy_tree(&from, &to).unwrap();
        let found = configurations(&to).unwrap();
        assert_eq!(found, [to.join("examples/two/deep"), to.join("modules/one")]);
        std::fs::remove_dir_all(from).unwrap();
        std::fs::remove_dir_all(to).unwrap();
    }
}
