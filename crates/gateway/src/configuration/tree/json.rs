//! JSON text → tree, through serde_json.
//!
//! serde_json gives no positions of values, but a `RawValue` borrows its very bytes, so that its place is its address
//! less the text's. Each level is scanned once more for that; with the depth bounded, and a scan near a gigabyte a
//! second, that is cheap.

use super::DEPTH_MAX;
use super::expand::Expansion;
use super::node::{Entry, Node, Value};
use crate::configuration::problem::Problems;
use crate::configuration::source::{Source, Span};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Reads all of the text.
pub(super) fn read<'t>(
    source: &'t Source,
    expansion: &mut Expansion<'_>,
    problems: &mut Problems,
) -> Option<Node<'t>> {
    let text = source.text();
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => Some(
            Reader {
                text,
                expansion,
                problems,
            }
            .node(raw, 0),
        ),
        Err(error) => {
            // serde_json counts columns in bytes from 1; 0 stands for the end of the line before.
            let start = source.line_start(error.line()) + error.column().saturating_sub(1);
            let start = source.boundary(start);
            let message = error.to_string();
            let what = message.split(" at line ").next().unwrap_or(&message);
            problems.error(
                Span::new(start, start + 1),
                format!("not well-formed JSON: {what}"),
            );
            None
        }
    }
}

struct Reader<'t, 'r, 'e> {
    text: &'t str,
    expansion: &'r mut Expansion<'e>,
    problems: &'r mut Problems,
}

impl<'t> Reader<'t, '_, '_> {
    fn span(&self, part: &str) -> Span {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        Span::new(start, start + part.len())
    }

    fn node(&mut self, raw: &'t RawValue, depth: usize) -> Node<'t> {
        let text = raw.get();
        let span = self.span(text);
        if depth > DEPTH_MAX {
            self.problems
                .error(span, format!("nested more than {DEPTH_MAX} deep"));
            return Node {
                span,
                value: Value::Broken,
            };
        }
        let value = match text.as_bytes().first() {
            Some(b'{') => match serde_json::from_str::<RawMap<'t>>(text) {
                Ok(RawMap(entries)) => Value::Map(self.entries(entries, depth)),
                Err(error) => self.broken(span, &error),
            },
            Some(b'[') => match serde_json::from_str::<Vec<&'t RawValue>>(text) {
                Ok(items) => Value::List(items.into_iter().map(|item| self.node(item, depth + 1)).collect()),
                Err(error) => self.broken(span, &error),
            },
            Some(b'"') => match self.string(text, span) {
                Some(string) => self.expansion.fill(string, span, self.problems),
                None => Value::Broken,
            },
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'n') => Value::Null,
            _ => Value::Number(Cow::Borrowed(text)),
        };
        Node { span, value }
    }

    fn entries(&mut self, raw: Vec<(&'t RawValue, &'t RawValue)>, depth: usize) -> Vec<Entry<'t>> {
        let mut entries = Vec::with_capacity(raw.len());
        for (key, value) in raw {
            let key_span = self.span(key.get());
            let Some(key) = self.string(key.get(), key_span) else {
                continue;
            };
            entries.push(Entry {
                key,
                key_span,
                node: self.node(value, depth + 1),
            });
        }
        entries
    }

    /// A string without its quotes and escapes. Only a lone surrogate is left to be found wrong here.
    fn string(&mut self, quoted: &'t str, span: Span) -> Option<Cow<'t, str>> {
        let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let Some(plain) = inside.filter(|inside| !inside.contains('\\')) {
            return Some(Cow::Borrowed(plain));
        }
        match serde_json::from_str::<String>(quoted) {
            Ok(string) => Some(Cow::Owned(string)),
            Err(error) => {
                self.broken(span, &error);
                None
            }
        }
    }

    fn broken(&mut self, span: Span, error: &serde_json::Error) -> Value<'t> {
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or(&message);
        self.problems.error(span, format!("not well-formed JSON: {what}"));
        Value::Broken
    }
}

/// A map's keys and values in order, duplicates among them.
struct RawMap<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'t> Deserialize<'t> for RawMap<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'t> Visitor<'t> for Entries {
            type Value = RawMap<'t>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map")
            }
            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<RawMap<'t>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(RawMap(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
