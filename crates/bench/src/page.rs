//! What was found, as text for a terminal and as docs/benchmarks.md.

use crate::lab::{Lab, Programs};
use crate::measure::{Spread, ratio};
use std::fmt::Write;
use std::time::SystemTime;

/// How it is measured, and where the time goes: written by people, kept when the page is made anew.
const NOTES: &str = include_str!("../notes.md");

/// How the one cell of a void row begins.
const VOID: &str = "void: ";

/// The whole page.
#[derive(Debug)]
pub(crate) struct Page {
    machine: Vec<String>,
    pub(crate) sections: Vec<Section>,
}

/// One row of the benchmark.
#[derive(Debug, Default)]
pub(crate) struct Section {
    title: String,
    pub(crate) intro: String,
    pub(crate) tables: Vec<Table>,
    pub(crate) notes: Vec<String>,
    pub(crate) targets: Vec<Target>,
}

/// The first column is a name; all others are right-aligned.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// What was wanted, and what was found.
#[derive(Debug)]
pub(crate) struct Target {
    what: String,
    found: Option<f64>,
    most: f64,
    unit: &'static str,
    decimals: usize,
}

impl Target {
    pub(crate) fn ratio(what: &str, found: Option<f64>, most: f64) -> Self {
        Self {
            what: what.to_owned(),
            found,
            most,
            unit: " ×",
            decimals: 2,
        }
    }

    pub(crate) fn megabytes(what: &str, found: Option<f64>, most: f64) -> Self {
        Self {
            what: what.to_owned(),
            found,
            most,
            unit: " MB",
            decimals: 0,
        }
    }

    pub(crate) fn milliseconds(what: &str, found: Option<f64>, most: f64) -> Self {
        Self {
            what: what.to_owned(),
            found,
            most,
            unit: " ms",
            decimals: 0,
        }
    }

    /// At most this, to a tenth.
    pub(crate) fn microseconds(what: &str, found: Option<f64>, most: f64) -> Self {
        Self {
            what: what.to_owned(),
            found,
            most: (most * 10.0).round() / 10.0,
            unit: " µs",
            decimals: 1,
        }
    }

    pub(crate) fn percent(what: &str, found: Option<f64>, most: f64) -> Self {
        Self {
            what: what.to_owned(),
            found,
            most,
            unit: " %",
            decimals: 2,
        }
    }

    pub(crate) fn count(what: &str, found: Option<f64>, most: f64) -> Self {
        Self {
            what: what.to_owned(),
            found,
            most,
            unit: "",
            decimals: 0,
        }
    }

    fn verdict(&self) -> String {
        match self.found {
            None => "**not measured**".to_owned(),
            Some(found) if found <= self.most => "hit".to_owned(),
            Some(_) if self.most == 0.0 => "**miss**".to_owned(),
            Some(found) => format!("**miss** by {:.0} %", (found / self.most - 1.0) * 100.0),
        }
    }

    fn cells(&self) -> [String; 3] {
        let Self {
            most, unit, decimals, ..
        } = self;
        let found = self
            .found
            .map_or("–".to_owned(), |found| format!("{found:.decimals$}{unit}"));
        [format!("≤ {most}{unit}"), found, self.verdict()]
    }
}

impl Table {
    pub(crate) fn new(title: &str, head: &[&str]) -> Self {
        let head = head.iter().map(|cell| (*cell).to_owned()).collect();
        Self {
            title: title.to_owned(),
            head,
            rows: Vec::new(),
        }
    }

    /// A row; where it is void, the reason in place of the cells.
    pub(crate) fn row<const N: usize>(&mut self, name: &str, void: Option<&str>, cells: [String; N]) {
        let mut row = vec![name.to_owned()];
        match void {
            None => row.extend(cells),
            // A bar would end the cell.
            Some(reason) => row.push(format!("{VOID}{}", reason.replace('|', "/"))),
        }
        row.resize(self.head.len(), String::new());
        self.rows.push(row);
    }

    fn text(&self) -> String {
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let cells = |column: usize| {
            all()
                .map(move |row| &row[column])
                .filter(|cell| !cell.starts_with(VOID))
        };
        let width = |column: usize| cells(column).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let mut text = String::new();
        if !self.title.is_empty() {
            let _ = writeln!(text, "{}", self.title);
        }
        for row in all() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let _ = match column {
                    0 => write!(text, "  {cell:<width$}"),
                    _ => write!(text, "  {cell:>width$}"),
                };
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = String::new();
        if !self.title.is_empty() {
            let _ = writeln!(text, "{}:\n", self.title);
        }
        text.push_str(&line(&self.head));
        let rule: Vec<String> = (0..self.head.len())
            .map(|column| if column == 0 { "---" } else { "---:" }.to_owned())
            .collect();
        text.push_str(&line(&rule));
        self.rows.iter().for_each(|row| text.push_str(&line(row)));
        text
    }
}

impl Section {
    pub(crate) fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            ..Self::default()
        }
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.title);
        self.tables
            .iter()
            .for_each(|table| text.push_str(&format!("\n{}", table.text())));
        self.notes
            .iter()
            .for_each(|note| text.push_str(&format!("\n  {note}\n")));
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n", self.title, self.intro);
        self.tables
            .iter()
            .for_each(|table| text.push_str(&format!("\n{}", table.markdown())));
        self.notes
            .iter()
            .for_each(|note| text.push_str(&format!("\n{note}\n")));
        text
    }
}

impl Page {
    /// An empty page about this machine, now.
    pub(crate) fn new(lab: &Lab) -> Self {
        Self {
            machine: machine(&lab.programs),
            sections: Vec::new(),
        }
    }

    fn targets(&self) -> Table {
        let mut table = Table::new("", &["target", "at most", "found", "verdict"]);
        for target in self.sections.iter().flat_map(|section| &section.targets) {
            table.row(&target.what, None, target.cells());
        }
        table
    }

    /// Hits and misses, for a terminal.
    pub(crate) fn targets_text(&self) -> String {
        self.targets().text().replace("**", "")
    }

    /// docs/benchmarks.md.
    pub(crate) fn markdown(&self) -> String {
        let mut text = "# Benchmarks\n\n`cargo xtask bench` writes this page; change it there or in `crates/bench/notes.md`.\n\n".to_owned();
        self.machine
            .iter()
            .for_each(|line| text.push_str(&format!("- {line}\n")));
        let _ = write!(text, "\n## Targets\n\n{}", self.targets().markdown());
        self.sections
            .iter()
            .for_each(|section| text.push_str(&format!("\n{}", section.markdown())));
        let _ = write!(text, "\n{}", NOTES);
        text
    }
}

/// What was measured on, with what, and when.
fn machine(programs: &Programs) -> Vec<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let model = read("/proc/cpuinfo");
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cores = cores.max(read("/proc/cpuinfo").matches("processor\t").count());
    vec![
        format!("Date: {}", httpdate::fmt_http_date(SystemTime::now())),
        format!(
            "Machine: {model}, {cores} cores, Linux {}",
            read("/proc/sys/kernel/osrelease").trim()
        ),
        format!(
            "Peers: {}; {}; {}",
            short(&Programs::version(&programs.nginx, "-v")),
            short(&Programs::version(&programs.haproxy, "-v")),
            short(&Programs::version(&programs.envoy, "--version"))
        ),
    ]
}

/// The part of a version line that says which version; Envoy's, for one, begins with the path of its program.
fn short(version: &str) -> String {
    if let Some((_, numbers)) = version.split_once("version: ") {
        let parts: Vec<&str> = numbers.split('/').collect();
        return match parts.as_slice() {
            [_, number, _, ..] => format!("Envoy {number}"),
            _ => numbers.replace('/', " "),
        };
    }
    version.split(" - ").next().unwrap_or(version).to_owned()
}

/// Median and range.
pub(crate) fn spread_cell(values: &[f64], decimals: usize) -> String {
    match Spread::of(values.iter().copied()) {
        Some(Spread { median, low, high }) => {
            format!("{median:.decimals$} ({low:.decimals$}–{high:.decimals$})")
        }
        None => "–".to_owned(),
    }
}

/// The ratio of the medians and the range of the rounds' own.
pub(crate) fn ratio_cell(own: &[f64], other: Option<Vec<f64>>) -> String {
    match other.and_then(|other| ratio(own, &other)) {
        Some(Spread { median, low, high }) => format!("{median:.2} ({low:.2}–{high:.2})"),
        None => "–".to_owned(),
    }
}

/// 10⁶ bytes.
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    //! Verdicts are told as they are, and tables hold their shape.

    use super::*;

    #[test]
    fn verdicts() {
        let verdict = |found| Target::ratio("x", found, 0.85).verdict();
        assert_eq!(verdict(Some(0.85)), "hit");
        assert_eq!(verdict(Some(0.935)), "**miss** by 10 %");
        assert_eq!(verdict(None), "**not measured**");
        assert_eq!(Target::count("x", Some(1.0), 0.0).verdict(), "**miss**");
    }

    #[test]
    fn a_table_as_text_and_as_markdown() {
        let mut table = Table::new("T", &["proxy", "µs", "÷"]);
        table.row("nginx", None, ["12.5".into(), "1.00".into()]);
        table.row("a", Some("wrong | x"), ["".into(), "".into()]);
        assert_eq!(
            table.text(),
            "T\n  proxy    µs     ÷\n  nginx  12.5  1.00\n  a      void: wrong / x\n"
        );
        let expected = "T:\n\n| proxy | µs | ÷ |\n| --- | ---: | ---: |\n| nginx | 12.5 | 1.00 |\n| a | void: wrong / x |  |\n";
        assert_eq!(table.markdown(), expected);
    }

    #[test]
    fn version_lines() {
        assert_eq!(short("nginx version: nginx/1.22.1"), "nginx 1.22.1");
        assert_eq!(
            short("HAProxy version 2.6.12-1 2026/10/17 - https://haproxy.org/"),
            "HAProxy version 2.6.12-1 2026/10/17"
        );
        assert_eq!(
            short("/x/envoy  version: 0123abc/1.40.0/Clean/RELEASE/BoringSSL"),
            "Envoy 1.40.0"
        );
    }
}
