//! Path patterns: skeleton.

use super::{CanonicalPath, PathPrefix};
use std::cmp::Ordering;

/// Literal segments, `{param}` segments and at most one `/**` at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
    segments: Box<[Segment]>,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Exactly this canonical text; the empty one is a trailing slash.
    Literal(Box<str>),
    /// Any one segment that is not empty, under this name.
    Param(Box<str>),
    /// `**`: nothing, a slash, or everything below.
    Rest,
}

impl Pattern {
    /// From configuration text.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let _ = text;
        todo!()
    }
    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// The segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
    /// The pattern with its parameter names taken out: equal shapes match the same paths.
    pub fn shape(&self) -> String {
        todo!()
    }
    /// Whether the path fits.
    pub fn matches(&self, path: &CanonicalPath<'_>) -> bool {
        let _ = path;
        todo!()
    }
    /// `Less`: self is more specific and wins where both match. A total order over shapes.
    pub fn compare(&self, other: &Pattern) -> Ordering {
        let _ = other;
        todo!()
    }
    /// Whether every path that fits begins with `prefix` at a segment boundary (what `strip_prefix` needs).
    pub fn is_below(&self, prefix: &PathPrefix) -> bool {
        let _ = prefix;
        todo!()
    }
}

/// Why text is no pattern; `help` says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}
