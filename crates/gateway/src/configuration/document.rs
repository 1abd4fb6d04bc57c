//! A file that is data and no configuration: the same reader and the same diagnostics as for a gateway's file, around a
//! check that knows neither text nor lines.
//!
//! text → `tree` (without references: such a file is the same for all who read it) → a JSON document → the check →
//! problems at their lines and columns. What the document means is the check's business alone.

use super::decode::given_twice;
use super::load::{Unreadable, text_of};
use super::problem::{Problem, Problems};
use super::report::Report;
use super::source::{FILE_BYTES_MAX, Source, Span};
use super::tree::{Expansion, Node, Value, quoted, read};
use policy::check::{self, Mark, Place, Step};
use serde_json::{Map, Number, Value as Json};
use std::collections::HashMap;
use std::path::Path;

/// What a check makes of a document.
#[derive(Debug)]
pub struct Judged<T> {
    /// What the document says, as far as it could be understood.
    pub value: T,
    /// What is wrong with it, each at its place in the document.
    pub problems: Vec<check::Problem>,
}

/// What came of such a file.
#[derive(Debug)]
pub struct CheckedDocument<T> {
    /// What it says; `None` where a problem is an error.
    pub value: Option<T>,
    /// All problems, in the order of the file.
    pub problems: Vec<Problem>,
    source: Source,
}

impl<T> CheckedDocument<T> {
    /// All problems for a person, in colour (ANSI escapes). Empty where there are none.
    pub fn render(&self) -> String {
        self.report().render(true)
    }

    /// All problems for a person, without colour. Empty where there are none.
    pub fn render_plain(&self) -> String {
        self.report().render(false)
    }

    fn report(&self) -> Report<'_> {
        Report {
            problems: &self.problems,
            source: &self.source,
        }
    }
}

/// Reads a file and has it checked.
///
/// # Errors
/// Where there is no text to check. Everything that is wrong with the text is in [`CheckedDocument`].
pub fn load_document<T>(
    file: &Path,
    check: impl FnOnce(&Json) -> Judged<Option<T>>,
) -> Result<CheckedDocument<T>, Unreadable> {
    let text = text_of(file)?;
    Ok(check_document_text(&file.display().to_string(), &text, check))
}

/// Has a text checked as if it were the content of the file `name`. Pure where the check is.
pub fn check_document_text<T>(
    name: &str,
    text: &str,
    check: impl FnOnce(&Json) -> Judged<Option<T>>,
) -> CheckedDocument<T> {
    let source = Source::new(name, text);
    let mut problems = Problems::default();
    let value = judge(&source, check, &mut problems).and_then(|judged| judged.value);
    let refused = problems.errors() > 0;
    CheckedDocument {
        value: value.filter(|_| !refused),
        problems: problems.resolve(&source),
        source,
    }
}

/// Reads the text, has the document checked, and puts what is wrong with either where it stands. `None` where there is
/// no document.
pub(super) fn judge<T>(
    source: &Source,
    check: impl FnOnce(&Json) -> Judged<T>,
    problems: &mut Problems,
) -> Option<Judged<T>> {
    if source.text().len() > FILE_BYTES_MAX {
        problems.error(Span::default(), format!("larger than {FILE_BYTES_MAX} bytes"));
        return None;
    }
    let mut tree = read(source, &mut Expansion::refusing(), problems)?;
    let document = document(&mut tree, problems);
    let mut judged = check(&document);
    for problem in judged.problems.drain(..) {
        // What stands at a broken value was reported already.
        let Some(span) = span(&tree, &problem.at) else {
            continue;
        };
        let draft = match problem.severity {
            check::Severity::Error => problems.error(span, problem.message),
            check::Severity::Warning => problems.warning(span, problem.message),
        };
        if let Some(help) = problem.help {
            draft.help(help);
        }
        if let Some((place, label)) = problem.related
            && let Some(span) = self::span(&tree, &place)
        {
            draft.related(span, label);
        }
    }
    Some(judged)
}

/// The tree as JSON. What JSON cannot say is reported, and broken from here on.
fn document(node: &mut Node<'_>, problems: &mut Problems) -> Json {
    match &mut node.value {
        Value::Null | Value::Broken => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Text { text, .. } => Json::String(text.to_string()),
        Value::Number(text) => match serde_json::from_str::<Number>(text) {
            Ok(number) => Json::Number(number),
            Err(_) => {
                problems
                    .error(node.span, format!("{} is no number that JSON has", quoted(text)))
                    .help("write it in decimal, or put quotes around it where it is a string");
                node.value = Value::Broken;
                Json::Null
            }
        },
        Value::List(items) => Json::Array(items.iter_mut().map(|item| document(item, problems)).collect()),
        Value::Map(entries) => {
            let mut object = Map::new();
            let mut firsts: HashMap<String, Span> = HashMap::with_capacity(entries.len());
            for entry in entries {
                if let Some(first) = firsts.get(&*entry.key) {
                    given_twice(entry, *first, problems);
                    continue;
                }
                firsts.insert(entry.key.to_string(), entry.key_span);
                let value = document(&mut entry.node, problems);
                object.insert(entry.key.to_string(), value);
            }
            Json::Object(object)
        }
    }
}

/// Where a place of the document stands in the text; `None` at or in what is broken.
fn span(tree: &Node<'_>, place: &Place) -> Option<Span> {
    let mut node = tree;
    let mut key = None;
    for step in &place.path {
        (node, key) = match (&node.value, step) {
            (Value::Map(entries), Step::Key(name)) => {
                // Of keys that were given twice the first was looked at.
                let entry = entries.iter().find(|entry| *entry.key == **name)?;
                (&entry.node, Some(entry.key_span))
            }
            (Value::List(items), Step::Index(index)) => (items.get(*index)?, None),
            _ => return None,
        };
    }
    match (place.mark, key, &node.value) {
        (Mark::Key, Some(key), _) => Some(key),
        (_, _, Value::Broken) => None,
        _ => Some(node.head()),
    }
}
