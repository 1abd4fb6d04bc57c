//! Operational logs: to stderr, readable on a terminal, one JSON object a line everywhere else.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// The variable that sets what is logged: a level, or `target=level` pairs.
const VARIABLE: &str = "SWITCHBOARD_LOG";

/// What watches files tells of each change below `info`. Where this log lies in a directory that is watched, each line would
/// cause the next, until the disk is full.
const WATCHER: &str = "notify=info";

/// Starts logging at `info`, or at what the variable says; once per process.
pub(crate) fn start(default_level: &str) {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(default_level));
    let filter = without_watcher(filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start finds the first one's subscriber in place, which is what it wants.
    let _ = if std::io::stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder.json().try_init()
    };
}

fn without_watcher(filter: EnvFilter) -> EnvFilter {
    match WATCHER.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_in_a_watched_directory_does_not_write_itself_full() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(without_watcher(EnvFilter::new("trace")))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "notify::inotify", "inotify event");
            tracing::debug!(target: "notify::inotify", "inotify event");
            tracing::warn!(target: "notify::inotify", "a queue overflowed");
            tracing::trace!(target: "gateway::reload", "looked");
        });
        let lines = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = String::from_utf8_lossy(&lines);
        assert!(!lines.contains("inotify event"), "{lines}");
        assert!(
            lines.contains("overflowed") && lines.contains("looked"),
            "{lines}"
        );
    }
}
