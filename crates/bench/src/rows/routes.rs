//! Does a large table cost anything? The same requests through 100,000 routes and through one.

use super::{Plan, cases, start_all};
use crate::lab::{Kind, Lab, Settings, Shot, interleave};
use crate::measure::{ratio, resident_bytes};
use crate::page::{Section, Table, Target, megabytes, ratio_cell, spread_cell};
use anyhow::Result;

const ROUTES: usize = 100_000;

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let mut section = Section::new("100,000 routes");
    section.intro = "Requests go uniformly over 100,000 paths, through a table with a route for each and through one with a \
        single route for all."
        .to_owned();
    let many = Kind::Switchboard(Settings {
        routes: ROUTES,
        ..Settings::PLAIN
    });
    let wanted = [
        ("one route", Kind::Switchboard(Settings::PLAIN)),
        ("100,000 routes", many),
    ];
    let proxies = start_all(lab, &wanted, &mut section);
    let shot = Shot {
        path: "/r/{}/x".to_owned(),
        paths: ROUTES as u64,
        ..Shot::plain(plan.seconds)
    };
    let rounds = interleave(lab, &cases(lab, &proxies, &shot), plan.rounds)?;
    let mut table = Table::new(
        "",
        &["table", "CPU µs/request", "÷ one route", "user µs", "resident MB"],
    );
    let one = rounds
        .of(wanted[0].0)
        .map(|outcome| outcome.each(|run| run.total_us()));
    let mut resident = None;
    for (outcome, proxy) in rounds.outcomes.iter().zip(&proxies) {
        let bytes = resident_bytes(proxy.process.id()).ok();
        resident = bytes.map(megabytes).filter(|_| outcome.name == wanted[1].0);
        let total = outcome.each(|run| run.total_us());
        table.row(
            &outcome.name,
            outcome.void.as_deref(),
            [
                spread_cell(&total, 1),
                ratio_cell(&total, one.clone()),
                spread_cell(&outcome.each(|run| run.user_us()), 1),
                bytes.map_or("–".to_owned(), |bytes| format!("{:.0}", megabytes(bytes))),
            ],
        );
    }
    section.tables.push(table);
    section.notes.push(format!("{}.", rounds.note()));
    let many = rounds
        .of(wanted[1].0)
        .map(|outcome| outcome.each(|run| run.total_us()));
    let found = many
        .zip(one)
        .and_then(|(many, one)| ratio(&many, &one))
        .map(|ratio| ratio.median);
    section.targets.push(Target::ratio(
        "100,000 routes: CPU time ÷ one route's",
        found,
        1.05,
    ));
    section.targets.push(Target::megabytes(
        "100,000 routes: resident memory",
        resident,
        100.0,
    ));
    Ok(section)
}
