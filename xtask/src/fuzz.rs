//! `cargo xtask fuzz`: runs the fuzz targets one behind the other, each for a given time, from the committed seeds and
//! from what earlier runs found. A finding fails the verb, and its input stays in fuzz/artifacts.

use crate::install;
use crate::steps::{Steps, call};
use crate::workspace::root;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::Path;
use std::process::Command;

/// The release of cargo-fuzz that is installed where none is.
const CARGO_FUZZ_VERSION: &str = "0.13.2";

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Fuzz {
    /// How long each target runs.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u32,
    /// Which targets to run, by file name below fuzz/fuzz_targets; default: all.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

impl Fuzz {
    /// Runs them; an error if any had a finding.
    pub(crate) fn run(self) -> Result<()> {
        let root = root()?;
        let known = targets(&root.join("fuzz/fuzz_targets"))?;
        if let Some(unknown) = self.targets.iter().find(|target| !known.contains(target)) {
            bail!(
                "there is no fuzz target `{unknown}`; there are: {}",
                known.join(", ")
            );
        }
        let chosen = if self.targets.is_empty() {
            known
        } else {
            self.targets
        };
        install::debian_packages(&[("c++", "g++")])?;
        let cargo_fuzz = install::cargo_subcommand("fuzz", CARGO_FUZZ_VERSION)?;
        let mut steps = Steps::default();
        for target in &chosen {
            steps.run(&format!("fuzz {target}"), || {
                plant_seeds(
                    &root.join("fuzz/seeds").join(target),
                    &root.join("fuzz/corpus").join(target),
                )?;
                let mut command = Command::new(&cargo_fuzz);
                command.current_dir(&root).args(["fuzz", "run", target, "--"]);
                command
                    .arg(format!("-max_total_time={}", self.seconds))
                    .args(["-timeout=10", "-print_final_stats=1"]);
                // Sanitizers are an unstable compiler option; this makes the stable compiler take it.
                call(command.env("RUSTC_BOOTSTRAP", "1"))
            });
        }
        steps.finish()
    }
}

/// The names of the targets, sorted.
fn targets(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Copies the committed seeds to where the fuzzer reads and writes its corpus, which is not committed.
fn plant_seeds(seeds: &Path, corpus: &Path) -> Result<()> {
    std::fs::create_dir_all(corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    if !seeds.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(seeds).with_context(|| format!("cannot read {}", seeds.display()))? {
        let seed = entry?;
        std::fs::copy(seed.path(), corpus.join(seed.file_name()))
            .with_context(|| format!("cannot copy {}", seed.path().display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Targets are found by file name, and seeds get to the corpus without hurting what is there.

    use super::*;

    #[test]
    fn targets_are_the_rust_files_and_seeds_join_the_corpus() {
        let dir = std::env::temp_dir().join(format!("xtask-fuzz-{}", std::process::id()));
        let (seeds, corpus) = (dir.join("seeds"), dir.join("corpus"));
        std::fs::create_dir_all(&seeds).unwrap();
        std::fs::create_dir_all(&corpus).unwrap();
        for name in ["path.rs", "codec.rs", "notes.md"] {
            std::fs::write(dir.join(name), "").unwrap();
        }
        assert_eq!(targets(&dir).unwrap(), ["codec", "path"]);

        std::fs::write(seeds.join("one"), "GET").unwrap();
        std::fs::write(corpus.join("found"), "x").unwrap();
        plant_seeds(&seeds, &corpus).unwrap();
        assert_eq!(std::fs::read_to_string(corpus.join("one")).unwrap(), "GET");
        assert_eq!(std::fs::read_to_string(corpus.join("found")).unwrap(), "x");
        plant_seeds(&dir.join("none"), &corpus).unwrap();
        std::fs::remove_dir_all(dir).unwrap();
    }
}
