//! Whether what is built depends on where it is: a copy of the sources at another path, a build directory and a home of cargo
//! elsewhere, and a comparison byte by byte.

use super::place::Place;
use super::release::Artefact;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::symlink;
use std::path::Path;

/// What a build needs not, or makes by itself.
const LEFT_OUT: [&str; 5] = [".git", "target", "node_modules", "dist", "corpus"];
/// Where npm links to the packages of the workspace.
const OWN_PACKAGES: &str = "@switchboard";

/// A second place, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) place: Place,
}

impl Elsewhere {
    /// A copy, below the build directory because there is room.
    pub(super) fn of(here: &Place) -> Result<Elsewhere> {
        let home = here.target.join(format!("elsewhere-{}", std::process::id()));
        let place = Place {
            root: home.join("sources of another machine"),
            target: home.join("built"),
            cargo_home: home.join("home"),
        };
        let elsewhere = Elsewhere { place };
        let place = &elsewhere.place;
        copy(&here.root, &place.root, &here.target)?;
        link_packages(&here.root.join("node_modules"), &place.root)?;
        link_all(&here.cargo_home, &place.cargo_home)?;
        Ok(elsewhere)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if let Some(home) = self.place.root.parent() {
            // What is left is in the build directory, and is no harm there.
            let _ = std::fs::remove_dir_all(home);
        }
    }
}

/// Builds elsewhere; an error unless all of it is the same.
pub(super) fn compare(
    first: &[Artefact],
    here: &Place,
    build: impl FnOnce(&Place) -> Result<Vec<Artefact>>,
) -> Result<()> {
    let elsewhere = Elsewhere::of(here)?;
    let second = build(&elsewhere.place)?;
    let differences: Vec<String> = first
        .iter()
        .zip(&second)
        .flat_map(|(first, second)| {
            [
                difference(first.file, &first.content, &second.content),
                difference(first.sbom_file, first.sbom.as_bytes(), second.sbom.as_bytes()),
            ]
        })
        .flatten()
        .collect();
    match &*differences {
        [] if first.len() == second.len() => Ok(()),
        _ => bail!(
            "the second build is not the first: {}. Compare what is in them, with diffoscope for example",
            differences.join(", ")
        ),
    }
}

fn difference(name: &str, first: &[u8], second: &[u8]) -> Option<String> {
    if first == second {
        return None;
    }
    let same = first.iter().zip(second).take_while(|(a, b)| a == b).count();
    Some(format!(
        "{name} differs from byte {same} on, {} and {} bytes",
        first.len(),
        second.len()
    ))
}

/// All but what is left out by its name, or is this directory.
fn copy(from: &Path, to: &Path, but: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if path == but || LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let kind = entry.file_type()?;
        // Links are never sources: what tools leave behind, such as Terraform's links to providers.
        if kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            copy(&path, &to.join(name), but)?;
        } else {
            std::fs::copy(&path, to.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// The packages of others are those that are there; those of the workspace are the copied ones.
fn link_packages(installed: &Path, root: &Path) -> Result<()> {
    let linked = root.join("node_modules");
    link_all(installed, &linked)?;
    let own = linked.join(OWN_PACKAGES);
    std::fs::remove_file(&own).with_context(|| format!("cannot remove {}", own.display()))?;
    link_all(&root.join("packages"), &own)
}

/// Every entry of a directory, under another path.
fn link_all(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        symlink(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! The first difference is named, and the copy is of what people write.

    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(difference("a", b"abc", b"abc"), None);
        assert_eq!(
            difference("a", b"abc", b"abXY").as_deref(),
            Some("a differs from byte 2 on, 3 and 4 bytes")
        );
        assert!(difference("a", b"", b"x").is_some_and(|said| said.contains("from byte 0")));
    }

    #[test]
    fn the_copy_has_the_sources_and_its_own_packages() {
        let dir = std::env::temp_dir().join(format!("xtask-elsewhere-{}", std::process::id()));
        let write = |file: &str| {
            let file = dir.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "x").unwrap();
        };
        for file in [
            "here/packages/policy/a.ts",
            "here/packages/policy/dist/a.mjs",
            "here/node_modules/esbuild/x",
            "here/node_modules/@switchboard/stale",
            "here/target/x",
            "cargo/config.toml",
        ] {
            write(file);
        }
        let here = Place {
            root: dir.join("here"),
            target: dir.join("here/target"),
            cargo_home: dir.join("cargo"),
        };
        let elsewhere = Elsewhere::of(&here).unwrap();
        let Place { root, cargo_home, .. } = &elsewhere.place;
        for (file, is_there) in [
            (root.join("packages/policy/a.ts"), true),
            (root.join("packages/policy/dist"), false),
            (root.join("target"), false),
            (root.join("node_modules/esbuild/x"), true),
            (root.join("node_modules/@switchboard/policy/a.ts"), true),
            (root.join("node_modules/@switchboard/stale"), false),
            (cargo_home.join("config.toml"), true),
        ] {
            assert_eq!(file.exists(), is_there, "{}", file.display());
        }
        let home = root.parent().unwrap().to_path_buf();
        drop(elsewhere);
        assert!(!home.exists());
        assert!(
            here.root.join("node_modules/esbuild/x").exists(),
            "what links led to stays"
        );
        std::fs::remove_dir_all(dir).unwrap();
    }
}
