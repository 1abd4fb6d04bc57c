//! What does authentication cost once tokens are known? 10,000 RS256 tokens, few of which make most requests.

use super::Plan;
use super::guarded::{
    AUTH, ENVOY_CACHE, ENVOY_NO_CACHE, NGINX_PLAIN, PLAIN, POLICY, Proofs, shot, start_all, tokens,
};
use crate::lab::{Case, Lab, Rounds, Tokens, interleave};
use crate::measure::ratio;
use crate::page::{Section, Table, Target, ratio_cell, spread_cell};
use crate::roles::tokens::Draw;
use anyhow::Result;

const TOKENS: usize = 10_000;
/// Time enough for each token once through the slowest.
const WARM_SECONDS: f64 = 60.0;

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let mut section = Section::new("Known tokens");
    section.intro = "RS256 tokens of 10,000 users and 100 clients, drawn by Zipf's law (the n-th with a chance in proportion to \
        1/n); each was shown once before. `policy` is a registered client with a grant, one scope asked for, identity in four \
        header fields, the token taken off, the client in log and metrics. `auth` is the stand-alone section: any good \
        token of the issuer, no scopes. Envoy verifies with jwt_authn under the same key, given inline, asks for the scope by \
        RBAC, writes the same four fields and logs the client. nginx and `plain routing` pass the token on unread. No rate \
        limit on either side: the gateway has none yet. Before the first run each proxy had to refuse a request without token, \
        one with a forged signature, and (`auth` apart) one without the scope."
        .to_owned();
    let wanted = [NGINX_PLAIN, ENVOY_CACHE, ENVOY_NO_CACHE, PLAIN, AUTH, POLICY];
    let proxies = start_all(lab, &wanted, &mut section);
    let all = Tokens {
        file: tokens(lab, "known.tokens", 0..TOKENS)?,
        draw: Draw::Once,
        skip: 0,
        take: TOKENS,
    };
    let zipf = Tokens {
        draw: Draw::Zipf,
        ..all.clone()
    };
    for proxy in &proxies {
        // A wrong answer here will show, and count, in the first round.
        let _ = lab.measure(proxy, &shot(WARM_SECONDS, all.clone()));
    }
    let before: Vec<Option<Proofs>> = proxies.iter().map(Proofs::of).collect();
    let cases: Vec<Case<'_>> = proxies
        .iter()
        .map(|proxy| Case {
            proxy,
            shot: shot(plan.seconds, zipf.clone()),
        })
        .collect();
    let rounds = interleave(lab, &cases, plan.rounds)?;
    let hit_rate = |name: &str| {
        let index = proxies.iter().position(|proxy| proxy.name == name)?;
        let earlier = before.get(index).copied().flatten()?;
        Proofs::of(proxies.get(index)?)?.hit_rate_since(earlier)
    };
    section.tables.push(table(&rounds, hit_rate));
    section.notes.push(format!("{}.", rounds.note()));
    let quotient = |other: &str| {
        let cost = |name| Some(rounds.of(name)?.each(|run| run.total_us()));
        Some(ratio(&cost(POLICY.0)?, &cost(other)?)?.median)
    };
    section.targets.push(Target::ratio(
        "known tokens: CPU time ÷ nginx's for plain routing",
        quotient(NGINX_PLAIN.0),
        1.0,
    ));
    section.targets.push(Target::ratio(
        "known tokens: CPU time ÷ Envoy's with its cache on",
        quotient(ENVOY_CACHE.0),
        0.33,
    ));
    section.targets.push(Target::percent(
        "known tokens: requests without a proof at hand",
        hit_rate(POLICY.0).map(|rate| (1.0 - rate) * 100.0),
        1.0,
    ));
    Ok(section)
}

fn table(rounds: &Rounds, hit_rate: impl Fn(&str) -> Option<f64>) -> Table {
    let head = [
        "proxy",
        "CPU µs/request",
        "÷ nginx",
        "÷ envoy, its cache on",
        "user µs",
        "requests/s",
        "proof at hand",
    ];
    let mut table = Table::new("", &head);
    let cost = |name: &str| rounds.of(name).map(|outcome| outcome.each(|run| run.total_us()));
    for outcome in &rounds.outcomes {
        let total = outcome.each(|run| run.total_us());
        let rate = hit_rate(&outcome.name);
        table.row(
            &outcome.name,
            outcome.void.as_deref(),
            [
                spread_cell(&total, 1),
                ratio_cell(&total, cost(NGINX_PLAIN.0)),
                ratio_cell(&total, cost(ENVOY_CACHE.0)),
                spread_cell(&outcome.each(|run| run.user_us()), 1),
                spread_cell(&outcome.each(|run| run.rate()), 0),
                rate.map_or("–".to_owned(), |rate| format!("{:.2} %", rate * 100.0)),
            ],
        );
    }
    table
}
