//! How problems look: for a person as `FILE:LINE:COLUMN: message` with a snippet and help below, for a program as JSON.

use super::load::Checked;
use super::problem::{Problem, Severity};
use super::source::{Source, Span};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt::Write as _;
use std::ops::Range;

/// Of a longer line (JSON is often one) only what stands around the problem is shown.
const LINE_BYTES_MAX: usize = 160;

/// Problems with the text that they are about.
pub(super) struct Report<'a> {
    pub(super) problems: &'a [Problem],
    pub(super) source: &'a Source,
}

impl Checked {
    /// All problems for a person, in colour (ANSI escapes). Empty where there are none.
    pub fn render(&self) -> String {
        self.report().render(true)
    }

    /// All problems for a person, without colour. Empty where there are none.
    pub fn render_plain(&self) -> String {
        self.report().render(false)
    }

    /// All problems for a program: `{"problems":[{"file","line","column","severity","message","help"}]}`.
    pub fn to_json(&self) -> serde_json::Value {
        self.report().to_json()
    }

    fn report(&self) -> Report<'_> {
        Report {
            problems: &self.problems,
            source: &self.source,
        }
    }
}

impl Report<'_> {
    /// For a person.
    pub(super) fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let (bold, plain) = if colour { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        let mut report = String::new();
        for problem in self.problems {
            let Problem {
                file,
                line,
                column,
                message,
                ..
            } = problem;
            let kind = match problem.severity {
                Severity::Error => "",
                Severity::Warning => "warning: ",
            };
            // Writing to a string never fails.
            let _ = writeln!(report, "{bold}{file}:{line}:{column}: {kind}{message}{plain}");
            let snippet = renderer.render(&groups(self.source, problem));
            let _ = writeln!(report, "{}\n", snippet.trim_end());
        }
        report
    }

    /// For a program.
    pub(super) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "problems": self.problems })
    }
}

/// The line of a problem, marked, with its help; then the other place that it is about.
fn groups<'a>(source: &'a Source, problem: &'a Problem) -> Vec<Group<'a>> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_level(level).element(snippet(source, problem.span));
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut groups = vec![group];
    if let Some((span, label)) = problem.related {
        groups.push(Level::NOTE.secondary_title(label).element(snippet(source, span)));
    }
    groups
}

fn snippet(source: &Source, span: Span) -> Snippet<'_, Annotation<'_>> {
    let (text, line, marked) = excerpt(source, span);
    let annotation = AnnotationKind::Primary.span(marked);
    Snippet::source(text)
        .line_start(line)
        .fold(false)
        .annotation(annotation)
}

/// The line in which a span begins, its number, and where in it the span lies.
fn excerpt(source: &Source, span: Span) -> (String, usize, Range<usize>) {
    let line = source.line(span.start);
    let begin = source.line_start(line);
    let text = source
        .text()
        .get(begin..source.line_start(line + 1))
        .unwrap_or_default();
    let text = text.trim_end_matches(['\n', '\r']);
    let start = source
        .boundary(span.start as usize)
        .saturating_sub(begin)
        .min(text.len());
    let end = source
        .boundary(span.end as usize)
        .saturating_sub(begin)
        .clamp(start, text.len());
    if text.len() <= LINE_BYTES_MAX {
        return (text.to_owned(), line, start..end);
    }
    let from = text.floor_char_boundary(start.saturating_sub(LINE_BYTES_MAX / 2));
    let to = text.floor_char_boundary(from.saturating_add(LINE_BYTES_MAX));
    let cut = text.get(from..to).unwrap_or_default().to_owned();
    let marked = (start - from).min(cut.len())..(end - from).min(cut.len());
    (cut, line, marked)
}
