//! What is in an artefact, as CycloneDX 1.6 in JSON: the packages that were linked or bundled, with versions and licences.
//!
//! Deterministic: no time, no serial number, everything sorted. Packages of this repository are named `pkg:generic/…`,
//! because names of theirs may be somebody else's in a registry, and a scanner would look those up.

use super::bundle::{Input, PACKAGE};
use super::place::{Place, TARGET};
use crate::steps::output;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What is in an artefact.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// By purl.
    components: BTreeMap<String, Component>,
    /// From a purl to those that it uses.
    edges: BTreeMap<String, BTreeSet<String>>,
    /// Those that the artefact itself is made of.
    roots: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Component {
    name: String,
    version: String,
    /// An SPDX expression.
    licence: String,
}

impl Component {
    /// `ecosystem` where it came from a registry.
    fn purl(&self, ecosystem: Option<&str>) -> String {
        let kind = ecosystem.map_or("generic/switchboard".to_owned(), str::to_owned);
        let name = match ecosystem {
            Some(_) => self.name.replace('@', "%40"),
            // The scope is the prefix already.
            None => self.name.trim_start_matches("@switchboard/").to_owned(),
        };
        format!("pkg:{kind}/{name}@{}", self.version)
    }
}

impl Contents {
    /// Of the bootstrap: what cargo links into it for its platform and features, and the standard library. Macros and
    /// build scripts run on the machine that builds and are not in it.
    pub(super) fn of_program(place: &Place) -> Result<Contents> {
        let args = [
            "tree",
            "--package",
            "authorizer",
            "--locked",
            "--target",
            TARGET,
            "--edges=normal,no-proc-macro",
            "--prefix=depth",
            "--format={p}\t{l}",
        ];
        let tree = output(&mut place.cargo(&args)?)?;
        let mut contents = Contents::of_tree(&tree).context("cargo tree printed something unexpected")?;
        let library = Component {
            name: "rust-std".to_owned(),
            version: place.rustc()?.release,
            licence: "MIT OR Apache-2.0".to_owned(),
        };
        let purl = format!("pkg:generic/rust-std@{}", library.version);
        contents.roots.insert(purl.clone());
        contents.components.insert(purl, library);
        Ok(contents)
    }

    /// Lines such as `2serde v1.0.0<TAB>MIT`: how deep, what, a directory behind it where it is of the workspace, ` (*)`
    /// where its own were listed before.
    fn of_tree(tree: &str) -> Option<Contents> {
        let mut contents = Contents::default();
        let mut above: Vec<String> = Vec::new();
        for line in tree.lines() {
            let name = line.trim_start_matches(|digit: char| digit.is_ascii_digit());
            let depth: usize = line.strip_suffix(name)?.parse().ok()?;
            let (package, licence) = name.split_once('\t')?;
            let mut words = package.splitn(3, ' ');
            let component = Component {
                name: words.next()?.to_owned(),
                version: words.next()?.strip_prefix('v')?.to_owned(),
                licence: licence.trim_end_matches(" (*)").trim().replace('/', " OR "),
            };
            let is_own = words.next().is_some_and(|place| place.starts_with("(/"));
            let purl = component.purl((!is_own).then_some("cargo"));
            above.truncate(depth);
            match above.last() {
                Some(user) => contents
                    .edges
                    .entry(user.clone())
                    .or_default()
                    .insert(purl.clone()),
                None => contents.roots.insert(purl.clone()),
            };
            above.push(purl.clone());
            contents.components.insert(purl, component);
        }
        (!contents.components.is_empty()).then_some(contents)
    }

    /// Of the bundle: the packages whose files esbuild took in.
    pub(super) fn of_bundle(place: &Place, inputs: &[Input]) -> Result<Contents> {
        let mut contents = Contents::default();
        for input in inputs {
            let user = contents.add_package_of(&input.file)?;
            for import in &input.imports {
                let used = contents.add_package_of(import)?;
                if used != user {
                    contents.edges.entry(user.clone()).or_default().insert(used);
                }
            }
        }
        let entry = contents.add_package_of(&place.root.join(PACKAGE).join("package.json"))?;
        contents.roots.insert(entry);
        Ok(contents)
    }

    /// Adds the package that a file is of; its purl.
    fn add_package_of(&mut self, file: &Path) -> Result<String> {
        let file = file
            .canonicalize()
            .with_context(|| format!("{} was bundled and is not there", file.display()))?;
        let manifests = file
            .ancestors()
            .skip(1)
            .map(|directory| directory.join("package.json"));
        let manifest = manifests
            .into_iter()
            .find(|manifest| manifest.is_file())
            .with_context(|| format!("{} is in no package", file.display()))?;
        let text = std::fs::read_to_string(&manifest)
            .with_context(|| format!("cannot read {}", manifest.display()))?;
        let package: Value =
            serde_json::from_str(&text).with_context(|| format!("{} is no JSON", manifest.display()))?;
        let member = |name: &str| {
            let value = package[name].as_str().map(str::to_owned);
            value.with_context(|| format!("{} has no {name}", manifest.display()))
        };
        let component = Component {
            name: member("name")?,
            version: member("version")?,
            licence: member("license")?,
        };
        let is_own = !manifest
            .components()
            .any(|part| part.as_os_str() == "node_modules");
        let purl = component.purl((!is_own).then_some("npm"));
        self.components.insert(purl.clone(), component);
        Ok(purl)
    }

    /// How many components there are.
    pub(super) fn count(&self) -> usize {
        self.components.len()
    }

    /// The document for the artefact in this file.
    pub(super) fn document(&self, name: &str, version: &str, file: &str, sha256: &str) -> String {
        let artefact = format!("pkg:generic/switchboard/{name}@{version}");
        let components: Vec<Value> = self
            .components
            .iter()
            .map(|(purl, component)| {
                json!({
                    "type": "library", "bom-ref": purl, "purl": purl,
                    "name": component.name, "version": component.version,
                    "licenses": [{ "expression": component.licence }],
                })
            })
            .collect();
        let none = BTreeSet::new();
        let uses = |user: &str, used: &BTreeSet<String>| json!({ "ref": user, "dependsOn": used });
        let own = std::iter::once(uses(&artefact, &self.roots));
        let others = self.components.keys();
        let others = others.map(|purl| uses(purl, self.edges.get(purl).unwrap_or(&none)));
        let document = json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": { "component": {
                "type": "application", "bom-ref": artefact, "purl": artefact, "name": name, "version": version,
                "description": format!("{file}, for AWS Lambda"),
                "hashes": [{ "alg": "SHA-256", "content": sha256 }],
                "licenses": [{ "expression": "Apache-2.0" }],
            } },
            "components": components,
            "dependencies": own.chain(others).collect::<Vec<Value>>(),
        });
        // Members are sorted, because a map of serde_json is.
        format!("{document:#}\n")
    }
}

#[cfg(test)]
mod tests {
    //! What is made of cargo's tree, and what a document says.

    use super::*;

    const TREE: &str = "0authorizer v0.1.0 (/somewhere/crates/authorizer)\tApache-2.0\n\
        1a v1.0.0\tMIT/Apache-2.0\n\
        2b v2.0.0\tISC AND (Apache-2.0 OR ISC)\n\
        1b v2.0.0\tISC AND (Apache-2.0 OR ISC) (*)\n\
        1b v3.0.0\tMIT\n";

    fn sets(contents: &Contents, user: &str) -> Vec<String> {
        contents.edges[user].iter().cloned().collect()
    }

    #[test]
    fn the_tree_gives_packages_and_who_uses_whom() {
        let contents = Contents::of_tree(TREE).unwrap();
        let own = "pkg:generic/switchboard/authorizer@0.1.0";
        let all: Vec<&str> = contents.components.keys().map(String::as_str).collect();
        assert_eq!(
            all,
            ["pkg:cargo/a@1.0.0", "pkg:cargo/b@2.0.0", "pkg:cargo/b@3.0.0", own]
        );
        assert_eq!(
            contents.components["pkg:cargo/a@1.0.0"].licence,
            "MIT OR Apache-2.0"
        );
        assert_eq!(
            contents.components["pkg:cargo/b@2.0.0"].licence,
            "ISC AND (Apache-2.0 OR ISC)"
        );
        assert_eq!(
            sets(&contents, own),
            ["pkg:cargo/a@1.0.0", "pkg:cargo/b@2.0.0", "pkg:cargo/b@3.0.0"]
        );
        assert_eq!(sets(&contents, "pkg:cargo/a@1.0.0"), ["pkg:cargo/b@2.0.0"]);
        assert_eq!(contents.roots.iter().collect::<Vec<_>>(), [own]);
        for bad in ["", "authorizer v1\tMIT", "0authorizer\tMIT", "0authorizer v1"] {
            assert!(Contents::of_tree(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_document_names_the_artefact_by_its_hash_and_refers_to_nothing_that_is_not_in_it() {
        let contents = Contents::of_tree(TREE).unwrap();
        let text = contents.document("x", "0.1.0", "x.zip", "00ff");
        assert_eq!(
            text,
            Contents::of_tree(TREE)
                .unwrap()
                .document("x", "0.1.0", "x.zip", "00ff")
        );
        let document: Value = serde_json::from_str(&text).unwrap();
        let artefact = &document["metadata"]["component"];
        assert_eq!(artefact["hashes"][0]["content"], "00ff");
        let list = |value: &Value| value.as_array().unwrap().clone();
        let mut known: BTreeSet<String> = list(&document["components"])
            .iter()
            .map(|each| each["bom-ref"].to_string())
            .collect();
        known.insert(artefact["bom-ref"].to_string());
        let graph = list(&document["dependencies"]);
        assert_eq!(graph.len(), known.len(), "each stands in the graph");
        for each in graph {
            let used = list(&each["dependsOn"]);
            for reference in used.iter().chain([&each["ref"]]) {
                assert!(known.contains(&reference.to_string()), "{reference}");
            }
        }
    }

    #[test]
    fn own_packages_are_nobody_elses() {
        let component = |name: &str| Component {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: String::new(),
        };
        for (name, ecosystem, expected) in [
            (
                "@switchboard/policy",
                None,
                "pkg:generic/switchboard/policy@1.0.0",
            ),
            ("policy", None, "pkg:generic/switchboard/policy@1.0.0"),
            ("@a/b", Some("npm"), "pkg:npm/%40a/b@1.0.0"),
            ("serde", Some("cargo"), "pkg:cargo/serde@1.0.0"),
        ] {
            assert_eq!(component(name).purl(ecosystem), expected);
        }
    }
}
