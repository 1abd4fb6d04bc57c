//! The lines of a team gateway's bill for a number of requests, and what would change it.

use super::number::{cents, float, grouped};
use super::prices::{Given, Item, Prices};
use super::question::{Kept, Question, Reach, Traced};

/// The TTL that is held against none.
const OTHER_TTL_S: u32 = 300;
const MILLION: f64 = 1e6;

/// One line of a bill.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) item: Item,
    /// How much of the item is used before this line, by another one: a tier is filled once.
    pub(super) before: f64,
    /// In the item's unit, a month.
    pub(super) quantity: f64,
    /// Not rounded.
    pub(super) usd: f64,
}

impl Line {
    /// The amount as it is shown.
    pub(super) fn cents(&self) -> u64 {
        cents(self.usd)
    }
}

/// A bill. What is shown is its lines, each rounded to cents, and the sum of these.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Bill {
    pub(super) lines: Vec<Line>,
}

impl Bill {
    /// Adds a line.
    pub(super) fn add(&mut self, prices: &Prices, name: &'static str, item: Item, quantity: f64) {
        let others = self.lines.iter().filter(|line| line.item == item);
        let before = others.map(|line| line.quantity).sum();
        self.lines.push(Line {
            name,
            item,
            before,
            quantity,
            usd: prices.tiers(item).cost(before, quantity),
        });
    }

    /// As it is shown: the sum of the rounded lines.
    pub(super) fn total_cents(&self) -> u64 {
        self.lines.iter().map(Line::cents).sum()
    }

    /// Not rounded, for comparisons.
    pub(super) fn total_usd(&self) -> f64 {
        self.lines.iter().map(|line| line.usd).sum()
    }

    /// The line that costs most; the first of equals.
    pub(super) fn largest(&self) -> Option<&Line> {
        let lines = self.lines.iter().rev();
        lines.max_by(|one, other| one.usd.total_cmp(&other.usd))
    }
}

/// What the team gateway costs with so many requests a month. Which lines there are does not depend on that number.
pub(super) fn team(question: &Question, prices: &Prices, requests: u64) -> Bill {
    let mut bill = Bill::default();
    let invocations = question.invocations(requests, prices);
    let gb_seconds =
        invocations * question.authorizer_ms(prices) / 1_000.0 * question.memory_mb(prices) / 1_024.0;
    let millions = float(requests) / MILLION;
    bill.add(prices, "REST API requests", Item::RestRequests, millions);
    bill.add(
        prices,
        "Authorizer invocations",
        Item::LambdaRequests,
        invocations / MILLION,
    );
    bill.add(prices, "Authorizer run time", Item::LambdaDuration, gb_seconds);
    match question.reach {
        Reach::Regional => bill.add(prices, "Data out", Item::DataOut, question.out_gb(requests)),
        Reach::Private => {
            let hours = prices.value(Given::HoursAMonth) * f64::from(question.zones)
                / f64::from(question.endpoint_shared_by);
            bill.add(prices, "VPC endpoint, hours", Item::EndpointHours, hours);
            let gb = question.both_ways_gb(requests, prices);
            bill.add(prices, "VPC endpoint, data", Item::EndpointData, gb);
        }
    }
    let own_gb = question.authorizer_log_gb(requests, prices);
    logs(&mut bill, question, prices, requests, own_gb);
    if question.traced != Traced::Share(0.0) {
        let traces = question.traces(requests, prices);
        bill.add(prices, "Traces", Item::Traces, traces / MILLION);
    }
    bill.add(prices, "Alarms", Item::Alarms, prices.value(Given::Alarms));
    bill.add(prices, "Metrics", Item::Metrics, prices.value(Given::Metrics));
    bill
}

/// The access log, what else is logged, and what is stored of both.
pub(super) fn logs(bill: &mut Bill, question: &Question, prices: &Prices, requests: u64, own_gb: f64) {
    let access_gb = question.access_log_gb(requests);
    if question.log_bytes > 0 {
        bill.add(prices, "Access log", Item::LogIngestion, access_gb);
    }
    if own_gb > 0.0 {
        bill.add(prices, "Authorizer's log", Item::LogIngestion, own_gb);
    }
    let stored_gb = question.stored_gb(access_gb + own_gb, prices);
    bill.add(prices, "Logs, stored", Item::LogStorage, stored_gb);
}

/// The same gateway with one thing changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) what: String,
    pub(super) total_cents: u64,
}

/// What a team could decide otherwise, each by itself.
pub(super) fn changes(question: &Question, prices: &Prices) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |what: String, changed: &Question| {
        let total_cents = team(changed, prices, question.requests).total_cents();
        changes.push(Change { what, total_cents });
    };
    let mut other = question.clone();
    other.ttl_s = if question.ttl_s == 0 { OTHER_TTL_S } else { 0 };
    let what = match question.kept {
        _ if other.ttl_s == 0 => "TTL 0".to_owned(),
        Kept::Credentials(count) => format!("TTL {OTHER_TTL_S} s, {} credentials", grouped(count)),
        Kept::Share(share) => format!("TTL {OTHER_TTL_S} s, {share} of requests kept"),
    };
    add(what, &other);

    let mut other = question.clone();
    other.variant = question.variant.other();
    // What was given for the one says nothing about the other.
    (other.authorizer_ms, other.memory_mb) = (None, None);
    add(format!("{} authorizer", other.variant.name()), &other);

    let mut other = question.clone();
    let (reach, what) = match question.reach {
        Reach::Regional => (
            Reach::Private,
            format!(
                "private, {} zones, endpoint shared by {}",
                question.zones, question.endpoint_shared_by
            ),
        ),
        Reach::Private => (Reach::Regional, "regional, out to the internet".to_owned()),
    };
    other.reach = reach;
    add(what, &other);
    changes
}
