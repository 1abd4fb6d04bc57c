//! How far something long is: one line on stderr that is written over, where a person looks at it; nothing elsewhere.

use std::io::{IsTerminal as _, Write as _};

/// A line that says how far it is. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    is_seen: bool,
    last: String,
}

impl Progress {
    /// Nothing is shown yet.
    pub(crate) fn new() -> Progress {
        Progress {
            is_seen: std::io::stderr().is_terminal(),
            last: String::new(),
        }
    }

    /// Says it, if it is something else than before.
    pub(crate) fn say(&mut self, text: &str) {
        if self.is_seen && text != self.last {
            // A counter that cannot be written is no reason to stop what it counts.
            let _ = write!(std::io::stderr(), "\r\x1b[K{text}");
            text.clone_into(&mut self.last);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if !self.last.is_empty() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
