//! The TypeScript packages: what `cargo xtask test` asks of them, and of the two languages together; what else is built of them.
//!
//! Node.js and npm are taken from PATH, or from Debian's packages; everything else comes from package-lock.json.

use crate::install;
use crate::steps::{Steps, call, output};
use crate::workspace::{build_of_programs, cargo, in_path, root, target_dir};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest Node.js that the code and its tests run on (`engines` of package.json).
const NODE_MIN: (u32, u32) = (20, 19);

/// Format, lints, types and tests of the packages.
pub(crate) fn check(steps: &mut Steps) {
    if !steps.run("packages", install) {
        for name in ["packages: lint", "packages: types", "packages: tests"] {
            steps.skip(name, "not installed");
        }
        return;
    }
    steps.run("packages: lint", || call(&mut npm_run("check")?));
    steps.run("packages: types", || call(&mut npm_run("typecheck")?));
    steps.run("packages: tests", || call(&mut npm_run("test")?));
}

/// The differential tests: random policies and requests decided, random histories of feeds read, and changed events
/// answered, by both languages. They print their seeds.
pub(crate) fn compare(steps: &mut Steps) {
    steps.run("both languages decide alike", || {
        bundle()?;
        let test = "packages/policy/dist/test/differential/main.mjs";
        compare_with("decide", "SWITCHBOARD_DECIDE", test)
    });
    steps.run("both languages read feeds alike", || {
        let test = "packages/policy/dist/test/differential/feed.mjs";
        compare_with("read", "SWITCHBOARD_READ", test)
    });
    steps.run("both languages answer events alike", || {
        let test = "packages/authorizer/dist/differential/main.mjs";
        compare_with("answer", "SWITCHBOARD_ANSWER", test)
    });
}

/// Runs a bundled `test`, which finds the Rust side, an example, by `variable`.
fn compare_with(example: &str, variable: &str, test: &str) -> Result<()> {
    call(&mut build_of_programs()?)?;
    let program = target_dir()?.join("debug/examples").join(example);
    let mut node = Command::new("node");
    call(
        node.arg(root()?.join(test))
            .env(variable, program)
            .current_dir(root()?),
    )
}

/// Both authorizers as Lambda is given them, but for speed: the end-to-end tests start them.
pub(crate) fn build_authorizers() -> Result<()> {
    // By itself: of the workspace's other packages some ask for Kafka's client, which Lambda is given nothing of.
    call(&mut cargo(["build", "--package", "authorizer", "--locked"])?)?;
    build_authorizer()
}

/// The file that Lambda is given of the one in TypeScript.
pub(crate) fn build_authorizer() -> Result<()> {
    install()?;
    build_authorizer_in(&root()?)
}

/// The same of the sources in another directory, for whom Node.js and packages are there.
pub(crate) fn build_authorizer_in(root: &Path) -> Result<()> {
    let mut build = npm(&["run", "--silent", "build", "--workspace", "packages/authorizer"])?;
    call(build.current_dir(root))
}

/// The tools of `packages/policy`, each as one file in its `dist`.
pub(crate) fn bundle() -> Result<()> {
    install()?;
    call(&mut npm_run("bundle")?)
}

/// Node.js, npm, and what package-lock.json names.
pub(crate) fn install() -> Result<()> {
    install::debian_packages(&[("node", "nodejs"), ("npm", "npm")])?;
    let version = output(Command::new("node").arg("--version"))?;
    let found = parse_version(&version).with_context(|| format!("`node --version` says {version}"))?;
    if found < NODE_MIN {
        let (major, minor) = NODE_MIN;
        bail!("Node.js {major}.{minor} or newer is needed, and this is {version}");
    }
    // `npm ci` deletes everything and begins anew: only where the lock has changed since.
    let is_fresh = || Some(modified("node_modules/.package-lock.json")? >= modified("package-lock.json")?);
    if is_fresh().unwrap_or(false) {
        return Ok(());
    }
    call(&mut npm(&["ci", "--no-audit", "--no-fund"])?)
}

fn modified(path: &str) -> Option<std::time::SystemTime> {
    root().ok()?.join(path).metadata().ok()?.modified().ok()
}

/// Major and minor of `v20.19.2`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn npm_run(script: &str) -> Result<Command> {
    npm(&["run", "--silent", script])
}

fn npm(args: &[&str]) -> Result<Command> {
    let npm: PathBuf = in_path("npm").context("npm is not in PATH")?;
    let mut command = Command::new(npm);
    command.args(args).current_dir(root()?);
    Ok(command)
}

#[cfg(test)]
mod tests {
    //! Versions are read as numbers.

    use super::{NODE_MIN, parse_version};

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(parse_version("v20.19.2\n"), Some((20, 19)));
        assert!(parse_version("v20.9.0").is_some_and(|found| found < NODE_MIN));
        assert!(parse_version("v22.1.0").is_some_and(|found| found > NODE_MIN));
        for text in ["", "20.19.2", "v20", "vx.y"] {
            assert_eq!(parse_version(text), None, "{text}");
        }
    }
}
