//! Ten thousand random histories of the whole: publishers that are killed, fenced and restored, a topic that is compacted, hurt and lost, people, liars,
//! and gateways with what they keep. The eight rules of feed.md §2 are checked after every step, and that who was revoked stays so.
//!
//! A history that fails prints its seed: `SEED=…` repeats it alone; `HISTORIES=…` makes a run longer.

mod chance;
pub(crate) mod database;
mod events;
mod follower;
mod history;
mod lies;
mod log;
mod operator;
mod portal;
mod relay;
mod rules;
mod truth;

use crate::{publish, reader};
use follower::Careless;
use history::History;

const HISTORIES: u64 = 10_000;

/// A rule that is taken away, to see that it is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Reader(reader::Loosened),
    Carrier(Careless),
    Publisher(publish::Loosened),
    /// A new epoch is made of a restored database without bringing in what it lacks.
    NothingBroughtIn,
}

impl Rule {
    fn reader(rule: Option<Rule>) -> Option<reader::Loosened> {
        match rule {
            Some(Rule::Reader(rule)) => Some(rule),
            _ => None,
        }
    }

    fn careless(rule: Option<Rule>) -> Option<Careless> {
        match rule {
            Some(Rule::Carrier(rule)) => Some(rule),
            _ => None,
        }
    }

    fn publisher(rule: Option<Rule>) -> Option<publish::Loosened> {
        match rule {
            Some(Rule::Publisher(rule)) => Some(rule),
            _ => None,
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Views that were shown and commits that were made, in these histories.
fn run(seeds: std::ops::Range<u64>) -> (u64, u64) {
    let mut counts = (0, 0);
    for seed in seeds {
        let mut history = History::new(seed, None);
        history.is_told = number("SEED").is_some();
        if let Err(error) = history.run() {
            history.log.tell();
            panic!("SEED={seed}: {error}");
        }
        counts.0 += history
            .followers
            .iter()
            .map(|follower| follower.views)
            .sum::<u64>();
        counts.1 += history.truth.commits;
    }
    counts
}

#[test]
fn the_rules_hold_in_every_history() {
    let (first, count) = match number("SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("HISTORIES").unwrap_or(HISTORIES)),
    };
    let half = count / 2;
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(first..first + half));
        (run(first + half..first + count), other.join().unwrap())
    });
    let (views, commits) = (one.0 + other.0, one.1 + other.1);
    println!("{count} histories: {views} views, {commits} commits");
    assert!(
        views > 4 * count && commits > 4 * count,
        "{views} views, {commits} commits in {count} histories"
    );
}

/// What proves nothing when a rule is gone proves nothing at all.
#[test]
fn every_rule_that_is_taken_away_is_missed() {
    use publish::Loosened as Publisher;
    use reader::Loosened as Reader;
    let rules = [
        Rule::Reader(Reader::Signed),
        Rule::Reader(Reader::Whole),
        Rule::Reader(Reader::Forward),
        Rule::Reader(Reader::Empty),
        Rule::Reader(Reader::Aged),
        Rule::Reader(Reader::Keyring),
        Rule::Reader(Reader::Environment),
        Rule::Carrier(Careless::Gap),
        Rule::Carrier(Careless::EndOfBatch),
        Rule::Carrier(Careless::KeepsFeed),
        Rule::Carrier(Careless::KeepsLate),
        Rule::Carrier(Careless::Uncut),
        Rule::Carrier(Careless::Floor),
        Rule::Publisher(Publisher::Fence),
        Rule::Publisher(Publisher::Tombstones),
        Rule::Publisher(Publisher::Restored),
        Rule::Publisher(Publisher::Lost),
        Rule::Publisher(Publisher::KeyringApart),
        Rule::Publisher(Publisher::Apart),
        Rule::Publisher(Publisher::Back),
        Rule::Publisher(Publisher::Check),
        Rule::Publisher(Publisher::Heartbeat),
        Rule::NothingBroughtIn,
    ];
    for rule in rules {
        let found = (0..HISTORIES).find_map(|seed| {
            let mut history = History::new(seed, Some(rule));
            history.run().err().map(|error| (seed, error))
        });
        let (seed, error) = found.unwrap_or_else(|| panic!("{rule:?} may go, and nobody sees it"));
        println!("without {rule:?}, history {seed}: {error}");
    }
}
