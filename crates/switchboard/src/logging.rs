//! Operational logs: to stderr, readable on a terminal, one JSON object a line everywhere else.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// The variable that sets what is logged: a level, or `target=level` pairs.
const VARIABLE: &str = "SWITCHBOARD_LOG";

/// Starts logging at `info`, or at what the variable says; once per process.
pub(crate) fn start(default_level: &str) {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(default_level));
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
