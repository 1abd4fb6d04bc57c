//! From how many requests a month on the other one is cheaper: every such number, exactly, over all tiers and steps.
//!
//! Both bills are made of pieces in which they grow in a straight line with the requests: pieces end where a tier does, where
//! the TTL begins to save, where no longer every request is traced, and where a router needs one task more. In one piece the sign of their difference changes at most
//! once, so that halving finds it; nothing is sampled, and no shape of the whole is relied on.

use super::alternatives::{Alternative, tasks};
use super::estimate::{Bill, team};
use super::number::{REQUESTS_MAX, float};
use super::prices::Prices;
use super::question::Question;

/// More router tasks than that are not looked at: nobody runs them, and each is a piece.
const TASKS_MAX: f64 = 1_000.0;
/// A difference that is none, as a share of the bill: what is left of it is how doubles are added up.
const EQUAL_SHARE: f64 = 1e-9;
/// Most changes that are told; a pair of bills has one or two.
const CHANGES_MAX: usize = 16;

/// From this number of requests a month on the other one is cheaper than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crossing {
    pub(super) requests: u64,
    /// Whether it is the team gateway that costs more from here on.
    pub(super) team_is_dearer: bool,
}

/// How the team gateway and an alternative compare over all numbers of requests.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BreakEven {
    pub(super) alternative: Alternative,
    /// The alternative's bill for what was asked.
    pub(super) bill: Bill,
    /// Router tasks in it.
    pub(super) tasks: Option<f64>,
    /// Whether the team gateway costs more with one request a month.
    pub(super) team_is_dearer_at_first: bool,
    /// In rising order.
    pub(super) crossings: Vec<Crossing>,
    /// As far as was looked.
    pub(super) up_to: u64,
}

/// Compares.
pub(super) fn break_even(question: &Question, prices: &Prices, alternative: Alternative) -> BreakEven {
    let tasks_of = |requests| match alternative {
        Alternative::Router => tasks(question, prices, requests),
        Alternative::Shared => 0.0,
    };
    let up_to = first(REQUESTS_MAX, |requests| tasks_of(requests) > TASKS_MAX)
        .map_or(REQUESTS_MAX, |beyond| (beyond - 1).max(1));
    let team_is_dearer = |requests| {
        let other = alternative.bill(question, prices, requests).total_usd();
        let team = team(question, prices, requests).total_usd();
        team - other > EQUAL_SHARE * team
    };
    let mut begins = vec![1];
    begins.extend(tier_begins(prices, up_to, |requests| {
        team(question, prices, requests)
    }));
    begins.extend(tier_begins(prices, up_to, |requests| {
        alternative.bill(question, prices, requests)
    }));
    begins.extend(kept_begins(question, prices, up_to));
    begins.extend(first(up_to, |requests| {
        float(requests) > Question::first_of_seconds(prices)
    }));
    begins.extend(task_begins(up_to, tasks_of));
    begins.sort_unstable();
    begins.dedup();
    BreakEven {
        alternative,
        bill: alternative.bill(question, prices, question.requests),
        tasks: (alternative == Alternative::Router).then(|| tasks_of(question.requests)),
        team_is_dearer_at_first: team_is_dearer(1),
        crossings: crossings(&begins, up_to, team_is_dearer),
        up_to,
    }
}

/// The first number from 1 to `up_to` for which something holds that holds for all beyond.
fn first(up_to: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(up_to) {
        return None;
    }
    let (mut low, mut high) = (1, up_to);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}

/// Where a line of the bill first lies in a further tier.
fn tier_begins(prices: &Prices, up_to: u64, bill: impl Fn(u64) -> Bill) -> Vec<u64> {
    let mut begins = Vec::new();
    for (index, line) in bill(up_to).lines.iter().enumerate() {
        for border in prices.tiers(line.item).borders() {
            // A line that begins behind another one's quantity enters tiers at both ends.
            for ends_there in [false, true] {
                let is_beyond = |requests| {
                    bill(requests).lines.get(index).is_some_and(|line| {
                        let end = if ends_there { line.quantity } else { 0.0 };
                        line.before + end > border
                    })
                };
                begins.extend(first(up_to, is_beyond));
            }
        }
    }
    begins
}

/// Where the TTL begins to save: from there on there are fewer invocations than requests.
fn kept_begins(question: &Question, prices: &Prices, up_to: u64) -> Option<u64> {
    let is_kept = |requests| {
        let next = question.invocations(requests + 1, prices);
        // A share that is kept makes no bend: it holds from the first request on.
        next - question.invocations(requests, prices) < 1e-9
    };
    first(up_to, is_kept)
}

/// Where each further task is needed.
fn task_begins(up_to: u64, tasks_of: impl Fn(u64) -> f64) -> Vec<u64> {
    let mut begins = Vec::new();
    let mut count = tasks_of(1);
    while let Some(begin) = first(up_to, |requests| tasks_of(requests) > count) {
        begins.push(begin);
        count = tasks_of(begin);
    }
    begins
}

/// Every number at which `is` is another than for the number before, where it changes at most once in each piece.
fn crossings(begins: &[u64], up_to: u64, is: impl Fn(u64) -> bool) -> Vec<Crossing> {
    let mut found = Vec::new();
    let mut before = is(1);
    let ends = begins.iter().skip(1).map(|begin| begin - 1).chain([up_to]);
    for (begin, end) in begins.iter().copied().zip(ends) {
        for requests in [begin, end] {
            let now = is(requests);
            if now == before {
                continue;
            }
            // Between the two it is a matter of halving; at a step it is the step itself.
            let from = if requests == begin { begin } else { begin + 1 };
            let (mut low, mut high) = (from, requests);
            while low < high {
                let middle = low + (high - low) / 2;
                if is(middle) == now {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            found.push(Crossing {
                requests: high,
                team_is_dearer: now,
            });
            before = now;
        }
    }
    found.truncate(CHANGES_MAX);
    found
}
