//! Who may import whom. The rules are written once, as `[bans] deny` in deny.toml; this holds them without the network,
//! for the manifests of the workspace and for everything that is built.

use super::{Finding, Rule};
use crate::steps::output;
use crate::workspace::cargo;
use anyhow::{Context, Result};
use std::path::Path;

/// Programs and their tests: nobody imports them.
const LEAVES: [&str; 4] = ["bench", "e2e", "switchboard", "xtask"];

/// One entry of `[bans] deny`.
#[derive(Debug, PartialEq, Eq)]
struct Ban<'a> {
    name: &'a str,
    /// Who may depend on it all the same.
    wrappers: Vec<&'a str>,
}

/// One Cargo.toml.
#[derive(Debug)]
struct Manifest {
    /// Relative to the workspace's root.
    path: String,
    text: String,
}

/// Reads deny.toml and every manifest below `root`, and asks cargo what is built.
pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let deny = std::fs::read_to_string(root.join("deny.toml")).context("cannot read deny.toml")?;
    let (bans, mut findings) = bans(&deny);
    let manifests = manifests(root)?;
    findings.extend(check_manifests(&bans, &manifests));
    // Not Cargo.lock: it also lists what an optional feature that nobody turned on would need.
    let tree = [
        "tree",
        "--workspace",
        "--all-features",
        "--edges=all",
        "--prefix=none",
        "--format={p}",
        "--locked",
    ];
    findings.extend(check_tree(&bans, &output(&mut cargo(tree)?)?));
    Ok(findings)
}

fn manifests(root: &Path) -> Result<Vec<Manifest>> {
    let mut paths = vec!["xtask/Cargo.toml".to_owned()];
    for entry in std::fs::read_dir(root.join("crates")).context("cannot read crates/")? {
        paths.push(format!(
            "crates/{}/Cargo.toml",
            entry?.file_name().to_string_lossy()
        ));
    }
    paths.sort();
    let read = |path: String| {
        let text =
            std::fs::read_to_string(root.join(&path)).with_context(|| format!("cannot read {path}"))?;
        Ok(Manifest { path, text })
    };
    paths.into_iter().map(read).collect()
}

/// The entries of `deny = [ … ]`, one a line, and findings for lines that are not understood: a rule that is skipped
/// would be worse than none.
fn bans(deny: &str) -> (Vec<Ban<'_>>, Vec<Finding>) {
    let (mut bans, mut findings) = (Vec::new(), Vec::new());
    let lines = deny
        .lines()
        .enumerate()
        .skip_while(|(_, line)| line.trim() != "deny = [")
        .skip(1);
    for (index, line) in lines.take_while(|(_, line)| line.trim() != "]") {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line
            .strip_prefix("{ crate = ")
            .and_then(|rest| rest.split_once(','))
        {
            Some((name, rest)) => {
                let wrappers = rest
                    .split_once("wrappers = [")
                    .and_then(|(_, list)| list.split_once(']'));
                let wrappers = wrappers.map(|(list, _)| list.split(',').map(unquoted).collect());
                bans.push(Ban {
                    name: unquoted(name),
                    wrappers: wrappers.unwrap_or_default(),
                });
            }
            None => findings.push(finding(
                "deny.toml",
                index + 1,
                "not of the form `{ crate = \"…\", … },`".into(),
            )),
        }
    }
    if bans.is_empty() {
        findings.push(finding("deny.toml", 0, "no entry below `deny = [`".into()));
    }
    (bans, findings)
}

fn check_manifests(bans: &[Ban<'_>], manifests: &[Manifest]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Manifest { path, text } in manifests {
        let package = package(text);
        let ruled = bans.iter().any(|ban| ban.name == package);
        if !ruled && !LEAVES.contains(&package) {
            let message = format!("say in deny.toml who may import `{package}`: an entry with `wrappers`");
            findings.push(finding(path, 0, message));
        }
        for (line, dependency) in dependencies(text) {
            let permitted = match bans.iter().find(|ban| ban.name == dependency) {
                Some(ban) => ban.wrappers.contains(&package),
                None => !LEAVES.contains(&dependency),
            };
            if !permitted {
                findings.push(finding(
                    path,
                    line,
                    format!("`{package}` may not import `{dependency}` (deny.toml)"),
                ));
            }
        }
    }
    findings
}

/// `tree`: one package a line, the name first.
fn check_tree(bans: &[Ban<'_>], tree: &str) -> Vec<Finding> {
    let built = |name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
    bans.iter()
        .filter(|ban| ban.wrappers.is_empty() && built(ban.name))
        .map(|ban| {
            let message = format!(
                "`{0}` is built; `cargo tree --workspace --invert {0}` shows for whom",
                ban.name
            );
            finding("Cargo.lock", 0, message)
        })
        .collect()
}

fn finding(path: &str, line: usize, message: String) -> Finding {
    Finding {
        path: path.to_owned(),
        line,
        rule: Rule::Layer,
        amount: 1,
        message,
    }
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches('"')
}

/// The package's name.
fn package(manifest: &str) -> &str {
    manifest
        .lines()
        .find_map(|line| line.strip_prefix("name = "))
        .map(unquoted)
        .unwrap_or_default()
}

/// Names in every kind of dependency table, each with its line.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in manifest.lines().enumerate() {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = table.ends_with("dependencies");
            // `[dependencies.NAME]` spells one entry as a table.
            found.extend(
                table
                    .rsplit_once("dependencies.")
                    .map(|(_, name)| (index + 1, unquoted(name))),
            );
        } else if inside && line.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '"') {
            let end = line.find(['.', '=', ' ']).unwrap_or(line.len());
            found.extend(line.get(..end).map(|name| (index + 1, unquoted(name))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    //! A forbidden edge is found in every spelling that a manifest has.

    use super::*;

    const DENY: &str = "[bans]\ndeny = [\n    # why\n    { crate = \"ring\", reason = \"x\" },\n    \
        { crate = \"policy\", wrappers = [\"gateway\", \"portal\"], reason = \"x\" },\n    \
        { crate = \"gateway\", wrappers = [\"switchboard\"], reason = \"x\" },\n]\n";

    fn check(manifest: &str, expected: &[usize]) {
        let (bans, unread) = bans(DENY);
        assert_eq!(unread, []);
        let manifests = [Manifest {
            path: "Cargo.toml".into(),
            text: manifest.to_owned(),
        }];
        let found = check_manifests(&bans, &manifests);
        let lines: Vec<_> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, expected, "{manifest}\n{found:?}");
    }

    #[test]
    fn entries_with_and_without_wrappers() {
        let (bans, _) = bans(DENY);
        assert_eq!(
            bans[0],
            Ban {
                name: "ring",
                wrappers: vec![]
            }
        );
        assert_eq!(
            bans[1],
            Ban {
                name: "policy",
                wrappers: vec!["gateway", "portal"]
            }
        );
    }

    #[test]
    fn a_line_of_deny_that_is_not_understood_is_a_finding() {
        for odd in ["deny = [\n\"ring\",\n]\n", "[bans]\n"] {
            assert_eq!(bans(odd).1.len(), if odd.len() > 10 { 2 } else { 1 }, "{odd}");
        }
    }

    #[test]
    fn edges_in_every_spelling() {
        check(
            "name = \"gateway\"\n[dependencies]\npolicy.workspace = true\n",
            &[],
        );
        check(
            "name = \"policy\"\n[dependencies]\nserde = \"1\"\ngateway.workspace = true\n",
            &[4],
        );
        check(
            "name = \"policy\"\n[dev-dependencies]\ngateway = { path = \"../gateway\" }\n",
            &[3],
        );
        check(
            "name = \"policy\"\n[target.'cfg(unix)'.dependencies]\n\"gateway\" = \"1\"\n",
            &[3],
        );
        check(
            "name = \"policy\"\n[dependencies.gateway]\npath = \"../gateway\"\n",
            &[2],
        );
        check("name = \"gateway\"\n[features]\ngateway = []\n", &[]);
    }

    #[test]
    fn nobody_imports_a_program_and_every_library_has_a_rule() {
        check("name = \"gateway\"\n[dependencies]\ne2e.workspace = true\n", &[3]);
        check("name = \"newcomer\"\n", &[0]);
        check("name = \"xtask\"\n", &[]);
    }

    #[test]
    fn a_banned_crate_is_found_among_what_is_built() {
        let (bans, _) = bans(DENY);
        assert_eq!(
            check_tree(&bans, "gateway v0.1.0 (x)\nrustls v0.23.0\nstring v1.0.0\n"),
            []
        );
        assert_eq!(check_tree(&bans, "gateway v0.1.0 (x)\nring v0.17.14\n").len(), 1);
    }
}
