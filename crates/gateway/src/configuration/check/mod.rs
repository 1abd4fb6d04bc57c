//! From wire types to the internal form: every rule that a type alone can't say.
//!
//! Each file checks one part and goes on after a problem, so that all are reported. Nothing here opens a socket or
//! resolves a name; files and variables come through `Environment`.

mod aggregation;
mod auth;
mod federated;
mod feed;
mod fleet;
mod gateway;
mod headers;
mod kafka;
mod limits;
mod listeners;
mod log;
mod private_api;
mod reach;
mod respond;
mod route;
mod routes;
mod targets;
mod transformation;
mod upstream;

pub(super) use gateway::check;

use super::decode::{At, Text};
use super::environment::Environment;
use super::model::Origin;
use super::problem::Problems;
use super::source::Source;
use super::tree::{Expansion, Written};
use crate::upstream::TargetRules;
use policy::path::Pattern;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every check needs.
pub(super) struct Checker<'a> {
    source: &'a Source,
    environment: &'a dyn Environment,
    problems: &'a mut Problems,
    /// What was filled in from outside the file.
    written: &'a mut Written,
    targets: TargetRules,
    /// Equal origins are one value, so that their routes share connections.
    origins: HashMap<Origin, Arc<Origin>>,
    /// Files of certificates that were looked at: why each is refused, if it is.
    certificates: HashMap<PathBuf, Option<String>>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        source: &'a Source,
        expansion: &'a mut Expansion<'_>,
        problems: &'a mut Problems,
    ) -> Checker<'a> {
        let environment = expansion.environment;
        let written = &mut expansion.written;
        let (targets, origins, certificates) = (TargetRules::default(), HashMap::new(), HashMap::new());
        Checker {
            source,
            environment,
            problems,
            written,
            targets,
            origins,
            certificates,
        }
    }

    /// What a path of the file means.
    fn locate(&mut self, path: &Text) -> PathBuf {
        let located = self.environment.locate(Path::new(&**path));
        if let Some(written) = self.written.get(&**path).filter(|_| path.is_filled_in()) {
            let written = written.clone();
            self.written.insert(located.display().to_string().into(), written);
        }
        located
    }

    /// A path pattern.
    fn pattern(&mut self, text: &At<Text>) -> Option<Pattern> {
        match Pattern::parse(&text.value) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.problems.error(text.span, error.message).help(error.help);
                None
            }
        }
    }

    /// Reports a text that may not be empty.
    fn not_empty(&mut self, text: &At<Text>, what: &str) {
        if text.value.trim().is_empty() {
            self.problems
                .error(text.span, format!("{what} is empty"))
                .help("name one, or leave the key out");
        }
    }
}
