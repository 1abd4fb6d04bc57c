//! From the tree to wire types, with every problem at once.
//!
//! Not serde: a derived `Deserialize` stops at its first error, and its visitors can't be asked again. Here each
//! field reports its own problem and the rest goes on. The JSON Schema comes from the same structs, so that
//! what an editor offers and what is accepted here can't drift apart.

mod macros;
mod values;

pub(super) use macros::{choice, map, schema_of};
pub(super) use values::{Int, Named, Text, Unsettled};

use super::problem::Problems;
use super::source::Span;
use super::tree::{Entry, Node, Value, named};

/// A wire type.
pub(super) trait Decode: Sized {
    /// The value of a node. `None` where there is none; then the reason is among the problems.
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self>;
}

/// A value and where it stands: its own place, and that of its key (of the value itself, in a list).
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
    pub(super) key: Span,
}

/// A key that may be left out.
#[derive(Debug, Clone, Default)]
pub(super) enum Slot<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// The key is there, and its value was refused: checks that need it are left out.
    Refused(Span),
    /// The value.
    Given(At<T>),
}

/// A key that has to be there.
#[derive(Debug, Clone)]
pub(super) struct Required<T>(pub(super) Slot<T>);

impl<T> Default for Required<T> {
    fn default() -> Self {
        Required(Slot::Absent)
    }
}

impl<T> Slot<T> {
    /// The value, where there is one.
    pub(super) fn get(&self) -> Option<&At<T>> {
        match self {
            Slot::Given(at) => Some(at),
            _ => None,
        }
    }

    /// Where its key stands, also when its value was refused.
    pub(super) fn key(&self) -> Option<Span> {
        match self {
            Slot::Absent => None,
            Slot::Refused(key) => Some(*key),
            Slot::Given(at) => Some(at.key),
        }
    }
}

impl<T> Required<T> {
    /// The value, where there is one.
    pub(super) fn get(&self) -> Option<&At<T>> {
        self.0.get()
    }
}

/// What a struct's field does with the map's entries.
pub(super) trait Field: Default {
    /// Takes the entry under this field's key.
    fn fill(&mut self, entry: &Entry<'_>, problems: &mut Problems);
    /// Called once after all entries; `owner` is where to point when the key is missing.
    fn finish(&self, key: &str, owner: Span, problems: &mut Problems);
}

impl<T: Decode> Field for Slot<T> {
    fn fill(&mut self, entry: &Entry<'_>, problems: &mut Problems) {
        if let Some(first) = self.key() {
            given_twice(entry, first, problems);
            return;
        }
        *self = match T::decode(&entry.node, problems) {
            Some(value) => Slot::Given(At {
                value,
                span: entry.node.span,
                key: entry.key_span,
            }),
            None => Slot::Refused(entry.key_span),
        };
    }

    fn finish(&self, _: &str, _: Span, _: &mut Problems) {}
}

impl<T: Decode> Field for Required<T> {
    fn fill(&mut self, entry: &Entry<'_>, problems: &mut Problems) {
        self.0.fill(entry, problems);
    }

    fn finish(&self, key: &str, owner: Span, problems: &mut Problems) {
        if matches!(self.0, Slot::Absent) {
            problems
                .error(owner, format!("`{key}` is missing"))
                .help(format!("add `{key}: …` here"));
        }
    }
}

/// Reports a key that stands in its map a second time.
pub(super) fn given_twice(entry: &Entry<'_>, first: Span, problems: &mut Problems) {
    problems
        .error(entry.key_span, format!("{} is given twice", named(&entry.key)))
        .help("keep one of them")
        .related(first, "first here");
}

/// Reports a value of the wrong type.
pub(super) fn expected<'p>(
    what: &str,
    node: &Node<'_>,
    problems: &'p mut Problems,
) -> Option<&'p mut super::problem::Draft> {
    match &node.value {
        Value::Broken => None,
        Value::Null => {
            let draft = problems.error(node.span, format!("expected {what}, found nothing"));
            Some(draft.help("leave the key out where it has no value"))
        }
        _ => Some(problems.error(node.span, format!("expected {what}, found {}", node.describe()))),
    }
}

/// The entries of a map.
pub(super) fn entries<'n, 't>(
    what: &str,
    node: &'n Node<'t>,
    problems: &mut Problems,
) -> Option<&'n [Entry<'t>]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        _ => {
            if let Some(draft) = expected(what, node, problems) {
                draft.help("write it as `{ KEY: VALUE }`, or as lines `KEY: VALUE` that are indented");
            }
            None
        }
    }
}

/// Reports a key that nobody knows, with those that are.
pub(super) fn unknown_key(entry: &Entry<'_>, known: &[&str], problems: &mut Problems) {
    let message = format!("unknown key {}", named(&entry.key));
    if problems.is_full() {
        problems.error(entry.key_span, message);
        return;
    }
    // `$schema` is for editors.
    let listed: Vec<&str> = known
        .iter()
        .copied()
        .filter(|key| !key.starts_with('$'))
        .collect();
    let all = listing(&listed);
    let help = match nearest(&entry.key, known) {
        Some(near) => format!("write `{near}`? Known here: {all}"),
        None => format!("known here: {all}"),
    };
    problems.error(entry.key_span, message).help(help);
}

/// The word that was likely meant.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    /// Longer words are no slips of a known one, and comparing costs their length squared.
    const WORD_CHARACTERS_MAX: usize = 64;
    if word.chars().nth(WORD_CHARACTERS_MAX).is_some() {
        return None;
    }
    let lower = word.to_ascii_lowercase().replace('-', "_");
    let distance = |known: &str| strsim::damerau_levenshtein(&lower, &known.to_ascii_lowercase());
    let (best, near) = known.iter().map(|known| (distance(known), *known)).min()?;
    (best <= (word.len() / 3).clamp(1, 3)).then_some(near)
}

/// The word of a node, one of the known ones.
pub(super) fn word<'k>(node: &Node<'_>, known: &[&'k str], problems: &mut Problems) -> Option<&'k str> {
    let all = listing(known);
    let Value::Text { text, .. } = &node.value else {
        expected(&format!("one of {all}"), node, problems);
        return None;
    };
    let found = known.iter().find(|word| *word == text).copied();
    if found.is_none() {
        let help = match nearest(text, known) {
            Some(near) => format!("write `{near}`? Known here: {all}"),
            None => format!("known here: {all}"),
        };
        problems
            .error(node.span, format!("{} is not known here", node.describe()))
            .help(help);
    }
    found
}

fn listing(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Marks a property for `schema::finish`, which moves the mark into its owner's `required`.
pub(super) const REQUIRED_MARK: &str = "x-required";
