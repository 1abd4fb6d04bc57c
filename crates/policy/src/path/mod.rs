//! Canonical path, pattern, host and matcher: the only home of all four.
//!
//! A `CanonicalPath` can be made here and nowhere else, so whatever holds one knows that it cannot mean
//! two things. Router, policy, limits, exclusions and transformations all match on it.

mod canonical;
mod host;
mod pattern;
mod table;

pub use canonical::{CanonicalPath, PathError, PathPrefix};
pub use host::{Host, HostError, HostPattern};
pub use pattern::{Pattern, PatternError, Segment};
pub use table::{Entries, Entry, Explained, Table, TableBuilder, Verdict};
