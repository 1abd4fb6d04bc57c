//! What is reckoned, held against AWS's own worked examples, against rules that no figure may break, and against a naive
//! search; and what a price file is refused for.

mod price_file;
mod properties;

use super::alternatives::Alternative;
use super::command::{answer, built_in};
use super::estimate::team;
use super::prices::{Given, Item, Prices};
use super::question::{Kept, Question, Reach, Traced, Variant};
use serde_json::Value;

/// The prices that are built in, which are good.
fn prices() -> Prices {
    let checked = built_in();
    assert_eq!(checked.render_plain(), "");
    checked.value.unwrap()
}

fn question(requests: u64, response_kb: f64) -> Question {
    Question {
        requests,
        response_kb,
        variant: Variant::Rust,
        ttl_s: 0,
        kept: Kept::Credentials(1_000),
        authorizer_ms: None,
        memory_mb: None,
        log_bytes: 600,
        log_retention_days: 30,
        reach: Reach::Regional,
        zones: 2,
        endpoint_shared_by: 1,
        traced: Traced::Share(0.0),
    }
}

/// The shown amount of one line of the team gateway's bill.
fn cents(question: &Question, name: &str) -> u64 {
    let bill = team(question, &prices(), question.requests);
    let line = bill.lines.iter().find(|line| line.name == name).unwrap();
    line.cents()
}

/// "Amazon API Gateway pricing", pricing examples.
#[test]
fn the_worked_examples_of_aws_come_out() {
    // 5 million calls with answers of 3 KB: 5 × $3.50, and 14.3 GB × $0.09.
    let small = question(5_000_000, 3.0);
    assert_eq!(cents(&small, "REST API requests"), 1_750);
    assert_eq!(cents(&small, "Data out"), 129);
    // 15 billion calls: 333 × $3.50 + 667 × $2.80 + 14,000 × $2.38.
    assert_eq!(
        cents(&question(15_000_000_000, 4.0), "REST API requests"),
        3_635_310
    );
}

#[test]
fn a_function_with_less_memory_takes_longer_and_is_billed_by_whole_milliseconds() {
    let prices = prices();
    for (variant, memory_mb, given_ms, expected) in [
        (Variant::Rust, None, None, 1.0),
        (Variant::Rust, Some(128), None, 2.0),
        (Variant::Rust, Some(1_769), None, 1.0),
        (Variant::Rust, Some(10_240), None, 1.0),
        (Variant::TypeScript, None, None, 1.0),
        (Variant::TypeScript, Some(128), None, 4.0),
        (Variant::TypeScript, Some(128), Some(7), 7.0),
    ] {
        let mut asked = question(1, 1.0);
        (asked.variant, asked.memory_mb, asked.authorizer_ms) = (variant, memory_mb, given_ms);
        assert_eq!(
            asked.authorizer_ms(&prices),
            expected,
            "{variant:?} {memory_mb:?}"
        );
    }
}

#[test]
fn a_ttl_saves_what_credentials_or_a_known_share_allow() {
    let prices = prices();
    for (ttl_s, kept, requests, expected) in [
        (0, Kept::Credentials(1), 5_000, 5_000.0),
        // 730 h are 8,760 times 300 s.
        (300, Kept::Credentials(10), 50_000_000, 87_600.0),
        (300, Kept::Credentials(10), 80_000, 80_000.0),
        (3_600, Kept::Credentials(10), 50_000_000, 7_300.0),
        (300, Kept::Share(0.9), 1_000_000, 100_000.0),
        (0, Kept::Share(0.9), 1_000_000, 1_000_000.0),
    ] {
        let mut asked = question(requests, 1.0);
        (asked.ttl_s, asked.kept) = (ttl_s, kept);
        let invocations = asked.invocations(requests, &prices);
        assert!(
            (invocations - expected).abs() < 1e-3,
            "{ttl_s} {kept:?}: {invocations}"
        );
    }
}

/// Everything of an answer but the figures themselves.
fn outcome(question: &Question, prices: &Prices) -> Value {
    let mut outcome = answer(question, prices).to_json();
    for key in ["question", "prices", "assumptions"] {
        outcome.as_object_mut().unwrap().remove(key);
    }
    outcome
}

/// A figure of the price file that had no effect would be one that a reader maintains for nothing.
#[test]
fn no_figure_is_read_and_ignored() {
    let mut typescript = question(20_000_000_000, 40.0);
    (typescript.variant, typescript.ttl_s) = (Variant::TypeScript, 60);
    let mut private = question(5_000_000_000, 1.0);
    (private.reach, private.traced) = (Reach::Private, Traced::ByDefault);
    let questions = [question(5_000_000, 0.1), typescript, private];
    let text = super::prices::BUILT_IN;
    let outcomes = |prices: &Prices| {
        questions
            .iter()
            .map(|asked| outcome(asked, prices))
            .collect::<Vec<_>>()
    };
    let before = outcomes(&prices());
    let keys = Item::ALL.iter().map(|item| item.key());
    // These two are the defaults of options, which `tests/cost.rs` tries.
    let defaults = [Given::Credentials.key(), Given::LogBytes.key()];
    let assumed = Given::ALL.iter().map(|given| given.key());
    for key in keys.chain(assumed.filter(|key| !defaults.contains(key))) {
        let changed = doubled(text, key);
        let judged =
            ::gateway::configuration::check_document_text("p.yaml", &changed, super::price_file::judge);
        let problems = judged.render_plain();
        let changed = judged.value.unwrap_or_else(|| panic!("{key}: {problems}"));
        assert!(outcomes(&changed) != before, "{key} has no effect");
    }
}

/// The price file with the first figure of this entry made twice as large, or half where that is out of bounds.
fn doubled(text: &str, key: &str) -> String {
    let from = text.find(&format!("  {key}:\n")).unwrap();
    let at = |mark: &str| text[from..].find(mark).map(|at| from + at + mark.len());
    let start = [at(" usd: "), at(" value: ")]
        .into_iter()
        .flatten()
        .min()
        .unwrap();
    let end = start + text[start..].find(['\n', ' ']).unwrap();
    let number: f64 = text[start..end].parse().unwrap();
    let factor = match key {
        "hours_a_month" => 0.5,
        // Twice the memory for half of the time is the same price.
        key if key.starts_with("memory_mb") => 4.0,
        _ => 2.0,
    };
    format!("{}{}{}", &text[..start], number * factor, &text[end..])
}

/// Where the alternative is as dear as the team gateway, by hand: no tiers, no logs, no data.
#[test]
fn a_break_even_by_hand() {
    let prices = prices().with_shared_price(3.70);
    let mut asked = question(1_000_000, 0.0);
    asked.log_bytes = 0;
    let found = answer(&asked, &prices);
    let [router, shared] = &found.break_evens;
    assert_eq!(shared.alternative, Alternative::Shared);
    // $3.50 + $0.20 + run time and log lines are more than $3.70 in the first tier; at $2.80 they are less.
    assert!(shared.team_is_dearer_at_first);
    assert_eq!(shared.crossings.len(), 1);
    assert!(!shared.crossings[0].team_is_dearer);
    let from = shared.crossings[0].requests;
    let a_million = 3.70 - 3.50 - 0.20 - 250.0 * 0.000_016_666_7;
    let logged = 350e6 / f64::from(1 << 30) * (0.5 + 0.2 * 0.03 * 720.0 / 730.0);
    // The metric is the team gateway's alone.
    let lost = 333.0 * (a_million - logged) - 0.30;
    let gained = 3.70 - 2.80 - 0.20 - 250.0 * 0.000_016_666_7 - logged;
    let expected = (333.0 - lost / gained) * 1e6;
    assert!(
        (super::number::float(from) - expected).abs() < 100.0,
        "{from} {expected}"
    );

    // Two tasks, a load balancer and its two addresses, against $3.87 for each million.
    let fixed = 2.0 * 730.0 * (0.04048 + 2.0 * 0.004_445) + 730.0 * (0.0225 + 2.0 * 0.005) - 0.30;
    // 4,000 new connections an hour fill 1/22.5 of a unit; 1 KB each way fills less.
    let balancer = 1e6 / 10.0 / 3_600.0 / 25.0 * 0.008;
    let each = 3.70 + 250.0 * 0.000_016_666_7 + logged - balancer;
    let expected = fixed / each * 1e6;
    assert_eq!(router.crossings.len(), 1);
    let from = super::number::float(router.crossings[0].requests);
    assert!((from - expected).abs() < 100.0, "{from} {expected}");
}
