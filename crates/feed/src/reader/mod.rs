//! What a reader of a feed may believe, line by line: the rules of feed.md §2, for every carrier alike.
//!
//! Pure: no socket, no file, and the time is passed in. A carrier gives lines, says when it is at the end that it captured,
//! and begins again when it is told to. What was shown stays shown, whatever comes.

mod contents;
mod held;
mod read;
mod state;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod world;

#[cfg(test)]
pub(crate) use read::Loosened;

pub use contents::{Contents, read_contents};
pub use held::{Changes, HELD_RECORDS_MAX, PENDING_BYTES_MAX};
pub use read::{Ignored, Read, Reader, Shown};
pub use state::{AHEAD_S_MAX, Bounds, State, View};
