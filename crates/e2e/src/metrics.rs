//! Prometheus text as a test reads it.

use std::collections::BTreeMap;

/// One scrape.
#[derive(Debug, Clone)]
pub struct Metrics {
    samples: Vec<Sample>,
}

#[derive(Debug, Clone)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Metrics {
    /// Reads the text; a line that is neither comment nor sample fails the test.
    pub fn parse(text: &str) -> Metrics {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let sample = |line| sample(line).unwrap_or_else(|| panic!("no sample: {line:?}"));
        Metrics {
            samples: lines.map(sample).collect(),
        }
    }

    /// The sum over all samples of this name that have these labels; zero where there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.matching(name, labels).map(|sample| sample.value).sum()
    }

    /// The values of all samples of this name.
    pub fn values(&self, name: &str) -> Vec<f64> {
        self.matching(name, &[]).map(|sample| sample.value).collect()
    }

    /// Whether there is a sample of this name.
    pub fn has(&self, name: &str) -> bool {
        self.matching(name, &[]).next().is_some()
    }

    /// Every name, once.
    pub fn names(&self) -> Vec<&str> {
        let mut names = self
            .samples
            .iter()
            .map(|sample| sample.name.as_str())
            .collect::<Vec<_>>();
        names.dedup();
        names
    }

    fn matching(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &Sample> {
        let fits = move |sample: &&Sample| {
            let has =
                |(label, value): &(&str, &str)| sample.labels.get(*label).is_some_and(|own| own == value);
            sample.name == name && labels.iter().all(has)
        };
        self.samples.iter().filter(fits)
    }
}

/// `name{label="value",…} 1.5`
fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let (name, rest) = series.split_once('{').unwrap_or((series, "}"));
    let mut labels = BTreeMap::new();
    let mut rest = rest.strip_suffix('}')?;
    while let Some((label, after)) = rest.split_once("=\"") {
        let (value, after) = quoted(after)?;
        labels.insert(label.trim_start_matches(',').to_owned(), value);
        rest = after;
    }
    Some(Sample {
        name: name.to_owned(),
        labels,
        value,
    })
}

/// A label's value up to its closing quote, with escapes undone, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_over_the_labels_that_were_not_asked_for() {
        let text =
            "# TYPE a counter\na{x=\"1\",y=\"q\\\"}, \"} 2\na{x=\"1\"} 3\na{x=\"2\"} 10\nb 0.5\n# EOF\n";
        let metrics = Metrics::parse(text);
        assert_eq!(metrics.sum("a", &[("x", "1")]), 5.0);
        assert_eq!(metrics.sum("a", &[("y", "q\"}, ")]), 2.0);
        assert_eq!(metrics.sum("b", &[]), 0.5);
        assert!(!metrics.has("c"));
    }
}
