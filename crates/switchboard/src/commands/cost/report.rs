//! The answer for a person: a table, what would change it, and the break-even. In colour; whoever prints it takes the
//! colours out where they are not wanted.

use super::alternatives::Alternative;
use super::break_even::BreakEven;
use super::estimate::{Bill, Change, Line};
use super::number::{difference, dollars, float, grouped, millions, quantity, unit_price};
use super::prices::{Given, Prices};
use super::question::{Kept, Question, Reach};
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

const HEADING: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const TEAM: Style = AnsiColor::Green.on_default().bold();
const OTHER: Style = AnsiColor::Yellow.on_default().bold();
const MILLION: f64 = 1e6;
/// Columns before an amount, and of an amount.
const WIDTH: usize = 44;
const USD_WIDTH: usize = 14;

/// A question with its answer.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) question: &'a Question,
    pub(super) prices: &'a Prices,
    pub(super) bill: Bill,
    pub(super) changes: Vec<Change>,
    pub(super) break_evens: [BreakEven; 2],
}

impl Answer<'_> {
    /// For a person.
    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        // Writing to a string never fails, here and below.
        let _ = writeln!(out, "{HEADING}A team gateway, a month{HEADING:#}");
        for line in self.asked() {
            let _ = writeln!(out, "{FAINT}{line}{FAINT:#}");
        }
        out.push('\n');
        self.table(&mut out);
        let _ = writeln!(out, "\n{HEADING}What would change it{HEADING:#}");
        let total = self.bill.total_cents();
        for change in &self.changes {
            let (amount, by) = (dollars(change.total_cents), difference(change.total_cents, total));
            let _ = writeln!(
                out,
                "  {:<WIDTH$}{amount:>USD_WIDTH$}{by:>USD_WIDTH$}",
                change.what
            );
        }
        let _ = writeln!(out, "\n{HEADING}Break-even{HEADING:#}");
        for break_even in &self.break_evens {
            self.break_even(break_even, &mut out);
        }
        out
    }

    /// What was asked, with what was taken where nothing was said.
    fn asked(&self) -> Vec<String> {
        let Answer { question, prices, .. } = self;
        let reach = match question.reach {
            Reach::Regional => "regional REST API".to_owned(),
            Reach::Private => format!(
                "private REST API, endpoint in {} zones shared by {}",
                question.zones, question.endpoint_shared_by
            ),
        };
        let ttl = match question.kept {
            _ if question.ttl_s == 0 => "TTL 0".to_owned(),
            Kept::Credentials(count) => {
                format!("TTL {} s, {} credentials", question.ttl_s, grouped(count))
            }
            Kept::Share(share) => format!("TTL {} s, {share} of requests kept", question.ttl_s),
        };
        vec![
            format!(
                "{} requests, responses of {} KB; {reach}",
                grouped(question.requests),
                question.response_kb
            ),
            format!(
                "{} authorizer, {} MB, billed {} ms, {ttl}; log lines of {} bytes, kept {} days",
                question.variant.name(),
                question.memory_mb(prices),
                question.authorizer_ms(prices),
                question.log_bytes,
                question.log_retention_days
            ),
            format!(
                "USD, list prices of {} as of {}, without taxes, free tiers and discounts",
                prices.region, prices.as_of
            ),
        ]
    }

    fn table(&self, out: &mut String) {
        let rows: Vec<[String; 4]> = self.bill.lines.iter().map(|line| self.row(line)).collect();
        let width = |column: usize| {
            let widths = rows.iter().map(|row| row[column].len());
            widths.max().unwrap_or_default() + 2
        };
        let [name, amount, price] = [width(0), width(1), width(2)];
        // At least as wide as what stands below.
        let price = price.max(WIDTH.saturating_sub(name + amount));
        for [a, b, c, usd] in &rows {
            let _ = writeln!(out, "  {a:<name$}{b:<amount$}{c:<price$}{usd:>USD_WIDTH$}");
        }
        let width = name + amount + price;
        let total = self.bill.total_cents();
        let each = float(total) / 100.0 / (float(self.question.requests) / MILLION);
        let (usd, each) = (dollars(total), format!("${each:.2}"));
        let _ = writeln!(out, "  {HEADING}{:<width$}{usd:>USD_WIDTH$}{HEADING:#}", "total");
        let _ = writeln!(out, "  {:<width$}{each:>USD_WIDTH$}", "each million requests");
        if let Some(largest) = self.bill.largest() {
            let share = largest.usd / self.bill.total_usd().max(f64::MIN_POSITIVE) * 100.0;
            let _ = writeln!(out, "  largest: {}, {share:.0} % of it", largest.name);
        }
    }

    fn row(&self, line: &Line) -> [String; 4] {
        let amount = format!("{} {}", quantity(line.quantity), line.item.unit());
        [
            line.name.to_owned(),
            amount,
            self.price(line),
            dollars(line.cents()),
        ]
    }

    /// What one unit of a line costs, from the first to the last.
    fn price(&self, line: &Line) -> String {
        let (first, last) = self.prices.tiers(line.item).rates(line.before, line.quantity);
        if first == last {
            unit_price(first)
        } else {
            format!("{} to {}", unit_price(first), unit_price(last))
        }
    }

    fn break_even(&self, found: &BreakEven, out: &mut String) {
        let name = match found.alternative {
            Alternative::Router => "a router on Fargate",
            Alternative::Shared => "a shared gateway",
        };
        let amount = dollars(found.bill.total_cents());
        let by = difference(found.bill.total_cents(), self.bill.total_cents());
        let _ = writeln!(out, "  {name:<WIDTH$}{amount:>USD_WIDTH$}{by:>USD_WIDTH$}");
        let _ = writeln!(out, "    {FAINT}{}{FAINT:#}", self.made_of(found));
        for verdict in verdicts(found) {
            let _ = writeln!(out, "    {verdict}");
        }
    }

    /// What an alternative's bill is made of, in a line.
    fn made_of(&self, found: &BreakEven) -> String {
        let prices = self.prices;
        match found.tasks {
            Some(tasks) => format!(
                "{tasks} tasks of {} vCPU and {} GB behind a load balancer, at most {} % busy at {} times the mean",
                prices.value(Given::RouterTaskVcpu),
                prices.value(Given::RouterTaskGb),
                prices.value(Given::RouterUtilisation) * 100.0,
                prices.value(Given::PeakToMean),
            ),
            None => {
                let requests = found.bill.lines.first();
                let price = requests.map_or_else(String::new, |line| self.price(line));
                format!("{price} for a million requests; data out and alarms as here, and nothing else")
            }
        }
    }
}

/// Which of the two is cheaper, from where on.
fn verdicts(found: &BreakEven) -> Vec<String> {
    let cheaper = |team_is_dearer: bool| match (team_is_dearer, found.alternative) {
        (false, _) => format!("{TEAM}the team gateway{TEAM:#} is cheaper"),
        (true, Alternative::Router) => format!("{OTHER}the router{OTHER:#} is cheaper"),
        (true, Alternative::Shared) => format!("{OTHER}the shared gateway{OTHER:#} is cheaper"),
    };
    let mut verdicts = Vec::new();
    let mut team_is_dearer = found.team_is_dearer_at_first;
    let mut from = None;
    for crossing in &found.crossings {
        let until = format!("up to {} requests a month", millions(crossing.requests));
        verdicts.push(match from {
            None => format!("{} {until}", cheaper(team_is_dearer)),
            Some(from) => format!("{} from there {until}", cheaper(from)),
        });
        team_is_dearer = crossing.team_is_dearer;
        from = Some(team_is_dearer);
    }
    verdicts.push(match from {
        None => format!(
            "{} with any number of requests (looked at up to {} a month)",
            cheaper(team_is_dearer),
            millions(found.up_to)
        ),
        Some(from) => format!("{} beyond", cheaper(from)),
    });
    verdicts
}
