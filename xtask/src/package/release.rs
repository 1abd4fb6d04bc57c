//! What goes out: the two zip files with their SBOMs, and `release.json`, which whoever deploys them pins them by.

use super::bundle::Bundle;
use super::glibc::{self, Version};
use super::place::Place;
use super::sbom::Contents;
use crate::steps::{GOOD, HEADING};
use anyhow::{Context, Result};
use archive::{Entry, Method};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::Path;

/// A zip file for Lambda.
#[derive(Debug)]
pub(super) struct Artefact {
    pub(super) file: &'static str,
    variant: &'static str,
    runtime: &'static str,
    handler: &'static str,
    architectures: &'static [&'static str],
    pub(super) content: Vec<u8>,
    /// Of the program in it.
    unpacked_bytes: usize,
    sha256: String,
    pub(super) sbom_file: &'static str,
    pub(super) sbom: String,
    components: usize,
    /// The newest glibc that it asks for, if it asks for one.
    glibc: Option<Version>,
}

impl Artefact {
    /// Of a `bootstrap`; an error where Lambda could not start it.
    pub(super) fn rust(place: &Place, program: &[u8]) -> Result<Artefact> {
        let glibc = glibc::check(program)?;
        let entry = Entry {
            name: "bootstrap",
            mode: 0o755,
            content: program,
        };
        let artefact = Artefact {
            file: "switchboard-authorizer-rust.zip",
            variant: "rust",
            runtime: "provided.al2023",
            handler: "bootstrap",
            architectures: &["x86_64"],
            sbom_file: "switchboard-authorizer-rust.cdx.json",
            glibc: Some(glibc),
            ..Artefact::of(entry)?
        };
        artefact.listed(place, &Contents::of_program(place)?)
    }

    /// Of a bundle.
    pub(super) fn typescript(place: &Place, bundle: &Bundle) -> Result<Artefact> {
        let entry = Entry {
            name: "index.mjs",
            mode: 0o644,
            content: &bundle.content,
        };
        let artefact = Artefact {
            file: "switchboard-authorizer-typescript.zip",
            variant: "typescript",
            runtime: "nodejs22.x",
            handler: "index.handler",
            architectures: &["x86_64", "arm64"],
            sbom_file: "switchboard-authorizer-typescript.cdx.json",
            ..Artefact::of(entry)?
        };
        artefact.listed(place, &Contents::of_bundle(place, &bundle.inputs)?)
    }

    /// The zip file with this one entry, and nothing said of it yet.
    fn of(entry: Entry<'_>) -> Result<Artefact> {
        let content = archive::write(&[entry], Method::Deflated)?;
        Ok(Artefact {
            file: "",
            variant: "",
            runtime: "",
            handler: "",
            architectures: &[],
            sha256: sha256(&content),
            content,
            unpacked_bytes: entry.content.len(),
            sbom_file: "",
            sbom: String::new(),
            components: 0,
            glibc: None,
        })
    }

    fn listed(self, place: &Place, contents: &Contents) -> Result<Artefact> {
        let name = self.file.trim_end_matches(".zip");
        let version = place.metadata()?.version;
        Ok(Artefact {
            sbom: contents.document(name, &version, self.file, &self.sha256),
            components: contents.count(),
            ..self
        })
    }

    fn entry(&self) -> Value {
        let mut entry = json!({
            "file": self.file,
            "variant": self.variant,
            "runtime": self.runtime,
            "handler": self.handler,
            "architectures": self.architectures,
            "size_bytes": self.content.len(),
            "unpacked_bytes": self.unpacked_bytes,
            "sha256": self.sha256,
            "sbom": self.sbom_file,
            "sbom_sha256": sha256(self.sbom.as_bytes()),
        });
        if let Some(glibc) = self.glibc {
            entry["glibc_min"] = glibc.to_string().into();
        }
        entry
    }
}

/// What all artefacts have in common.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) version: String,
    pub(super) commit: Option<String>,
    pub(super) profile: &'static str,
    pub(super) rustc: String,
    pub(super) verified: bool,
}

impl Release {
    /// Writes all of it. `release.json` comes last, so that it never names what is not there.
    pub(super) fn write(&self, artefacts: &[Artefact], out: &Path) -> Result<()> {
        std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
        let write = |name: &str, content: &[u8]| {
            let file = out.join(name);
            std::fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))
        };
        for artefact in artefacts {
            write(artefact.file, &artefact.content)?;
            write(artefact.sbom_file, artefact.sbom.as_bytes())?;
        }
        write("release.json", self.manifest(artefacts).as_bytes())
    }

    fn manifest(&self, artefacts: &[Artefact]) -> String {
        let mut members = Map::new();
        members.insert("version".to_owned(), self.version.clone().into());
        members.extend(
            self.commit
                .clone()
                .map(|commit| ("commit".to_owned(), commit.into())),
        );
        members.insert("profile".to_owned(), self.profile.into());
        members.insert("rustc".to_owned(), self.rustc.clone().into());
        let entries: Vec<Value> = artefacts.iter().map(Artefact::entry).collect();
        members.insert("artefacts".to_owned(), entries.into());
        format!("{:#}\n", Value::Object(members))
    }

    /// Prints what was written, as a table.
    pub(super) fn tell(&self, artefacts: &[Artefact], out: &Path) {
        anstream::println!("{}", self.table(artefacts));
        anstream::println!("{GOOD}written{GOOD:#} to {}", out.display());
        if self.verified {
            anstream::println!("{GOOD}verified{GOOD:#}: a second build, elsewhere, gave the same bytes");
        }
        if self.commit.is_none() {
            anstream::println!(
                "release.json names no commit: there is none, or something is not committed; pin no release by it"
            );
        }
    }

    fn table(&self, artefacts: &[Artefact]) -> String {
        const MB: f64 = 1_000_000.0;
        let width = artefacts.iter().map(|each| each.file.len()).max().unwrap_or(0);
        let mut table = String::new();
        // Writing to a string never fails, here and below.
        let _ = writeln!(
            table,
            "\n{HEADING}{:width$}  {:>8}  {:>9}  {:15}  glibc  components  sha256{HEADING:#}",
            "file", "size", "unpacked", "runtime"
        );
        for each in artefacts {
            #[allow(clippy::cast_precision_loss, reason = "for people, with two digits")]
            let (size, unpacked) = (each.content.len() as f64 / MB, each.unpacked_bytes as f64 / MB);
            let glibc = each.glibc.map_or("-".to_owned(), |glibc| glibc.to_string());
            let _ = writeln!(
                table,
                "{:width$}  {size:>5.2} MB  {unpacked:>6.2} MB  {:15}  {glibc:5}  {:>10}  {}",
                each.file, each.runtime, each.components, each.sha256
            );
        }
        table
    }
}

/// In hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    //! What an artefact's bytes and its entry in the manifest have to do with each other.

    use super::*;

    fn artefact() -> Artefact {
        let entry = Entry {
            name: "bootstrap",
            mode: 0o755,
            content: b"program",
        };
        Artefact {
            file: "a.zip",
            sbom_file: "a.cdx.json",
            sbom: "{}".to_owned(),
            ..Artefact::of(entry).unwrap()
        }
    }

    fn release(commit: Option<&str>) -> Release {
        Release {
            version: "1.2.3".to_owned(),
            commit: commit.map(str::to_owned),
            profile: "release",
            rustc: "1.95.0".to_owned(),
            verified: false,
        }
    }

    #[test]
    fn the_same_program_is_the_same_artefact() {
        assert_eq!(artefact().content, artefact().content);
        let text = release(Some("abc")).manifest(&[artefact()]);
        assert_eq!(text, release(Some("abc")).manifest(&[artefact()]));
    }

    #[test]
    fn what_is_written_is_what_the_manifest_pins() {
        let out = std::env::temp_dir().join(format!("xtask-release-{}", std::process::id()));
        release(Some("abc")).write(&[artefact()], &out).unwrap();
        let read = |name: &str| std::fs::read(out.join(name)).unwrap();
        let manifest: Value = serde_json::from_slice(&read("release.json")).unwrap();
        assert_eq!(
            (&manifest["version"], &manifest["commit"], &manifest["profile"]),
            (&json!("1.2.3"), &json!("abc"), &json!("release"))
        );
        let entry = &manifest["artefacts"][0];
        for (file, pinned) in [("file", "sha256"), ("sbom", "sbom_sha256")] {
            let bytes = read(entry[file].as_str().unwrap());
            assert_eq!(entry[pinned], sha256(&bytes), "{file}");
        }
        assert_eq!(entry["size_bytes"], read("a.zip").len());
        assert_eq!(entry["unpacked_bytes"], 7);
        assert_eq!(entry.get("glibc_min"), None);
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        std::fs::remove_dir_all(out).unwrap();
    }

    #[test]
    fn where_nothing_is_committed_no_commit_is_named() {
        assert!(!release(None).manifest(&[artefact()]).contains("commit"));
    }
}
