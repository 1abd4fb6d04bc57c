//! The values that maps are made of: strings, numbers, lists and maps with free names.

use super::{At, Decode, REQUIRED_MARK, Required, Slot, entries, expected, given_twice, schema_of};
use crate::configuration::problem::Problems;
use crate::configuration::tree::{Node, Value, quoted};
use schemars::JsonSchema;

/// A string.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct Text {
    text: String,
    filled_in: bool,
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.text
    }
}

impl Text {
    /// For a message: quoted and not too long, and nothing of what came from outside the file.
    pub(in crate::configuration) fn shown(&self) -> String {
        if self.filled_in {
            "a value from outside the file".to_owned()
        } else {
            quoted(&self.text)
        }
    }

    /// Whether a variable or file was filled in.
    pub(in crate::configuration) fn is_filled_in(&self) -> bool {
        self.filled_in
    }
}

impl Decode for Text {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Text { text, filled_in } => Some(Text {
                text: text.to_string(),
                filled_in: *filled_in,
            }),
            Value::Number(_) | Value::Bool(_) => {
                if let Some(draft) = expected("a string", node, problems) {
                    draft.help("put quotes around it");
                }
                None
            }
            _ => {
                expected("a string", node, problems);
                None
            }
        }
    }
}

impl Decode for bool {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Bool(value) => Some(*value),
            Value::Text {
                text,
                filled_in: true,
            } if text == "true" => Some(true),
            Value::Text {
                text,
                filled_in: true,
            } if text == "false" => Some(false),
            _ => {
                if let Some(draft) = expected("`true` or `false`", node, problems) {
                    draft.help("write `true` or `false`, without quotes");
                }
                None
            }
        }
    }
}

impl<T: Decode> Decode for Vec<At<T>> {
    /// Elements that were refused are left out.
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let Value::List(items) = &node.value else {
            if let Some(draft) = expected("a list", node, problems) {
                draft.help("write it as a list: `[…]`, or lines that begin with `- `");
            }
            return None;
        };
        let decoded = items.iter().filter_map(|item| {
            let value = T::decode(item, problems)?;
            Some(At {
                value,
                span: item.span,
                key: item.head(),
            })
        });
        Some(decoded.collect())
    }
}

/// A map from names that the writer chooses, in file order. Names and values that were refused are left out.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct Named<T>(pub(in crate::configuration) Vec<(String, At<T>)>);

impl<T: Decode> Decode for Named<T> {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let entries = entries("a map", node, problems)?;
        let mut first = std::collections::HashMap::new();
        let mut named = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(first) = first.insert(&*entry.key, entry.key_span) {
                given_twice(entry, first, problems);
            } else if let Some(value) = T::decode(&entry.node, problems) {
                let at = At {
                    value,
                    span: entry.node.span,
                    key: entry.key_span,
                };
                named.push((entry.key.to_string(), at));
            }
        }
        Some(Named(named))
    }
}

/// A whole number with its bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::configuration) struct Int<const MIN: u64, const MAX: u64>(pub(in crate::configuration) u64);

impl<const MIN: u64, const MAX: u64> Decode for Int<MIN, MAX> {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let text = match &node.value {
            Value::Number(text)
            | Value::Text {
                text,
                filled_in: true,
            } => text,
            _ => {
                if let Some(draft) = expected("a whole number", node, problems) {
                    draft.help(format!(
                        "write a number from {MIN} to {MAX}, without quotes and unit"
                    ));
                }
                return None;
            }
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
        if !digits || (text.len() > 1 && text.starts_with('0')) {
            if let Some(draft) = expected("a whole number", node, problems) {
                draft.help(format!("write plain decimal digits, from {MIN} to {MAX}"));
            }
            return None;
        }
        match text.parse::<u64>() {
            Ok(value) if (MIN..=MAX).contains(&value) => Some(Int(value)),
            _ => {
                let small = text.parse::<u64>().is_ok_and(|value| value < MIN);
                let message = format!(
                    "{} is too {}",
                    node.describe(),
                    if small { "small" } else { "large" }
                );
                problems
                    .error(node.span, message)
                    .help(format!("write a number from {MIN} to {MAX}"));
                None
            }
        }
    }
}

/// A value whose shape is not settled yet, because what it asks for is not in this version.
#[derive(Debug, Clone, Copy)]
pub(in crate::configuration) struct Unsettled;

impl Decode for Unsettled {
    fn decode(_: &Node<'_>, _: &mut Problems) -> Option<Self> {
        Some(Unsettled)
    }
}

schema_of!([T: JsonSchema] At<T> => |generator| generator.subschema_for::<T>());
schema_of!([T: JsonSchema] Slot<T> => |generator| generator.subschema_for::<T>());
schema_of!([T: JsonSchema] Required<T> => |generator| {
    let mut schema = generator.subschema_for::<T>();
    schema.insert(REQUIRED_MARK.to_owned(), true.into());
    schema
});
schema_of!([T: JsonSchema] Named<T> => |generator| {
    let values = generator.subschema_for::<T>();
    schemars::json_schema!({ "type": "object", "additionalProperties": values })
});
schema_of!([const MIN: u64, const MAX: u64] Int<MIN, MAX> => |_generator| {
    schemars::json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
});
schema_of!([] Text => |_generator| schemars::json_schema!({ "type": "string" }));
schema_of!([] Unsettled => |_generator| schemars::json_schema!(true));
