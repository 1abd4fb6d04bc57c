//! A policy file: the same reader and the same diagnostics as for a gateway's file, around `policy::check`.
//!
//! `document` does the reading; the rules themselves are all in the crate `policy`.

use super::document::{Judged, judge};
use super::load::{Checked, Unreadable, check_text, text_of};
use super::problem::{Problem, Problems, Severity};
use super::report::Report;
use super::source::{FILE_BYTES_MAX, Source, Span};
use super::tree::{Expansion, Value, read};
use super::wire::Gateway;
use super::{Environment, Process};
use policy::check::{self, Entity};
use serde_json::Value as Json;
use std::path::Path;

/// What came of a policy file.
#[derive(Debug)]
pub struct CheckedPolicy {
    /// What the policy is made of, in the order of the file by kind; `None` where a problem is an error.
    pub entities: Option<Vec<Entity>>,
    /// All problems, in the order of the file.
    pub problems: Vec<Problem>,
    source: Source,
}

impl CheckedPolicy {
    /// All problems for a person, in colour (ANSI escapes). Empty where there are none.
    pub fn render(&self) -> String {
        self.report().render(true)
    }

    /// All problems for a person, without colour. Empty where there are none.
    pub fn render_plain(&self) -> String {
        self.report().render(false)
    }

    /// All problems for a program: `{"problems":[{"file","line","column","severity","message","help"}]}`.
    pub fn to_json(&self) -> Json {
        self.report().to_json()
    }

    fn report(&self) -> Report<'_> {
        Report {
            problems: &self.problems,
            source: &self.source,
        }
    }
}

/// What came of a file of either kind.
#[derive(Debug)]
pub enum CheckedFile {
    /// A gateway's file, or what is neither.
    Gateway(Box<Checked>),
    /// A policy file, or a mixture of both, which is an error.
    Policy(CheckedPolicy),
}

/// Reads and checks a policy file.
///
/// # Errors
/// Where there is no text to check. Everything that is wrong with the text is in [`CheckedPolicy`].
pub fn load_policy(file: &Path) -> Result<CheckedPolicy, Unreadable> {
    let text = text_of(file)?;
    Ok(check_policy_text(&file.display().to_string(), &text))
}

/// Reads and checks a file of either kind, told apart by its keys.
///
/// # Errors
/// Where there is no text to check.
pub fn load_either(file: &Path) -> Result<CheckedFile, Unreadable> {
    let text = text_of(file)?;
    let name = file.display().to_string();
    Ok(check_either_text(&name, &text, &Process::beside(file)))
}

/// Checks a text of either kind, as if it were the content of the file `name`.
pub fn check_either_text(name: &str, text: &str, environment: &dyn Environment) -> CheckedFile {
    let source = Source::new(name, text);
    let (policy, gateway) = keys(&source);
    match (policy, gateway) {
        (Some(policy), Some(gateway)) => CheckedFile::Policy(mixed(source, &policy, &gateway)),
        (Some(_), None) => CheckedFile::Policy(check_policy_text(name, text)),
        (None, _) => CheckedFile::Gateway(Box::new(check_text(name, text, environment))),
    }
}

/// Checks a text as if it were the content of the policy file `name`. Pure.
pub fn check_policy_text(name: &str, text: &str) -> CheckedPolicy {
    let source = Source::new(name, text);
    let mut problems = Problems::default();
    let entities = entities(&source, &mut problems);
    let refused = problems.errors() > 0;
    CheckedPolicy {
        entities: (!refused).then_some(entities),
        problems: problems.resolve(&source),
        source,
    }
}

fn entities(source: &Source, problems: &mut Problems) -> Vec<Entity> {
    let mut left_out = 0;
    let judged = judge(
        source,
        |document| {
            let checked = check::check(document);
            left_out = checked.left_out;
            Judged {
                value: checked.entities,
                problems: checked.problems,
            }
        },
        problems,
    );
    let severity = match problems.errors() {
        0 => Severity::Warning,
        _ => Severity::Error,
    };
    problems.further(severity, left_out);
    judged.map(|judged| judged.value).unwrap_or_default()
}

/// A key at the top of a file.
struct Key {
    name: String,
    span: Span,
}

/// The first key of a policy, and the first one of a gateway.
fn keys(source: &Source) -> (Option<Key>, Option<Key>) {
    if source.text().len() > FILE_BYTES_MAX {
        return (None, None);
    }
    // What is wrong with the text is told by whoever checks it.
    let tree = read(source, &mut Expansion::refusing(), &mut Problems::default());
    let Some(Value::Map(entries)) = tree.map(|tree| tree.value) else {
        return (None, None);
    };
    let first = |is_one: fn(&str) -> bool| {
        let entry = entries.iter().find(|entry| is_one(&entry.key))?;
        Some(Key {
            name: entry.key.to_string(),
            span: entry.key_span,
        })
    };
    (first(check::is_section), first(Gateway::has_key))
}

fn mixed(source: Source, policy: &Key, gateway: &Key) -> CheckedPolicy {
    let mut problems = Problems::default();
    let message = format!(
        "`{}` is of a policy, and `{}` is of a gateway: one file is one of them",
        policy.name, gateway.name
    );
    problems
        .error(policy.span, message)
        .help("keep the policy in a file of its own; a gateway names it as `policy: { file: policy.yaml }`")
        .related(gateway.span, "of a gateway");
    CheckedPolicy {
        entities: None,
        problems: problems.resolve(&source),
        source,
    }
}
