//! The whole way from a file to a `Configuration`: read, fill in, decode, check.

use super::check::{Checker, check};
use super::decode::Decode as _;
use super::environment::{Environment, Process, read_at_most};
use super::model::Configuration;
use super::problem::{Problem, Problems, Severity};
use super::source::{FILE_BYTES_MAX, Source, Span};
use super::tree::{Expansion, read};
use super::wire;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What came of a file.
#[derive(Debug)]
pub struct Checked {
    /// The internal form; `None` where a problem is an error.
    pub configuration: Option<Configuration>,
    /// All problems, in the order of the file.
    pub problems: Vec<Problem>,
    /// SHA-256 of the text, in lower-case hexadecimal.
    pub hash: String,
    pub(super) source: Source,
}

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// As the system says: it is missing, a directory, not permitted, too large.
    #[error("{} cannot be read", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no text.
    #[error("{}:{line}:{column}: not UTF-8", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// Line of the first byte that is no text, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
    },
}

impl Checked {
    /// Whether nothing is wrong but sections and keys that are not in this version.
    pub fn is_otherwise_valid(&self) -> bool {
        let is_wrong =
            |problem: &Problem| problem.severity == Severity::Error && !problem.not_in_this_version;
        !self.problems.iter().any(is_wrong)
    }
}

/// Reads and checks a file. Relative paths in it are relative to its directory.
///
/// # Errors
/// Where there is no text to check. Everything that is wrong with the text is in [`Checked`].
pub fn load(file: &Path) -> Result<Checked, Unreadable> {
    let text = text_of(file)?;
    Ok(check_text(
        &file.display().to_string(),
        &text,
        &Process::beside(file),
    ))
}

/// The text of a file that is configuration, a policy or data.
///
/// # Errors
/// Where it cannot be read, is too large, or is no UTF-8.
pub fn text_of(file: &Path) -> Result<String, Unreadable> {
    let limit = FILE_BYTES_MAX as u64;
    let content = read_at_most(file, limit).map_err(|source| Unreadable::Io {
        file: file.into(),
        source,
    })?;
    String::from_utf8(content).map_err(|error| {
        let valid = error
            .as_bytes()
            .get(..error.utf8_error().valid_up_to())
            .unwrap_or_default();
        let before = Source::new("", &String::from_utf8_lossy(valid));
        let (line, column) = before.position(Span::new(valid.len(), valid.len()).start);
        Unreadable::NotText {
            file: file.into(),
            line,
            column,
        }
    })
}

/// Checks a text as if it were the content of the file `name`. Pure but for what `environment` does.
pub fn check_text(name: &str, text: &str, environment: &dyn Environment) -> Checked {
    let source = Source::new(name, text);
    let mut problems = Problems::default();
    let mut expansion = Expansion::new(environment);
    let configuration = if text.len() > FILE_BYTES_MAX {
        problems.error(Span::default(), format!("larger than {FILE_BYTES_MAX} bytes"));
        None
    } else {
        configuration(&source, &mut expansion, &mut problems)
    };
    let refused = problems.errors() > 0;
    let problems = problems.resolve(&source);
    let configuration = configuration.filter(|_| !refused);
    Checked {
        configuration,
        problems,
        hash: hash(text),
        source,
    }
}

fn configuration(
    source: &Source,
    expansion: &mut Expansion<'_>,
    problems: &mut Problems,
) -> Option<Configuration> {
    let tree = read(source, expansion, problems)?;
    let gateway = wire::Gateway::decode(&tree, problems)?;
    drop(tree);
    let mut configuration = check(&mut Checker::new(source, expansion, problems), &gateway);
    configuration.written = Arc::new(std::mem::take(&mut expansion.written));
    Some(configuration)
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string never fails.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
