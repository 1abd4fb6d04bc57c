//! Plain routing with the access log on: what a request costs beside its peers, and how long it takes at a rate that all
//! of them can serve.

use super::{ENVOY, FLOOR, FORWARDER, HAPROXY, NGINX, Plan, SWITCHBOARD, cases, start_all};
use crate::lab::{Kind, Lab, Outcome, Rounds, Settings, Shot, interleave};
use crate::measure::{Spread, ratio};
use crate::page::{Section, Table, Target, ratio_cell, spread_cell};
use anyhow::{Context, Result};

/// The part of the slowest peer's rate at which latency is measured.
const RATE_PART: f64 = 0.7;
const NGINX_AGAIN: (&str, Kind) = ("nginx again", Kind::Nginx);
const UNLOGGED: (&str, Kind) = (
    "switchboard, log off",
    Kind::Switchboard(Settings {
        access_log: false,
        ..Settings::PLAIN
    }),
);

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let mut section = Section::new("Plain routing");
    section.intro = "One route, 32 keep-alive connections, a 250-byte JSON answer, an access-log line for each request. \
        CPU time is user and system time of the proxy's whole process tree, divided by the requests completed. \
        `nginx again` is a second, identical nginx: how far its ratio is from 1 is the noise of this run."
        .to_owned();
    let wanted = [
        NGINX,
        NGINX_AGAIN,
        HAPROXY,
        ENVOY,
        FLOOR,
        FORWARDER,
        UNLOGGED,
        SWITCHBOARD,
    ];
    let proxies = start_all(lab, &wanted, &mut section);
    let closed = interleave(
        lab,
        &cases(lab, &proxies, &Shot::plain(plan.seconds)),
        plan.rounds,
    )?;
    let rates = closed
        .outcomes
        .iter()
        .filter_map(|outcome| Spread::of(outcome.each(|run| run.rate())));
    let slowest = rates
        .map(|rate| rate.median)
        .min_by(f64::total_cmp)
        .context("no proxy could be measured")?;
    let rate = (slowest * RATE_PART).floor();
    let at_rate = Shot {
        rate: Some(rate),
        ..Shot::plain(plan.seconds)
    };
    let open = interleave(lab, &cases(lab, &proxies, &at_rate), plan.rounds)?;

    section.tables.push(cost_table(&closed));
    section.tables.push(latency_table(&open, rate));
    section.tables.push(parts_table(&closed));
    section
        .notes
        .push(format!("Cost: {}. Latency: {}.", closed.note(), open.note()));
    let total = compare(&closed, |run| run.total_us());
    let user = compare(&closed, |run| run.user_us());
    let p99 = compare(&open, |run| run.latency_us(0.99));
    section
        .targets
        .push(Target::ratio("plain routing: CPU time ÷ nginx's", total, 0.85));
    section
        .targets
        .push(Target::ratio("plain routing: user CPU time ÷ nginx's", user, 0.6));
    section
        .targets
        .push(Target::ratio("plain routing: p99 ÷ nginx's", p99, 1.1));
    Ok(section)
}

/// The gateway's number over nginx's.
fn compare(rounds: &Rounds, number: impl Fn(&crate::lab::Measurement) -> f64) -> Option<f64> {
    let own = rounds.of(SWITCHBOARD.0)?.each(&number);
    let nginx = rounds.of(NGINX.0)?.each(&number);
    ratio(&own, &nginx).map(|ratio| ratio.median)
}

fn cost_table(rounds: &Rounds) -> Table {
    let head = [
        "proxy",
        "CPU µs/request",
        "÷ nginx",
        "user µs",
        "÷ nginx",
        "requests/s",
    ];
    let mut table = Table::new("CPU time a request, closed loop: median (lowest–highest)", &head);
    let nginx =
        |number: fn(&crate::lab::Measurement) -> f64| rounds.of(NGINX.0).map(|outcome| outcome.each(number));
    for outcome in &rounds.outcomes {
        let (total, user) = (
            outcome.each(|run| run.total_us()),
            outcome.each(|run| run.user_us()),
        );
        table.row(
            &outcome.name,
            outcome.void.as_deref(),
            [
                spread_cell(&total, 1),
                ratio_cell(&total, nginx(|run| run.total_us())),
                spread_cell(&user, 1),
                ratio_cell(&user, nginx(|run| run.user_us())),
                spread_cell(&outcome.each(|run| run.rate()), 0),
            ],
        );
    }
    table
}

fn latency_table(rounds: &Rounds, rate: f64) -> Table {
    let title = format!(
        "Latency at {rate:.0} requests/s ({:.0} % of the slowest peer's rate), from the moment a request was due",
        RATE_PART * 100.0
    );
    let mut table = Table::new(&title, &["proxy", "p50 µs", "p99 µs", "p99 ÷ nginx"]);
    let nginx = rounds
        .of(NGINX.0)
        .map(|outcome| outcome.each(|run| run.latency_us(0.99)));
    for outcome in &rounds.outcomes {
        let p99 = outcome.each(|run| run.latency_us(0.99));
        table.row(
            &outcome.name,
            outcome.void.as_deref(),
            [
                spread_cell(&outcome.each(|run| run.latency_us(0.5)), 0),
                spread_cell(&p99, 0),
                ratio_cell(&p99, nginx.clone()),
            ],
        );
    }
    table
}

/// What each part adds to the one before it.
fn parts_table(rounds: &Rounds) -> Table {
    let mut table = Table::new(
        "Where the gateway's time goes",
        &["part", "CPU µs/request", "user µs"],
    );
    let steps = [
        ("reading and writing (the floor)", FLOOR.0),
        (
            "+ the codec and an upstream pool (the bare forwarder)",
            FORWARDER.0,
        ),
        ("+ routing, headers, limits, metrics", UNLOGGED.0),
        ("+ the access log", SWITCHBOARD.0),
    ];
    let median = |outcome: &Outcome, number: fn(&crate::lab::Measurement) -> f64| {
        Spread::of(outcome.each(number)).map(|spread| spread.median)
    };
    let mut before = Some((0.0, 0.0));
    for (part, name) in steps {
        let now = rounds.of(name).and_then(|outcome| {
            Some((
                median(outcome, |run| run.total_us())?,
                median(outcome, |run| run.user_us())?,
            ))
        });
        let cells = match (before, now) {
            (Some(before), Some(now)) => [
                format!("{:+.1}", now.0 - before.0),
                format!("{:+.1}", now.1 - before.1),
            ],
            _ => ["–".to_owned(), "–".to_owned()],
        };
        table.row(part, None, cells);
        before = now;
    }
    table
}
