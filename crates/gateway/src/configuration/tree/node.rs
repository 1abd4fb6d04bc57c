//! The tree: what a value is, before anything is known of what it should be.

use crate::configuration::source::Span;
use std::borrow::Cow;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct Node<'t> {
    pub(in crate::configuration) span: Span,
    pub(in crate::configuration) value: Value<'t>,
}

/// A value.
#[derive(Debug, Clone)]
pub(in crate::configuration) enum Value<'t> {
    /// Nothing stands there.
    Null,
    Bool(bool),
    /// As it is written: how large and how exact it may be is for the reader to say.
    Number(Cow<'t, str>),
    Text {
        text: Cow<'t, str>,
        /// A variable or file was filled in: the text may be secret, and may stand for a number or boolean.
        filled_in: bool,
    },
    List(Vec<Node<'t>>),
    Map(Vec<Entry<'t>>),
    /// A problem was reported already; whoever meets it says nothing more.
    Broken,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct Entry<'t> {
    pub(in crate::configuration) key: Cow<'t, str>,
    pub(in crate::configuration) key_span: Span,
    pub(in crate::configuration) node: Node<'t>,
}

/// Most characters of a value that a message repeats.
const SHOWN_CHARACTERS_MAX: usize = 60;

impl Node<'_> {
    /// What stands there, in words, without giving away what was filled in.
    pub(in crate::configuration) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".into(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Number(text) => format!("the number {text}"),
            Value::Text { filled_in: true, .. } => "a string from outside the file".into(),
            Value::Text { text, .. } => format!("the string {}", quoted(text)),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
            Value::Broken => "a broken value".into(),
        }
    }

    /// Where to point when something is missing in it: at its first key, rather than at all of a long map.
    pub(in crate::configuration) fn head(&self) -> Span {
        match &self.value {
            Value::Map(entries) => entries.first().map_or(self.span, |entry| entry.key_span),
            _ => self.span,
        }
    }
}

/// A text for a message: quoted, with control characters escaped, and cut where it is long.
pub(in crate::configuration) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// A name for a message: between backquotes, otherwise as [`quoted`].
pub(in crate::configuration) fn named(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default().escape_debug()),
        None => format!("`{}`", text.escape_debug()),
    }
}
