//! Host names: skeleton.

use std::borrow::Cow;

/// The host of a request: lower case, without port and trailing dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host<'a>(Cow<'a, str>);

impl<'a> Host<'a> {
    /// From a Host field's value (`uri-host [":" port]`, RFC 9110 §7.2), IP literals included.
    pub fn parse(value: &'a [u8]) -> Result<Host<'a>, HostError> {
        let _ = value;
        todo!()
    }
    /// The host, without port.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why bytes are no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Skeleton.
    #[error("not a host")]
    Malformed,
}

/// `exact.example.com` or `*.example.com` (any number of labels in place of the star, at least one).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This host alone.
    Exact(Box<str>),
    /// Every host that ends with this (`.example.com`).
    Suffix(Box<str>),
}

impl HostPattern {
    /// From configuration text.
    pub fn parse(text: &str) -> Result<HostPattern, HostError> {
        let _ = text;
        todo!()
    }
    /// Whether a request's host fits.
    pub fn matches(&self, host: &Host<'_>) -> bool {
        let _ = host;
        todo!()
    }
}
