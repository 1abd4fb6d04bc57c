//! The text of a configuration file and where things stand in it.
//!
//! Everything that is read out of the text keeps a [`Span`]; lines and columns are worked out only for what
//! is shown to a person. Nothing here knows YAML, JSON or what the text means.

/// Most bytes that a file may have. One of 100,000 routes has about 17 million.
pub(super) const FILE_BYTES_MAX: usize = 64 << 20;

/// A stretch of the text, in bytes: from `start` to before `end`. Four bytes each do for [`FILE_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    /// From offsets in bytes; what lies beyond four bytes is cut, which [`FILE_BYTES_MAX`] rules out.
    pub(super) fn new(start: usize, end: usize) -> Span {
        let cut = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span {
            start: cut(start),
            end: cut(end.max(start)),
        }
    }
}

/// A file's name, text and line starts.
#[derive(Debug)]
pub(super) struct Source {
    name: Box<str>,
    text: Box<str>,
    line_starts: Vec<u32>,
}

impl Source {
    pub(super) fn new(name: &str, text: &str) -> Source {
        let mut line_starts = vec![0];
        line_starts
            .extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| Span::new(at + 1, at + 1).start));
        Source {
            name: name.into(),
            text: text.into(),
            line_starts,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The line of an offset, from 1. Cheap also where the whole file is one line, as generated JSON is.
    pub(super) fn line(&self, offset: u32) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).max(1)
    }

    /// Line and column of an offset, both from 1; the column counts characters, over the whole line.
    pub(super) fn position(&self, offset: u32) -> (usize, usize) {
        self.places().next(offset)
    }

    /// Lines and columns of many offsets, of which none is before the one asked for last.
    pub(super) fn places(&self) -> Places<'_> {
        Places {
            source: self,
            line: 1,
            offset: 0,
            column: 1,
        }
    }

    /// The offset at which a line (from 1) begins; the end of the text where there is no such line.
    pub(super) fn line_start(&self, line: usize) -> usize {
        self.line_starts
            .get(line.saturating_sub(1))
            .map_or(self.text.len(), |start| *start as usize)
    }

    /// The nearest offset at or before `offset` that lies between two characters.
    pub(super) fn boundary(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }
}

/// Where one got to in the text: many problems in one long line would otherwise each count it from its start.
#[derive(Debug)]
pub(super) struct Places<'s> {
    source: &'s Source,
    line: usize,
    offset: usize,
    column: usize,
}

impl Places<'_> {
    /// Line and column of an offset, both from 1; the column counts characters.
    pub(super) fn next(&mut self, offset: u32) -> (usize, usize) {
        let line = self.source.line(offset);
        if line != self.line {
            (self.line, self.offset, self.column) = (line, self.source.line_start(line), 1);
        }
        let end = self.source.boundary(offset as usize);
        let between = self.source.text.get(self.offset..end).unwrap_or_default();
        self.column += between.chars().count();
        self.offset = end.max(self.offset);
        (self.line, self.column)
    }
}
