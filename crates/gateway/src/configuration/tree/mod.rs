//! YAML or JSON text as one tree of nodes, each with its span; references to variables and files are filled in.
//!
//! Behind this module nobody knows which of the two languages a file was written in. The tree keeps duplicate keys,
//! so that they can be reported where they stand.

mod expand;
mod json;
mod node;
mod yaml;

pub(super) use expand::{Expansion, Written};
pub(super) use node::{Entry, Node, Value, named, quoted};

use super::problem::Problems;
use super::source::Source;
use std::path::Path;

/// Deepest nesting of lists and maps; the configuration itself needs seven.
const DEPTH_MAX: usize = 64;

/// The two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Yaml,
    Json,
}

/// By extension; a file with another one, or none, is JSON if it begins with a brace.
fn language(source: &Source) -> Language {
    match Path::new(source.name())
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some("json") => Language::Json,
        Some("yaml" | "yml") => Language::Yaml,
        _ if source.text().trim_ascii_start().starts_with('{') => Language::Json,
        _ => Language::Yaml,
    }
}

/// The tree of the text; `None` where the text is not well-formed, which is then among the problems.
pub(super) fn read<'t>(
    source: &'t Source,
    expansion: &mut Expansion<'_>,
    problems: &mut Problems,
) -> Option<Node<'t>> {
    match language(source) {
        Language::Yaml => yaml::read(source, expansion, problems),
        Language::Json => json::read(source, expansion, problems),
    }
}
