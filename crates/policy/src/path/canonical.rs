//! The canonical path: skeleton.

use std::borrow::Cow;

/// A request path in the one form that everything matches on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath<'a> {
    text: Cow<'a, str>,
    encoded_slash: bool,
}

impl<'a> CanonicalPath<'a> {
    /// From the raw path of a target, without its query. Borrows where `raw` is canonical already.
    pub fn parse(raw: &'a [u8]) -> Result<CanonicalPath<'a>, PathError> {
        let _ = raw;
        todo!()
    }
    /// The canonical text; begins with `/`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// Whether an encoded slash (`%2F`) stands in it: only a route with `encoded_slash: keep` may take such a path.
    pub fn has_encoded_slash(&self) -> bool {
        self.encoded_slash
    }
    /// The same with its own text.
    pub fn into_owned(self) -> CanonicalPath<'static> {
        todo!()
    }
    /// Appends the path after `strip` and `add` to `out`; an error where the result would not be canonical
    /// or `strip` is not a prefix (then `out` is as it was).
    pub fn rewrite_into(
        &self,
        strip: Option<&PathPrefix>,
        add: Option<&PathPrefix>,
        out: &mut Vec<u8>,
    ) -> Result<(), PathError> {
        let _ = (strip, add, out);
        todo!()
    }
}

/// A canonical prefix that ends at a segment boundary, without its trailing slash: `/api`, never `/` or `/api/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPrefix(Box<str>);

impl PathPrefix {
    /// From configuration text.
    pub fn parse(text: &str) -> Result<PathPrefix, PathError> {
        let _ = text;
        todo!()
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why bytes are no canonical path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Skeleton; the real variants come with the implementation.
    #[error("the path is not canonical")]
    NotCanonical,
}
impl PathError {
    /// stub
    pub fn message(self) -> &'static str {
        ""
    }
}
