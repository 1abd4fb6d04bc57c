//! 10,000 routes, every one of them replaced while requests pass through: does any fail or wait, and how soon are the new
//! ones live?

use super::Plan;
use crate::lab::{Form, Kind, Lab, LoadReport, Process, Proxy, Settings, Shot, answers};
use crate::measure::{Histogram, Spread};
use crate::page::{Section, Table, Target, spread_cell};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const ROUTES: usize = 10_000;
/// Enough to see a stall, far from saturation.
const RATE: f64 = 5_000.0;
/// Between two looks at whether the new routes are live.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);
/// After this the new routes are not coming.
const LIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// What came of one form.
struct Replaced {
    /// Milliseconds from each rename until the new routes answered.
    live_ms: Vec<f64>,
    before: Histogram,
    meanwhile: Histogram,
}

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let mut section = Section::new("10,000 routes replaced under load");
    section.intro = format!(
        "{RATE:.0} requests/s go uniformly over {ROUTES} routes. A new file, in which every route is another, is renamed over \
         the old one again and again; a new path is asked for every millisecond until it answers. `meanwhile` is the time from \
         each rename until then. Compiler and worker share one core here."
    );
    let head = [
        "form",
        "live after ms",
        "requests",
        "failed",
        "p99 before µs",
        "p99 meanwhile µs",
        "÷ before",
    ];
    let mut table = Table::new("", &head);
    for (form, name, limit_ms) in [(Form::Json, "JSON", 100.0), (Form::Yaml, "YAML", 300.0)] {
        let replaced = replace(lab, plan, form);
        let (live, p99) = match &replaced {
            Ok(replaced) => {
                let p99 = |histogram: &Histogram| histogram.quantile(0.99).map(|p99| p99.as_secs_f64() * 1e6);
                let (before, meanwhile) = (p99(&replaced.before), p99(&replaced.meanwhile));
                let quotient = before
                    .zip(meanwhile)
                    .map(|(before, meanwhile)| meanwhile / before);
                let show = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.0}"));
                table.row(
                    name,
                    None,
                    [
                        spread_cell(&replaced.live_ms, 0),
                        format!("{}", replaced.before.total() + replaced.meanwhile.total()),
                        "0".to_owned(),
                        show(before),
                        show(meanwhile),
                        quotient.map_or("–".to_owned(), |quotient| format!("{quotient:.2}")),
                    ],
                );
                (
                    Spread::of(replaced.live_ms.iter().copied()).map(|spread| spread.high),
                    quotient,
                )
            }
            Err(error) => {
                table.row(name, Some(&format!("{error:#}")), [const { String::new() }; 6]);
                (None, None)
            }
        };
        let failed = replaced.is_ok().then_some(0.0);
        section.targets.push(Target::count(
            &format!("10,000 routes replaced ({name}): failed requests"),
            failed,
            0.0,
        ));
        let title = format!("10,000 routes replaced ({name}): live after, slowest of all");
        section.targets.push(Target::milliseconds(&title, live, limit_ms));
        section.targets.push(Target::ratio(
            &format!("10,000 routes replaced ({name}): p99 ÷ before"),
            p99,
            1.1,
        ));
    }
    section.tables.push(table);
    Ok(section)
}

fn replace(lab: &Lab, plan: Plan, form: Form) -> Result<Replaced> {
    let settings = Settings {
        routes: ROUTES,
        form,
        ..Settings::PLAIN
    };
    let proxy = lab.start(
        &format!("replaced {}", form.ending()),
        Kind::Switchboard(settings),
    )?;
    let replacements = if plan.quick { 2 } else { 8 };
    // Written before the load runs: writing them takes the core that the load needs.
    let files: Vec<PathBuf> = (1..=replacements)
        .map(|version| lab.prepare_replacement(&proxy, Settings { version, ..settings }))
        .collect::<Result<_>>()?;
    let pause = Duration::from_secs_f64(plan.seconds.min(1.0));
    let seconds = (pause * (replacements + 1)).as_secs_f64() + 0.3 * f64::from(replacements);
    let path = "/r/{}/x".to_owned();
    let shot = Shot {
        rate: Some(RATE),
        path,
        paths: ROUTES as u64,
        ..Shot::plain(seconds)
    };
    let mut load = Process::own(lab.load_core, "load", &shot.args(proxy.address), &lab.dir)?;
    let mut live_ms = Vec::new();
    for (version, file) in (1..).zip(files) {
        std::thread::sleep(pause);
        load.say("the next file")?;
        let renamed = Instant::now();
        std::fs::rename(&file, &proxy.configuration).context("cannot replace the configuration")?;
        wait_until_live(&proxy, version, renamed)?;
        live_ms.push(renamed.elapsed().as_secs_f64() * 1e3);
        load.say("is live")?;
    }
    let report = LoadReport::parse(&load.output()?)?;
    proxy.empty_log()?;
    if report.segments.len() != 2 * live_ms.len() + 1 {
        bail!("the load ended before the last replacement");
    }
    let (mut before, mut meanwhile) = (Histogram::default(), Histogram::default());
    for (index, segment) in report.segments.iter().enumerate() {
        if index % 2 == 0 {
            before.merge(segment);
        } else {
            meanwhile.merge(segment);
        }
    }
    Ok(Replaced {
        live_ms,
        before,
        meanwhile,
    })
}

fn wait_until_live(proxy: &Proxy, version: u32, since: Instant) -> Result<()> {
    let path = format!("/live/v{version}");
    while !answers(proxy.address, &path, None) {
        if since.elapsed() > LIVE_TIMEOUT {
            bail!("version {version} is not live after {LIVE_TIMEOUT:?}");
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}
