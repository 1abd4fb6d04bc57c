//! Path patterns: which paths fit, and which of two patterns is the more specific.
//!
//! Routes, operations, limits, transformations and exclusions are all named by these. The order of `compare` is
//! the order in which `Table` looks; both must stay the same order. Only canonical text can be a literal, since a
//! pattern that no canonical path fits would be a rule that silently never holds.

use super::canonical::is_unreserved;
use super::{CanonicalPath, PathError, PathPrefix};
use std::cmp::Ordering;

/// Bytes of a pattern; longer ones are a mistake, and the bound keeps tables and their lookups small.
const PATTERN_BYTES_MAX: usize = 8_192;

/// Literal segments, `{param}` segments and at most one `/**` at the end.
///
/// Kept as its text alone, because a configuration holds very many; its segments are read off the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: Box<str>,
}

/// One segment of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Segment<'p> {
    /// Exactly this canonical text; the empty one is a trailing slash.
    Literal(&'p str),
    /// Any one segment that is not empty, under this name.
    Param(&'p str),
    /// `**`: nothing, a slash, or everything below.
    Rest,
}

impl<'p> Segment<'p> {
    /// Of a pattern that was checked, or of one segment's text of it.
    pub(super) fn of(text: &'p str) -> Segment<'p> {
        if text == "**" {
            return Segment::Rest;
        }
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => Segment::Param(name),
            None => Segment::Literal(text),
        }
    }

    /// Whether one segment of a path fits; `Rest` fits all.
    pub(super) fn fits(self, found: &str) -> bool {
        match self {
            Segment::Literal(literal) => literal == found,
            Segment::Param(_) => !found.is_empty(),
            Segment::Rest => true,
        }
    }
}

/// As in the pattern's text.
impl std::fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Segment::Literal(text) => f.write_str(text),
            Segment::Param(name) => write!(f, "{{{name}}}"),
            Segment::Rest => f.write_str("**"),
        }
    }
}

impl Pattern {
    /// From configuration text.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(PatternError {
                message: format!(
                    "the path has {} bytes; at most {PATTERN_BYTES_MAX} are allowed",
                    text.len()
                ),
                help: "end the path with `/**` where it may go on".into(),
            });
        }
        check_whole(text)?;
        let mut names: Vec<&str> = Vec::new();
        let mut begin = 1;
        for segment in text.split('/').skip(1) {
            let end = begin + segment.len();
            let last = end == text.len();
            // Literals are judged with the slash before them, as a path of one segment.
            if let Some(name) = check_segment(text, &text[begin - 1..end], last)? {
                if names.contains(&name) {
                    return Err(PatternError {
                        message: format!("the parameter `{{{name}}}` stands twice"),
                        help: "give each parameter its own name".into(),
                    });
                }
                names.push(name);
            }
            begin = end + 1;
        }
        Ok(Pattern { text: text.into() })
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The segments, at least one.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.text.split('/').skip(1).map(Segment::of)
    }

    /// The pattern with its parameter names taken out: equal shapes match the same paths.
    pub fn shape(&self) -> String {
        let mut shape = String::with_capacity(self.text.len());
        for segment in self.segments() {
            shape.push('/');
            match segment {
                Segment::Literal(text) => shape.push_str(text),
                Segment::Param(_) => shape.push_str("{}"),
                Segment::Rest => shape.push_str("**"),
            }
        }
        shape
    }

    /// Whether the path fits.
    pub fn matches(&self, path: &CanonicalPath<'_>) -> bool {
        self.mismatch(path).is_none()
    }

    /// The first segment, counted from 0, at which the path does not fit, and what each has there (`None`: it has ended).
    pub(super) fn mismatch<'a>(
        &'a self,
        path: &'a CanonicalPath<'_>,
    ) -> Option<(usize, Option<Segment<'a>>, Option<&'a str>)> {
        let mut wanted = self.segments();
        let mut found = path.segments();
        for index in 0.. {
            match (wanted.next(), found.next()) {
                (Some(Segment::Rest), _) | (None, None) => break,
                (Some(segment), Some(text)) if segment.fits(text) => {}
                (segment, text) => return Some((index, segment, text)),
            }
        }
        None
    }

    /// `Less`: self is more specific and wins where both match. A total order over shapes.
    pub fn compare(&self, other: &Pattern) -> Ordering {
        self.decided_by(other)
            .map_or(Ordering::Equal, |(_, ordering)| ordering)
    }

    /// The first segment, counted from 0, by which one is more specific, and which (as `compare`).
    pub(super) fn decided_by(&self, other: &Pattern) -> Option<(usize, Ordering)> {
        let mut ours = self.segments();
        let mut theirs = other.segments();
        for index in 0.. {
            match (ours.next(), theirs.next()) {
                (None, None) => break,
                (ours, theirs) => match rank(ours).cmp(&rank(theirs)) {
                    Ordering::Equal => {}
                    ordering => return Some((index, ordering)),
                },
            }
        }
        None
    }

    /// Whether every path that fits begins with `prefix` at a segment boundary (what `strip_prefix` needs).
    pub fn is_below(&self, prefix: &PathPrefix) -> bool {
        let mut ours = self.segments();
        prefix
            .as_str()
            .split('/')
            .skip(1)
            .all(|literal| ours.next() == Some(Segment::Literal(literal)))
    }

    /// Whether some path fits both: a rule and a route that do not overlap never meet.
    pub fn overlaps(&self, other: &Pattern) -> bool {
        let mut ours = self.segments();
        let mut theirs = other.segments();
        loop {
            match (ours.next(), theirs.next()) {
                (Some(Segment::Rest), _) | (_, Some(Segment::Rest)) | (None, None) => return true,
                (Some(Segment::Param(_)), Some(Segment::Param(_))) => {}
                (Some(Segment::Param(_)), Some(Segment::Literal(text)))
                | (Some(Segment::Literal(text)), Some(Segment::Param(_)))
                    if !text.is_empty() => {}
                (Some(ours), Some(theirs)) if ours == theirs => {}
                _ => return false,
            }
        }
    }

    /// Whether a literal has `%2F`: only a route with `encoded_slash: keep` can ever be met by such a pattern.
    pub fn has_encoded_slash(&self) -> bool {
        self.text.contains("%2F")
    }

    /// Whether a literal has a `;`, also as `%3B`: only a route with `path_parameters: keep` can ever be met by such a pattern.
    pub fn has_parameters(&self) -> bool {
        self.text.contains(';') || self.text.contains("%3B")
    }
}

/// As it was written.
impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Literals first (among themselves by text, only to make the order total), then a parameter, the end, the rest.
fn rank(segment: Option<Segment<'_>>) -> (u8, &str) {
    match segment {
        Some(Segment::Literal(text)) => (0, text),
        Some(Segment::Param(_)) => (1, ""),
        None => (2, ""),
        Some(Segment::Rest) => (3, ""),
    }
}

/// What is wrong with the text as a whole.
fn check_whole(text: &str) -> Result<(), PatternError> {
    if text.is_empty() {
        return Err(PatternError {
            message: "the path is empty".into(),
            help: "write `/` for the root alone, or `/**` for every path".into(),
        });
    }
    if let Some((_, after_scheme)) = text.split_once("://") {
        let path = after_scheme.find('/').map_or("/", |slash| &after_scheme[slash..]);
        return Err(PatternError {
            message: format!("`{text}` is a whole URL; only paths are matched"),
            help: format!("write `{path}`"),
        });
    }
    if !text.starts_with('/') {
        return Err(PatternError {
            message: format!("the path `{text}` does not begin with a slash"),
            help: format!("write `/{text}`"),
        });
    }
    if let Some(at) = text.find(['?', '#']) {
        return Err(PatternError {
            message: format!("the path `{text}` has a query or fragment; only paths are matched"),
            help: format!("write `{}`", &text[..at]),
        });
    }
    Ok(())
}

/// Checks one segment, given with the slash before it; the name where it is a parameter.
fn check_segment<'t>(text: &str, slashed: &'t str, last: bool) -> Result<Option<&'t str>, PatternError> {
    let segment = &slashed[1..];
    if segment.is_empty() && !last {
        let mut single = text.to_owned();
        while single.contains("//") {
            single = single.replace("//", "/");
        }
        return Err(PatternError {
            message: format!("the path `{text}` has an empty segment"),
            help: format!("write `{single}`"),
        });
    }
    if segment == "**" {
        return if last {
            Ok(None)
        } else {
            Err(rest_before_the_end(text))
        };
    }
    if segment.contains('*') {
        return Err(PatternError {
            message: format!("`*` does not stand for a part of a segment (in `{segment}`)"),
            help: "write `{name}` for one whole segment, or end the path with `/**` for everything below"
                .into(),
        });
    }
    if segment.contains(['{', '}']) {
        return check_name(segment).map(Some);
    }
    if segment.contains("%2F") && !last && segment.ends_with("%2F") {
        return Err(literal_error(segment, PathError::EmptySegment, None));
    }
    match CanonicalPath::respelled(slashed) {
        Ok(None) => Ok(None),
        Ok(Some(canonical)) => Err(literal_error(
            segment,
            PathError::NotCanonical,
            canonical.get(1..),
        )),
        Err(error @ (PathError::NonAscii | PathError::ByteNotAllowed | PathError::EscapeMalformed)) => {
            let escaped = escaped(slashed);
            let canonical = match CanonicalPath::respelled(&escaped) {
                Ok(None) => Some(escaped),
                Ok(canonical) => canonical,
                Err(_) => None,
            };
            Err(literal_error(
                segment,
                error,
                canonical.as_deref().and_then(|path| path.get(1..)),
            ))
        }
        Err(error) => Err(literal_error(segment, error, None)),
    }
}

/// `{name}`: a letter or `_`, then letters, digits, `_` and `-`.
fn check_name(segment: &str) -> Result<&str, PatternError> {
    let Segment::Param(name) = Segment::of(segment) else {
        return Err(PatternError {
            message: format!("a parameter takes a whole segment (in `{segment}`)"),
            help: "write `{name}` alone between two slashes".into(),
        });
    };
    let good = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if good {
        return Ok(name);
    }
    Err(PatternError {
        message: format!("`{segment}` is not a parameter"),
        help: "write a name of letters, digits, `_` and `-` that begins with a letter, as in `{order_id}`; \
               a parameter takes a whole segment and has no type or expression"
            .into(),
    })
}

fn rest_before_the_end(text: &str) -> PatternError {
    let before = text.split("/**").next().unwrap_or_default();
    PatternError {
        message: format!("`**` stands before the end of `{text}`"),
        help: format!("write `{before}/**`, or `{{name}}` for one segment"),
    }
}

/// `canonical`: how the segment would have to be written, where that is known.
fn literal_error(segment: &str, error: PathError, canonical: Option<&str>) -> PatternError {
    let message = match error {
        PathError::NonAscii => format!("`{segment}` has characters that a path carries percent-encoded"),
        PathError::ByteNotAllowed => {
            format!("`{segment}` has a character that a path carries percent-encoded")
        }
        PathError::EscapeMalformed => format!("`{segment}` has a `%` without two hexadecimal digits"),
        PathError::NotCanonical => format!("`{segment}` is not in its canonical spelling"),
        PathError::DotSegment => format!("`{segment}` is a dot segment, which is refused in every request"),
        other => format!(
            "`{segment}` can never be met: requests are refused with \"{}\"",
            other.message()
        ),
    };
    let help = match canonical {
        Some(canonical) => format!("write `{canonical}`"),
        None => {
            "write the path as the gateway sees it: without dot segments, empty segments, backslashes and \
                 encoded control characters"
                .into()
        }
    };
    PatternError { message, help }
}

/// With everything percent-encoded that cannot stand in a path; an escape stays.
fn escaped(slashed: &str) -> String {
    let bytes = slashed.as_bytes();
    let mut out = String::with_capacity(bytes.len() * 3);
    for (at, &byte) in bytes.iter().enumerate() {
        let is_escape = byte == b'%'
            && bytes
                .get(at + 1..at + 3)
                .is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        if is_escape || is_unreserved(byte) || b"!$&'()*+,;=:@/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
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

#[cfg(test)]
mod tests;
