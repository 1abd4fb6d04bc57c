//! What does a byte cost? Bodies of 1 MB in both directions.

use super::{ENVOY, FLOOR, FORWARDER, HAPROXY, NGINX, Plan, SWITCHBOARD, cases, start_all};
use crate::lab::{Lab, Measurement, Rounds, Shot, interleave};
use crate::measure::ratio;
use crate::page::{Section, Table, Target, ratio_cell, spread_cell};
use anyhow::Result;

const BODY_BYTES: usize = 1_000_000;

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let mut section = Section::new("1 MB bodies");
    section.intro = "8 connections, bodies of 1,000,000 bytes with Content-Length, every byte checked at the other end. CPU \
        time of the proxy, user and system, for each GB (10⁹ bytes) of bodies."
        .to_owned();
    let proxies = start_all(
        lab,
        &[NGINX, HAPROXY, ENVOY, FLOOR, FORWARDER, SWITCHBOARD],
        &mut section,
    );
    let plain = Shot {
        connections: 8,
        ..Shot::plain(plan.seconds / 2.0)
    };
    let directions = [
        (
            "down",
            Shot {
                path: format!("/bytes/{BODY_BYTES}"),
                download: Some(BODY_BYTES),
                ..plain.clone()
            },
        ),
        (
            "up",
            Shot {
                path: "/sink".to_owned(),
                upload: Some(BODY_BYTES),
                ..plain
            },
        ),
    ];
    for (direction, shot) in directions {
        let rounds = interleave(lab, &cases(lab, &proxies, &shot), plan.rounds)?;
        section.tables.push(table(direction, &rounds));
        section.notes.push(format!("{direction}: {}.", rounds.note()));
        let own = rounds.of(SWITCHBOARD.0).map(|outcome| outcome.each(per_gigabyte));
        let nginx = rounds.of(NGINX.0).map(|outcome| outcome.each(per_gigabyte));
        let found = own
            .zip(nginx)
            .and_then(|(own, nginx)| ratio(&own, &nginx))
            .map(|ratio| ratio.median);
        section.targets.push(Target::ratio(
            &format!("1 MB bodies {direction}: CPU time ÷ nginx's"),
            found,
            0.7,
        ));
    }
    Ok(section)
}

/// CPU milliseconds for each 10⁹ body bytes.
fn per_gigabyte(run: &Measurement) -> f64 {
    run.cpu.total().as_secs_f64() * 1e3 / (run.requests as f64 * BODY_BYTES as f64 / 1e9)
}

fn table(direction: &str, rounds: &Rounds) -> Table {
    let mut table = Table::new(direction, &["proxy", "CPU ms/GB", "÷ nginx", "GB/s"]);
    let nginx = rounds.of(NGINX.0).map(|outcome| outcome.each(per_gigabyte));
    for outcome in &rounds.outcomes {
        let cost = outcome.each(per_gigabyte);
        let speed = outcome.each(|run| run.rate() * BODY_BYTES as f64 / 1e9);
        table.row(
            &outcome.name,
            outcome.void.as_deref(),
            [
                spread_cell(&cost, 0),
                ratio_cell(&cost, nginx.clone()),
                spread_cell(&speed, 2),
            ],
        );
    }
    table
}
