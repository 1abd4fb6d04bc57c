//! Colours by what they say. Whoever prints takes them out where they are not wanted (anstream).

use anstyle::{AnsiColor, Style};

/// It is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Look at it.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// The thing itself.
pub(crate) const STRONG: Style = Style::new().bold();
/// Said for completeness.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// It comes.
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
/// It becomes another.
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
/// It goes.
pub(crate) const GONE: Style = AnsiColor::Red.on_default();
