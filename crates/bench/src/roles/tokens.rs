//! Which token goes with the next request of the load: drawn from a file with one token a line, with the same chance for
//! each, as users are (few of them make most requests), or each once and in order.

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

/// Arguments of the load that say what it shows.
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// A file with one token a line; each request carries one as a bearer token.
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// How the next one is drawn.
    #[arg(long, value_enum, default_value_t = Draw::Zipf, requires = "tokens")]
    draw: Draw,
    /// Lines at the beginning of the file that are left out.
    #[arg(long, default_value_t = 0, requires = "tokens")]
    skip: usize,
    /// At most this many lines are used.
    #[arg(long, default_value_t = usize::MAX, requires = "tokens")]
    take: usize,
}

/// How the next token is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Draw {
    /// Each with the same chance.
    Uniform,
    /// The n-th with a chance in proportion to 1/n (Zipf's law, exponent 1).
    Zipf,
    /// Each once, in order; the load ends with the last.
    Once,
}

impl Draw {
    /// The word on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Zipf => "zipf",
            Self::Once => "once",
        }
    }
}

/// The tokens of one run.
#[derive(Debug)]
pub(super) struct Tokens {
    tokens: Vec<String>,
    draw: Draw,
    /// For Zipf: the sum of the chances up to each token, not divided by the last.
    sums: Vec<f64>,
    next: usize,
}

impl Tokens {
    /// Reads the file; `None` where none was named.
    pub(super) fn read(shown: &Shown) -> Result<Option<Self>> {
        let Some(path) = &shown.tokens else {
            return Ok(None);
        };
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = BufReader::new(file).lines().skip(shown.skip).take(shown.take);
        let tokens: Vec<String> = lines.collect::<Result<_, _>>()?;
        if tokens.is_empty() {
            bail!("no token in {} behind line {}", path.display(), shown.skip);
        }
        Ok(Some(Self::new(tokens, shown.draw)))
    }

    fn new(tokens: Vec<String>, draw: Draw) -> Self {
        let mut sum = 0.0;
        let chances = (1..=tokens.len()).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        let sums = match draw {
            Draw::Zipf => chances.collect(),
            Draw::Uniform | Draw::Once => Vec::new(),
        };
        Self {
            tokens,
            draw,
            sums,
            next: 0,
        }
    }

    /// The next one by a random number; `None` when all were used once.
    pub(super) fn next(&mut self, random: u64) -> Option<&str> {
        let count = self.tokens.len();
        let index = match self.draw {
            Draw::Uniform => usize::try_from(random % count as u64).unwrap_or_default(),
            Draw::Zipf => {
                let part = random as f64 / u64::MAX as f64;
                let wanted = part * self.sums.last().copied().unwrap_or_default();
                self.sums.partition_point(|sum| *sum < wanted).min(count - 1)
            }
            Draw::Once => {
                self.next += 1;
                self.next - 1
            }
        };
        self.tokens.get(index).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    //! Each draw has the frequencies that it promises.

    use super::*;
    use std::collections::BTreeSet;

    /// How often each of so many tokens came, in 100,000 draws that go evenly through all random numbers.
    fn counts(tokens: usize, draw: Draw) -> Vec<usize> {
        let mut drawn = Tokens::new((0..tokens).map(|number| number.to_string()).collect(), draw);
        let mut counts = vec![0; tokens];
        for step in 0..100_000 {
            if let Some(token) = drawn.next(step * (u64::MAX / 100_000)) {
                counts[token.parse::<usize>().unwrap()] += 1;
            }
        }
        counts
    }

    #[test]
    fn zipf_halves_the_chance_at_twice_the_rank() {
        let counts = counts(1_000, Draw::Zipf);
        // The harmonic number of 1,000 is 7.485.
        for rank in [1, 2, 10, 100] {
            let expected = 100_000.0 / 7.485 / rank as f64;
            let found = counts[rank - 1] as f64;
            assert!(
                (found - expected).abs() <= 0.01 * expected + 1.5,
                "{rank}: {found} for {expected}"
            );
        }
        assert_eq!(counts.iter().sum::<usize>(), 100_000);
    }

    #[test]
    fn each_once_ends() {
        let mut drawn = Tokens::new(vec!["a".into(), "b".into()], Draw::Once);
        assert_eq!(drawn.next(7), Some("a"));
        assert_eq!(drawn.next(7), Some("b"));
        assert_eq!(drawn.next(7), None);
        assert_eq!(counts(10, Draw::Once), [1; 10]);
    }

    #[test]
    fn uniform_draws_reach_all() {
        let mut drawn = Tokens::new((0..10).map(|number| number.to_string()).collect(), Draw::Uniform);
        let seen: BTreeSet<String> = (0..10)
            .filter_map(|random| drawn.next(random).map(str::to_owned))
            .collect();
        assert_eq!(seen.len(), 10);
    }
}
