//! What commands print: tables, times, a counter while something takes long.

mod progress;
mod style;
mod table;
mod time;

pub(crate) use progress::Progress;
pub(crate) use style::{ADDED, CHANGED, FAINT, GONE, GOOD, STRONG, WARNING};
pub(crate) use table::Table;
pub(crate) use time::{ago, clock, now_ms, now_s, seconds, span, utc};
