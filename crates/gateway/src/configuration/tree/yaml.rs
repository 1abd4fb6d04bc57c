//! YAML 1.2 text → tree, from the events of granit-parser (the parser beneath serde-saphyr).
//!
//! Events rather than serde, because each carries its place, and duplicate keys stay visible. Plain scalars are
//! resolved by the core schema: `off` and `yes` are strings. Anchors and aliases work; tags, merge keys and a second
//! document are refused, because nothing in a configuration needs them and each hides what a file says.

use super::DEPTH_MAX;
use super::expand::Expansion;
use super::node::{Entry, Node, Value};
use crate::configuration::problem::Problems;
use crate::configuration::source::{Source, Span};
use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError};
use std::borrow::Cow;
use std::collections::HashMap;

/// Most nodes that aliases may add in all: what keeps a short file from growing without end.
const ALIASED_NODES_MAX: usize = 1_000_000;

/// Reads all of the text. One without a value is an empty map.
pub(super) fn read<'t>(
    source: &'t Source,
    expansion: &mut Expansion<'_>,
    problems: &mut Problems,
) -> Option<Node<'t>> {
    let mut builder = Builder {
        expansion,
        problems,
        stack: Vec::new(),
        anchors: HashMap::new(),
        aliased: 0,
        root: None,
        documents: 0,
    };
    for event in Parser::new_from_str_with_options(source.text(), options()) {
        match event {
            Ok((event, span)) => builder.take(event, bytes(&span))?,
            Err(error) => {
                not_well_formed(source, &error, builder.problems);
                return None;
            }
        }
    }
    let nothing = || Node {
        span: Span::default(),
        value: Value::Map(Vec::new()),
    };
    Some(
        builder
            .root
            .filter(|root| !matches!(root.value, Value::Null))
            .unwrap_or_else(nothing),
    )
}

fn options() -> Options {
    granit_parser::options! {
        emit_comments: false,
        disallow_directives: true,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    }
}

fn bytes(span: &granit_parser::Span) -> Span {
    let range = span.byte_range().unwrap_or_default();
    Span::new(range.start, range.end)
}

fn not_well_formed(source: &Source, error: &ScanError, problems: &mut Problems) {
    let at = source.boundary(error.marker().byte_offset().unwrap_or_default());
    let draft = problems.error(
        Span::new(at, at + 1),
        format!("not well-formed YAML: {}", error.info()),
    );
    let line = source.line(Span::new(at, at).start);
    let text = source
        .text()
        .get(source.line_start(line)..source.line_start(line + 1));
    if text.is_some_and(|text| text.contains("${")) {
        draft.help("inside `{ }` and `[ ]`, put quotes around a value with `${…}` in it");
    } else if text.is_some_and(|text| text.contains("/{")) {
        draft.help("inside `{ }` and `[ ]`, put quotes around a path with `{name}` in it");
    } else if text.is_some_and(|text| text.contains('\t')) {
        draft.help("indent with blanks; YAML takes no tabs there");
    }
}

/// A list or map whose end has not come yet.
enum Open<'t> {
    List {
        anchor: usize,
        span: Span,
        items: Vec<Node<'t>>,
    },
    Map {
        anchor: usize,
        span: Span,
        entries: Vec<Entry<'t>>,
        key: Option<Key<'t>>,
    },
}

/// A key whose value has not come yet; `None` stands for one that was refused.
type Key<'t> = Option<(Cow<'t, str>, Span)>;

struct Builder<'t, 'r, 'e> {
    expansion: &'r mut Expansion<'e>,
    problems: &'r mut Problems,
    stack: Vec<Open<'t>>,
    anchors: HashMap<usize, Node<'t>>,
    aliased: usize,
    root: Option<Node<'t>>,
    documents: usize,
}

impl<'t> Builder<'t, '_, '_> {
    /// Takes one event; `None` ends the reading after a problem that leaves nothing to go on with.
    fn take(&mut self, event: Event<'t>, span: Span) -> Option<()> {
        if let Some(tag) = event.tag() {
            let message = format!("the tag `{tag}` is not read here");
            self.problems
                .error(span, message)
                .help("leave it out, and quote what is to be a string");
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.problems
                        .error(span, "a second document begins here")
                        .help("one file holds one document");
                    return None;
                }
            }
            Event::Scalar(text, style, anchor, _) => self.scalar(text, style, anchor, span),
            Event::SequenceStart(_, anchor, _) => {
                self.stack.push(Open::List {
                    anchor,
                    span,
                    items: Vec::new(),
                });
            }
            Event::MappingStart(_, anchor, _) => {
                self.stack.push(Open::Map {
                    anchor,
                    span,
                    entries: Vec::new(),
                    key: None,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => return self.alias(id, span),
            _ => {}
        }
        Some(())
    }

    fn scalar(&mut self, text: Cow<'t, str>, style: ScalarStyle, anchor: usize, span: Span) {
        if let Some(Open::Map { key: key @ None, .. }) = self.stack.last_mut() {
            if style == ScalarStyle::Plain && text == "<<" {
                self.problems
                    .error(span, "merge keys (`<<`) are not read here")
                    .help("write the keys out");
                *key = Some(None);
                return;
            }
            if anchor != 0 {
                let value = Value::Text {
                    text: text.clone(),
                    filled_in: false,
                };
                self.anchors.insert(anchor, Node { span, value });
            }
            *key = Some(Some((text, span)));
            return;
        }
        let value = match style {
            ScalarStyle::Plain => match plain(&text) {
                Plain::Null => Value::Null,
                Plain::Bool(value) => Value::Bool(value),
                Plain::Number => Value::Number(text),
                Plain::Text => self.expansion.fill(text, span, self.problems),
            },
            _ => self.expansion.fill(text, span, self.problems),
        };
        self.complete(Node { span, value }, anchor);
    }

    /// The end of the innermost list or map.
    fn close(&mut self, end: Span) {
        let until = |start: Span, last: Option<Span>| {
            // A block has no closing mark of its own: for a reader it ends with its last value.
            let last = last.unwrap_or(start).end;
            let end = if end.start == end.end { last } else { end.end };
            Span {
                start: start.start,
                end: end.max(start.end),
            }
        };
        match self.stack.pop() {
            Some(Open::List { anchor, span, items }) => {
                let span = until(span, items.last().map(|item| item.span));
                self.complete(
                    Node {
                        span,
                        value: Value::List(items),
                    },
                    anchor,
                );
            }
            Some(Open::Map {
                anchor,
                span,
                entries,
                ..
            }) => {
                let span = until(span, entries.last().map(|entry| entry.node.span));
                self.complete(
                    Node {
                        span,
                        value: Value::Map(entries),
                    },
                    anchor,
                );
            }
            None => {}
        }
    }

    fn alias(&mut self, id: usize, span: Span) -> Option<()> {
        let Some(node) = self.anchors.get(&id).cloned() else {
            // The anchor's own value is still open: it would hold itself.
            self.problems.error(span, "an alias to a value that it stands in");
            self.complete(
                Node {
                    span,
                    value: Value::Broken,
                },
                0,
            );
            return Some(());
        };
        self.aliased += size(&node);
        if self.aliased > ALIASED_NODES_MAX {
            let message = format!("aliases add more than {ALIASED_NODES_MAX} values");
            self.problems.error(span, message);
            return None;
        }
        if let (Some(Open::Map { key: key @ None, .. }), Value::Text { text, .. }) =
            (self.stack.last_mut(), &node.value)
        {
            *key = Some(Some((text.clone(), span)));
            return Some(());
        }
        self.complete(
            Node {
                span,
                value: node.value,
            },
            0,
        );
        Some(())
    }

    /// Puts a complete value where it belongs.
    fn complete(&mut self, node: Node<'t>, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some(Some((key, key_span))) => entries.push(Entry { key, key_span, node }),
                Some(None) => {}
                None => {
                    self.problems
                        .error(node.span, format!("{} as a key", node.describe()))
                        .help("keys are strings");
                    *key = Some(None);
                }
            },
        }
    }
}

fn size(node: &Node<'_>) -> usize {
    1 + match &node.value {
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|entry| size(&entry.node)).sum(),
        _ => 0,
    }
}

/// What a plain scalar is in the core schema (YAML 1.2.2 §10.3.2).
enum Plain {
    Null,
    Bool(bool),
    Number,
    Text,
}

fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Bool(true),
        "false" | "False" | "FALSE" => Plain::Bool(false),
        _ if is_number(text) => Plain::Number,
        _ => Plain::Text,
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = unsigned
        .split_once(['e', 'E'])
        .map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let exponent =
        exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = whole
        .bytes()
        .chain(fraction.bytes())
        .all(|byte| byte.is_ascii_digit());
    exponent && all_digits && !(whole.is_empty() && fraction.is_empty())
}
