//! Where a build happens: the sources, cargo's build directory and cargo's home. None of the three may be seen in what is
//! built, which is why they are values here and not looked up where they are needed.

use crate::steps::output;
use crate::workspace::{cargo, root, target_dir};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The one platform that is built for: it is what can be tried here.
pub(super) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A place.
#[derive(Debug)]
pub(super) struct Place {
    /// The workspace's root.
    pub(super) root: PathBuf,
    /// Cargo's build directory.
    pub(super) target: PathBuf,
    /// Cargo's home.
    pub(super) cargo_home: PathBuf,
}

/// What cargo knows of the sources.
#[derive(Debug)]
pub(super) struct Metadata {
    /// The authorizer's version.
    pub(super) version: String,
    /// The directories that sources of other packages stand in, each in one of its own.
    pub(super) dependencies: BTreeSet<PathBuf>,
}

/// The compiler.
#[derive(Debug)]
pub(super) struct Rustc {
    /// Such as `1.95.0`.
    pub(super) release: String,
    /// The sources of the standard library, if they are installed.
    pub(super) library: PathBuf,
    /// What its paths are in every official build.
    pub(super) library_name: String,
}

impl Place {
    /// This workspace.
    pub(super) fn here() -> Result<Place> {
        let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
        Ok(Place {
            root: root()?,
            target: target_dir()?,
            cargo_home: cargo_home
                .or_else(home)
                .context("neither CARGO_HOME nor HOME is set: set one, so that cargo has a home")?,
        })
    }

    /// `cargo ARGS…` in this place.
    pub(super) fn cargo(&self, args: &[&str]) -> Result<Command> {
        let mut command = cargo(args)?;
        command
            .current_dir(&self.root)
            .env("CARGO_HOME", &self.cargo_home);
        Ok(command)
    }

    /// Asks cargo, which brings what is missing of the sources of others.
    pub(super) fn metadata(&self) -> Result<Metadata> {
        let args = [
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            TARGET,
        ];
        let text = output(&mut self.cargo(&args)?)?;
        let metadata = serde_json::from_str(&text).context("cargo metadata printed no JSON")?;
        read_metadata(&metadata).context("cargo metadata printed something unexpected")
    }

    /// Asks the compiler.
    pub(super) fn rustc(&self) -> Result<Rustc> {
        let ask = |args: &[&str]| {
            let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
            output(Command::new(rustc).args(args).current_dir(&self.root))
        };
        let version = ask(&["-vV"])?;
        let line = |name: &str| {
            let found = version.lines().find_map(|line| line.strip_prefix(name));
            found.with_context(|| format!("rustc -vV has no line `{name}`"))
        };
        let sysroot = ask(&["--print", "sysroot"])?;
        Ok(Rustc {
            release: line("release: ")?.to_owned(),
            library: Path::new(sysroot.trim()).join("lib/rustlib/src/rust"),
            library_name: format!("/rustc/{}", line("commit-hash: ")?),
        })
    }
}

fn read_metadata(metadata: &Value) -> Option<Metadata> {
    let packages = metadata["packages"].as_array()?;
    let authorizer = packages
        .iter()
        .find(|package| package["name"] == "authorizer" && package["source"].is_null())?;
    let others = packages.iter().filter(|package| !package["source"].is_null());
    // DIRECTORY/NAME-VERSION/Cargo.toml
    let directory = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        Some(manifest.parent()?.parent()?.to_path_buf())
    };
    Some(Metadata {
        version: authorizer["version"].as_str()?.to_owned(),
        dependencies: others.map(directory).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    //! What is taken of cargo's answer.

    use super::*;
    use serde_json::json;

    #[test]
    fn the_sources_of_others_are_found_wherever_they_are() {
        let package = |name: &str, source: Value, manifest: &str| json!({ "name": name, "version": "1.2.3", "source": source, "manifest_path": manifest });
        let registry = json!("registry");
        let mut all = json!({ "packages": [
            package("authorizer", Value::Null, "/here/crates/authorizer/Cargo.toml"),
            package("authorizer", registry.clone(), "/sources/authorizer-9.0.0/Cargo.toml"),
            package("a", registry.clone(), "/sources/a-1.0.0/Cargo.toml"),
            package("b", registry, "/vendor/b/Cargo.toml"),
        ] });
        let metadata = read_metadata(&all).unwrap();
        assert_eq!(metadata.version, "1.2.3");
        let expected = ["/sources", "/vendor"].map(PathBuf::from);
        assert_eq!(metadata.dependencies.into_iter().collect::<Vec<_>>(), expected);
        all["packages"][0]["name"] = json!("other");
        assert!(read_metadata(&all).is_none());
    }
}
