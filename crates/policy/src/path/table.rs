//! The matcher: skeleton.

use super::{CanonicalPath, Host, HostPattern, Pattern};

/// Builds a `Table`.
#[derive(Debug)]
pub struct TableBuilder<T>(Vec<T>);

impl<T> TableBuilder<T> {
    /// An empty one.
    pub fn new() -> Self {
        todo!()
    }
    /// The value under (host, shape of pattern), made by `make` where there is none yet.
    pub fn entry(
        &mut self,
        host: Option<&HostPattern>,
        pattern: &Pattern,
        make: impl FnOnce() -> T,
    ) -> &mut T {
        let _ = (host, pattern, make);
        todo!()
    }
    /// Freezes it.
    pub fn build(self) -> Table<T> {
        todo!()
    }
}

/// From host and path to the most specific value, in time that does not grow with the number of patterns.
#[derive(Debug)]
pub struct Table<T>(Vec<T>);

impl<T> Table<T> {
    /// The value under the winning pattern: the first host tier with a match, and in it the most specific pattern.
    pub fn find(&self, host: &Host<'_>, path: &CanonicalPath<'_>) -> Option<&T> {
        let _ = (host, path);
        todo!()
    }
}
