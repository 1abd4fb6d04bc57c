//! The files that tidy looks at: everything that people write, nothing that tools produce.

use anyhow::{Context, Result};
use std::path::Path;

/// One text file.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the workspace's root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// Directories that hold what tools produce or fetch, or inputs that must stay byte for byte.
const SKIPPED: [&str; 9] = [
    ".git",
    "target",
    "node_modules",
    "dist",
    "corpus",
    "artifacts",
    "seeds",
    "coverage",
    "proptest-regressions",
];

/// Endings of the files that people write.
const ENDINGS: [&str; 18] = [
    "rs", "toml", "md", "yaml", "yml", "json", "jsonc", "txt", "sh", "sql", "ts", "tsx", "js", "css", "html",
    "tf", "conf", "cfg",
];

/// All of them below `root`, in a stable order.
pub(super) fn files(root: &Path) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    walk(root, root, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(root: &Path, dir: &Path, found: &mut Vec<Source>) -> Result<()> {
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            walk(root, &path, found)?;
        } else if kind.is_file() && is_written(&path, &name) {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let path = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            found.push(Source { path, text });
        }
    }
    Ok(())
}

fn is_written(path: &Path, name: &str) -> bool {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    let in_ci = path
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|dir| dir == ".ci");
    let locked = name == "package-lock.json";
    in_ci || (ENDINGS.contains(&ending) && !locked)
}
