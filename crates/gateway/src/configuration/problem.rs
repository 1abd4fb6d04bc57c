//! What is wrong with a file: every problem at once, in the order of the file.
//!
//! The reading and checking steps add drafts that know only spans; `resolve` turns them into problems with line and
//! column. How a problem looks on a terminal is `report`'s business.

use super::source::{Source, Span};
use serde::Serialize;

/// Most problems that are kept; a file with more says how many were left out.
const PROBLEMS_MAX: usize = 1_000;

/// Whether a problem keeps the gateway from serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is taken; something in it has no effect, or is open to everyone.
    Warning,
}

/// One problem. As JSON: `{"file", "line", "column", "severity", "message", "help"}`; `help` may be null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Whether the file is refused for it.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The section or key is well-formed, and what it asks for does not exist yet.
    #[serde(skip)]
    pub not_in_this_version: bool,
    #[serde(skip)]
    pub(super) span: Span,
    #[serde(skip)]
    pub(super) related: Option<(Span, &'static str)>,
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    drafts: Vec<Draft>,
    left_out: usize,
    errors: usize,
    further: Option<(Severity, usize)>,
}

/// A problem without its line and column.
#[derive(Debug)]
pub(super) struct Draft {
    span: Span,
    severity: Severity,
    message: String,
    help: Option<String>,
    related: Option<(Span, &'static str)>,
    not_in_this_version: bool,
}

impl Draft {
    /// What to write instead.
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Draft {
        self.help = Some(help.into());
        self
    }

    /// Another place that the problem is about, and what stands there.
    pub(super) fn related(&mut self, span: Span, label: &'static str) -> &mut Draft {
        self.related = Some((span, label));
        self
    }
}

impl Problems {
    /// Adds an error.
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Draft {
        self.add(span, Severity::Error, message.into())
    }

    /// Adds a warning.
    pub(super) fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Draft {
        self.add(span, Severity::Warning, message.into())
    }

    /// Adds the error that `what`, as it stands there, asks for something that does not exist yet.
    pub(super) fn not_in_this_version(&mut self, span: Span, what: &str) {
        let draft = self.error(span, format!("`{what}` is not in this version"));
        draft.not_in_this_version = true;
        draft.help(
            "take it out: a rule that was given is never ignored, so the gateway does not start with it",
        );
    }

    /// Adds problems of which only the number is known.
    pub(super) fn further(&mut self, severity: Severity, count: usize) {
        self.further = (count > 0).then_some((severity, count));
    }

    /// Whether a further problem would only be counted, so that nobody needs to think of a help for it.
    pub(super) fn is_full(&self) -> bool {
        self.drafts.len() >= PROBLEMS_MAX
    }

    /// How many errors there are, those that were left out among them.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    fn add(&mut self, span: Span, severity: Severity, message: String) -> &mut Draft {
        self.errors += usize::from(severity == Severity::Error);
        if self.drafts.len() > PROBLEMS_MAX {
            // The last place takes what is too much, so that callers can go on as always.
            self.left_out += 1;
            self.drafts.truncate(PROBLEMS_MAX);
        }
        let (help, related) = (None, None);
        self.drafts.push(Draft {
            span,
            severity,
            message,
            help,
            related,
            not_in_this_version: false,
        });
        self.drafts.last_mut().expect("one was pushed")
    }

    /// The problems in the order of the file.
    pub(super) fn resolve(mut self, source: &Source) -> Vec<Problem> {
        if self.left_out > 0 {
            self.drafts.truncate(PROBLEMS_MAX);
            self.further = Some((Severity::Error, self.left_out + 1));
        }
        if let Some((severity, count)) = self.further {
            let end = self.drafts.iter().map(|draft| draft.span.end).max().unwrap_or(0);
            let message = format!("{count} further problems are not shown");
            self.add(Span { start: end, end }, severity, message);
        }
        self.drafts.sort_by_key(|draft| draft.span.start);
        let mut places = source.places();
        let resolved = self.drafts.into_iter().map(|draft| {
            let (line, column) = places.next(draft.span.start);
            Problem {
                file: source.name().to_owned(),
                line,
                column,
                severity: draft.severity,
                message: draft.message,
                help: draft.help,
                not_in_this_version: draft.not_in_this_version,
                span: draft.span,
                related: draft.related,
            }
        });
        resolved.collect()
    }
}
