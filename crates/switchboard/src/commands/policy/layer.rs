//! A floor as an AWS Lambda layer, so that a policy is deployed without the code: what `policy build --lambda-layer` writes
//! beside a floor, and `switchboard policy layer FLOOR --out ZIP` for one that came from elsewhere.
//!
//! Its form is a contract with whoever deploys it (docs/policy.md, Floors): one entry, stored, at a fixed offset.

use super::write::write_all;
use crate::commands::{UNREADABLE, report_error};
use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use archive::{ArchiveError, Entry, Method};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The name of the only entry, whatever the floor is called: Lambda unpacks a layer below `/opt`.
const ENTRY: &str = "policy.floor";
/// Where the floor's own bytes begin.
///
/// A multiple of three, so that base64 of the archive has base64 of the floor in it: from character 56 on, all but the
/// floor's last group of four. Terraform has no other way to see in a plan that the two belong together. An entry of
/// another name, compression or an extra field would break that.
const OFFSET: usize = archive::content_offset(ENTRY);
const _: () = assert!(OFFSET == 42 && OFFSET.is_multiple_of(3));
/// Bytes that Lambda takes in a call; what is larger has to lie in S3.
const DIRECT_BYTES_MAX: usize = 50 * 1024 * 1024;
/// Bytes that a function may have with all its layers, unpacked.
const UNPACKED_BYTES_MAX: usize = 250 * 1024 * 1024;

/// Exit code: 0 written; 1 the floor does not hold, so that nothing is written; 2 it cannot be read.
#[derive(Debug, Parser)]
pub(crate) struct MakeLayer {
    /// The floor
    floor: PathBuf,
    /// Where the layer is written; replaced whole, or not at all
    #[arg(long, value_name = "ZIP")]
    out: PathBuf,
}

impl MakeLayer {
    /// Reads as an authorizer will, and writes.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let floor = self.floor.display();
        let bytes = match std::fs::read(&self.floor) {
            Ok(bytes) => bytes,
            Err(error) => {
                report_error(&anyhow::Error::new(error).context(format!("{floor} cannot be read")));
                return Ok(ExitCode::from(UNREADABLE));
            }
        };
        let reports = match feed::load_floor(&bytes) {
            Ok((_, _, reports)) => reports,
            Err(error) => {
                report_error(&anyhow::Error::new(error).context(format!("{floor}: no layer is made of it")));
                return Ok(ExitCode::FAILURE);
            }
        };
        for report in reports {
            warn(&format!(
                "{floor}: {} {}: {}",
                report.kind, report.id, report.message
            ));
        }
        let layer = Layer::of(&bytes)?;
        write_all(&[(&self.out, layer.bytes())])?;
        layer.tell(&self.out);
        Ok(ExitCode::SUCCESS)
    }
}

/// A layer's bytes.
#[derive(Debug)]
pub(super) struct Layer(Vec<u8>);

impl Layer {
    /// The layer of a floor.
    pub(super) fn of(floor: &[u8]) -> anyhow::Result<Layer> {
        let entry = Entry {
            name: ENTRY,
            mode: 0o644,
            content: floor,
        };
        let bytes: Result<Vec<u8>, ArchiveError> = archive::write(&[entry], Method::Stored);
        Ok(Layer(bytes.context("the floor makes no layer")?))
    }

    /// Where the layer of a floor stands: its name with `.zip` behind it.
    pub(super) fn path_beside(floor: &Path) -> PathBuf {
        let mut path = floor.as_os_str().to_owned();
        path.push(".zip");
        path.into()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Says that it is written, and what Lambda will not do with it.
    pub(super) fn tell(&self, path: &Path) {
        let written = AnsiColor::Green.on_default().bold();
        let (path, bytes) = (path.display(), self.0.len());
        anstream::println!(
            "{path}: {written}written{written:#}, a Lambda layer of {bytes} bytes; the floor is /opt/{ENTRY} in it"
        );
        if let Some(advice) = advice(bytes) {
            warn(&format!("{path}: {advice}"));
        }
    }
}

/// What to do with a layer of so many bytes, where it is not the usual.
fn advice(bytes: usize) -> Option<&'static str> {
    if bytes > UNPACKED_BYTES_MAX {
        return Some(
            "a function has at most 250 MB with all its layers: split the policy by the APIs that each function fronts",
        );
    }
    (bytes > DIRECT_BYTES_MAX)
        .then_some("Lambda takes at most 50 MB in a call: upload it to S3, and name it there")
}

fn warn(what: &str) {
    const WARNING: Style = AnsiColor::Yellow.on_default().bold();
    anstream::eprintln!("{WARNING}warning{WARNING:#}: {what}");
}

#[cfg(test)]
mod tests {
    //! The name beside a floor, and the advice for what is too large.

    use super::*;

    #[test]
    fn a_layer_stands_beside_its_floor() {
        for (floor, layer) in [
            ("policy.floor", "policy.floor.zip"),
            ("a/b", "a/b.zip"),
            ("a.zip", "a.zip.zip"),
        ] {
            assert_eq!(Layer::path_beside(Path::new(floor)), Path::new(layer));
        }
    }

    #[test]
    fn what_lambda_does_not_take_directly_is_said() {
        let says = |bytes: usize, word: &str| advice(bytes).is_some_and(|advice| advice.contains(word));
        assert_eq!(advice(DIRECT_BYTES_MAX), None);
        assert!(says(DIRECT_BYTES_MAX + 1, "S3"));
        assert!(says(UNPACKED_BYTES_MAX, "S3"));
        assert!(says(UNPACKED_BYTES_MAX + 1, "split"));
    }
}
