//! One spelling for every path, or a refusal: what does a request's path mean, to us and to whatever stands behind us?
//!
//! First on the path of a request after framing; router, policy, limits and forwarder all see its result. A path
//! that two servers could read differently (dot segments, empty segments, encoded separators, controls, anything
//! before a `;` that would vanish) is refused here, never repaired. Nothing is decoded twice. Reads every byte
//! once and must not allocate where the path is canonical already.

use std::borrow::Cow;

/// A request path in the one form that everything matches on.
///
/// Segments of RFC 3986 `pchar`s: none is empty but the last, none is `.` or `..`, unreserved characters stand
/// for themselves, every other escape is kept in upper case and the escapes are UTF-8 without controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath<'a> {
    text: Cow<'a, str>,
    encoded_slash: bool,
    parameters: bool,
}

impl<'a> CanonicalPath<'a> {
    /// From the raw path of a target, without its query. Borrows where `raw` is canonical already.
    pub fn parse(raw: &'a [u8]) -> Result<CanonicalPath<'a>, PathError> {
        let text = std::str::from_utf8(raw).map_err(|_| PathError::NonAscii)?;
        if raw.first() != Some(&b'/') {
            return Err(PathError::NoLeadingSlash);
        }
        if is_plain(raw) {
            return Ok(CanonicalPath {
                text: Cow::Borrowed(text),
                encoded_slash: false,
                parameters: false,
            });
        }
        let mut reader = Reader {
            text,
            at: 1,
            segment: 1,
            kept: 0,
            out: String::new(),
            encoded_slash: false,
            parameters: false,
        };
        reader.run()?;
        let Reader {
            kept,
            mut out,
            encoded_slash,
            parameters,
            ..
        } = reader;
        let text = if kept == 0 {
            Cow::Borrowed(text)
        } else {
            out.push_str(&text[kept..]);
            Cow::Owned(out)
        };
        Ok(CanonicalPath {
            text,
            encoded_slash,
            parameters,
        })
    }

    /// The canonical text; begins with `/`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether an encoded slash (`%2F`) stands in it: only a route with `encoded_slash: keep` may take such a path.
    pub fn has_encoded_slash(&self) -> bool {
        self.encoded_slash
    }

    /// Whether a segment has a `;`, raw or as `%3B`: what stands behind it is a parameter to some servers, which take the
    /// segment without it, and so see another path than was decided on. Only a route with `path_parameters: keep` may take such a path.
    pub fn has_parameters(&self) -> bool {
        self.parameters
    }

    /// Its segments, at least one. Only the last may be empty: a trailing slash.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        // The text begins with a slash, so the piece before it is empty and is no segment.
        self.text.split('/').skip(1)
    }

    /// The same with its own text.
    pub fn into_owned(self) -> CanonicalPath<'static> {
        CanonicalPath {
            text: Cow::Owned(self.text.into_owned()),
            encoded_slash: self.encoded_slash,
            parameters: self.parameters,
        }
    }

    /// Appends the path after `strip` and `add` to `out`; an error where the result would not be canonical
    /// or `strip` is not a prefix (then `out` is as it was). Stripping everything leaves `/`.
    pub fn rewrite_into(
        &self,
        strip: Option<&PathPrefix>,
        add: Option<&PathPrefix>,
        out: &mut Vec<u8>,
    ) -> Result<(), PathError> {
        let rest = match strip {
            None => self.as_str(),
            Some(strip) => strip.strip_from(self.as_str()).ok_or(PathError::NotBelowPrefix)?,
        };
        let begin = out.len();
        out.extend_from_slice(add.map_or("", PathPrefix::as_str).as_bytes());
        out.extend_from_slice(rest.as_bytes());
        if strip.is_none() && add.is_none() {
            return Ok(());
        }
        // What is sent is checked, not what was reasoned about it.
        match CanonicalPath::parse(&out[begin..]) {
            Ok(CanonicalPath {
                text: Cow::Borrowed(_),
                ..
            }) => Ok(()),
            Ok(_) => {
                out.truncate(begin);
                Err(PathError::NotCanonical)
            }
            Err(error) => {
                out.truncate(begin);
                Err(error)
            }
        }
    }

    /// Whether `text` is canonical already; otherwise how it would be spelled, or why it cannot be.
    pub(super) fn respelled(text: &str) -> Result<Option<String>, PathError> {
        Ok(match CanonicalPath::parse(text.as_bytes())?.text {
            Cow::Borrowed(_) => None,
            Cow::Owned(canonical) => Some(canonical),
        })
    }
}

/// A canonical prefix that ends at a segment boundary, without its trailing slash: `/api`, never `/` or `/api/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathPrefix(Box<str>);

impl PathPrefix {
    /// From configuration text. An encoded slash is refused, because it would end the prefix inside of a segment.
    pub fn parse(text: &str) -> Result<PathPrefix, PathError> {
        let path = CanonicalPath::parse(text.as_bytes())?;
        if path.has_encoded_slash() {
            return Err(PathError::EncodedSlash);
        }
        if text == "/" {
            return Err(PathError::PrefixIsRoot);
        }
        if text.ends_with('/') {
            return Err(PathError::PrefixEndsWithSlash);
        }
        match path.text {
            Cow::Borrowed(text) => Ok(PathPrefix(text.into())),
            Cow::Owned(_) => Err(PathError::NotCanonical),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is left of a canonical path behind this prefix; `/` where nothing is, `None` where it is not below.
    fn strip_from<'p>(&self, path: &'p str) -> Option<&'p str> {
        match path.strip_prefix(self.as_str())? {
            "" => Some("/"),
            rest if rest.starts_with('/') => Some(rest),
            _ => None,
        }
    }
}

/// Why bytes are no canonical path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.message())]
pub enum PathError {
    /// Empty, or relative.
    NoLeadingSlash,
    /// Bytes above 0x7F that are not percent-encoded.
    NonAscii,
    /// A byte that RFC 3986 §3.3 has not in a path: controls, blanks, `?`, `#`, quotes, brackets and the like.
    ByteNotAllowed,
    /// `\`, which some servers take for a slash.
    Backslash,
    /// `%5C`.
    EncodedBackslash,
    /// `%00` to `%1F`, `%7F`, and U+0080 to U+009F in UTF-8.
    EncodedControl,
    /// `%` without two hexadecimal digits.
    EscapeMalformed,
    /// Escapes above `%7F` that are not UTF-8 in its shortest form.
    EscapeNotUtf8,
    /// `//`, also where a slash is encoded, and a segment that begins with `;` (what some servers cut off there).
    EmptySegment,
    /// `.` or `..`, raw, encoded, or before a `;`.
    DotSegment,
    /// `%2F` where the route, or the place, does not keep it.
    EncodedSlash,
    /// A path under which a prefix was to be stripped does not begin with it.
    NotBelowPrefix,
    /// The prefix is `/`, which is the same as none.
    PrefixIsRoot,
    /// The prefix ends with a slash.
    PrefixEndsWithSlash,
    /// Configuration text, or a rewritten path, that has a different canonical spelling.
    NotCanonical,
}

impl PathError {
    /// The same as `Display`: one fixed sentence that may be shown to the caller.
    pub const fn message(self) -> &'static str {
        match self {
            PathError::NoLeadingSlash => "The path must begin with a slash.",
            PathError::NonAscii => "The path has bytes outside of ASCII that are not percent-encoded.",
            PathError::ByteNotAllowed => "The path has a character that must be percent-encoded.",
            PathError::Backslash => "The path has a backslash.",
            PathError::EncodedBackslash => "The path has an encoded backslash.",
            PathError::EncodedControl => "The path has an encoded control character.",
            PathError::EscapeMalformed => "The path has a percent sign without two hexadecimal digits.",
            PathError::EscapeNotUtf8 => "The path has percent-encoded bytes that are not UTF-8.",
            PathError::EmptySegment => "The path has an empty segment.",
            PathError::DotSegment => "The path has a dot segment.",
            PathError::EncodedSlash => "The path has an encoded slash.",
            PathError::NotBelowPrefix => "The path does not begin with the prefix of its route.",
            PathError::PrefixIsRoot => "The prefix is the root.",
            PathError::PrefixEndsWithSlash => "The prefix ends with a slash.",
            PathError::NotCanonical => "The path is not in its canonical spelling.",
        }
    }
}

/// What a raw byte asks of the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Slash,
    Semicolon,
    Percent,
    Backslash,
    NonAscii,
    Refused,
}

static CLASS: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Refused; 256];
    let mut byte = 0u8;
    loop {
        table[byte as usize] = match byte {
            b'/' => Class::Slash,
            b';' => Class::Semicolon,
            b'%' => Class::Percent,
            b'\\' => Class::Backslash,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@' => {
                Class::Plain
            }
            plain if is_unreserved(plain) => Class::Plain,
            0x80.. => Class::NonAscii,
            _ => Class::Refused,
        };
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

/// RFC 3986 §2.3.
pub(super) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The bits of `MARKS`: what a byte alone says about whether a path is canonical.
const SLASH: u8 = 1;
/// Nothing that begins a segment of an ordinary path.
const NOT_BEHIND_SLASH: u8 = SLASH << 1;
/// Nothing that stands anywhere in an ordinary path.
const NOT_AT_ALL: u8 = SLASH << 2;

static MARKS: [u8; 256] = marks();

const fn marks() -> [u8; 256] {
    let classes = classes();
    let mut table = [NOT_AT_ALL; 256];
    let mut byte = 0u8;
    loop {
        table[byte as usize] = match classes[byte as usize] {
            Class::Plain if byte == b'.' => NOT_BEHIND_SLASH,
            Class::Plain => 0,
            Class::Slash => SLASH | NOT_BEHIND_SLASH,
            _ => NOT_AT_ALL,
        };
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

/// Whether a path is canonical at first sight: no escapes, no `;`, and no segment that is empty or begins with `.`.
///
/// Nearly every request's path is. One look at a table per byte and no branch that depends on the path, since
/// guessing where the slashes are would cost more than everything else here; what it does not clear goes to
/// the `Reader`, which alone knows what is wrong.
fn is_plain(raw: &[u8]) -> bool {
    let mut behind = 0;
    let mut seen = 0;
    for &byte in raw {
        let marks = MARKS[usize::from(byte)];
        seen |= (marks & NOT_AT_ALL) | (marks & NOT_BEHIND_SLASH & (behind << 1));
        behind = marks & SLASH;
    }
    seen == 0
}

/// One pass over a raw path. Nothing is copied until the first escape that has to be respelled.
struct Reader<'a> {
    text: &'a str,
    /// The next byte to read.
    at: usize,
    /// Where the current segment begins; an encoded slash begins one too.
    segment: usize,
    /// `out` is the canonical text of everything before this index; 0 while nothing was respelled.
    kept: usize,
    out: String,
    encoded_slash: bool,
    parameters: bool,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), PathError> {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            match CLASS[usize::from(byte)] {
                Class::Plain => self.at += 1,
                Class::Slash => {
                    self.end_name()?;
                    self.at += 1;
                    self.segment = self.at;
                }
                Class::Semicolon => {
                    self.end_name()?;
                    self.parameters = true;
                    self.at += 1;
                }
                Class::Percent => self.escape()?,
                Class::Backslash => return Err(PathError::Backslash),
                Class::NonAscii => return Err(PathError::NonAscii),
                Class::Refused => return Err(PathError::ByteNotAllowed),
            }
        }
        // The last segment may be empty: one trailing slash is kept.
        if is_dot_segment(&self.text.as_bytes()[self.segment..]) {
            Err(PathError::DotSegment)
        } else {
            Ok(())
        }
    }

    /// At a slash or a `;`: what stands before it in its segment may be neither nothing nor dots.
    #[inline]
    fn end_name(&self) -> Result<(), PathError> {
        match &self.text.as_bytes()[self.segment..self.at] {
            [] => Err(PathError::EmptySegment),
            name @ [b'.' | b'%', ..] if is_dot_segment(name) => Err(PathError::DotSegment),
            _ => Ok(()),
        }
    }

    /// At a `%`.
    fn escape(&mut self) -> Result<(), PathError> {
        let value = self.escaped_byte(self.at)?;
        match value {
            plain if is_unreserved(plain) => {
                self.respell(3, |out, _| out.push(char::from(plain)));
                return Ok(());
            }
            0x00..=0x1F | 0x7F => return Err(PathError::EncodedControl),
            b'\\' => return Err(PathError::EncodedBackslash),
            b'/' => {
                self.end_name()?;
                self.encoded_slash = true;
                self.segment = self.at + 3;
            }
            // A server that decodes before it cuts parameters off sees the same `;`.
            b';' => {
                self.end_name()?;
                self.parameters = true;
            }
            0x80.. => return self.escaped_scalar(value),
            _ => {}
        }
        self.keep_escapes(3);
        Ok(())
    }

    /// At the first escape of a character beyond ASCII, whose first byte is `lead`.
    fn escaped_scalar(&mut self, lead: u8) -> Result<(), PathError> {
        let width: usize = match lead {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => return Err(PathError::EscapeNotUtf8),
        };
        let mut bytes = [lead, 0, 0, 0];
        for (index, byte) in bytes.iter_mut().enumerate().take(width).skip(1) {
            let at = self.at + 3 * index;
            if self.text.as_bytes().get(at) != Some(&b'%') {
                return Err(PathError::EscapeNotUtf8);
            }
            *byte = self.escaped_byte(at)?;
        }
        let scalar = std::str::from_utf8(&bytes[..width]).map_err(|_| PathError::EscapeNotUtf8)?;
        if scalar.chars().any(char::is_control) {
            return Err(PathError::EncodedControl);
        }
        self.keep_escapes(3 * width);
        Ok(())
    }

    /// The value of the escape whose `%` is at `at`.
    fn escaped_byte(&self, at: usize) -> Result<u8, PathError> {
        match self.text.as_bytes().get(at + 1..at + 3) {
            Some(&[high, low]) => match (hex_digit(high), hex_digit(low)) {
                (Some(high), Some(low)) => Ok(high << 4 | low),
                _ => Err(PathError::EscapeMalformed),
            },
            _ => Err(PathError::EscapeMalformed),
        }
    }

    /// The next `width` bytes are escapes that stay escapes, in upper case.
    fn keep_escapes(&mut self, width: usize) {
        let raw = &self.text.as_bytes()[self.at..self.at + width];
        if raw.iter().any(u8::is_ascii_lowercase) {
            self.respell(width, |out, raw| out.push_str(&raw.to_ascii_uppercase()));
        } else {
            self.at += width;
        }
    }

    /// The next `width` bytes are spelled otherwise; `write` appends how.
    fn respell(&mut self, width: usize, write: impl FnOnce(&mut String, &str)) {
        let end = self.at + width;
        self.out.push_str(&self.text[self.kept..self.at]);
        write(&mut self.out, &self.text[self.at..end]);
        self.kept = end;
        self.at = end;
    }
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Whether a raw segment is one or two dots, each raw or encoded.
fn is_dot_segment(mut raw: &[u8]) -> bool {
    let mut dots = 0;
    loop {
        raw = match raw {
            [] => return dots == 1 || dots == 2,
            [b'.', rest @ ..] | [b'%', b'2', b'e' | b'E', rest @ ..] => rest,
            _ => return false,
        };
        dots += 1;
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
