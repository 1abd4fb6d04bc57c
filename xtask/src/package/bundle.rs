//! The TypeScript authorizer as one file, and what esbuild says that it took into it.

use super::place::Place;
use super::verify;
use crate::node;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Where the package is; esbuild names its inputs from here.
pub(super) const PACKAGE: &str = "packages/authorizer";

/// The file, and its inputs.
#[derive(Debug)]
pub(super) struct Bundle {
    pub(super) content: Vec<u8>,
    pub(super) inputs: Vec<Input>,
}

/// A file that was taken in.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) file: PathBuf,
    /// The files that it imports.
    pub(super) imports: Vec<PathBuf>,
}

/// Builds it. Node.js and npm's packages are there.
pub(super) fn build(place: &Place) -> Result<Bundle> {
    node::build_authorizer_in(&place.root)?;
    let package = place.root.join(PACKAGE);
    let read = |name: &str| {
        let file = package.join("dist").join(name);
        std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
    };
    let meta = serde_json::from_slice(&read("index.meta.json")?).context("esbuild wrote no JSON")?;
    Ok(Bundle {
        content: read("index.mjs")?,
        inputs: inputs(&meta, &package).context("esbuild's metafile is not as expected")?,
    })
}

/// Fails unless another directory gives the same bytes. The Rust program takes minutes; `--verify` is for it.
pub(crate) fn check_reproducible() -> Result<()> {
    node::install()?;
    let here = Place::here()?;
    let first = build(&here)?.content;
    let elsewhere = verify::Elsewhere::of(&here)?;
    let second = build(&elsewhere.place)?.content;
    if first != second {
        bail!(
            "another directory gives another bundle: the one in packages/authorizer/dist has something of its path in it"
        );
    }
    Ok(())
}

/// Paths of inputs are relative to the package.
fn inputs(meta: &Value, package: &Path) -> Option<Vec<Input>> {
    let all = meta["inputs"].as_object()?.iter().map(|(name, input)| {
        let imports = input["imports"].as_array()?.iter();
        // What stays an import of the bundle, such as `node:crypto`, is not in it.
        let imports = imports.filter(|import| import["external"] != true);
        let path = |import: &Value| Some(package.join(import["path"].as_str()?));
        Some(Input {
            file: package.join(name),
            imports: imports.map(path).collect::<Option<_>>()?,
        })
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    //! What is taken of a metafile.

    use super::*;
    use serde_json::json;

    #[test]
    fn what_stays_outside_is_no_input() {
        let meta = json!({ "inputs": { "src/a.ts": { "imports": [
            { "path": "../policy/b.ts", "kind": "import-statement" },
            { "path": "node:crypto", "kind": "import-statement", "external": true },
        ] } } });
        let inputs = inputs(&meta, Path::new("/p")).unwrap();
        assert_eq!(inputs.len(), 1);
        assert_eq!(inputs[0].file, Path::new("/p/src/a.ts"));
        assert_eq!(inputs[0].imports, [Path::new("/p/../policy/b.ts")]);
        assert!(super::inputs(&json!({}), Path::new("/p")).is_none());
    }
}
