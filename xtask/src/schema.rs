//! `cargo xtask schema`: writes the files that are generated from types, or checks that they are fresh. The binary
//! generates (`switchboard generate WHAT` prints to standard output); this only knows which file holds what.

use crate::steps::{output, say};
use crate::workspace::{cargo, root, target_dir};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::Path;
use std::process::Command;

/// What `switchboard generate` is asked for, and where it goes.
const GENERATED: [(&str, &str); 4] = [
    ("schema", "contract/gateway.schema.json"),
    ("policy-schema", "contract/policy.schema.json"),
    ("portal-openapi", "contract/portal.openapi.json"),
    ("errors", "docs/errors.md"),
];

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Write nothing; fail if a committed file is not what would be written.
    #[arg(long)]
    pub(crate) check: bool,
}

impl Schema {
    /// Generates all, then writes or compares each.
    pub(crate) fn run(self) -> Result<()> {
        self.run_by(|| cargo(["run", "--quiet", "--package", "switchboard", "--"]))
    }

    /// The same by the binary that is there.
    pub(crate) fn run_built(self) -> Result<()> {
        let binary = target_dir()?.join("debug/switchboard");
        self.run_by(|| Ok(Command::new(&binary)))
    }

    fn run_by(self, switchboard: impl Fn() -> Result<Command>) -> Result<()> {
        let root = root()?;
        let mut stale = Vec::new();
        for (what, file) in GENERATED {
            let fresh = generate(switchboard()?, what)?;
            let path = root.join(file);
            if self.check {
                stale.extend(difference(&path, &fresh)?.map(|reason| format!("{file} {reason}")));
            } else {
                write(&path, &fresh)?;
                say(&format!("wrote {file}"));
            }
        }
        match stale.as_slice() {
            [] => Ok(()),
            _ => bail!(
                "{}; run `cargo xtask schema` and commit the result",
                stale.join(", ")
            ),
        }
    }
}

fn generate(mut switchboard: Command, what: &str) -> Result<String> {
    let text =
        output(switchboard.args(["generate", what])).with_context(|| format!("cannot generate {what}"))?;
    if text.trim().is_empty() {
        bail!("`switchboard generate {what}` printed nothing");
    }
    // Committed text files end in exactly one line end, however the generator ended.
    Ok(format!("{}\n", text.trim_end()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Why the file is not this text; `None` if it is.
fn difference(path: &Path, fresh: &str) -> Result<Option<String>> {
    let committed = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Some("is missing".to_owned()));
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if committed == fresh {
        return Ok(None);
    }
    let same = committed
        .lines()
        .zip(fresh.lines())
        .take_while(|(old, new)| old == new)
        .count();
    Ok(Some(format!("is stale from line {}", same + 1)))
}

#[cfg(test)]
mod tests {
    //! A stale file is told from a fresh one, and by its line.

    use super::*;

    #[test]
    fn a_stale_file_is_named_with_its_first_different_line() {
        let dir = std::env::temp_dir().join(format!("xtask-schema-{}", std::process::id()));
        let file = dir.join("deep").join("file");
        assert_eq!(
            difference(&file, "a\nb\n").unwrap().as_deref(),
            Some("is missing")
        );
        write(&file, "a\nb\n").unwrap();
        assert_eq!(difference(&file, "a\nb\n").unwrap(), None);
        assert_eq!(
            difference(&file, "a\nc\n").unwrap().as_deref(),
            Some("is stale from line 2")
        );
        assert_eq!(
            difference(&file, "a\nb\nc\n").unwrap().as_deref(),
            Some("is stale from line 3")
        );
        std::fs::remove_dir_all(dir).unwrap();
    }
}
