//! What does a token cost that was never seen before? Every request shows a new one, so every one is verified.

use super::Plan;
use super::guarded::{AUTH, ENVOY_NO_CACHE, PLAIN, POLICY, Proofs, shot, start_all, tokens};
use crate::lab::{Case, EXTRA_ROUNDS, Lab, Process, Rounds, Tokens, interleave};
use crate::measure::Spread;
use crate::page::{Section, Table, Target, spread_cell};
use crate::roles::tokens::Draw;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::Path;

/// Tokens of one run: enough for CPU time, which is told in hundredths of a second. And of a smoke run.
const TOKENS: usize = 16_000;
const QUICK_TOKENS: usize = 1_000;
/// Numbers of the first token, beyond those of the row of known tokens.
const FIRST: usize = 1_000_000;
/// Time enough for all of them through the slowest.
const SECONDS: f64 = 60.0;
/// What everything but the verification may add to plain routing.
const REST_US: f64 = 5.0;
/// How often one verification is measured.
const TRIALS: usize = 3;

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let take = if plan.quick { QUICK_TOKENS } else { TOKENS };
    let mut section = Section::new("New tokens");
    section.intro = format!(
        "As above, but every token is new: {take} of them in each run, signed beforehand, none shown twice to one proxy. \
        What may be spent is one verification of a 2,048-bit RSA signature, as `openssl speed` finds it, plus {REST_US:.0} µs, \
        plus plain routing of the same requests."
    );
    let proxies = start_all(lab, &[ENVOY_NO_CACHE, PLAIN, AUTH, POLICY], &mut section);
    // A part for each round, one for warming up.
    let parts = plan.rounds + EXTRA_ROUNDS + 1;
    let new = Tokens {
        file: tokens(lab, "new.tokens", FIRST..FIRST + parts * take)?,
        draw: Draw::Once,
        skip: 0,
        take,
    };
    let mut cases = Vec::new();
    for proxy in &proxies {
        let shot = shot(SECONDS, new.clone());
        // A wrong answer here will show, and count, in the first round.
        let _ = lab.measure(proxy, &shot);
        cases.push(Case { proxy, shot });
    }
    let before: Vec<Option<Proofs>> = proxies.iter().map(Proofs::of).collect();
    let rounds = interleave(lab, &cases, plan.rounds)?;
    let hit_rate = |name: &str| {
        let index = proxies.iter().position(|proxy| proxy.name == name)?;
        let earlier = before.get(index).copied().flatten()?;
        Proofs::of(proxies.get(index)?)?.hit_rate_since(earlier)
    };
    section.tables.push(table(&rounds, hit_rate));
    let openssl = verifications(plan, || openssl_us(lab));
    let own = verifications(plan, || own_us(lab));
    section.tables.push(verification_table(&openssl, &own));
    section.notes.push(format!("{}.", rounds.note()));

    let median = |values: &[f64]| Spread::of(values.iter().copied()).map(|spread| spread.median);
    let cost = |name| median(&rounds.of(name)?.each(|run| run.total_us()));
    let verification = openssl.as_ref().ok().and_then(|trials| median(trials));
    let allowed = verification.zip(cost(PLAIN.0));
    let what = "new tokens: CPU time a request; at most plain routing + one verification + 5 µs";
    section.targets.push(match allowed {
        Some((verification, plain)) => {
            Target::microseconds(what, cost(POLICY.0), plain + verification + REST_US)
        }
        None => Target::microseconds(what, None, REST_US),
    });
    Ok(section)
}

fn table(rounds: &Rounds, hit_rate: impl Fn(&str) -> Option<f64>) -> Table {
    let head = [
        "proxy",
        "CPU µs/request",
        "beyond plain routing",
        "user µs",
        "proof at hand",
    ];
    let mut table = Table::new("", &head);
    let plain = rounds
        .of(PLAIN.0)
        .map(|outcome| outcome.each(|run| run.total_us()));
    for outcome in &rounds.outcomes {
        let total = outcome.each(|run| run.total_us());
        let beyond: Vec<f64> = match &plain {
            Some(plain) => total.iter().zip(plain).map(|(own, plain)| own - plain).collect(),
            None => Vec::new(),
        };
        let rate = hit_rate(&outcome.name);
        table.row(
            &outcome.name,
            outcome.void.as_deref(),
            [
                spread_cell(&total, 1),
                spread_cell(&beyond, 1),
                spread_cell(&outcome.each(|run| run.user_us()), 1),
                rate.map_or("–".to_owned(), |rate| format!("{:.2} %", rate * 100.0)),
            ],
        );
    }
    table
}

fn verifications(plan: Plan, trial: impl Fn() -> Result<f64>) -> Result<Vec<f64>> {
    let trials = if plan.quick { 1 } else { TRIALS };
    (0..trials).map(|_| trial()).collect()
}

fn verification_table(openssl: &Result<Vec<f64>>, own: &Result<Vec<f64>>) -> Table {
    let mut table = Table::new("One RS256 verification, 2,048 bits", &["by", "µs"]);
    for (name, found) in [("openssl speed", openssl), ("aws-lc-rs, as the gateway", own)] {
        match found {
            Ok(trials) => table.row(name, None, [spread_cell(trials, 1)]),
            Err(error) => table.row(name, Some(&format!("{error:#}")), [String::new()]),
        }
    }
    table
}

/// Microseconds of one verification by OpenSSL, on the proxies' core.
fn openssl_us(lab: &Lab) -> Result<f64> {
    let args = ["speed", "-seconds", "1", "rsa2048"].map(OsString::from);
    let mut openssl = Process::start(
        lab.proxy_core,
        "openssl",
        Path::new("openssl"),
        &args,
        &lab.dir,
        None,
    )?;
    let text = openssl.output()?;
    parse_openssl(&text).with_context(|| format!("openssl printed {text:?}"))
}

/// The last number of the line `rsa 2048 bits`: verifications a second.
fn parse_openssl(text: &str) -> Option<f64> {
    let line = text
        .lines()
        .find(|line| line.split_whitespace().take(2).eq(["rsa", "2048"]))?;
    let rate: f64 = line.split_whitespace().last()?.parse().ok()?;
    (rate > 0.0).then(|| 1e6 / rate)
}

/// Microseconds of one verification by the library that the gateway has, on the proxies' core.
fn own_us(lab: &Lab) -> Result<f64> {
    let mut role = Process::own(lab.proxy_core, "verification", &["verification".into()], &lab.dir)?;
    let text = role.output()?;
    text.trim()
        .parse()
        .with_context(|| format!("the role printed {text:?}"))
}

#[cfg(test)]
mod tests {
    //! The table that OpenSSL 3 prints.

    use super::*;

    #[test]
    fn verifications_a_second() {
        let text = "version: 3.0.19\n                  sign    verify    sign/s verify/s\n\
            rsa 2048 bits 0.000210s 0.000012s   4759.0  80000.0\n";
        assert_eq!(parse_openssl(text), Some(12.5));
        assert_eq!(parse_openssl("rsa 4096 bits 1 1 1 1\n"), None);
    }
}
