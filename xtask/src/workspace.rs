//! Where things are: the workspace's root, its build directory, and how cargo is called.

use anyhow::{Context, Result};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of the root `Cargo.toml`.
pub(crate) fn root() -> Result<PathBuf> {
    // Cargo sets the variable when it runs this binary; the compiled-in value serves a binary that is started by hand.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = Path::new(&own)
        .parent()
        .context("xtask/ has a parent directory")?;
    Ok(root.to_path_buf())
}

/// Cargo's build directory: this binary was built into `DIR/debug/`, wherever settings put that.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this binary is")?;
    let dir = own
        .parent()
        .and_then(Path::parent)
        .context("this binary is not in a build directory")?;
    Ok(dir.to_path_buf())
}

/// `cargo ARGS…` in the workspace's root.
pub(crate) fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()?).args(args);
    Ok(command)
}

/// What tests start and no package of theirs builds: the binary, and the Rust side of each comparison of both languages.
///
/// Of the whole workspace, as its tests are: cargo turns on those features of a dependency that the chosen packages ask for, and whatever is
/// built for another choice is built again.
pub(crate) fn build_of_programs() -> Result<Command> {
    cargo([
        "build",
        "--workspace",
        "--bin",
        "switchboard",
        "--example",
        "decide",
        "--example",
        "read",
        "--example",
        "answer",
        "--locked",
    ])
}

/// The program of this name in PATH.
pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Debian keeps daemons in sbin, which a user's PATH may lack.
    let dirs = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    dirs.map(|dir| dir.join(program)).find(|file| file.is_file())
}
