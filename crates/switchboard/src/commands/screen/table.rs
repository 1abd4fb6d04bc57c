//! Rows under a head, in columns as wide as what stands in them.

use super::style::STRONG;
use anstyle::Style;
use std::fmt::Write as _;

/// One cell: a text, and how it looks.
type Cell = (String, Style);

/// A table that is being filled.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With this head.
    pub(crate) fn new(head: &[&'static str]) -> Table {
        Table {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    /// One more row, as plain texts.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.styled(cells.into_iter().map(|cell| (cell, Style::new())));
    }

    /// One more row.
    pub(crate) fn styled(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// All of it, with a line end behind each row. Nothing where there are no rows.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        if self.rows.is_empty() {
            return out;
        }
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|(text, _)| text.chars().count()).max().unwrap_or(0);
            widest.max(self.head.get(column).map_or(0, |text| text.len()))
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let head = self.head.iter().map(|text| ((*text).to_owned(), STRONG));
        line(&head.collect::<Vec<_>>(), &widths, &mut out);
        for row in &self.rows {
            line(row, &widths, &mut out);
        }
        out
    }
}

fn line(row: &[Cell], widths: &[usize], out: &mut String) {
    let last = row.iter().rposition(|(text, _)| !text.is_empty()).unwrap_or(0);
    for (column, (text, style)) in row.iter().enumerate().take(last + 1) {
        let fill = widths
            .get(column)
            .map_or(0, |width| width.saturating_sub(text.chars().count()));
        // Blanks stand outside of the colour. Writing to a string never fails.
        let _ = match column == last {
            true => write!(out, "{style}{text}{style:#}"),
            false => write!(out, "{style}{text}{style:#}{}", " ".repeat(fill + 2)),
        };
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them_and_no_line_ends_in_blanks() {
        let mut table = Table::new(&["NAME", "N", "WHY"]);
        table.row(["a".to_owned(), "1,000".to_owned(), String::new()]);
        table.row(["longer".to_owned(), "2".to_owned(), "because".to_owned()]);
        let plain = anstream::adapter::strip_str(&table.render()).to_string();
        assert_eq!(
            plain,
            "NAME    N      WHY\na       1,000\nlonger  2      because\n"
        );
        assert_eq!(Table::new(&["NAME"]).render(), "");
    }
}
