//! When the configuration is taken over anew, and how that went: the file is watched, and somebody may ask.
//!
//! Mechanism only: what a configuration is, and how it is put to use, is the caller's.

mod outcome;
mod places;
mod watch;

pub use outcome::{Failure, Outcome, Outcomes};
pub use watch::{Cause, Watch, content_hash, watch};

#[cfg(test)]
mod tests;
